// The PK token: an ID token's payload signed twice, by the provider and by our key. Making and reading; judging is in pk-verification.ts.
import { FlattenedSign, importJWK } from 'jose';
import { type Cic, encodeCic } from './cic.ts';
import type { PrivateJwk } from './key.ts';

export interface JwsSignature {
  readonly protected: string;
  readonly signature: string;
}

/** JWS JSON general serialisation (RFC 7515 section 7.2.1) with one member of ours. */
export interface PkToken {
  readonly payload: string;
  /** The provider's, then ours. */
  readonly signatures: readonly [JwsSignature, JwsSignature];
  /** A later ID token of the same person, compact; it usually has no nonce. */
  readonly fresh?: string;
}

/** A PK token is small; anything longer is not one. */
const MAX_LENGTH = 256 * 1024;
const BASE64URL = /^[A-Za-z0-9_-]+$/;

export interface CompactJws {
  readonly protected: string;
  readonly payload: string;
  readonly signature: string;
}

export function splitCompact(jws: string): CompactJws | undefined {
  const [header, payload, signature, ...rest] = jws.split('.');
  if (header === undefined || payload === undefined || signature === undefined || rest.length > 0)
    return undefined;
  if (![header, payload, signature].every((part) => BASE64URL.test(part))) return undefined;
  return { protected: header, payload, signature };
}

/** Keys sorted, so that the blob's digest depends on nothing but its content. */
export function encodePkToken(token: PkToken): string {
  const signatures = token.signatures.map((one) => ({ protected: one.protected, signature: one.signature }));
  return JSON.stringify({
    ...(token.fresh === undefined ? {} : { fresh: token.fresh }),
    payload: token.payload,
    signatures,
  });
}

function isSignature(value: unknown): value is JwsSignature {
  if (typeof value !== 'object' || value === null) return false;
  const { protected: header, signature } = value as Record<string, unknown>;
  return [header, signature].every((part) => typeof part === 'string' && BASE64URL.test(part));
}

/** Undefined for anything but exactly what `encodePkToken` writes. */
export function decodePkToken(text: string): PkToken | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { payload, signatures, fresh } = value as Record<string, unknown>;
  if (typeof payload !== 'string' || !BASE64URL.test(payload)) return undefined;
  if (fresh !== undefined && (typeof fresh !== 'string' || !splitCompact(fresh))) return undefined;
  if (!Array.isArray(signatures) || signatures.length !== 2) return undefined;
  const [provider, ours] = signatures as unknown[];
  if (!isSignature(provider) || !isSignature(ours)) return undefined;
  const token: PkToken = {
    payload,
    signatures: [provider, ours],
    ...(fresh === undefined ? {} : { fresh }),
  };
  return encodePkToken(token) === text ? token : undefined;
}

/** Countersigns an ID token: our protected header is the CIC, byte for byte. */
export async function makePkToken(idToken: string, cic: Cic, key: PrivateJwk): Promise<string> {
  const parts = splitCompact(idToken);
  if (!parts) throw new TypeError('the ID token is not a compact JWS');
  const header = JSON.parse(encodeCic(cic)) as { alg: string };
  const ours = await new FlattenedSign(Buffer.from(parts.payload, 'base64url'))
    .setProtectedHeader(header)
    .sign(await importJWK({ ...key }, 'ES256'));
  if (ours.payload !== parts.payload || ours.protected !== Buffer.from(encodeCic(cic)).toString('base64url'))
    throw new TypeError('the ID token is not canonical base64url');
  return encodePkToken({
    payload: parts.payload,
    signatures: [
      { protected: parts.protected, signature: parts.signature },
      { protected: ours.protected, signature: ours.signature },
    ],
  });
}

/** The same PK token carrying a refreshed ID token; the original stays. */
export function withFresh(pkToken: string, idToken: string): string {
  const token = decodePkToken(pkToken);
  if (!token) throw new TypeError('not a PK token');
  return encodePkToken({ ...token, fresh: idToken });
}
