// The sealed event log's layout: header, lines, salts and leaves. Pure; seal writes it and verify reads it.
import { type Cipher, createCipheriv } from 'node:crypto';
import { canonical } from '../lib/canonical.ts';
import { leafHash } from '../lib/merkle.ts';

export const EVENTS_BLOB = 'events.jsonl.gz';
export const TRANSCRIPT_BLOB = 'transcript.cast.gz';
export const POLICY_BLOB = 'policy.json';
export const PK_TOKEN_BLOB = 'pk-token.json';
export const JWKS_BLOB = 'jwks.json';

/** `jwks.json`, `jwks-1.json` …: one per look at the provider's keys. */
export function jwksBlob(look: number): string {
  return look === 0 ? JWKS_BLOB : `jwks-${look}.json`;
}

export function isJwksBlob(name: string): boolean {
  return /^jwks(-\d+)?\.json$/.test(name);
}

/** `events.jsonl.gz`, `events-1.jsonl.gz` …: one per part of a long session, the last one with its end. */
export function eventsBlob(log: number): string {
  return log === 0 ? EVENTS_BLOB : `events-${log}.jsonl.gz`;
}

/** Which log a blob of this name is; undefined for other blobs. */
export function logNumber(name: string): number | undefined {
  if (name === EVENTS_BLOB) return 0;
  const [, number] = /^events-([1-9]\d?)\.jsonl\.gz$/.exec(name) ?? [];
  return number === undefined ? undefined : Number(number);
}

/** Digests of a session's logs in their order: read one after the other they are its events. */
export function eventLogs(
  subjects: readonly { readonly name: string; readonly digest: string | { readonly sha256: string } }[],
): readonly string[] {
  return subjects
    .flatMap(({ name, digest }) => {
      const number = logNumber(name);
      return number === undefined
        ? []
        : [{ number, digest: typeof digest === 'string' ? digest : digest.sha256 }];
    })
    .sort((a, b) => a.number - b.number)
    .map(({ digest }) => digest);
}

const FORMAT = 'urn:access-broker:events:v1';

/** First line of a log. `salt`: 64 hex characters; whoever has it can recompute every leaf. `first`: number of its first event. */
export function sealedHeader(salt: string, session: string, first = 0): string {
  return canonical({ ...(first > 0 ? { first } : {}), format: FORMAT, salt, session });
}

export function parseSealedHeader(
  line: string,
): { readonly salt: string; readonly session: string; readonly first: number } | undefined {
  try {
    const { format, salt, session, first = 0 } = JSON.parse(line) as Record<string, unknown>;
    if (format !== FORMAT || typeof salt !== 'string' || typeof session !== 'string') return undefined;
    if (!Number.isSafeInteger(first) || (first as number) < 0) return undefined;
    return /^[0-9a-f]{64}$/.test(salt) && sealedHeader(salt, session, first as number) === line
      ? { salt, session, first: first as number }
      : undefined;
  } catch {
    return undefined;
  }
}

/** Salts made at once: few at first, since most logs are short. */
const AHEAD = { first: 32, most: 4096 };

/**
 * The salts of lines in order: the salt of line n is the hex of AES-256 of the 128-bit big-endian number n under the
 * log's salt as key, which is the keystream of AES-256-CTR from zero. Telling some tells nothing of the others.
 */
export class LineSalts {
  readonly #cipher: Cipher;
  #hex = '';
  #at = 0;
  #ahead = AHEAD.first;

  /** From the event with the number `first`. */
  constructor(salt: string, first = 0) {
    const counter = Buffer.alloc(16);
    counter.writeBigUInt64BE(BigInt(first), 8);
    this.#cipher = createCipheriv('aes-256-ctr', Buffer.from(salt, 'hex'), counter);
  }

  /** 32 hex characters. */
  next(): string {
    if (this.#at === this.#hex.length) {
      this.#hex = this.#cipher.update(ZEROS.subarray(0, 16 * this.#ahead)).toString('hex');
      this.#ahead = Math.min(this.#ahead * 4, AHEAD.most);
      this.#at = 0;
    }
    this.#at += 32;
    return this.#hex.slice(this.#at - 32, this.#at);
  }
}

const ZEROS = Buffer.alloc(16 * AHEAD.most);

/** RFC 6962 leaf over the line's salt followed by the line, without its line feed. */
export function lineLeaf(lineSaltText: string, line: string): Buffer {
  return leafHash(lineSaltText + line);
}
