// connect, exec and query with the real binary against real PostgreSQL, on a real pseudo-terminal where one is needed.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Pty } from '../../src/front/pty.ts';
import { peer } from '../peers/peer.ts';
import { startWorld, type World } from '../peers/world.ts';

const BROKER = new URL('../../bin/broker.js', import.meta.url).pathname;

let world: World;
beforeAll(async () => {
  world = await startWorld();
  await world.signIn();
}, 120_000);
afterAll(() => world.stop(), 60_000);

interface Terminal {
  readonly pty: Pty;
  shown(): string;
  until(text: string | RegExp): Promise<void>;
  type(text: string): void;
}

function terminal(args: readonly string[], size = { columns: 120, rows: 40 }): Terminal {
  const pty = new Pty({
    file: process.execPath,
    args: [BROKER, ...args],
    folder: world.home,
    environment: { ...world.environment, PSQLRC: '/dev/null', PSQL_HISTORY: '/dev/null' },
    ...size,
  });
  const chunks: Buffer[] = [];
  pty.onData = (chunk) => chunks.push(Buffer.from(chunk));
  const shown = () => Buffer.concat(chunks).toString();
  return {
    pty,
    shown,
    type: (text) => pty.write(Buffer.from(text)),
    until: async (text) => {
      const deadline = performance.now() + 20_000;
      while (!(typeof text === 'string' ? shown().includes(text) : text.test(shown()))) {
        if (performance.now() > deadline) throw new Error(`never shown: ${text}\n${shown()}`);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    },
  };
}

const spool = () => join(world.home, '.local', 'state', 'broker', 'spool');

describe.runIf(peer('psql'))('broker connect', () => {
  it('runs psql in a recorded terminal: judged, masked, sized, sealed', async () => {
    const { pty, shown, until, type } = terminal(['connect', 'prod-db'], { columns: 133, rows: 41 });
    await until('shop=>');
    const [session = ''] = readdirSync(spool());
    type('select name, email, card from customers where id = 1;\r');
    await until('(1 row)');
    expect(shown()).toContain('[payment-card]');
    expect(shown()).not.toMatch(/4111111111111111|5555555555554444|@example\.com/);
    type('delete from orders;\r');
    await until(/ERROR: .*no-blind-writes|no-blind-writes/);
    type('\\! stty size\r');
    await until('41 133');
    const cast = readFileSync(join(spool(), session, 'front.cast'), 'utf8');
    expect(JSON.parse(cast.split('\n')[0] ?? '')).toMatchObject({ version: 2, width: 133, height: 41 });
    expect(cast).toContain('select name, email, card');
    expect(cast).not.toContain(shown().match(/PGPASSFILE=\S+/)?.[0] ?? 'PGPASSFILE=');
    type('\\q\r');
    expect(await pty.exited).toEqual({ code: 0, signal: 0 });
    expect(shown()).toContain(`session ${session} is sealed`);
  }, 60_000);

  it('passes psql’s own exit code through, and takes Ctrl-C as psql does', async () => {
    const { pty, until, type } = terminal(['connect', 'prod-db']);
    await until('shop=>');
    type('select pg_sleep(30);\r');
    await until('pg_sleep(30);');
    await new Promise((resolve) => setTimeout(resolve, 300));
    type('\x03');
    await until(/cancel/i);
    type('\\set ON_ERROR_STOP on\r\\q\r');
    expect((await pty.exited).code).toBe(0);
    const failing = await world.broker([
      'connect',
      'prod-db',
      '--',
      '-v',
      'ON_ERROR_STOP=1',
      '-c',
      'select 1/0',
    ]);
    expect(failing.code).toBe(1);
  }, 60_000);

  it('works in a pipe', async () => {
    const { code, stdout } = await world.broker(['connect', 'prod-db', '--', '-qtA'], 'select 6 * 7;\n');
    expect([code, stdout.trim()]).toEqual([0, '42']);
  }, 60_000);

  it('ends its client when the session is killed, and says why', async () => {
    const { pty, shown, until } = terminal(['connect', 'prod-db']);
    await until('shop=>');
    const [session = ''] = readdirSync(spool());
    await world.broker(['sessions', 'kill', session, '--reason', 'wrong database']);
    expect((await pty.exited).code).toBe(3);
    expect(shown()).toContain('wrong database');
  }, 60_000);

  it('leaves no password file behind', async () => {
    await world.broker(['connect', 'prod-db', '--', '-c', 'select 1']);
    const run = join(world.home, 'run', 'broker');
    expect(readdirSync(run).filter((name) => name.startsWith('client-'))).toEqual([]);
  }, 60_000);

  it('says what to install when there is no psql', async () => {
    const { stdout, stderr, code } = await new Promise<{
      stdout: string;
      stderr: string;
      code: number | null;
    }>((resolve) => {
      import('node:child_process').then(({ execFile }) => {
        const env = { ...world.environment, PATH: '/nonexistent' };
        execFile(process.execPath, [BROKER, 'connect', 'prod-db', '--json'], { env }, (error, out, err) => {
          resolve({ stdout: out, stderr: err, code: typeof error?.code === 'number' ? error.code : 0 });
        });
      });
    });
    expect([stdout, code]).toEqual(['', 125]);
    expect(JSON.parse(stderr)).toMatchObject({
      error: { code: 'client-missing', details: { client: 'psql' } },
    });
  }, 60_000);
});

describe('broker query', () => {
  it('prints several results, with notices on stderr', async () => {
    const { code, stdout, stderr } = await world.broker([
      'query',
      'prod-db',
      "create temp table t (a int); insert into t values (1), (2); select * from t; do $$ begin raise notice 'careful'; end $$",
    ]);
    expect(stderr).toContain('broker: notice: ');
    expect(stdout).toContain('INSERT 2');
    expect(stdout).toContain('2 rows');
    expect(code).toBe(0);
  }, 60_000);

  it('ends with 3 when policy refuses, naming the policy', async () => {
    const { code, stderr } = await world.broker(['query', 'prod-db', 'delete from orders', '--json']);
    expect(code).toBe(3);
    const { error } = JSON.parse(stderr) as { error: { message: string; hint: string } };
    expect(error.message).toContain('no-blind-writes');
    expect(error.hint).not.toBe('');
  }, 60_000);

  it('ends with the target’s own words when the target refuses', async () => {
    const { code, stderr } = await world.broker([
      'query',
      'prod-db',
      'select * from no_such_table',
      '--json',
    ]);
    expect(JSON.parse(stderr)).toMatchObject({
      error: { code: 'target-error', details: { sqlstate: '42P01' } },
    });
    expect(code).toBe(2);
  }, 60_000);

  it('reads statements from standard input and streams CSV', async () => {
    const { code, stdout } = await world.broker(
      ['query', 'prod-db', '--csv'],
      'select n from generate_series(1, 20000) n',
    );
    expect(code).toBe(0);
    expect(stdout.split('\n')).toHaveLength(20_002);
  }, 60_000);

  it('says so when there is nothing to run, no such connection, or a port is no port', async () => {
    expect((await world.broker(['query', 'prod-db'], '  \n')).code).toBe(2);
    expect((await world.broker(['query', 'nowhere', 'select 1', '--json'])).stderr).toContain(
      'connection-unknown',
    );
    expect((await world.broker(['proxy', 'prod-db', '--port', 'abc'])).code).toBe(2);
  }, 60_000);
});

describe('broker exec', () => {
  it('gives a program the session, and passes on how it ended', async () => {
    const script =
      'const { DATABASE_URL, PGHOST, PGPASSWORD, BROKER_STATE_DIR } = process.env; console.log(JSON.stringify({ same: new URL(DATABASE_URL).password === encodeURIComponent(PGPASSWORD), PGHOST, ours: BROKER_STATE_DIR })); process.exit(17)';
    const { code, stdout } = await world.broker(['exec', 'prod-db', '--', process.execPath, '-e', script]);
    expect(JSON.parse(stdout)).toEqual({ same: true, PGHOST: '127.0.0.1' });
    expect(code).toBe(17);
    expect((await world.broker(['exec', 'prod-db', '--', 'bash', '-c', 'kill -TERM $$'])).code).toBe(143);
  }, 60_000);

  it('says so when the program is not there, before any session is opened', async () => {
    const { code, stderr } = await world.broker(['exec', 'prod-db', '--json', '--', 'no-such-program']);
    expect([code, (JSON.parse(stderr) as { error: { code: string } }).error.code]).toEqual([
      125,
      'client-failed',
    ]);
  }, 60_000);
});

describe('broker connections test', () => {
  it('goes step by step and opens no session', async () => {
    const { code, stdout } = await world.broker(['connections', 'test', 'prod-db', '--json']);
    const { steps } = JSON.parse(stdout) as { steps: { name: string; ok: boolean }[] };
    expect(steps.map(({ name, ok }) => [name, ok])).toEqual([
      ['configuration', true],
      ['sign-in', true],
      ['policy', true],
      ['credential', true],
      ['target', true],
    ]);
    expect(code).toBe(0);
    const [row] = await world.postgres.query(
      "select count(*)::int as n from pg_roles where rolname like 'broker%'",
    );
    expect(row).toEqual({ n: 0 });
  }, 60_000);
});

describe('broker secrets', () => {
  it('keeps, lists by name and forgets; the value comes from a pipe only', async () => {
    expect((await world.broker(['secrets', 'set', 'warehouse'], 'hunter2\n')).code).toBe(0);
    expect((await world.broker(['secrets', 'ls', '--json'])).stdout).toBe('["warehouse"]\n');
    expect((await world.broker(['secrets', 'set', 'empty'], '')).code).toBe(2);
    expect((await world.broker(['secrets', 'set', 'bad name'], 'x')).code).toBe(2);
    expect((await world.broker(['secrets', 'rm', 'warehouse'])).code).toBe(0);
    expect((await world.broker(['secrets', 'rm', 'warehouse'])).code).toBe(2);
  }, 60_000);

  it('hides what is typed at the prompt', async () => {
    const { pty, shown, until, type } = terminal(['secrets', 'set', 'typed']);
    await until('password for typed: ');
    type('hunter3\x7f4\r');
    expect((await pty.exited).code).toBe(0);
    expect(shown()).not.toMatch(/hunter/);
  }, 60_000);
});

describe('the sign-in', () => {
  it('is told by whoami and status, and ends with logout', async () => {
    expect(JSON.parse((await world.broker(['whoami', '--json'])).stdout)).toMatchObject({
      state: 'signed-in',
      user: { sub: 'alice' },
      binding: 'nonce',
    });
    expect((await world.broker(['status'])).stdout).toContain('alice@example.com');
    expect((await world.broker(['logout'])).code).toBe(0);
    expect((await world.broker(['whoami'])).code).toBe(4);
    expect((await world.broker(['query', 'prod-db', 'select 1'])).code).toBe(4);
    await world.signIn();
    expect((await world.broker(['query', 'prod-db', 'select 1'])).code).toBe(0);
  }, 60_000);
});
