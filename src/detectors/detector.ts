// What a row of the detectors shelf is. A detector is a pure function of text; it must never keep state between calls.
import type { Span } from '../model/masking.ts';

/** A stretch found by a detector; the scanner adds the type. UTF-16 offsets, `end` exclusive. */
export type Hit = Pick<Span, 'start' | 'end'>;

interface DetectorRow {
  /** Data type reported, e.g. `payment-card`. */
  readonly type: string;
  readonly summary: string;
  /** False for types that are everywhere in ordinary output and are searched for only when asked for by name. */
  readonly byDefault: boolean;
  /** Where two types claim the same characters, the higher one names them. Checksums and fixed prefixes rank high. */
  readonly rank: number;
  /** Words that announce a value. An anchored detector's own anchors count without being named here. */
  readonly spoken?: RegExp;
}

/** Called wherever one of a few literals stands; `at` is where the literal starts. */
export interface AnchoredDetector extends DetectorRow {
  readonly kind: 'anchored';
  readonly anchors: readonly string[];
  /** Anchors are lower case and match either case. */
  readonly ignoreCase?: boolean;
  match(text: string, at: number): Hit | undefined;
}

/** Called at digits that follow one to six ASCII letters standing alone, e.g. `GB82…`; `at` is the first letter. */
export interface LetteredDetector extends DetectorRow {
  readonly kind: 'lettered';
  readonly letters: readonly (1 | 2 | 4 | 5 | 6)[];
  match(text: string, at: number): Hit | undefined;
}

/** Called once per run of digit groups. */
export interface NumberDetector extends DetectorRow {
  readonly kind: 'number';
  /** Fewest digits a run must have to be worth a look. */
  readonly fewest: number;
  /** Sizes the first group of such a number may have, at most 30; a run without any is not worth a look. */
  readonly leads: readonly number[];
  match(run: NumberRun, found: (start: number, end: number) => void): void;
}

export type Detector = AnchoredDetector | LetteredDetector | NumberDetector;

/** What stands between two groups of digits. */
export const SEPARATOR = { none: 0, space: 1, hyphen: 2, dot: 3 } as const;

/**
 * Digit groups joined by single separators, e.g. `4111 1111-1111`. Reused between calls: a detector keeps none of it.
 * `separators[i]` stands before group i; the one before the first group is `none`.
 */
export interface NumberRun {
  readonly text: string;
  readonly count: number;
  readonly digits: number;
  /** Bit n is set when some group has n digits; groups longer than 30 set bit 31. */
  readonly sizes: number;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly separators: Uint8Array;
}
