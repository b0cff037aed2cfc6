// Picks the mask of a column by type and format: by content where its origin is clean, by lineage where it is not.
// Every replacement is a value of the column's type, or NULL.
import type { Catalogue } from '../../../model/catalogue.ts';
import type { CellMask } from '../../../model/masking.ts';
import { applyStrategy } from '../strategies.ts';
import type { ProtectedColumn } from '../types.ts';
import { viewOf } from './bytes.ts';
import { dateScan } from './dates.ts';
import { jsonbBinaryScan, jsonTextScan } from './json.ts';
import { type Kind, kindOf } from './kinds.ts';
import {
  arrayBinary,
  arrayText,
  type ElementMask,
  multirangeBinary,
  rangeBinary,
  rowBinary,
  rowText,
} from './nested.ts';
import { float8Scan, int8Scan, numberTextScan, numericScan, shortIntScan, untypedScan } from './numbers.ts';
import { alwaysScan, byteaScan, type Content, opaqueScan, textScan, uuidScan } from './scan.ts';

const TEXT_OID = 25;
const DEEPEST = 6;

/** Lets a value pass when nothing shows in its raw text and no escape could hide something. */
function unlessQuiet(content: Content, spared: string | undefined, inner: CellMask): CellMask {
  // Under a telling name, elements are known one by one.
  if (content.isNamed) return inner;
  return (buffer, start, end) => {
    const raw = viewOf(buffer).toString('latin1', start, end);
    if (!raw.includes('\\') && !raw.includes('""') && content.spans(raw, spared).length === 0)
      return undefined;
    return inner(buffer, start, end);
  };
}

function remembered(make: (oid: number) => CellMask | undefined): ElementMask {
  const made = new Map<number, CellMask | undefined>();
  return (oid) => {
    if (!made.has(oid)) made.set(oid, make(oid));
    return made.get(oid);
  };
}

/** The content mask of a type; undefined where its values need no look. */
export function contentMask(
  content: Content,
  catalogue: Catalogue,
  typeOid: number,
  format: 0 | 1,
  spared: string | undefined,
  depth = 0,
): CellMask | undefined {
  const kind = kindOf(typeOid, catalogue);
  const { unnamed } = content;
  if (depth > DEEPEST) return opaqueScan(unnamed, spared);
  const element = remembered((oid) => contentMask(content, catalogue, oid, format, spared, depth + 1));
  switch (kind.kind) {
    case 'plain':
      return undefined;
    case 'text':
      return textScan(content, spared);
    case 'date':
      return dateScan(content, format, spared);
    case 'json':
      return jsonTextScan(unnamed, spared);
    case 'jsonb':
      return format === 1 ? jsonbBinaryScan(unnamed, spared) : jsonTextScan(unnamed, spared);
    case 'int2':
      return shortIntScan(content, format, spared, 2);
    case 'int4':
      return shortIntScan(content, format, spared, 4);
    case 'int8':
      return format === 1 ? int8Scan(content, spared) : numberTextScan(content, spared);
    case 'float8':
      return format === 1 ? float8Scan(content, spared) : numberTextScan(content, spared);
    case 'numeric':
      return format === 1 ? numericScan(content, spared) : numberTextScan(content, spared);
    case 'bytea':
      return byteaScan(content, format, spared);
    case 'uuid':
      return uuidScan(content, format, spared);
    case 'always':
      return alwaysScan(content, kind.dataType, spared);
    case 'array': {
      const inner = element(kind.elementOid);
      if (!inner) return undefined;
      return format === 1
        ? arrayBinary(element)
        : unlessQuiet(content, spared, arrayText(inner, kind.delimiter));
    }
    case 'row':
      return format === 1
        ? rowBinary(element)
        : unlessQuiet(unnamed, spared, rowText(kind.fieldOids, element, TEXT_OID));
    case 'range':
    case 'multirange': {
      const bound = element(kind.boundOid);
      if (format === 0 || !bound) return opaqueScan(unnamed, spared);
      return kind.kind === 'range' ? rangeBinary(bound) : multirangeBinary(rangeBinary(bound));
    }
    case 'opaque':
      return typeOid === 0 && format === 1 ? untypedScan(unnamed, spared) : opaqueScan(unnamed, spared);
  }
}

/** The value is not to be seen, and NULL is what was wished for. */
const HIDDEN: CellMask = () => null;

/** NULL because the type has no room for a word. */
export const NO_ROOM: CellMask = () => null;

function constant(text: string): CellMask {
  const bytes = Buffer.from(text);
  return () => bytes;
}

/** Replaces the whole value by a word, in a form the type can hold. */
export function hide(catalogue: Catalogue, typeOid: number, format: 0 | 1, word: string): CellMask {
  const kind = kindOf(typeOid, catalogue);
  if (kind.kind === 'text') return constant(word);
  if (kind.kind === 'json' || (kind.kind === 'jsonb' && format === 0)) return constant(JSON.stringify(word));
  if (kind.kind === 'jsonb') return constant(`\x01${JSON.stringify(word)}`);
  return NO_ROOM;
}

function strategyText(column: ProtectedColumn, hashKey: Uint8Array): CellMask {
  const { strategy, dataType } = column;
  if (strategy === 'null') return HIDDEN;
  if (strategy === 'redact') return constant(applyStrategy('redact', dataType, '', hashKey) ?? '');
  const mask = (raw: string): Uint8Array | null => {
    const masked = applyStrategy(strategy, dataType, raw, hashKey);
    return masked === null ? null : Buffer.from(masked);
  };
  // Hashing costs more than looking up; the rest does not.
  const kept = strategy === 'hash' ? remembering(mask) : mask;
  return (buffer, start, end) => kept(viewOf(buffer).toString('utf8', start, end));
}

/** Values whose hash is kept: what repeats, repeats soon. */
const MOST_KEPT = 4096;
const LONGEST_KEPT = 256;

function remembering(make: (raw: string) => Uint8Array | null): (raw: string) => Uint8Array | null {
  const known = new Map<string, Uint8Array | null>();
  return (raw) => {
    const found = known.get(raw);
    if (found !== undefined) return found;
    const made = make(raw);
    if (raw.length > LONGEST_KEPT) return made;
    if (known.size >= MOST_KEPT) known.clear();
    known.set(raw, made);
    return made;
  };
}

function elementwise(kind: Kind & { kind: 'array' }, format: 0 | 1, inner: CellMask): CellMask {
  return format === 1 ? arrayBinary(() => inner) : arrayText(inner, kind.delimiter);
}

/** Masks a tagged column's own value by its strategy. */
export function strategyMask(
  catalogue: Catalogue,
  typeOid: number,
  format: 0 | 1,
  column: ProtectedColumn,
  hashKey: Uint8Array,
): CellMask {
  const kind = kindOf(typeOid, catalogue);
  if (kind.kind === 'text') return strategyText(column, hashKey);
  if (column.strategy === 'null') return HIDDEN;
  if (kind.kind === 'array' && kindOf(kind.elementOid, catalogue).kind === 'text')
    return elementwise(kind, format, strategyText(column, hashKey));
  return hide(catalogue, typeOid, format, applyStrategy('redact', column.dataType, '', hashKey) ?? '');
}
