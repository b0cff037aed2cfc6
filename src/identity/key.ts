// The signing key of one sign-in: made here, kept by the agent only. Never writes the private key anywhere itself.
import { createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { type Cic, encodeCic, type PublicJwk } from './cic.ts';

/** A private EC key as a JWK; only ever inside a SignedIn in memory or in the keychain. */
export interface PrivateJwk extends PublicJwk {
  readonly d: string;
}

export interface FreshKey {
  readonly jwk: PrivateJwk;
  readonly cic: Cic;
  /** `encodeCic(cic)`. */
  readonly encoded: string;
}

export function publicPart(jwk: PublicJwk): PublicJwk {
  return { kty: 'EC', crv: 'P-256', x: jwk.x, y: jwk.y };
}

export function makeKey(att?: string): FreshKey {
  // Read back from its encoding: Node 20 stands still for ever when a key that is being exported as a JWK is the very object
  // whose generation is collected at that moment (~KeyGenJob takes the lock that the export holds).
  const { privateKey: encoding } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'der' },
  });
  const privateKey = createPrivateKey({ key: encoding, type: 'pkcs8', format: 'der' });
  encoding.fill(0);
  const { x, y, d } = privateKey.export({ format: 'jwk' });
  if (x === undefined || y === undefined || d === undefined)
    throw new TypeError('the key has no coordinates');
  const jwk: PrivateJwk = { kty: 'EC', crv: 'P-256', x, y, d };
  const rz = randomBytes(32).toString('hex');
  const cic: Cic = { jwk: publicPart(jwk), rz, ...(att === undefined ? {} : { att }) };
  return { jwk, cic, encoded: encodeCic(cic) };
}

export function importPrivate(jwk: PrivateJwk): KeyObject {
  return createPrivateKey({ key: { ...jwk }, format: 'jwk' });
}

/** ECDSA P-256 SHA-256 in DER, as DSSE wants it. */
export function signDer(key: KeyObject, bytes: Uint8Array): Uint8Array {
  return sign('sha256', bytes, { key, dsaEncoding: 'der' });
}
