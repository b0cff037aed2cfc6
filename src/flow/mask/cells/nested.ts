// Masks inside arrays and rows, in text and binary, by the masks of their elements. What does not parse becomes NULL.
import type { CellMask } from '../../../model/masking.ts';
import { Output, viewOf } from './bytes.ts';

/** Mask of an element by its type; `pass` is undefined where elements need no look. */
export type ElementMask = (oid: number) => CellMask | undefined;

/** undefined: unchanged; null: SQL NULL; otherwise the element's new text. */
function maskText(cell: CellMask, text: string): string | null | undefined {
  const bytes = Buffer.from(text);
  const masked = cell(bytes, 0, bytes.length);
  return masked === undefined || masked === null ? masked : viewOf(masked).toString('utf8', 0, masked.length);
}

const quoted = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;

const doubled = (text: string): string => `"${text.replace(/["\\]/g, '$&$&')}"`;

interface Piece {
  readonly text: string;
  readonly quoted: boolean;
}

/** Pieces of an array's or a row's text: elements, and the punctuation between them as it stands. */
function* pieces(
  text: string,
  punctuation: ReadonlySet<string>,
  doubling: boolean,
): Generator<Piece | string> {
  let at = 0;
  while (at < text.length) {
    const start = text[at] ?? '';
    if (punctuation.has(start)) {
      yield start;
      at += 1;
      continue;
    }
    let value = '';
    let isQuoted = false;
    while (at < text.length && !punctuation.has(text[at] ?? '')) {
      if (text[at] !== '"') {
        if (text[at] === '\\') at += 1;
        value += text[at] ?? '';
        at += 1;
        continue;
      }
      isQuoted = true;
      for (at += 1; at < text.length && (text[at] !== '"' || (doubling && text[at + 1] === '"')); at += 1) {
        if (text[at] === '\\' || text[at] === '"') at += 1;
        value += text[at] ?? '';
      }
      at += 1;
    }
    yield { text: value, quoted: isQuoted };
  }
}

/** `{a,"b c",{NULL}}`, with or without bounds before it. */
export function arrayText(element: CellMask, delimiter: string): CellMask {
  const punctuation = new Set(['{', '}', delimiter]);
  return (buffer, start, end) => {
    const text = viewOf(buffer).toString('utf8', start, end);
    const body = text.indexOf('{');
    if (body < 0) return null;
    let out = text.slice(0, body);
    let changed = false;
    for (const piece of pieces(text.slice(body), punctuation, false)) {
      if (typeof piece === 'string') {
        out += piece;
        continue;
      }
      const isNull = !piece.quoted && piece.text.toUpperCase() === 'NULL';
      const masked = isNull ? undefined : maskText(element, piece.text);
      if (masked !== undefined) changed = true;
      const next = masked === undefined ? piece.text : masked;
      out += next === null || isNull ? 'NULL' : masked !== undefined || piece.quoted ? quoted(next) : next;
    }
    return changed ? Buffer.from(out) : undefined;
  };
}

/** `(a,"b c",)`; a field that is NULL is empty. */
export function rowText(
  fieldOids: readonly number[] | undefined,
  element: ElementMask,
  textOid: number,
): CellMask {
  const punctuation = new Set(['(', ')', ',']);
  return (buffer, start, end) => {
    const text = viewOf(buffer).toString('utf8', start, end);
    if (!text.startsWith('(') || !text.endsWith(')')) return null;
    let out = '';
    let index = 0;
    let changed = false;
    for (const piece of pieces(text, punctuation, true)) {
      if (typeof piece === 'string') {
        if (piece === ',') index += 1;
        out += piece;
        continue;
      }
      const cell = element(fieldOids?.[index] ?? textOid);
      const masked = cell && maskText(cell, piece.text);
      if (masked !== undefined) changed = true;
      const next = masked === undefined ? piece.text : masked;
      out += next === null ? '' : masked !== undefined || piece.quoted ? doubled(next) : next;
    }
    return changed ? Buffer.from(out) : undefined;
  };
}

/** Copies values (length, bytes) one after another, masked; undefined when they do not fit. */
function copyValue(
  output: Output,
  view: Buffer,
  at: number,
  end: number,
  cell: CellMask | undefined,
): { next: number; changed: boolean } | undefined {
  if (at + 4 > end) return undefined;
  const length = view.readInt32BE(at);
  const from = at + 4;
  if (length < -1 || from + length > end) return undefined;
  if (length === -1) {
    output.int32(-1);
    return { next: from, changed: false };
  }
  const masked = cell?.(view, from, from + length);
  if (masked === null) output.int32(-1);
  else {
    const bytes = masked ?? view.subarray(from, from + length);
    output.int32(bytes.length);
    output.copy(bytes, 0, bytes.length);
  }
  return { next: from + length, changed: masked !== undefined };
}

/** Array in binary: dimensions, flags, element type, then size and lower bound per dimension, then the elements. */
export function arrayBinary(element: ElementMask): CellMask {
  const output = new Output();
  return (buffer, start, end) => {
    const view = viewOf(buffer);
    if (end - start < 12) return null;
    const dimensions = view.readInt32BE(start);
    const head = start + 12 + dimensions * 8;
    if (dimensions < 0 || dimensions > 6 || head > end) return null;
    const cell = element(view.readUInt32BE(start + 8));
    if (!cell) return undefined;
    output.start();
    output.copy(view, start, head);
    let changed = false;
    for (let at = head; at < end; ) {
      const step = copyValue(output, view, at, end, cell);
      if (!step) return null;
      changed ||= step.changed;
      at = step.next;
    }
    if (!changed) return undefined;
    const out = viewOf(output.done());
    // An element may have become NULL.
    out.writeInt32BE(1, 4);
    return out;
  };
}

/** Row in binary: number of fields, then type, length and bytes of each. */
export function rowBinary(element: ElementMask): CellMask {
  const output = new Output();
  return (buffer, start, end) => {
    const view = viewOf(buffer);
    if (end - start < 4) return null;
    output.start();
    output.copy(view, start, start + 4);
    let changed = false;
    for (let at = start + 4; at < end; ) {
      if (at + 4 > end) return null;
      const oid = view.readUInt32BE(at);
      output.copy(view, at, at + 4);
      const step = copyValue(output, view, at + 4, end, element(oid));
      if (!step) return null;
      changed ||= step.changed;
      at = step.next;
    }
    return changed ? output.done() : undefined;
  };
}

/** Flags of a range in binary that leave a bound out: empty; no, or NULL, lower bound; no, or NULL, upper bound. */
const EMPTY = 0x01;
const NO_LOWER = 0x08 | 0x20;
const NO_UPPER = 0x10 | 0x40;

/** Range in binary: flags, then length and bytes of each bound it has. NULL as soon as a bound would be masked. */
export function rangeBinary(bound: CellMask): CellMask {
  return (buffer, start, end) => {
    const view = viewOf(buffer);
    const flags = view[start] ?? EMPTY;
    const bounds =
      (flags & EMPTY) !== 0 ? 0 : Number((flags & NO_LOWER) === 0) + Number((flags & NO_UPPER) === 0);
    let at = start + 1;
    for (let index = 0; index < bounds; index++) {
      if (at + 4 > end) return null;
      const to = at + 4 + view.readInt32BE(at);
      if (to < at + 4 || to > end || bound(view, at + 4, to) !== undefined) return null;
      at = to;
    }
    return at === end ? undefined : null;
  };
}

/** Multirange in binary: number of ranges, then length and bytes of each. */
export function multirangeBinary(range: CellMask): CellMask {
  return (buffer, start, end) => {
    const view = viewOf(buffer);
    for (let at = start + 4; at < end; ) {
      if (at + 4 > end) return null;
      const to = at + 4 + view.readInt32BE(at);
      if (to < at + 4 || to > end || range(view, at + 4, to) !== undefined) return null;
      at = to;
    }
    return undefined;
  };
}
