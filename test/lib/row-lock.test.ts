import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { lockHolder, takeLock } from '../../src/lib/row-lock.ts';

const tools = mkdtempSync(join(tmpdir(), 'lock-tools-'));
const contender = join(tools, 'contender.mjs');
let folder: string;

beforeAll(() => {
  const lock = new URL('../../src/lib/row-lock.ts', import.meta.url).pathname;
  const source = `import { takeLock } from ${JSON.stringify(lock)};
    const { existsSync } = await import('node:fs');
    const [folder, gate] = process.argv.slice(2);
    process.stdout.write('ready\\n');
    while (!existsSync(gate)) await new Promise((r) => setTimeout(r, 1));
    process.stdout.write(takeLock(folder, 'agent') ? 'won\\n' : 'lost\\n');
    setInterval(() => {}, 1000);`;
  buildSync({
    stdin: { contents: source, resolveDir: tools, loader: 'ts' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: contender,
  });
});
afterAll(() => rmSync(tools, { recursive: true, force: true }));
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lock-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function start(gate: string): { child: ChildProcess; says: (text: string) => Promise<string> } {
  const child = spawn(process.execPath, [contender, folder, gate], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  const says = async (wanted: string) => {
    const deadline = performance.now() + 20_000;
    while (!new RegExp(wanted).test(text)) {
      if (performance.now() > deadline) throw new Error(`it said only ${text}`);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    return text;
  };
  return { child, says };
}

async function race(count: number): Promise<{ winners: number; children: ChildProcess[] }> {
  const gate = join(folder, 'gate');
  const all = Array.from({ length: count }, () => start(gate));
  await Promise.all(all.map(({ says }) => says('ready')));
  writeFileSync(gate, '');
  const said = await Promise.all(all.map(({ says }) => says('won|lost')));
  rmSync(gate);
  return {
    winners: said.filter((text) => text.includes('won')).length,
    children: all.map(({ child }) => child),
  };
}

async function killAll(children: readonly ChildProcess[]): Promise<void> {
  for (const child of children) {
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }
}

describe('a lock', () => {
  it('is won once', () => {
    expect(takeLock(folder, 'agent')).toBeDefined();
    expect(takeLock(folder, 'agent')).toBeUndefined();
    expect(lockHolder(folder, 'agent')).toBe(process.pid);
  });

  it('can be taken after its holder gave way, although the holder lives', () => {
    takeLock(folder, 'agent')?.release();
    expect(lockHolder(folder, 'agent')).toBeUndefined();
    expect(takeLock(folder, 'agent')).toBeDefined();
  });

  it('leaves one file behind, however often it is taken', () => {
    for (let round = 0; round < 20; round++) takeLock(folder, 'agent')?.release();
    expect(readdirSync(folder)).toEqual(['agent.lock.20']);
  });

  it('is free when the pid in it belongs to another process now', () => {
    writeFileSync(join(folder, 'agent.lock.1'), JSON.stringify({ pid: process.pid, start: 'long ago' }));
    expect(lockHolder(folder, 'agent')).toBeUndefined();
    expect(takeLock(folder, 'agent')).toBeDefined();
  });

  it('is free when its file is not one of ours', () => {
    writeFileSync(join(folder, 'agent.lock.7'), 'not json');
    expect(takeLock(folder, 'agent')).toBeDefined();
    expect(existsSync(join(folder, 'agent.lock.8'))).toBe(true);
  });

  it('is won by exactly one of several processes that start at once', async () => {
    const { winners, children } = await race(6);
    await killAll(children);
    expect(winners).toBe(1);
  });

  it('is won by exactly one of several that find a killed holder’s', async () => {
    for (let round = 0; round < 3; round++) {
      const { winners, children } = await race(5);
      await killAll(children);
      expect(winners).toBe(1);
    }
  });
});
