// Whoever looks at a client goes away: the terminal is closed, the reader of a pipe has seen enough.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { peer } from '../peers/peer.ts';
import { type Finished, startWorld, type World } from '../peers/world.ts';

/** What every process of ours is doing, for a failure that says more than that time ran out. */
function processes(pattern: string): string {
  const all = execFileSync('ps', ['-eo', 'pid,ppid,pgid,stat,etimes,wchan:24,args'], { encoding: 'utf8' });
  return all
    .split('\n')
    .filter((line) => line.includes(pattern) || /psql|expect/.test(line))
    .map((line) => line.slice(0, 200))
    .join('\n');
}

const BROKER = new URL('../../bin/broker.js', import.meta.url).pathname;

describe('a session whose screen is gone', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
    await world.signIn();
  }, 60_000);
  afterAll(() => world.stop(), 60_000);

  function run(program: string, args: readonly string[], patience = 45_000): Promise<Finished> {
    const child = spawn(program, args, { env: world.environment, cwd: world.home });
    let stuck = '';
    const timer = setTimeout(() => {
      const log = readFileSync(join(world.home, '.local', 'state', 'broker', 'agent.log'), 'utf8').slice(
        -3000,
      );
      stuck = `${program} does not end\n${processes('broker')}\n${log}`;
      child.kill('SIGKILL');
    }, patience);
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    child.stdin.end();
    return new Promise((resolve, reject) =>
      child.once('close', (code, signal) => {
        clearTimeout(timer);
        if (stuck) reject(new Error(stuck));
        else resolve({ code, signal, stdout, stderr });
      }),
    );
  }

  /** How the newest session ended, once no session is open. */
  async function ending(): Promise<string> {
    const deadline = performance.now() + 20_000;
    for (;;) {
      const { stdout } = await world.broker(['sessions', 'ls', '--json']);
      const rows = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { opened: string; end?: string });
      const [newest] = rows.sort((a, b) => (a.opened < b.opened ? 1 : -1));
      if (newest?.end !== undefined && newest.end !== 'open') return newest.end;
      if (performance.now() > deadline) throw new Error(`still open: ${stdout}`);
    }
  }

  it('ends a query in an orderly way when its reader has seen enough, without a word', async () => {
    const sql = "select repeat('x', 100) from generate_series(1, 500000)";
    const piped = await run('/bin/sh', [
      '-c',
      `"$0" "$1" query prod-db "$2" | head -n 1`,
      process.execPath,
      BROKER,
      sql,
    ]);
    expect(piped).toMatchObject({ code: 0, stderr: '' });
    expect(await ending()).toBe('closed');
  }, 60_000);

  it('ends a program that would go on without a session when its reader has seen enough', async () => {
    const mark = join(world.folder, 'went-on');
    const script = `echo a; sleep 0.5; echo b; sleep 5; : > ${mark}`;
    const line = '"$0" "$1" exec prod-db -- sh -c "$2" | head -n 1';
    const piped = await run('/bin/sh', ['-c', line, process.execPath, BROKER, script]);
    expect(piped).toMatchObject({ stdout: 'a\n' });
    expect(await ending()).toBe('closed');
    expect(existsSync(mark)).toBe(false);
  }, 60_000);

  it.runIf(peer('expect') && peer('psql'))(
    'ends its client and removes the password file when the terminal is closed',
    async () => {
      const script = `
      set timeout 20
      spawn -noecho ${process.execPath} ${BROKER} connect prod-db
      expect {
        "shop=" {}
        timeout { exit 90 }
        eof { exit 91 }
      }
      close
      set status [wait]
      if {[llength $status] > 4} { exit 92 }
      exit [lindex $status 3]`;
      const closed = await run('expect', ['-c', script]);
      // 92 would be a signal: Node aborts when it cannot restore a terminal that is gone.
      expect(closed.code).toBeLessThan(90);
      expect(await ending()).toBe('closed');
      expect(
        readdirSync(join(world.home, 'run', 'broker')).filter((name) => name.startsWith('client-')),
      ).toEqual([]);
    },
    60_000,
  );
});
