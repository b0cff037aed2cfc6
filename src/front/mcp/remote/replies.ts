// Reads answers of a remote MCP server: one JSON text, or server-sent events. Must never hold more than one message may have.
import { EventStream } from '../../../lib/event-stream.ts';
import type { Reply } from './endpoint.ts';

/** Milliseconds in which a body that is no stream of events must go on. */
const STALLED = 60_000;
const [LINE_FEED, RETURN, SPACE] = [10, 13, 32];

/** More than fits into one message. */
export class Oversize extends Error {
  readonly length: number;

  constructor(length: number) {
    super(`a message has more than ${length} bytes`);
    this.length = length;
  }
}

/** One line: between JSON's tokens a line feed is a space, and inside a text neither may stand. */
function oneLine(bytes: Buffer): Buffer {
  for (let at = 0; at < bytes.length; at++)
    if (bytes[at] === LINE_FEED || bytes[at] === RETURN) bytes[at] = SPACE;
  return bytes;
}

/** The whole body. Throws Oversize beyond `limit` bytes, and Error when it stalls or breaks off. */
export async function wholeBody({ body }: Reply, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  body.setTimeout(STALLED, () => body.destroy(new Error(`its answer stalled for ${STALLED / 1000} s`)));
  for await (const chunk of body) {
    size += (chunk as Buffer).length;
    if (size > limit) {
      body.destroy();
      throw new Oversize(size);
    }
    chunks.push(chunk as Buffer);
  }
  if (!body.complete) throw new Error('its answer broke off');
  return oneLine(Buffer.concat(chunks));
}

/** What is known of a stream that may be taken up again. */
export interface Place {
  lastId: string;
  /** Milliseconds. */
  retry: number | undefined;
}

/** Messages of a stream of events as they come. Throws Oversize, and Error when the connection breaks. */
export async function* eventMessages(
  { body }: Reply,
  limit: number,
  place: Place,
): AsyncGenerator<Buffer, void, void> {
  const stream = new EventStream(limit);
  for await (const chunk of body) {
    let events: ReturnType<EventStream['push']>;
    try {
      events = stream.push(chunk as Buffer);
    } catch {
      body.destroy();
      throw new Oversize(limit);
    }
    if (stream.lastId !== '') place.lastId = stream.lastId;
    place.retry = stream.retry ?? place.retry;
    for (const { type, data } of events)
      if (type === 'message' && data !== '') yield oneLine(Buffer.from(data));
  }
}
