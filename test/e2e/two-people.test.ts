// Two people, two homes, one bucket: a dangerous statement waits on the wire, the right person answers from the board, and nobody else's answer counts.
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApprovalRow } from '../../src/model/approval.ts';
import { encodeBundle } from '../../src/model/bundle.ts';
import { peer } from '../peers/peer.ts';
import { type S3Peer, startS3 } from '../peers/s3.ts';
import { startTmux, type Tmux } from '../peers/tmux.ts';
import { type Finished, startWorld, type World } from '../peers/world.ts';
import { type Intruder, openIntruder } from './intruder.ts';

const BROKER = new URL('../../bin/broker.js', import.meta.url).pathname;
const PATIENCE = 60_000;

const POLICY = `
@id("developers-work")
permit (
  principal in Group::"developers",
  action in [Action::"session:open", Action::"read", Action::"write", Action::"define", Action::"execute", Action::"destroy"],
  resource
);

@id("drops-ask")
@ask("dropping a table loses data")
@expires("30m")
forbid (principal, action == Action::"sql:drop", resource in Label::"env:prod");

@id("dba-approve")
permit (principal in Group::"dba", action == Action::"approve", resource in Label::"env:prod");
`;

const ACCOUNTS = {
  alice: { groups: ['developers', 'dba'], email: 'alice@example.com', name: 'Alice Example' },
  dana: { groups: ['dba'], email: 'dana@example.com', name: 'Dana Example' },
  mallory: { groups: ['developers'], email: 'mallory@example.com' },
};

/** Tables that only their drop would end, and a count of drops that no client of ours can write to. */
const TABLES = ['payroll', 'ledger', 'archive'] as const;
const SCHEMA = `
create table dropped (name text);
create function note_drop() returns event_trigger language plpgsql security definer set search_path = public as $$
  begin
    insert into dropped select object_identity from pg_event_trigger_dropped_objects() where object_type = 'table';
  end $$;
create event trigger note_drops on sql_drop execute function note_drop();
${TABLES.map((name) => `create table ${name} (id int); alter table ${name} owner to app;`).join('\n')}
`;

describe.runIf(peer('s3') && peer('tmux') && peer('psql'))('two people and one dangerous statement', () => {
  let s3: S3Peer;
  let alice: World;
  let dana: World;
  let mallory: World;
  let intruder: Intruder;
  const terminals: Tmux[] = [];

  beforeAll(async () => {
    s3 = await startS3();
    await s3.createBucket('evidence');
    const store = s3.url('evidence', 'team');
    const { environment } = s3.owner;
    alice = await startWorld({ store, environment, policy: POLICY, provider: { accounts: ACCOUNTS } });
    [dana, mallory] = [alice.another('dana'), alice.another('mallory')];
    await alice.postgres.query(SCHEMA, 'shop');
    await alice.signIn('alice');
    await dana.signIn('dana');
    await mallory.signIn('mallory');
    intruder = await openIntruder(store, environment, alice.provider);
  }, 240_000);
  afterAll(async () => {
    for (const terminal of terminals) terminal.stop();
    await intruder?.store.close();
    for (const world of [dana, mallory]) await world?.broker(['agent', 'stop']);
    await alice?.stop();
    await s3?.stop();
  }, 120_000);

  const drops = async () =>
    (await alice.postgres.query('select name from dropped order by name', 'shop')).map(({ name }) => name);

  function terminal({ environment, home }: World): Tmux {
    const screen = startTmux({ columns: 110, rows: 40, environment, cwd: home });
    terminals.push(screen);
    return screen;
  }

  /** The request for this table, once somebody's agent tells it. */
  async function requestFor(world: World, table: string): Promise<ApprovalRow> {
    let found: ApprovalRow | undefined;
    await expect
      .poll(
        async () => {
          const { stdout } = await world.broker(['approvals', 'ls', '--json']);
          const rows = stdout
            .split('\n')
            .filter(Boolean)
            .map((line) => JSON.parse(line) as ApprovalRow);
          found = rows.find(({ what, state }) => what.text.includes(table) && state === 'pending');
          return found !== undefined;
        },
        { timeout: PATIENCE, interval: 300 },
      )
      .toBe(true);
    return found as ApprovalRow;
  }

  /** Alice runs a statement that is held; it ends when it is answered or the suite is over. */
  async function hold(table: string): Promise<{ row: ApprovalRow; done: Promise<Finished> }> {
    const done = alice.broker(['query', 'prod-db', `drop table ${table} /* \u001b[2J\u202e */`]);
    return { row: await requestFor(alice, table), done };
  }

  /** What alice is told about a request, once it says this. */
  async function told(id: string, words: RegExp): Promise<string> {
    let text = '';
    await expect
      .poll(
        async () => {
          text = (await alice.broker(['approvals', 'show', id])).stdout;
          return words.test(text);
        },
        { timeout: PATIENCE, interval: 300, message: `show never said ${words}` },
      )
      .toBe(true);
    return text;
  }

  /** The address a board shows, which may be broken over rows. */
  function addressOn(screen: string): string {
    const lines = screen.split('\n').map((line) => line.trim());
    const from = lines.findIndex((line) => line.startsWith('http'));
    const to = lines.findIndex((line, index) => index > from && line === '');
    return lines.slice(from, to).join('');
  }

  it('psql waits in its transaction; the DBA reads, approves and signs in on the board; the table is dropped once', async () => {
    const psql = terminal(alice);
    psql.type(`${process.execPath} ${BROKER} connect prod-db -- -X`);
    await psql.until(/shop=[#>] *$/m, PATIENCE);
    psql.type('begin;');
    await psql.until('BEGIN');
    psql.type('drop table payroll;');
    const { id } = await requestFor(alice, 'payroll');
    const notice = await psql.until(id, PATIENCE);
    expect(notice).toContain('NOTICE');
    expect(await drops()).toEqual([]);

    const board = terminal(dana);
    board.type(`${process.execPath} ${BROKER} approvals watch --no-browser; echo left with $?`);
    const shown = await board.until('1 │ drop table payroll;', PATIENCE);
    expect(shown).toContain('alice@example.com');
    expect(shown).toContain('in a transaction');
    expect(shown).toContain('drops-ask: dropping a table loses data');
    board.press('a');
    await board.until(`Approve request ${id}`);
    board.press('y');
    const asking = await board.until('paste the address', PATIENCE);
    const landed = await alice.provider.redirectOverHttp(addressOn(asking), 'dana');
    board.type(landed);
    await board.until(`approved request ${id}`, PATIENCE);

    await psql.until('DROP TABLE', PATIENCE);
    psql.type('commit;');
    await psql.until('COMMIT');
    expect(await drops()).toEqual(['public.payroll']);
    psql.type('\\q');
    board.press('q');
    await board.until('left with 0');
    const text = await told(id, /^state +used$/m);
    expect(text).toMatch(/^answer +approved by dana@example.com, subject dana of /m);
    expect(text).toContain('with a fresh sign-in');
  }, 240_000);

  it('refuses the second use of an approval: the answer is spent, and the same statement asks again', async () => {
    const { stdout } = await alice.broker(['approvals', 'ls', '--all', '--json']);
    const [used] = stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as ApprovalRow);
    const digest = String(used?.digest);
    const again = await dana.broker(['approvals', 'approve', String(used?.id), '--yes', '--digest', digest]);
    expect(again).toMatchObject({ code: 3, stderr: expect.stringContaining('it is used already') });
    await alice.postgres.query('create table payroll (id int); alter table payroll owner to app', 'shop');
    const { row, done } = await hold('payroll');
    expect(row.id).not.toBe(used?.id);
    // The genuine answer of the first request, put where the second one looks for answers.
    const key = String(used?.decisions[0]?.key);
    const bytes = await intruder.store.get(key);
    await intruder.store.put(key.replace(String(used?.id), row.id), bytes ?? new Uint8Array());
    expect(await told(row.id, /^not counted/m)).toMatch(
      /not counted +\S+: key: it was signed to stand at \S+/,
    );
    expect(await dana.broker(['approvals', 'deny', row.id, '--reason', 'after the release'])).toMatchObject({
      code: 0,
    });
    const { code, stderr } = await done;
    expect(code).toBe(3);
    expect(stderr).toContain('denied by dana@example.com');
    expect(stderr).toContain('after the release');
    expect(await drops()).toEqual(['public.payroll']);
  }, 240_000);

  describe('with another statement held', () => {
    let row: ApprovalRow;
    let done: Promise<Finished>;
    it('refuses one’s own approval, by the command and by the agent that checks', async () => {
      ({ row, done } = await hold('ledger'));
      const own = await alice.broker(['approvals', 'approve', row.id, '--yes', '--digest', row.digest]);
      expect(own).toMatchObject({ code: 3, stderr: expect.stringContaining('somebody else answers') });
      const request = await intruder.request(row);
      const decision = intruder.decide(request);
      await intruder.put(await intruder.enter('alice', decision), request, decision);
      await told(row.id, /not counted +\S+: self: /);
    }, 120_000);

    it('refuses an approval of other bytes, of another digest', async () => {
      const request = await intruder.request(row);
      const decision = intruder.decide(request, { request: 'b'.repeat(64) });
      await intruder.put(await intruder.enter('dana', decision), request, decision);
      await told(row.id, /not counted +\S+: request-digest: /);
      const other = await dana.broker(['approvals', 'approve', row.id, '--yes', '--digest', 'b'.repeat(64)]);
      expect(other).toMatchObject({
        code: 3,
        stderr: expect.stringContaining(`its digest is ${row.digest}`),
      });
    }, 120_000);

    it('refuses a sign-in that was not made for this answer, and one that is too old', async () => {
      const request = await intruder.request(row);
      const decision = intruder.decide(request);
      await intruder.put(await intruder.enter('dana'), request, decision);
      await told(row.id, /not counted +\S+: att: /);
      const later = new Date(Date.now() + 6 * 60_000).toISOString().replace('Z', '000Z');
      const stale = intruder.decide(request, { time: later });
      await intruder.put(await intruder.enter('dana', stale), request, stale);
      await told(row.id, /not counted +\S+: auth-time: /);
    }, 120_000);

    it('refuses somebody whom no policy lets approve, before they sign in and after', async () => {
      const before = await mallory.broker(['approvals', 'approve', row.id, '--yes', '--digest', row.digest]);
      expect(before).toMatchObject({ code: 3, stderr: expect.stringContaining('policy "default deny"') });
      const request = await intruder.request(row);
      const decision = intruder.decide(request);
      await intruder.put(await intruder.enter('mallory', decision), request, decision);
      await told(row.id, /not counted +\S+: policy: /);
    }, 120_000);

    it('refuses what somebody with write access forged: a signature of other bytes, and no signature of any worth', async () => {
      const request = await intruder.request(row);
      const decision = intruder.decide(request);
      const entered = await intruder.enter('dana', decision);
      await intruder.forge(entered, request, decision);
      await told(row.id, /not counted +\S+: signature: /);
      const name = `decision-${randomBytes(32).toString('base64url')}.sigstore.json`;
      const nonsense = encodeBundle(Buffer.from('{"kind":"decision"}'), randomBytes(70), 'k');
      await intruder.store.put(request.key.replace('request.sigstore.json', name), nonsense);
      await told(row.id, /not counted +\S+: format: /);
    }, 120_000);

    it('has held all that while, and goes on for the right answer only', async () => {
      expect(await drops()).toEqual(['public.payroll']);
      const child = dana.spawn([
        ...['approvals', 'approve', row.id, '--no-browser'],
        ...['--yes', '--digest', row.digest],
      ]);
      let printed = '';
      for (const stream of [child.stdout, child.stderr])
        stream?.on('data', (chunk: Buffer) => {
          printed += chunk.toString();
        });
      const address = () => /(https?:\/\/\S+\/auth\?\S+)\s/.exec(printed)?.[1];
      await expect.poll(address, { timeout: PATIENCE }).toBeDefined();
      child.stdin?.end(`${await alice.provider.redirectOverHttp(address() ?? '', 'dana')}\n`);
      const code = await new Promise((resolve) => child.once('close', resolve));
      expect({ code, printed }).toMatchObject({
        code: 0,
        printed: expect.stringContaining('approved request'),
      });
      expect(await done).toMatchObject({ code: 0 });
      expect(await drops()).toEqual(['public.ledger', 'public.payroll']);
      const text = await told(row.id, /^state +used$/m);
      expect(text).toContain('1 │ drop table ledger /* \\e[2J\\u{202e} */');
      expect(text).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f\u202e]/);
      for (const step of ['self', 'request-digest', 'att', 'auth-time', 'policy', 'signature', 'format'])
        expect(text).toMatch(new RegExp(`not counted +\\S+: ${step}: `));
    }, 120_000);
  });

  it('withdraws on Ctrl-C, finds a lost agent again, and denies with a reason that psql shows', async () => {
    const psql = terminal(alice);
    psql.type(`${process.execPath} ${BROKER} connect prod-db -- -X`);
    await psql.until(/shop=[#>] *$/m, PATIENCE);
    const board = terminal(dana);
    board.type(`${process.execPath} ${BROKER} approvals watch --no-browser; echo left with $?`);
    await board.until('0 waiting', PATIENCE);

    psql.type('drop table archive;');
    const first = await requestFor(alice, 'archive');
    await board.until('1 │ drop table archive;', PATIENCE);
    psql.press('C-c');
    await psql.until(/ERROR: .*\n/, PATIENCE);
    await board.until('0 waiting', PATIENCE);
    expect(await told(first.id, /^state +withdrawn$/m)).toContain('drop table archive;');

    expect(await dana.broker(['agent', 'stop'])).toMatchObject({ code: 0 });
    psql.type('drop table archive;');
    const second = await requestFor(alice, 'archive');
    await board.until('1 waiting', PATIENCE);
    await board.until('1 │ drop table archive;', PATIENCE);
    await board.until(`▶ ${second.id.slice(0, 10)}`);
    await expect.poll(() => board.screen(), { timeout: PATIENCE }).not.toContain('this is the next one');
    board.press('d');
    await board.until(`Deny request ${second.id}`);
    board.type('not before the audit');
    await board.until(`denied request ${second.id}`, PATIENCE);
    const refused = await psql.until('not before the audit', PATIENCE);
    expect(refused).toContain('denied by dana@example.com');
    expect(refused).toContain('drops-ask');
    board.press('q');
    psql.type('\\q');
    await board.until('left with 0');
    expect(await drops()).not.toContain('public.archive');
  }, 240_000);

  it('leaves evidence of it all that verifies', async () => {
    await alice.broker(['agent', 'stop']);
    await dana.broker(['agent', 'stop']);
    const verified = await dana.broker(['verify', '--since', '1h']);
    expect(verified.stdout).toMatch(/INTEGRITY\s+VALID/);
  }, 120_000);
});
