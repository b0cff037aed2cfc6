// Asks a time stamping authority (RFC 3161) about signatures. Must never keep a statement from being signed.
import { randomBytes } from 'node:crypto';
import type { Clock } from '../lib/clock.ts';
import { timestampRequest, tokenOfResponse, verifyTimestamp } from '../lib/rfc3161.ts';
import type { StatementKind } from '../model/evidence.ts';
import { messageOf } from './fault.ts';
import type { Log } from './ports.ts';

/** Milliseconds an authority may take, and for which one that failed is left alone. */
const PATIENCE = 3_000;
const REST = 60_000;
const MOST = 64 * 1024;

/** Somebody waits for the others; whatever follows them in the chain vouches for their time. */
const STAMPED: ReadonlySet<StatementKind> = new Set([
  'epoch',
  'part',
  'session',
  'approve',
  'seal',
  'access',
  'config',
]);

export class Timestamper {
  /** Absent where none is configured. */
  url: string | undefined;
  readonly #clock: Clock;
  readonly #log: Log;
  #rest = 0;

  constructor(url: string | undefined, clock: Clock, log: Log) {
    this.url = url;
    this.#clock = clock;
    this.#log = log;
  }

  /** A token over these bytes; undefined when none is wanted or none can be had: the statement goes out without it. */
  async stamp(kind: StatementKind, signature: Uint8Array): Promise<Buffer | undefined> {
    const { url } = this;
    if (url === undefined || !STAMPED.has(kind) || this.#clock.now() < this.#rest) return undefined;
    try {
      return await ask(url, signature);
    } catch (error) {
      this.#rest = this.#clock.now() + REST;
      this.#log.warn({ url, reason: messageOf(error) }, 'no time stamp');
      return undefined;
    }
  }
}

async function ask(url: string, signature: Uint8Array): Promise<Buffer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/timestamp-query', accept: 'application/timestamp-reply' },
    body: timestampRequest(signature, randomBytes(16)),
    redirect: 'error',
    signal: AbortSignal.timeout(PATIENCE),
  });
  if (!response.ok) throw new Error(`it answered ${response.status}`);
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of response.body ?? []) {
    size += (piece as Uint8Array).byteLength;
    if (size > MOST) throw new Error('its answer is too long');
    pieces.push(Buffer.from(piece as Uint8Array));
  }
  const token = tokenOfResponse(Buffer.concat(pieces));
  // Kept only when it is a stamp over this very signature.
  verifyTimestamp(token, signature);
  return token;
}
