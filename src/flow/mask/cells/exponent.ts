// Whole numbers that are written with an exponent, as float8 and JSON have them. Pure.

/** Beyond this a float8 has no digits of a card left. */
export const LARGEST = 1e19;
/** Fewer digits are ordinary numbers. */
const SMALLEST = 1e11;
const EXPONENT = /^-?\d(?:\.\d+)?[eE]\+?\d{1,2}$/;

/** The digits of a whole number that is written with an exponent; any other text as it is. */
export function withoutExponent(text: string): string {
  if (!EXPONENT.test(text)) return text;
  const size = Math.abs(Number(text));
  return size >= SMALLEST && size < LARGEST ? BigInt(Math.trunc(size)).toString() : text;
}
