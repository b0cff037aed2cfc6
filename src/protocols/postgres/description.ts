// RowDescription: parsed once per distinct answer, with object identity kept so that masks can be cached by it.
import type { Judged } from '../../flow/conversation.ts';
import type { Field } from '../../model/masking.ts';
import { HEADER } from './framer.ts';
import { Reader } from './messages.ts';

/** PostgreSQL's own limit is 1664 columns; a little more is no reason to break. */
const MAX_COLUMNS = 4096;

export function readDescription(buffer: Buffer, start: number, end: number): Field[] {
  const reader = new Reader('server', buffer, start + HEADER, end);
  const count = reader.count();
  if (count > MAX_COLUMNS) throw reader.fail(`a row has ${count} columns`);
  const fields: Field[] = [];
  for (let index = 0; index < count; index++) {
    const name = reader.string();
    const tableOid = reader.uint32();
    const attnum = reader.int16();
    const typeOid = reader.uint32();
    reader.skip(6);
    const format = reader.int16();
    if (format !== 0 && format !== 1) throw reader.fail(`a column has format ${format}`);
    fields.push({ name, tableOid, attnum, typeOid, format });
  }
  reader.done();
  return fields;
}

interface Seen {
  readonly bytes: Buffer;
  readonly fields: readonly Field[];
}

/** What one judged text was answered with last, per unit. */
export class Descriptions {
  readonly #seen = new WeakMap<object, Seen[]>();

  /** The fields of a RowDescription; the same object as last time when the bytes are the same. */
  read(
    { classification }: Judged,
    unit: number,
    buffer: Buffer,
    start: number,
    end: number,
  ): readonly Field[] {
    // Texts of one shape share their tree, and are described alike.
    const tree = classification.units[0]?.tree;
    const key = typeof tree === 'object' && tree !== null ? tree : classification;
    let seen = this.#seen.get(key);
    if (!seen) {
      seen = [];
      this.#seen.set(key, seen);
    }
    const last = seen[unit];
    if (last && last.bytes.length === end - start && same(last.bytes, buffer, start)) return last.fields;
    const fields = readDescription(buffer, start, end);
    seen[unit] = { bytes: Buffer.from(buffer.subarray(start, end)), fields };
    return fields;
  }
}

function same(bytes: Buffer, buffer: Buffer, start: number): boolean {
  for (let at = 0; at < bytes.length; at++) if (bytes[at] !== buffer[start + at]) return false;
  return true;
}

/** Result formats of a Bind: none means text, one means all, otherwise one per column. */
export type Formats = readonly (0 | 1)[];

/** A statement's own description (formats unknown, sent as text) with the formats a Bind asked for. */
export function withFormats(fields: readonly Field[], formats: Formats): readonly Field[] {
  if (formats.every((format) => format === 0)) return fields;
  return fields.map((field, index) => ({
    ...field,
    format: formats.length === 1 ? (formats[0] ?? 0) : (formats[index] ?? 0),
  }));
}
