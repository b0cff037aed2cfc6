// Finds pieces of protected values in whatever reached a client or a bundle, however they are written.
import { SECRETS } from '../flow/mask/world.ts';

/** Characters of a value that may be seen together: five. */
const PIECE = 6;

const VALUES: readonly string[] = Object.values(SECRETS).flat();

const reversed = (text: string): string => [...text].reverse().join('');

/** Digits moved along, as translate() does, and letters in their place. */
function shifted(value: string): string[] {
  const moves = Array.from({ length: 9 }, (_, by) =>
    value.replace(/\d/g, (digit) => String((Number(digit) + by + 1) % 10)),
  );
  const letters = value.replace(/\d/g, (digit) => 'abcdefghij'[Number(digit)] ?? digit);
  return /\d{6}/.test(value) ? [letters, ...moves.slice(0, 1), ...moves.slice(8)] : [];
}

function pieces(value: string, size: number): string[] {
  return Array.from({ length: Math.max(value.length - size + 1, 1) }, (_, at) => value.slice(at, at + size));
}

function needles(forms: readonly string[], size: number): ReadonlySet<string> {
  return new Set(forms.flatMap((form) => [form, reversed(form)]).flatMap((form) => pieces(form, size)));
}

const PLAIN = VALUES.map((value) => value.toLowerCase());
const SHORT = needles(PLAIN, PIECE);
/** Where unrelated digits are put together by the search itself. */
const LONG_PIECE = 9;
const LONG = needles(
  PLAIN.flatMap((value) => [value, ...shifted(value)]).filter((form) => form.length >= LONG_PIECE),
  LONG_PIECE,
);

function search(text: string, size: number, known: ReadonlySet<string>, found: Set<string>): void {
  const lower = text.toLowerCase();
  for (let at = 0; at + size <= lower.length; at += 1) {
    const piece = lower.slice(at, at + size);
    if (known.has(piece)) found.add(piece);
  }
}

/** Numbers as int8, int4, numeric and float8 send them in binary, and digests nobody can undo but anybody can compare. */
const BINARY: readonly string[] = VALUES.filter((value) => /^\d{8,}$/.test(value)).flatMap((digits) => {
  const wide = Buffer.alloc(8);
  wide.writeBigInt64BE(BigInt(digits));
  const narrow = Buffer.alloc(4);
  if (digits.length < 10) narrow.writeInt32BE(Number(digits));
  const float = Buffer.alloc(8);
  float.writeDoubleBE(Number(digits));
  const groups = digits.padStart(Math.ceil(digits.length / 4) * 4, '0').match(/.{4}/g) ?? [];
  const numeric = Buffer.alloc(groups.length * 2);
  for (const [index, group] of groups.entries()) numeric.writeUInt16BE(Number(group), index * 2);
  const all = digits.length < 10 ? [wide, narrow, float, numeric] : [wide, float, numeric];
  return all.map((bytes) => bytes.toString('latin1'));
});

const base64At = (text: string, offset: number): string =>
  Buffer.from(text.slice(offset), 'base64').toString('latin1');

/** The text, and what its stretches of hexadecimal, base64 and percent-encoding say. */
function readings(text: string): string[] {
  const out = [text];
  for (const [run] of text.matchAll(/[0-9a-f]{12,}/gi))
    for (const offset of [0, 1]) out.push(Buffer.from(run.slice(offset), 'hex').toString('latin1'));
  for (const [run] of text.replace(/\\n|\n/g, '').matchAll(/[A-Za-z0-9+/_-]{8,}/g))
    for (const offset of [0, 1, 2, 3]) out.push(base64At(run, offset));
  if (/%[0-9a-f]{2}/i.test(text))
    out.push(
      text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    );
  if (/\\u00[0-9a-f]{2}|&#\d/i.test(text))
    out.push(
      text
        .replace(/\\u00([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
        .replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code))),
    );
  return out;
}

/** Pieces of protected values in a text. */
export function leaksInText(text: string): string[] {
  const found = new Set<string>();
  for (const reading of readings(text)) search(reading, PIECE, SHORT, found);
  search(text.replace(/[^A-Za-z0-9@]/g, ''), LONG_PIECE, LONG, found);
  for (const binary of BINARY)
    if (text.includes(binary)) found.add(`binary ${Buffer.from(binary, 'latin1').toString('hex')}`);
  return [...found];
}

/** Cells put together again: a value asked for one character, or one character's number, at a time. */
function reassembled(cells: readonly string[]): string[] {
  const out: string[] = [];
  if (cells.length >= LONG_PIECE && cells.every((cell) => cell.length <= 2)) out.push(cells.join(''));
  const codes = cells.map(Number);
  if (cells.length >= PIECE && codes.every((code) => Number.isInteger(code) && code >= 32 && code < 127))
    out.push(String.fromCharCode(...codes));
  return out;
}

/** Pieces of protected values across the cells of rows and of columns. */
export function leaksInCells(rows: readonly (readonly string[])[]): string[] {
  const found = new Set<string>();
  const width = Math.max(0, ...rows.map((row) => row.length));
  const columns = Array.from({ length: width }, (_, index) => rows.map((row) => row[index] ?? ''));
  for (const cells of [...rows, ...columns])
    for (const text of reassembled(cells)) search(text, LONG_PIECE - 3, SHORT, found);
  return [...found];
}
