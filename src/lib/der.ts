// Reads and writes the little DER (X.690) that time stamps need. Must never read beyond the bytes it was given.

export interface Der {
  readonly tag: number;
  /** Content octets. */
  readonly value: Buffer;
  /** Tag, length and content. */
  readonly whole: Buffer;
}

export class DerError extends Error {}

/** Tags that are asked for by name. */
export const TAG = { integer: 2, octets: 4, oid: 6, sequence: 0x30, set: 0x31, time: 0x18 } as const;

/** The first value of some bytes. Definite lengths in their shortest form only. */
export function readDer(bytes: Buffer): Der {
  const [tag, first] = [bytes[0], bytes[1]];
  if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f) throw new DerError('it is no DER');
  let [length, header] = [first, 2];
  if (first > 0x7f) {
    const octets = first & 0x7f;
    if (octets === 0 || octets > 4 || bytes.length < 2 + octets) throw new DerError('it has no plain length');
    length = bytes.readUIntBE(2, octets);
    header = 2 + octets;
    if (length < 0x80 || length < 2 ** (8 * (octets - 1))) throw new DerError('its length is spelled long');
  }
  if (bytes.length < header + length) throw new DerError('it ends too early');
  return { tag, value: bytes.subarray(header, header + length), whole: bytes.subarray(0, header + length) };
}

/** The values inside a constructed one, all of it. */
export function derItems({ value }: Der): Der[] {
  const items: Der[] = [];
  for (let at = 0; at < value.length; ) {
    const item = readDer(value.subarray(at));
    items.push(item);
    at += item.whole.length;
  }
  return items;
}

/** The value itself when it has this tag. */
export function expectTag(item: Der | undefined, tag: number): Der {
  if (item?.tag !== tag) throw new DerError(`a value with tag ${tag} is missing`);
  return item;
}

/** Dotted text of an object identifier. */
export function oidText(item: Der | undefined): string {
  const { value } = expectTag(item, TAG.oid);
  const arcs: number[] = [];
  let arc = 0;
  for (const octet of value) {
    arc = arc * 128 + (octet & 0x7f);
    if (octet < 0x80) {
      if (arcs.length === 0)
        arcs.push(Math.min(2, Math.floor(arc / 40)), arc - 40 * Math.min(2, Math.floor(arc / 40)));
      else arcs.push(arc);
      arc = 0;
    }
  }
  return arcs.join('.');
}

export function der(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const value = Buffer.concat(content);
  if (value.length < 0x80) return Buffer.concat([Buffer.of(tag, value.length), value]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(value.length);
  const short = length.subarray(length.findIndex((octet) => octet > 0));
  return Buffer.concat([Buffer.of(tag, 0x80 | short.length), short, value]);
}
