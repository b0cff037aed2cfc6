// Readers of evidence against bytes that nobody meant: they refuse or agree, and never crash, hang or accept what differs. BROKER_FUZZ_SECONDS prolongs it.
import { cpSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parseCheckpoint, verifyStore } from '../../../src/flow/verify/index.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { APPROVAL_FORM } from '../../../src/model/approval-predicate.ts';
import { BundleError, encodeBundle, parseBundle, parseSigned } from '../../../src/model/bundle.ts';
import { parseSealedHeader, sealedHeader } from '../../../src/model/sealed.ts';
import { verified } from '../../../src/model/verdict.ts';
import { identifyStore, openStore } from '../../../src/stores/index.ts';
import { workFolder } from '../../fakes/installation.ts';

const VECTORS = new URL('../../vectors/bundles/', import.meta.url).pathname;
const VALID = join(VECTORS, 'valid');
const SECONDS = Number(process.env['BROKER_FUZZ_SECONDS'] ?? 2);
const PATIENCE = 120_000 + SECONDS * 1000;
const work = workFolder();
afterAll(() => work.remove());

function filesBelow(folder: string): string[] {
  return readdirSync(folder)
    .map((name) => join(folder, name))
    .flatMap((path) => (statSync(path).isDirectory() ? filesBelow(path) : [path]));
}

/** xorshift32: the same mutations each time. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const WORDS = [
  '"',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  'null',
  '-0',
  '1e3',
  '1.0',
  '9007199254740993',
  '\\u0000',
  ' ',
  '\n',
  '\ud83d',
  '__proto__',
  '../',
  '=',
  'true',
];

function mutate(bytes: Buffer, random: (below: number) => number): Buffer {
  const at = random(bytes.length);
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
  const word = Buffer.from(WORDS[random(WORDS.length)] ?? '');
  switch (random(6)) {
    case 0: {
      const flipped = Buffer.from(bytes);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << random(8));
      return flipped;
    }
    case 1:
      return Buffer.concat([before, word, after]);
    case 2:
      return Buffer.concat([before, after.subarray(random(20) + 1)]);
    case 3:
      return Buffer.concat([before, word, after.subarray(word.length)]);
    case 4:
      return Buffer.concat([before, bytes.subarray(random(at + 1), at), after]);
    default:
      return Buffer.from(before);
  }
}

function rounds(seed: number, round: (random: (below: number) => number) => void): number {
  const random = randomFrom(seed);
  const end = systemClock.now() + SECONDS * 1000;
  let count = 0;
  for (; count < 200 || systemClock.now() < end; count++) round(random);
  return count;
}

describe('readers of evidence', () => {
  const statements = filesBelow(join(VALID, 'v1/stmt')).map((path) => readFileSync(path));
  const approvals = filesBelow(join(VALID, 'v1/appr')).map((path) => readFileSync(path));

  it(
    'refuse a bundle, or read the one spelling it has',
    () => {
      rounds(1, (random) => {
        const approval = random(2) === 0;
        const pool = approval ? approvals : statements;
        const mutated = mutate(pool[random(pool.length)] ?? Buffer.alloc(0), random);
        try {
          const { payload, signature, keyid, timestamp } = approval
            ? parseSigned(mutated, APPROVAL_FORM)
            : parseBundle(mutated);
          expect(encodeBundle(payload, signature, keyid, timestamp).equals(mutated)).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(BundleError);
        }
      });
    },
    PATIENCE,
  );

  it(
    'refuse a payload that was signed anew after it was altered, or read what it says',
    () => {
      rounds(2, (random) => {
        const { payload, signature, keyid } = parseBundle(
          statements[random(statements.length)] ?? Buffer.alloc(0),
        );
        const file = encodeBundle(mutate(payload, random), signature, keyid);
        try {
          const { statement } = parseBundle(file);
          expect(typeof statement.predicate.chain.seq).toBe('number');
          expect(Object.getPrototypeOf(statement.predicate)).toBe(Object.prototype);
        } catch (error) {
          expect(error).toBeInstanceOf(BundleError);
        }
      });
    },
    PATIENCE,
  );

  it(
    'refuse a checkpoint or a header, or know every member of it',
    () => {
      const head = { head: 'a'.repeat(64), seq: 3, writer: 'w'.repeat(16) };
      const checkpoint = Buffer.from(
        `${JSON.stringify({ format: 'urn:access-broker:checkpoint:v1', store: 's'.repeat(26), time: '2026-03-01T09:00:00.000Z', heads: [head, head] })}\n`,
      );
      const header = Buffer.from(
        `{"first":7,"format":"urn:access-broker:events:v1","salt":"${'0'.repeat(64)}","session":"s1"}`,
      );
      rounds(3, (random) => {
        const read = parseCheckpoint('file', mutate(checkpoint, random).toString());
        for (const each of read?.heads ?? []) {
          expect(Number.isSafeInteger(each.seq)).toBe(true);
          expect(each.head).toMatch(/^[0-9a-f]{64}$/);
        }
        const line = mutate(header, random).toString();
        const found = parseSealedHeader(line);
        if (found) expect(sealedHeader(found.salt, found.session, found.first)).toBe(line);
      });
    },
    PATIENCE,
  );

  it(
    'never call a store valid in which one signed byte differs',
    async () => {
      const folder = join(work.path, 'store');
      cpSync(VALID, folder, { recursive: true });
      const facts = JSON.parse(readFileSync(join(VECTORS, 'facts.json'), 'utf8'));
      const jwks = readFileSync(join(VECTORS, 'provider-jwks.json'), 'utf8');
      const pins = [{ issuer: facts.issuer, audiences: [facts.audience], jwks }];
      const files = filesBelow(join(folder, 'v1')).filter((path) => !path.endsWith('store.json'));
      const random = randomFrom(4);
      const store = await openStore(`file:${folder}`, {});
      const { id } = await identifyStore(store);
      const end = systemClock.now() + SECONDS * 1000;
      for (let count = 0; count < 20 || systemClock.now() < end; count++) {
        const path = files[random(files.length)] ?? '';
        const bytes = readFileSync(path);
        const mutated = mutate(bytes, random);
        if (mutated.equals(bytes)) continue;
        rmSync(path);
        writeFileSync(path, mutated);
        const result = await verifyStore(store, {
          store: id,
          now: Date.parse(facts.now),
          pins,
          deep: count % 2 === 0,
        });
        expect([verified(result), path]).toEqual([false, path]);
        writeFileSync(path, bytes);
      }
      expect(verified(await verifyStore(store, { store: id, now: Date.parse(facts.now), pins }))).toBe(true);
    },
    PATIENCE,
  );
});
