// Sealing a 100 MB session next to gzip alone on the same lines, interleaved. Goal ≤ 1.5 ×, floor ≤ 2 ×. Prints peak memory too.
import { execFileSync } from 'node:child_process';
import { createReadStream, createWriteStream, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { openRecorder } from '../../src/flow/record/journal.ts';
import { sealContent } from '../../src/flow/seal/index.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { origin, workFolder } from '../fakes/installation.ts';

/** Of journal that seal to about 100 MB of event log. */
const MEGABYTES = 60;
const ROUNDS = 5;
const work = workFolder();
const [folder, blobs] = [join(work.path, 's1'), join(work.path, 'blobs')];
mkdirSync(folder);
mkdirSync(blobs);

/** Statements and answers of a database session: some text repeats, values do not. */
async function record(): Promise<void> {
  const recorder = openRecorder({ folder, origin: origin('s1'), clock: systemClock });
  const path = join(folder, 'events-worker-0.jsonl');
  let seed = 1;
  const random = () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed;
  };
  for (let number = 1; ; number++) {
    recorder.append('statement', {
      conversation: 1,
      statement: number,
      phase: 'execute',
      digest: random().toString(16).padStart(64, '0'),
      actions: [{ action: 'sql:select', resource: { type: 'Table', id: 'prod-db/public.orders' } }],
      decision: 'allow',
      policies: ['developers-work'],
      policyDigest: '7'.repeat(64),
      fingerprint: 'a1b2c3',
      parameters: [{ value: String(random()), format: 0 }],
    });
    const sample = Array.from({ length: 5 }, () => [
      String(random()),
      `customer ${random() % 10_000}`,
      '[email]',
      '[card]',
    ]);
    recorder.append('answer', {
      conversation: 1,
      statement: number,
      status: 'ok',
      tag: 'SELECT 5',
      rows: 5,
      bytes: 300,
      micros: random() % 5_000,
      sample,
      masked: 10,
    });
    if (number % 1_000 === 0) {
      recorder.flush();
      if (statSync(path).size > MEGABYTES * 1e6) break;
    }
  }
  await recorder.close();
}

/** The lines as they are sealed, for gzip to have the same work. */
async function unpack(): Promise<void> {
  const { subjects } = await sealContent({ folder, session: 's1', blobs, salt: 'ab'.repeat(32) });
  const lines = createWriteStream(join(work.path, 'events.jsonl'));
  await pipeline(createReadStream(join(blobs, subjects[0]?.digest.sha256 as string)), createGunzip(), lines);
}

async function seal(): Promise<number> {
  const start = performance.now();
  await sealContent({ folder, session: 's1', blobs, salt: 'ab'.repeat(32) });
  const took = performance.now() - start;
  for (const name of readdirSync(blobs)) rmSync(join(blobs, name));
  return took;
}

function gzip(): number {
  const start = performance.now();
  execFileSync('sh', [
    '-c',
    'gzip -6 -c "$1" > "$2" && sync "$2"',
    'sh',
    join(work.path, 'events.jsonl'),
    join(work.path, 'alone.gz'),
  ]);
  return performance.now() - start;
}

await record();
await unpack();
const [sealed, alone]: [number[], number[]] = [[], []];
for (let round = 0; round < ROUNDS; round++) {
  sealed.push(await seal());
  alone.push(gzip());
}
const median = (numbers: number[]) =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] as number;
const spread = (numbers: number[]) =>
  `${(Math.min(...numbers) / 1000).toFixed(2)}–${(Math.max(...numbers) / 1000).toFixed(2)} s`;
console.log(`gzip -6 alone    ${(median(alone) / 1000).toFixed(2)} s (${spread(alone)})`);
console.log(
  `seal             ${(median(sealed) / 1000).toFixed(2)} s (${spread(sealed)})  ${(median(sealed) / median(alone)).toFixed(2)} × gzip`,
);
console.log(`event log        ${(statSync(join(work.path, 'events.jsonl')).size / 1e6).toFixed(0)} MB`);
console.log(`peak memory      ${Math.round(process.resourceUsage().maxRSS / 1024)} MB`);
work.remove();
