// Content masking of int8 and numeric, which are wide enough for card and account numbers. NULL is the only
// replacement that keeps the type.
import type { CellMask } from '../../../model/masking.ts';
import { viewOf } from './bytes.ts';
import { LARGEST, withoutExponent } from './exponent.ts';
import { type Content, opaqueScan } from './scan.ts';

/** Fewer digits are ordinary numbers and keys, where no name announces them. */
const FEWEST_DIGITS = 12;
const FEWEST_NAMED = 3;

const fewestFor = (content: Content): number => (content.isNamed ? FEWEST_NAMED : FEWEST_DIGITS);
const smallestFor = (content: Content): bigint => 10n ** BigInt(fewestFor(content) - 1);

const NUMERIC_SPECIAL = 0xc000;
const NUMERIC_NEGATIVE = 0x4000;

function hideNumber(content: Content, digits: string, spared: string | undefined): null | undefined {
  const spans = content.spans(digits, spared);
  if (spans.length === 0) return undefined;
  content.countWhole(spans);
  return null;
}

export function numberTextScan(content: Content, spared: string | undefined): CellMask {
  const fewest = fewestFor(content);
  return (buffer, start, end) =>
    end - start < fewest
      ? undefined
      : hideNumber(content, withoutExponent(viewOf(buffer).toString('latin1', start, end)), spared);
}

export function float8Scan(content: Content, spared: string | undefined): CellMask {
  const smallest = Number(smallestFor(content));
  return (buffer, start, end) => {
    if (end - start !== 8) return null;
    const size = Math.abs(viewOf(buffer).readDoubleBE(start));
    return size >= smallest && size < LARGEST
      ? hideNumber(content, BigInt(Math.trunc(size)).toString(), spared)
      : undefined;
  };
}

export function int8Scan(content: Content, spared: string | undefined): CellMask {
  const smallest = smallestFor(content);
  return (buffer, start, end) => {
    if (end - start !== 8) return null;
    const value = viewOf(buffer).readBigInt64BE(start);
    const size = value < 0n ? -value : value;
    return size < smallest ? undefined : hideNumber(content, size.toString(), spared);
  };
}

/** int2 and int4, only under a telling name: four bytes have ten digits at most. */
export function shortIntScan(
  content: Content,
  format: 0 | 1,
  spared: string | undefined,
  size: 2 | 4,
): CellMask | undefined {
  if (!content.isNamed) return undefined;
  if (format === 0) return numberTextScan(content, spared);
  const smallest = Number(smallestFor(content));
  return (buffer, start, end) => {
    if (end - start !== size) return null;
    const value = Math.abs(viewOf(buffer).readIntBE(start, size));
    return value < smallest ? undefined : hideNumber(content, String(value), spared);
  };
}

/** Digits before and after the point; undefined for NaN and infinities; null when it is malformed. */
export function numericDigits(view: Buffer, start: number, end: number): string | undefined | null {
  if (end - start < 8) return null;
  const count = view.readUInt16BE(start);
  const weight = view.readInt16BE(start + 2);
  const sign = view.readUInt16BE(start + 4);
  const scale = view.readUInt16BE(start + 6);
  if (sign >= NUMERIC_SPECIAL) return undefined;
  if (sign !== 0 && sign !== NUMERIC_NEGATIVE) return null;
  if (end - start !== 8 + count * 2) return null;
  // Past any card or account number; such numbers are looked at as far as their digits go.
  const groups: string[] = [];
  const whole = Math.max(Math.min(weight, 64) + 1, 0);
  for (let index = 0; index < Math.max(whole, count); index++)
    groups.push(String(index < count ? view.readUInt16BE(start + 8 + index * 2) : 0).padStart(4, '0'));
  const before = groups.slice(0, whole).join('').replace(/^0+/, '');
  const lead = weight < -1 ? '0000'.repeat(Math.min(-1 - weight, 64)) : '';
  const after = (lead + groups.slice(whole).join('')).slice(0, scale);
  return after === '' ? before : `${before === '' ? '0' : before}.${after}`;
}

/** Most digits a well-formed numeric of this weight and scale can have. */
const roomiest = (view: Buffer, start: number): number =>
  Math.max(view.readInt16BE(start + 2) + 1, 0) * 4 + view.readUInt16BE(start + 6);

export function numericScan(content: Content, spared: string | undefined): CellMask {
  const fewest = fewestFor(content);
  return (buffer, start, end) => {
    const view = viewOf(buffer);
    // Most amounts are too short to need their digits written out.
    if (end - start >= 8 && roomiest(view, start) < fewest) return undefined;
    const digits = numericDigits(view, start, end);
    if (digits === null) return null;
    return digits === undefined || digits.length < fewest ? undefined : hideNumber(content, digits, spared);
  };
}

/** From here on eight bytes are more likely a float8 than an int8. */
const FLOATING = 10n ** 18n;

/** A value in binary of which nothing is known: anything may show in its bytes, or when it is read as a number. */
export function untypedScan(content: Content, spared: string | undefined): CellMask {
  const opaque = opaqueScan(content, spared);
  const float8 = float8Scan(content, spared);
  const int8 = int8Scan(content, spared);
  const numeric = numericScan(content, spared);
  return (buffer, start, end) => {
    if (opaque(buffer, start, end) === null) return null;
    if (end - start !== 8)
      return numericDigits(viewOf(buffer), start, end) === null ? undefined : numeric(buffer, start, end);
    const value = viewOf(buffer).readBigInt64BE(start);
    const isFloat = value >= FLOATING || value <= -FLOATING;
    return isFloat ? float8(buffer, start, end) : int8(buffer, start, end);
  };
}
