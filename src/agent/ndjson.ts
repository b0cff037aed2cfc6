// One JSON value per line, bounded, in both directions of a stream. Must never hold more than one line's limit.
import type { Readable, Writable } from 'node:stream';
import { BrokerError } from '../model/errors.ts';

export const LINE_LIMIT = 1 << 20;

/** Reads lines until the stream ends. A line over the limit or not JSON throws `protocol-violation`. */
export async function* readLines<T>(
  stream: Readable,
  side = 'control client',
): AsyncGenerator<T, void, void> {
  let rest = '';
  stream.setEncoding('utf8');
  for await (const chunk of stream) {
    rest += chunk as string;
    for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n')) {
      const line = rest.slice(0, end);
      rest = rest.slice(end + 1);
      if (line.length > 0) yield parse<T>(line, side);
    }
    if (rest.length > LINE_LIMIT)
      throw new BrokerError('protocol-violation', { side, reason: 'line too long' });
  }
}

function parse<T>(line: string, side: string): T {
  if (line.length > LINE_LIMIT)
    throw new BrokerError('protocol-violation', { side, reason: 'line too long' });
  try {
    return JSON.parse(line) as T;
  } catch {
    throw new BrokerError('protocol-violation', { side, reason: 'a line that is not JSON' });
  }
}

/** Writes one line; false when the stream is gone. */
export function writeLine(stream: Writable, value: unknown): boolean {
  if (stream.destroyed || stream.writableEnded) return false;
  stream.write(`${JSON.stringify(value)}\n`);
  return true;
}
