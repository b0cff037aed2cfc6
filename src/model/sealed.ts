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

const FORMAT = 'urn:access-broker:events:v1';

/** First line of events.jsonl. `salt`: 64 hex characters; whoever has it can recompute every leaf. */
export function sealedHeader(salt: string, session: string): string {
  return canonical({ format: FORMAT, salt, session });
}

export function parseSealedHeader(
  line: string,
): { readonly salt: string; readonly session: string } | undefined {
  try {
    const { format, salt, session } = JSON.parse(line) as Record<string, unknown>;
    if (format !== FORMAT || typeof salt !== 'string' || typeof session !== 'string') return undefined;
    return /^[0-9a-f]{64}$/.test(salt) && sealedHeader(salt, session) === line
      ? { salt, session }
      : undefined;
  } catch {
    return undefined;
  }
}

const AHEAD = 4096;

/**
 * The salts of lines in order: the salt of line n is the hex of AES-256 of the 128-bit big-endian number n under the
 * log's salt as key, which is the keystream of AES-256-CTR from zero. Telling some tells nothing of the others.
 */
export class LineSalts {
  readonly #cipher: Cipher;
  #hex = '';
  #at = 0;

  constructor(salt: string) {
    this.#cipher = createCipheriv('aes-256-ctr', Buffer.from(salt, 'hex'), Buffer.alloc(16));
  }

  /** 32 hex characters. */
  next(): string {
    if (this.#at === this.#hex.length) {
      this.#hex = this.#cipher.update(ZEROS).toString('hex');
      this.#at = 0;
    }
    this.#at += 32;
    return this.#hex.slice(this.#at - 32, this.#at);
  }
}

const ZEROS = Buffer.alloc(16 * AHEAD);

/** RFC 6962 leaf over the line's salt followed by the line, without its line feed. */
export function lineLeaf(lineSaltText: string, line: string): Buffer {
  return leafHash(lineSaltText + line);
}
