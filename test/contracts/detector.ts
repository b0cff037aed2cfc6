// One suite for every detector: its vectors alone and embedded, as UTF-16 and as bytes, whole and cut at every place.
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { StreamMasker } from '../../src/flow/mask/stream.ts';
import type { Scanner } from '../../src/model/masking.ts';

/** Texts that look like real keys are kept in pieces, so that scanners of repositories leave them alone. */
type Pieces = string | readonly string[];

interface Vectors {
  readonly type: string;
  readonly hit: readonly { readonly text: Pieces; readonly found: readonly Pieces[] }[];
  readonly miss: readonly Pieces[];
}

const joined = (pieces: Pieces): string => (typeof pieces === 'string' ? pieces : pieces.join(''));
const bytes = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');
const foundIn = (scanner: Scanner, text: string): string[] =>
  scanner.scan(text).map((span) => text.slice(span.start, span.end));

export function vectorsOf(type: string): Vectors {
  const path = new URL(`../vectors/detectors/${type}.json`, import.meta.url);
  if (!existsSync(path)) throw new Error(`test/vectors/detectors/${type}.json is missing`);
  return JSON.parse(readFileSync(path, 'utf8')) as Vectors;
}

/** What text may stand around a value in logs, CSV, JSON and prose of any language. */
const AROUND: readonly (readonly [string, string])[] = [
  ['', ''],
  ['a line before\n', '\na line after'],
  ['"', '"'],
  [';', ';'],
  ['(', ')'],
  ['“', '”'],
  ['é ', ' ß'],
  ['値:\t', '\t終'],
];

const masked = (masker: StreamMasker, chunks: readonly Buffer[]): string =>
  Buffer.concat([...chunks.map((chunk) => masker.push(chunk)), masker.flush(true)]).toString('utf8');

function replaced(text: string, found: readonly string[], type: string): string {
  let rest = text;
  let out = '';
  for (const value of found) {
    const at = rest.indexOf(value);
    out += `${rest.slice(0, at)}[${type}]`;
    rest = rest.slice(at + value.length);
  }
  return out + rest;
}

export function detectorContract(type: string, scannerFor: (types: readonly string[]) => Scanner): void {
  describe(`detector ${type}`, () => {
    const vectors = vectorsOf(type);
    const scanner = scannerFor([type]);
    const masker = (): StreamMasker =>
      new StreamMasker({ scanner, strategies: {}, hashKey: new Uint8Array(32) });
    const hits = vectors.hit.map(({ text, found }) => ({ text: joined(text), found: found.map(joined) }));
    const misses = vectors.miss.map(joined);

    it('brings at least three hits and three misses', () => {
      expect(vectors.type).toBe(type);
      expect(Math.min(hits.length, misses.length)).toBeGreaterThanOrEqual(3);
    });

    it.each(hits)('finds $found', ({ text, found }) => {
      expect(foundIn(scanner, text)).toEqual(found);
      expect(foundIn(scanner, bytes(text))).toEqual(found.map(bytes));
      expect(scanner.scan(text).every((span) => span.type === type)).toBe(true);
    });

    it.each(misses)('leaves %j alone', (text) => {
      expect(foundIn(scanner, text)).toEqual([]);
      expect(foundIn(scanner, bytes(text))).toEqual([]);
    });

    it('finds its hits whatever stands around them', () => {
      for (const { text, found } of hits) {
        for (const [before, after] of AROUND) {
          const whole = before + text + after;
          for (const value of found) {
            expect(
              foundIn(scanner, whole).some((got) => got.includes(value)),
              whole,
            ).toBe(true);
            expect(
              foundIn(scanner, bytes(whole)).some((got) => got.includes(bytes(value))),
              whole,
            ).toBe(true);
          }
        }
      }
    });

    it('reports sorted spans that do not overlap, and the same ones each time', () => {
      const whole = hits.map(({ text }) => text).join('\n');
      const spans = scanner.scan(whole);
      expect(spans.every((span, i) => span.start < span.end && span.start >= (spans[i - 1]?.end ?? 0))).toBe(
        true,
      );
      expect(scanner.scan(whole)).toEqual(spans);
    });

    it('masks its hits in a stream cut at every byte', () => {
      for (const { text, found } of hits) {
        const line = Buffer.from(`#\n${text}\n#\n`);
        const want = replaced(line.toString('utf8'), found, type);
        for (let cut = 0; cut <= line.length; cut += 1) {
          expect(masked(masker(), [line.subarray(0, cut), line.subarray(cut)])).toBe(want);
        }
        expect(
          masked(
            masker(),
            [...line].map((byte) => Buffer.from([byte])),
          ),
        ).toBe(want);
      }
    });

    it('masks its hits in a stream with an escape sequence at every character, and keeps the sequence', () => {
      for (const { text, found } of hits) {
        for (let at = 0; at <= text.length; at += 1) {
          if (text.charCodeAt(at) >= 0xdc00 && text.charCodeAt(at) <= 0xdfff) continue;
          const line = Buffer.from(`#\n${text.slice(0, at)}\x1b[1;31m${text.slice(at)}\n#\n`);
          const out = masked(masker(), [line.subarray(0, 7), line.subarray(7)]);
          expect(out.replace('\x1b[1;31m', '')).toBe(replaced(`#\n${text}\n#\n`, found, type));
          expect(out.split('\x1b[1;31m').length).toBe(2);
        }
      }
    });

    it('lets its misses through a stream byte for byte, cut at every byte', () => {
      for (const text of misses) {
        const line = Buffer.from(`${text}\n`);
        for (let cut = 0; cut <= line.length; cut += 1) {
          expect(masked(masker(), [line.subarray(0, cut), line.subarray(cut)])).toBe(`${text}\n`);
        }
      }
    });
  });
}
