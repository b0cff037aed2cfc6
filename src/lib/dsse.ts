// DSSE: the bytes that are signed and whether a signature over them holds. Must never look at what they say.
import { createPublicKey, type KeyObject, verify } from 'node:crypto';

/** Pre-authentication encoding: "DSSEv1" SP len(type) SP type SP len(body) SP body, lengths in bytes. */
export function preAuthentication(type: string, body: Uint8Array): Buffer {
  const head = `DSSEv1 ${Buffer.byteLength(type)} ${type} ${body.byteLength} `;
  return Buffer.concat([Buffer.from(head, 'utf8'), body]);
}

export interface EcJwk {
  readonly kty: 'EC';
  readonly crv: 'P-256';
  readonly x: string;
  readonly y: string;
}

/** Throws when the point is not on the curve. */
export function publicKey(jwk: EcJwk): KeyObject {
  return createPublicKey({ format: 'jwk', key: { kty: jwk.kty, crv: jwk.crv, x: jwk.x, y: jwk.y } });
}

/** ECDSA P-256 with SHA-256, signature in DER. */
export function signatureHolds(bytes: Uint8Array, signature: Uint8Array, key: KeyObject): boolean {
  return verify('sha256', bytes, { key, dsaEncoding: 'der' }, signature);
}

/** Whether an envelope's one signature holds, found out off this thread: many at once use every core. */
export function envelopeHolds(
  payloadType: string,
  { payload, signature }: { readonly payload: Uint8Array; readonly signature: Uint8Array },
  key: KeyObject,
): Promise<boolean> {
  const bytes = preAuthentication(payloadType, payload);
  return new Promise((resolve, reject) => {
    verify('sha256', bytes, { key, dsaEncoding: 'der' }, signature, (error, holds) =>
      error ? reject(error) : resolve(holds),
    );
  });
}
