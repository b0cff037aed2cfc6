// Measures the stream masker on terminal output, next to the scanner alone on the same bytes in the same run.
import { createScanner } from '../../src/detectors/index.ts';
import { StreamMasker } from '../../src/flow/mask/stream.ts';
import { mixedText } from './detector-corpus.ts';

const MIB = 1 << 20;
const scanner = createScanner();

function masked(bytes: Buffer, size: number): number {
  const masker = new StreamMasker({ scanner, strategies: {}, hashKey: new Uint8Array(32), columns: 120 });
  let out = 0;
  for (let at = 0; at < bytes.length; at += size) out += masker.push(bytes.subarray(at, at + size)).length;
  return out + masker.flush(true).length;
}

function rate(bytes: Buffer, work: () => void): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 4; round += 1) {
    const from = performance.now();
    work();
    best = Math.min(best, performance.now() - from);
  }
  return bytes.length / MIB / (best / 1000);
}

const plain = Buffer.from(mixedText(16 * MIB).replaceAll('\n', '\r\n'));
const coloured = Buffer.from(
  plain.toString().replace(/INFO|GET|debug|worker/g, (word) => `\x1b[1;32m${word}\x1b[0m`),
);

console.log('stream masker (goal ≥ 30 MB/s, floor ≥ 15 MB/s)');
for (const [name, bytes] of [
  ['plain', plain],
  ['coloured', coloured],
] as const) {
  const text = bytes.toString('latin1');
  const alone = rate(bytes, () => scanner.scan(text));
  for (const size of [4096, 65_536]) {
    const streamed = rate(bytes, () => masked(bytes, size));
    const share = (streamed / alone).toFixed(2);
    console.log(
      `${name.padEnd(9)} ${String(size).padStart(6)}-byte reads ${streamed.toFixed(0).padStart(5)} MB/s   ${share} × the scanner alone`,
    );
  }
}
