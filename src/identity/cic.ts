// The client-instance claims that bind a fresh key to an ID token (OpenPubkey). Pure; never holds a private key.
import { createHash } from 'node:crypto';

/** A P-256 public key as a JWK. */
export interface PublicJwk {
  readonly kty: 'EC';
  readonly crv: 'P-256';
  readonly x: string;
  readonly y: string;
}

export interface Cic {
  readonly jwk: PublicJwk;
  /** 64 hex digits of randomness, so that the commitment says nothing about the key. */
  readonly rz: string;
  /** SHA-256 hex of what a single-use key attests, e.g. an approval's decision. */
  readonly att?: string;
}

const COORDINATE = /^[A-Za-z0-9_-]{43}$/;
const HEX_256 = /^[0-9a-f]{64}$/;

/** Compact JSON with sorted keys: the exact bytes that are committed to. */
export function encodeCic(cic: Cic): string {
  const { x, y } = cic.jwk;
  return JSON.stringify({
    alg: 'ES256',
    ...(cic.att === undefined ? {} : { att: cic.att }),
    rz: cic.rz,
    typ: 'CIC',
    upk: { alg: 'ES256', crv: 'P-256', kty: 'EC', x, y },
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Reads a CIC back; undefined unless re-encoding gives the same bytes. */
export function decodeCic(text: string): Cic | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(value) || !isRecord(value['upk'])) return undefined;
  const { rz, att } = value;
  const { x, y } = value['upk'];
  if (typeof rz !== 'string' || !HEX_256.test(rz)) return undefined;
  if (att !== undefined && (typeof att !== 'string' || !HEX_256.test(att))) return undefined;
  if (typeof x !== 'string' || typeof y !== 'string' || !COORDINATE.test(x) || !COORDINATE.test(y))
    return undefined;
  const cic: Cic = { jwk: { kty: 'EC', crv: 'P-256', x, y }, rz, ...(att === undefined ? {} : { att }) };
  return encodeCic(cic) === text ? cic : undefined;
}

/** What the ID token's nonce must be: base64url(SHA3-256(utf8(CIC))). */
export function commitment(cic: string): string {
  return createHash('sha3-256').update(cic, 'utf8').digest('base64url');
}

/** RFC 7638 thumbprint (SHA-256, base64url) of an EC key; section 3.2 fixes members and order. */
export function thumbprint(jwk: PublicJwk): string {
  const text = JSON.stringify({ crv: jwk.crv, kty: jwk.kty, x: jwk.x, y: jwk.y });
  return createHash('sha256').update(text, 'utf8').digest('base64url');
}
