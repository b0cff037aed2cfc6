// The commitment of evidence.md section 1, by its known answer.
import { describe, expect, test } from 'vitest';
import { commitment, decodeCic, encodeCic, thumbprint } from '../../src/identity/index.ts';
import { makeKey } from '../../src/identity/key.ts';

const KNOWN = {
  jwk: {
    kty: 'EC',
    crv: 'P-256',
    x: 'cvqyUFNs1OUdRcDSmzJfS7ynuTHAjlDqoeinCZy_r1Q',
    y: 'Whl5jJUIz7ujFvlB5Hzhaz6DIlpyWQmIIA3J7VMj53o',
  },
  rz: 'b9522b5c4cff90687ec6787236184659e077a619b82827227114108440fec26a',
} as const;

describe('the client-instance claims', () => {
  test('commit to the known answer', () => {
    expect(commitment(encodeCic(KNOWN))).toBe('fsTLlOIUqtJHomMB2t6HymoAqJi-wORIFtg3y8c65VY');
  });

  test('are compact JSON with sorted keys', () => {
    expect(encodeCic({ ...KNOWN, att: 'a'.repeat(64) })).toBe(
      `{"alg":"ES256","att":"${'a'.repeat(64)}","rz":"${KNOWN.rz}","typ":"CIC","upk":{"alg":"ES256","crv":"P-256","kty":"EC","x":"${KNOWN.jwk.x}","y":"${KNOWN.jwk.y}"}}`,
    );
  });

  test('read back as what was written, and only in that very form', () => {
    const text = encodeCic(KNOWN);
    expect(decodeCic(text)).toEqual(KNOWN);
    expect(decodeCic(` ${text}`)).toBeUndefined();
    expect(decodeCic(text.replace('"typ":"CIC"', '"typ":"CIC","zz":1'))).toBeUndefined();
    expect(decodeCic(text.replace('{"alg":"ES256",', '{"alg":"ES256","alg":"ES256",'))).toBeUndefined();
    expect(decodeCic(text.replace('"alg":"ES256","rz"', '"alg":"none","rz"'))).toBeUndefined();
    expect(decodeCic(text.replace(KNOWN.rz, KNOWN.rz.toUpperCase()))).toBeUndefined();
    expect(decodeCic('null')).toBeUndefined();
  });

  test('carry fresh randomness and a fresh key every time', () => {
    const [one, other] = [makeKey(), makeKey()];
    expect(one.cic.rz).not.toBe(other.cic.rz);
    expect(one.cic.jwk).not.toEqual(other.cic.jwk);
    expect(decodeCic(one.encoded)).toEqual(one.cic);
  });
});

test('a thumbprint is that of RFC 7638, as jose computes it', async () => {
  const { calculateJwkThumbprint } = await import('jose');
  expect(thumbprint(KNOWN.jwk)).toBe(await calculateJwkThumbprint({ ...KNOWN.jwk }));
});
