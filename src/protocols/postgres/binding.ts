// How large a client's message may be, and the parts of Bind, Describe and Close, with every length checked.
import type { Parameter } from '../../flow/conversation.ts';
import type { Formats } from './description.ts';
import { HEADER } from './framer.ts';
import { FROM_CLIENT, Reader } from './messages.ts';

const MAX_TEXT = 64 * 1024 * 1024;
const MAX_BIND = 256 * 1024 * 1024;
const MAX_SMALL = 64 * 1024;

/** Bytes of a message of this type, which must be read whole. */
export function mostBytes(type: number): number {
  if (type === FROM_CLIENT.bind) return MAX_BIND;
  if (type === FROM_CLIENT.functionCall) return MAX_TEXT;
  return type === FROM_CLIENT.query || type === FROM_CLIENT.parse ? MAX_TEXT : MAX_SMALL;
}

const TEXT: Formats = [0];
const BINARY: Formats = [1];
const UNSAID: Formats = [];

export function readTarget(buffer: Buffer, start: number, end: number): { kind: 'S' | 'P'; name: string } {
  const reader = new Reader('client', buffer, start + HEADER, end);
  const kind = reader.byte();
  if (kind !== 0x53 && kind !== 0x50) throw reader.fail('neither a statement nor a portal is named');
  const name = reader.string();
  reader.done();
  return { kind: kind === 0x53 ? 'S' : 'P', name };
}

export function readFormats(reader: Reader): Formats {
  const count = reader.count();
  if (count === 0) return UNSAID;
  if (count === 1) return readFormat(reader) === 0 ? TEXT : BINARY;
  const formats: (0 | 1)[] = [];
  for (let index = 0; index < count; index++) formats.push(readFormat(reader));
  return formats;
}

export function readFormat(reader: Reader): 0 | 1 {
  const format = reader.int16();
  if (format !== 0 && format !== 1) throw reader.fail(`format ${format}`);
  return format;
}

export function readParameters(reader: Reader): Parameter[] {
  const formats = readFormats(reader);
  const count = reader.count();
  if (formats.length > 1 && formats.length !== count) throw reader.fail('as many formats as parameters');
  const parameters: Parameter[] = [];
  for (let index = 0; index < count; index++) {
    const length = reader.int32();
    if (length < -1) throw reader.fail('a parameter is shorter than nothing');
    const format = (formats.length === 1 ? formats[0] : formats[index]) ?? 0;
    if (length === -1) {
      parameters.push({ value: null, format });
      continue;
    }
    const at = reader.skip(length);
    parameters.push({ value: reader.buffer.subarray(at, at + length), format });
  }
  return parameters;
}
