// How long a person waits for the binary itself, next to `node -e 0`; for the agent, next to nothing: milliseconds. targets.md section 5.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { interleaved, median, print, run } from './measure.ts';

const BROKER = new URL('../../bin/broker.js', import.meta.url).pathname;
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 15);
const home = mkdtempSync(join(tmpdir(), 'bench-startup-'));
mkdirSync(join(home, 'run'), { mode: 0o700 });
const environment = { HOME: home, XDG_RUNTIME_DIR: join(home, 'run') };
const broker = (...args: string[]) =>
  spawnSync(process.execPath, [BROKER, ...args], { env: { ...process.env, ...environment } });

const WAYS = [
  { name: 'node -e 0', args: ['-e', '0'] },
  { name: 'broker --help', args: [BROKER, '--help'] },
  { name: 'broker --version', args: [BROKER, '--version'] },
  { name: 'broker status', args: [BROKER, 'status'] },
];

async function elapsed({ args }: (typeof WAYS)[number]): Promise<number> {
  const started = performance.now();
  await run(process.execPath, args, environment);
  return performance.now() - started;
}

/** From nothing to an agent that answers. */
function coldStart(): number {
  broker('agent', 'stop');
  const started = performance.now();
  const { status, stderr } = broker('agent', 'start');
  if (status !== 0) throw new Error(stderr.toString());
  return performance.now() - started;
}

try {
  const cold = Array.from({ length: Math.min(ROUNDS, 7) }, coldStart);
  const figures = await interleaved(ROUNDS, WAYS, elapsed);
  print('broker --help', figures, 'broker --help', 'node -e 0', '≤ 1.6 (floor 2.2)');
  print('broker --version', figures, 'broker --version', 'node -e 0', '≤ 1.6 (floor 2.2)');
  print('broker status, agent running', figures, 'broker status', 'node -e 0', '≤ 2.2 (floor 3)');
  const node = median(figures.get('node -e 0') ?? []);
  console.log(
    `agent, from nothing to its answer                    ${Math.round(median(cold))} ms, of which ${Math.round(node)} ms are node itself   goal ≤ 250 ms (floor 500)`,
  );
} finally {
  broker('agent', 'stop');
  rmSync(home, { recursive: true, force: true });
}
