// Texts that differ only in numbers mean the same to policy and masking: their shape, where that is certain, else nothing.

/** Longest text that is looked at; longer ones are judged whole. */
const MAX_LENGTH = 2_048;
/** Nothing that starts a string, a quoted name, a parameter, a comment or an operator of the user's own making. */
const PLAIN = /^[A-Za-z0-9_ \t\n\r,.()=<>*+;-]+$/;
/** A whole number on its own: not part of a name, a fraction, an exponent or a grouped or based literal. */
const NUMBER = /(?<![A-Za-z0-9_.])[0-9]+(?![A-Za-z0-9_.])/g;
const STARTS = /^\s*(select|insert|update|delete)\s/i;
/** Positions in ORDER BY and GROUP BY name columns. */
const BY_POSITION = /\b(order|group)\s+by\b[^)]*\?/i;
/** For a write the truth of its condition matters: only columns compared with numbers, nothing that could be constant. */
const WRITE = /^\s*(update|delete)\b/i;
const PLAIN_WHERE =
  /\swhere\s+[a-z_][a-z0-9_.]*\s*=\s*-?\?(\s+and\s+[a-z_][a-z0-9_.]*\s*=\s*-?\?)*\s*;?\s*$/i;
/** A second WHERE or WITH could hide another condition; a second statement is another text. */
const NESTED = /\bwhere\b[\s\S]*\bwhere\b|\bwith\b|;\s*\S/i;

/** Where the number that starts at `at`, or behind a sign there, stands in another text of the same shape. */
export function sameNumber(text: string, at: number, other: string): number | undefined {
  const place = [...text.matchAll(NUMBER)].findIndex(({ index }) => index >= at);
  return place < 0 ? undefined : [...other.matchAll(NUMBER)][place]?.index;
}

/**
 * The text with every number replaced by `?`, when any other numbers in the same places would be classified, decided and
 * masked alike. Undefined when there is no number or any doubt.
 */
export function shapeOf(text: string): string | undefined {
  if (text.length > MAX_LENGTH || !PLAIN.test(text) || text.includes('--') || !STARTS.test(text))
    return undefined;
  const shape = text.replace(NUMBER, '?');
  if (shape === text || NESTED.test(shape) || BY_POSITION.test(shape)) return undefined;
  if (WRITE.test(shape) && !PLAIN_WHERE.test(shape)) return undefined;
  return shape;
}
