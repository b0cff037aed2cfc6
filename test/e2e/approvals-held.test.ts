// Statements on the wire that wait for people: real clients, a real server, two people and a folder between them.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Pty } from '../../src/front/pty.ts';
import { peer } from '../peers/peer.ts';
import { startWorld, type World } from '../peers/world.ts';
import { ASKING, answer, listed, untilAsked } from './approvals.ts';
import { openProxy, type Proxied } from './proxied.ts';

const PATIENCE = 30_000;

describe('a held statement', () => {
  let alice: World;
  let dana: World;
  let proxied: Proxied;
  const clients: pg.Client[] = [];

  beforeAll(async () => {
    alice = await startWorld({ policy: ASKING });
    dana = alice.another('dana');
    await alice.signIn('alice');
    await dana.signIn('dana');
    proxied = await openProxy(alice, ['--reason', 'ticket 4711, card 4111111111111111']);
  }, 120_000);
  afterAll(async () => {
    await Promise.all(clients.map((client) => client.end().catch(() => undefined)));
    await proxied?.close();
    await dana?.broker(['agent', 'stop']);
    await alice?.stop();
  }, 60_000);

  async function table(name: string): Promise<void> {
    await alice.postgres.query(`create table ${name} (id int); alter table ${name} owner to app`, 'shop');
  }

  async function exists(name: string): Promise<boolean> {
    const rows = await alice.postgres.query(`select to_regclass('public.${name}') is not null as t`, 'shop');
    return (rows[0] as { t: boolean }).t;
  }

  /** Milliseconds of statement_timeout: the wait for people counts. */
  async function connect(timeout = 0, to = proxied): Promise<pg.Client> {
    const { PGHOST, PGPORT, PGUSER, PGDATABASE, PGPASSWORD } = to.environment;
    const client = new pg.Client({
      host: PGHOST ?? '',
      port: Number(PGPORT),
      user: PGUSER ?? '',
      database: PGDATABASE ?? '',
      password: PGPASSWORD ?? '',
      statement_timeout: timeout,
      application_name: 'held test',
    });
    client.on('error', () => undefined);
    await client.connect();
    clients.push(client);
    return client;
  }

  const asking = (name: string) => untilAsked(dana, ({ what }) => what.text.includes(name));

  it('runs in its transaction, once, after somebody else approved exactly these bytes', async () => {
    await table('doomed');
    const client = await connect();
    const notices: string[] = [];
    client.on('notice', ({ message }) => notices.push(message ?? ''));
    await client.query('begin');
    const dropped = client.query('drop table doomed');
    const row = await asking('doomed');
    expect(row).toMatchObject({
      genuine: true,
      own: false,
      requester: { sub: 'alice' },
      what: {
        text: 'drop table doomed',
        exact: true,
        tables: ['public.doomed'],
        policies: ['drops-ask'],
        inTransaction: true,
        application: 'held test',
        stated: 'ticket 4711, card [payment-card]',
      },
    });
    expect(await exists('doomed')).toBe(true);
    expect(await answer(dana, 'dana', 'approve', row)).toMatchObject({ code: 0 });
    expect((await dropped).command).toBe('DROP');
    await client.query('commit');
    expect(await exists('doomed')).toBe(false);
    expect(notices.join()).toContain(row.id);
    // Spent: the same text asks again.
    const again = client.query('drop table if exists doomed');
    again.catch(() => undefined);
    const second = await asking('if exists doomed');
    expect(second.id).not.toBe(row.id);
    expect(await answer(dana, 'dana', 'deny', second, ['--reason', 'not twice'])).toMatchObject({ code: 0 });
    await expect(again).rejects.toMatchObject({ code: '42501', hint: expect.stringContaining('not twice') });
  }, 120_000);

  it('fails its transaction when it is denied, and what came before is undone', async () => {
    await table('kept');
    const client = await connect();
    await client.query('begin');
    await client.query('insert into kept values (1)');
    const dropped = client.query('drop table kept');
    const behind = client.query('select 2 as behind');
    behind.catch(() => undefined);
    dropped.catch(() => undefined);
    const row = await asking('kept');
    await answer(dana, 'dana', 'deny', row, ['--reason', 'no']);
    await expect(dropped).rejects.toMatchObject({ code: '42501', detail: 'policy: drops-ask' });
    await expect(behind).rejects.toMatchObject({ code: '25P02' });
    await client.query('rollback');
    expect(await exists('kept')).toBe(true);
  }, 120_000);

  it('is withdrawn by Ctrl-C in psql, and psql goes on', async () => {
    await table('interrupted');
    const pty = new Pty({
      file: 'psql',
      args: ['-X', '-v', 'ON_ERROR_STOP=0'],
      folder: alice.folder,
      environment: { ...proxied.environment, PSQL_PAGER: 'cat' },
      columns: 200,
      rows: 24,
    });
    let seen = '';
    pty.onData = (chunk) => {
      seen += Buffer.from(chunk).toString('utf8');
    };
    const until = (text: string) => expect.poll(() => seen, { timeout: PATIENCE }).toContain(text);
    await until('=>');
    pty.write(Buffer.from('drop table interrupted;\n'));
    const row = await asking('interrupted');
    await until(`request ${row.id}`);
    pty.write(Buffer.from('\u0003'));
    await until('canceling statement due to user request');
    pty.write(Buffer.from("select 'still ' || 'here';\n"));
    await until('still here');
    pty.write(Buffer.from('\\q\n'));
    await pty.exited;
    await expect
      .poll(async () => (await listed(dana, '--all')).find(({ id }) => id === row.id)?.state, {
        timeout: PATIENCE,
      })
      .toBe('withdrawn');
    expect(await answer(dana, 'dana', 'approve', row)).not.toMatchObject({ code: 0 });
    expect(await exists('interrupted')).toBe(true);
  }, 120_000);

  it('is withdrawn when the time its client gives a statement is over', async () => {
    await table('hurried');
    const client = await connect(3_000);
    await client.query('begin');
    const dropped = client.query('drop table hurried').catch((error: unknown) => error);
    const row = await asking('hurried');
    expect(await dropped).toMatchObject({
      code: '57014',
      message: 'canceling statement due to statement timeout',
      hint: expect.stringContaining('waiting for approval'),
    });
    await expect(client.query('select 1')).rejects.toMatchObject({ code: '25P02' });
    await client.query('rollback');
    await expect
      .poll(async () => (await listed(dana, '--all')).find(({ id }) => id === row.id)?.state, {
        timeout: PATIENCE,
      })
      .toBe('withdrawn');
    expect(await exists('hurried')).toBe(true);
  }, 120_000);

  it('is withdrawn when its client is killed', async () => {
    await table('orphaned');
    const psql = spawn('psql', ['-X', '-c', 'drop table orphaned'], { env: proxied.environment });
    const row = await asking('orphaned');
    psql.kill('SIGKILL');
    await expect
      .poll(async () => (await listed(dana, '--all')).find(({ id }) => id === row.id)?.state, {
        timeout: PATIENCE,
      })
      .toBe('withdrawn');
    expect(await exists('orphaned')).toBe(true);
  }, 120_000);

  it('expires, and says so', async () => {
    await table('brief');
    const client = await connect();
    await expect(client.query('truncate brief')).rejects.toMatchObject({
      code: '42501',
      message: expect.stringMatching(/was not approved in time \(policy "truncates-ask-briefly"\)/),
    });
    expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  }, 120_000);

  it('binds the approval to the parameters, and a pipeline behind it keeps its order', async () => {
    await alice.postgres.query(
      'insert into orders (customer_id, item, amount) select 1, $$bound$$, n from generate_series(1,3) n',
      'shop',
    );
    const client = await connect();
    const text = "delete from orders where item = 'bound' and amount = $1";
    const deleted = client.query(text, [1]);
    const behind = client.query("select count(*)::int as n from orders where item = 'bound'");
    const row = await asking('bound');
    expect(row.what).toMatchObject({ purpose: 'session', parameters: ['1'], strength: 'session-key' });
    // The policy takes the key of a sign-in: nobody signs in again.
    const approved = await dana.broker(['approvals', 'approve', row.id, '--yes', '--digest', row.digest]);
    expect(approved).toMatchObject({ code: 0 });
    expect((await deleted).rowCount).toBe(1);
    expect((await behind).rows).toEqual([{ n: 2 }]);
    // Approved for the session: the same statement passes with other values, another one asks.
    expect((await client.query(text, [2])).rowCount).toBe(1);
    const revoked = await dana.broker(['approvals', 'revoke', row.id, '--reason', 'enough']);
    expect(revoked).toMatchObject({ code: 0 });
    await expect
      .poll(
        async () => {
          const third = client.query(text, [3]).then(
            () => 'ran',
            () => 'refused',
          );
          const pending = untilAsked(dana, ({ what }) => what.text.includes('bound')).then(async (open) => {
            await answer(dana, 'dana', 'deny', open, ['--reason', 'enough']);
            return 'asked';
          });
          return Promise.race([third, pending]);
        },
        { timeout: PATIENCE },
      )
      .not.toBe('ran');
  }, 120_000);

  it('does not let its transaction look idle to a server that ends idle ones', async () => {
    await table('patient');
    const client = await connect();
    const notices: string[] = [];
    client.on('notice', ({ message }) => notices.push(message ?? ''));
    await client.query("set idle_in_transaction_session_timeout = '2s'");
    await client.query('begin');
    const dropped = client.query('drop table patient');
    const row = await asking('patient');
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    expect(await answer(dana, 'dana', 'approve', row)).toMatchObject({ code: 0 });
    expect((await dropped).command).toBe('DROP');
    expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    await client.query('rollback');
    expect(await exists('patient')).toBe(true);
    expect(notices).toHaveLength(1);
  }, 120_000);

  it('holds one session and not another', async () => {
    await table('mine');
    const client = await connect();
    const held = client.query('drop table mine');
    held.catch(() => undefined);
    const row = await asking('mine');
    const other = await openProxy(alice);
    const free = await connect();
    expect((await free.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    await other.close();
    expect(await answer(dana, 'dana', 'approve', row)).toMatchObject({ code: 0 });
    await held;
  }, 120_000);

  it('is refused at once while the store is away, and goes on when it comes back in time', async () => {
    await table('stored');
    const client = await connect();
    const held = client.query('drop table stored');
    held.catch(() => undefined);
    const row = await asking('stored');
    renameSync(alice.store, `${alice.store}.away`);
    try {
      const second = await connect();
      await expect(second.query('drop table stored')).rejects.toMatchObject({
        code: '58000',
        message: expect.stringContaining('nobody can be asked'),
      });
    } finally {
      renameSync(`${alice.store}.away`, alice.store);
    }
    expect(await answer(dana, 'dana', 'approve', row)).toMatchObject({ code: 0 });
    await held;
    expect(await exists('stored')).toBe(false);
  }, 120_000);

  it('is looked at again when the policy changes while it waits', async () => {
    await table('overtaken');
    const client = await connect();
    const held = client.query('drop table overtaken').catch((error: unknown) => error);
    const row = await asking('overtaken');
    const file = join(alice.home, '.config/broker/policy.cedar');
    const forbidden = ASKING.replace('@ask("dropping a table loses data")\n@expires("5m")\n', '');
    try {
      writeFileSync(file, forbidden);
      expect(await held).toMatchObject({
        code: '42501',
        message: expect.stringContaining('refused DROP TABLE'),
      });
    } finally {
      writeFileSync(file, ASKING);
    }
    await expect
      .poll(async () => (await listed(dana, '--all')).find(({ id }) => id === row.id)?.state, {
        timeout: PATIENCE,
      })
      .toBe('withdrawn');
    expect(await exists('overtaken')).toBe(true);
  }, 120_000);

  it('ends with an agent that is killed, and the next agent withdraws it', async () => {
    await table('survives');
    // A session of its own: it opens under the policy as it is now.
    const client = await connect(0, await openProxy(alice));
    const held = client.query('drop table survives').catch((error: Error) => error);
    const row = await asking('survives');
    const { pid } = JSON.parse((await alice.broker(['status', '--json'])).stdout) as { pid: number };
    process.kill(pid, 'SIGKILL');
    expect(await held).toBeInstanceOf(Error);
    await alice.broker(['agent', 'start']);
    await expect
      .poll(async () => (await listed(dana, '--all')).find(({ id }) => id === row.id)?.state, {
        timeout: PATIENCE,
      })
      .toBe('withdrawn');
    expect(await exists('survives')).toBe(true);
  }, 120_000);

  it('leaves evidence that verifies: every request, answer and use', async () => {
    await alice.broker(['agent', 'stop']);
    await dana.broker(['agent', 'stop']);
    const folder = join(alice.folder, 'evidence');
    const exported = await dana.broker(['export', '--since', '1h', '-o', folder]);
    expect(exported).toMatchObject({ code: 0 });
    expect(existsSync(join(folder, 'verify.sh'))).toBe(true);
    expect(readdirSync(join(alice.store, 'v1', 'appr')).length).toBeGreaterThan(0);
    const verified = await dana.broker(['verify', folder]);
    expect(verified.stdout).toMatch(/INTEGRITY\s+VALID/);
    if (!peer('openssl-jq')) return;
    const checked = execFileSync(join(folder, 'verify.sh'), { encoding: 'utf8' });
    expect(checked).toMatch(
      /^OK: \d+ statements hold.* and [1-9]\d* requests, answers and uses of approvals/,
    );
  }, 120_000);
});
