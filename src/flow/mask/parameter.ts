// A bound value as the event log shows it: text as text, binary as hexadecimal, masked either way. Must never cut a
// value where the detectors would have found the whole of it.
import { numericDigits } from './cells/numbers.ts';

/** Bytes of one value that are kept. */
const CAP = 4_096;
/** Bytes looked at beyond what is kept, so that nothing is cut before it could be recognised. */
const MARGIN = 1_024;

const decoder = new TextDecoder('utf-8');

/** What the bytes are if they are a number in one of the binary forms that can hold a card or an account. */
function numbers(view: Buffer): readonly string[] {
  const found = view.length === 8 ? [view.readBigInt64BE(0).toString().replace('-', '')] : [];
  const digits = numericDigits(view, 0, view.length);
  return digits ? [...found, digits] : found;
}

function binary(view: Buffer, whole: boolean, mask: (text: string) => string): string {
  for (const number of whole ? numbers(view) : []) {
    const masked = mask(number);
    if (masked !== number) return masked;
  }
  const text = view.toString('latin1');
  return `\\x${Buffer.from(mask(text), 'latin1').toString('hex')}`;
}

export function shownParameter(value: Uint8Array, format: 0 | 1, mask: (text: string) => string): string {
  const whole = value.length <= CAP + MARGIN;
  const head = whole ? value : value.subarray(0, CAP + MARGIN);
  const view = Buffer.from(head.buffer, head.byteOffset, head.byteLength);
  const masked = format === 0 ? mask(decoder.decode(view)) : binary(view, whole, mask);
  if (whole) return masked;
  const margin = format === 0 ? MARGIN : MARGIN * 2;
  return `${masked.slice(0, -margin)}… (${value.length} bytes)`;
}
