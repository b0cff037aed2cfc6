// Makes a detector for values that only the words before them give away: `Account No.: 0042 1187`. Linear: each try is bounded.
import { beginsWord, isAlphanumeric } from './characters.ts';
import type { AnchoredDetector } from './detector.ts';

export interface SpokenFacts {
  readonly type: string;
  readonly summary: string;
  readonly rank: number;
  /** Literals in lower case of which each of the words begins with one. */
  readonly anchors: readonly string[];
  /** The words, as the source of a pattern; a blank stands for a blank, a hyphen, an underscore, a dot, or nothing. */
  readonly words: string;
  /** The value alone, as the source of a pattern; what may follow it is the pattern's own matter. */
  readonly value: string;
}

/** Quotes, a sign of assignment or a blank, quotes again. */
const SIGN = '["\'\\\\]{0,3}(?:\\s{0,2}(?::?=>?|:)\\s{0,3}|\\.?\\s(?:is\\s|of\\s)?)["\'\\\\]{0,3}';

export function spokenValue(facts: SpokenFacts): AnchoredDetector {
  const { type, summary, rank, anchors } = facts;
  const words = new RegExp(facts.words.replaceAll(' ', '[ _.-]{0,2}'), 'iy');
  const value = new RegExp(`${SIGN}(${facts.value})`, 'iy');
  return {
    kind: 'anchored',
    type,
    summary,
    byDefault: true,
    rank,
    anchors,
    ignoreCase: true,
    match(text, at) {
      words.lastIndex = at;
      if (!words.test(text) || !beginsWord(text, at)) return undefined;
      const from = words.lastIndex;
      if (isAlphanumeric(text.charCodeAt(from))) return undefined;
      value.lastIndex = from;
      const [, found] = value.exec(text) ?? [];
      return found === undefined
        ? undefined
        : { start: value.lastIndex - found.length, end: value.lastIndex };
    },
  };
}
