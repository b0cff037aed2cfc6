// A recorded terminal next to script(1) and to none: `cat` of a large file, and the echo of a key. targets.md section 5.
import { createWriteStream, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Pty } from '../../src/front/pty.ts';
import { startWorld } from '../peers/world.ts';
import { interleaved, median } from './measure.ts';

const BROKER = new URL('../../bin/broker.js', import.meta.url).pathname;
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 5);
const MEGABYTES = Number(process.env['BENCH_MEGABYTES'] ?? 200);
const KEYS = 300;

const world = await startWorld();
const big = join(world.folder, 'big.log');

async function writeBig(): Promise<void> {
  const file = createWriteStream(big);
  file.write('BEGIN-MARK\n');
  let written = 0;
  for (let line = 0; written < MEGABYTES * 1e6; ) {
    let piece = '';
    for (let end = line + 1000; line < end; line++)
      piece += `2026-01-15T10:${String(line % 60).padStart(2, '0')}:00Z INFO request id=${line} path=/api/v1/orders/${line % 9973} status=200 took ${line % 301} ms\n`;
    written += piece.length;
    if (!file.write(piece)) await new Promise<void>((resolve) => file.once('drain', () => resolve()));
  }
  await new Promise<void>((resolve) => file.end('END-MARK\n', () => resolve()));
}

function open(file: string, args: readonly string[]): Pty {
  return new Pty({ file, args, folder: world.home, environment: world.environment, columns: 120, rows: 40 });
}

const recorded = (...command: string[]) =>
  open(process.execPath, [BROKER, 'exec', 'prod-db', '--', ...command]);

/** Milliseconds from the first byte of the file on the screen to the last. */
async function timeCat(pty: Pty): Promise<number> {
  let started = 0;
  let ended = 0;
  let tail = '';
  pty.onData = (chunk) => {
    const text = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('latin1');
    if (started === 0 && text.includes('BEGIN-MARK')) started = performance.now();
    if (ended === 0 && (tail + text).includes('END-MARK')) ended = performance.now();
    tail = text.slice(-16);
  };
  await pty.exited;
  if (started === 0 || ended === 0) throw new Error('the file was not shown whole');
  return ended - started;
}

/** Milliseconds each key took to come back. */
async function timeKeys(pty: Pty): Promise<number[]> {
  let heard: (text: string) => void = () => undefined;
  pty.onData = (chunk) => heard(Buffer.from(chunk).toString('latin1'));
  const echo = (key: string) =>
    new Promise<void>((resolve) => {
      heard = (text) => {
        if (text.includes(key)) resolve();
      };
    });
  const ready = echo('ready');
  await ready;
  const times: number[] = [];
  for (let key = 0; key < KEYS; key++) {
    const letter = 'zqj'[key % 3] ?? 'z';
    const back = echo(letter);
    const started = performance.now();
    pty.write(Buffer.from(key % 60 === 59 ? `${letter}\r` : letter));
    await back;
    times.push(performance.now() - started);
    await new Promise((resolve) => setTimeout(resolve, 3));
  }
  pty.kill('SIGHUP');
  await pty.exited;
  return times;
}

try {
  await world.signIn();
  await writeBig();
  const ways = [
    { name: 'broker', run: () => timeCat(recorded('/bin/cat', big)) },
    {
      name: 'script(1)',
      run: () => timeCat(open('/usr/bin/script', ['-qc', `/bin/cat ${big}`, '/dev/null'])),
    },
  ];
  const figures = await interleaved(ROUNDS, ways, ({ run }) => run());
  const [script, broker] = ['script(1)', 'broker'].map((name) => median(figures.get(name) ?? []));
  const speed = ((script ?? 0) / (broker ?? 1)).toFixed(2);
  console.log(
    `cat of ${MEGABYTES} MB, speed                              ${speed} × script(1)   goal ≥ 1.0 (floor 0.7)`,
  );
  const listen = ['/bin/sh', '-c', 'echo ready; exec cat > /dev/null'] as const;
  const plain = median(await timeKeys(open('/bin/sh', ['-c', listen[2]])));
  const ours = median(await timeKeys(recorded(...listen)));
  console.log(
    `echo of a key, added at the median                   ${(ours - plain).toFixed(2)} ms (${ours.toFixed(2)} after ${plain.toFixed(2)} without)   goal ≤ 0.3 ms (floor 1)`,
  );
} finally {
  rmSync(big, { force: true });
  await world.stop();
}
