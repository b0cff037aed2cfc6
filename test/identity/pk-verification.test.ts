// Each attack on a PK token as a few lines, named; each must fail at its own step.
import { createPublicKey } from 'node:crypto';
import fc from 'fast-check';
import {
  exportPKCS8,
  exportSPKI,
  generateKeyPair,
  importPKCS8,
  type JWK,
  type JWTPayload,
  SignJWT,
} from 'jose';
import { beforeAll, describe, expect, test } from 'vitest';
import { commitment, encodeCic, type PkCheck, verifyPkToken } from '../../src/identity/index.ts';
import { type FreshKey, makeKey } from '../../src/identity/key.ts';
import { decodePkToken, encodePkToken, makePkToken, withFresh } from '../../src/identity/pk-token.ts';

const ISSUER = 'https://id.example';
const NOW = Date.UTC(2026, 0, 15, 12);
const seconds = NOW / 1000;

interface Issuer {
  readonly jwk: JWK;
  issue(claims: JWTPayload, header?: { alg?: string; kid?: string }): Promise<string>;
}

async function makeIssuer(alg: string, kid: string): Promise<Issuer> {
  // Read back from its encoding, as src/identity/key.ts says why.
  const pair = await generateKeyPair(alg, { extractable: true });
  const [spki, privateKey] = [
    await exportSPKI(pair.publicKey),
    await importPKCS8(await exportPKCS8(pair.privateKey), alg),
  ];
  return {
    jwk: { ...createPublicKey(spki).export({ format: 'jwk' }), kid, alg, use: 'sig' } as JWK,
    issue: (claims, header = {}) =>
      new SignJWT(claims).setProtectedHeader({ alg, kid, ...header }).sign(privateKey),
  };
}

let key: FreshKey;
let issuer: Issuer;
let other: Issuer;
beforeAll(async () => {
  key = makeKey();
  issuer = await makeIssuer('RS256', 'k1');
  other = await makeIssuer('RS256', 'k1');
});

const claims = (over: JWTPayload = {}): JWTPayload => ({
  iss: ISSUER,
  sub: 'alice',
  aud: 'broker-evidence',
  iat: seconds,
  exp: seconds + 3600,
  nonce: commitment(key.encoded),
  ...over,
});
const check = (over: Partial<PkCheck> = {}, keys: JWK[] = [issuer.jwk]): PkCheck => ({
  trust: [{ issuer: ISSUER, jwks: [{ keys }], audiences: ['broker-evidence'] }],
  at: NOW + 60_000,
  ...over,
});
const token = async (over: JWTPayload = {}) =>
  makePkToken(await issuer.issue(claims(over)), key.cic, key.jwk);
const failing = async (text: string, how = check()) => {
  const verdict = await verifyPkToken(text, how);
  return verdict.ok ? 'ok' : verdict.step;
};
const base64url = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('a PK token', () => {
  test('verifies, and names person, key and validity', async () => {
    const verdict = await verifyPkToken(await token(), check());
    expect(verdict).toMatchObject({
      ok: true,
      identity: {
        iss: ISSUER,
        sub: 'alice',
        binding: 'nonce',
        kids: ['k1'],
        jwk: key.cic.jwk,
        validity: [{ from: NOW, until: NOW + 3_600_000 }],
      },
    });
  });

  test.each(['RS384', 'RS512', 'PS256', 'ES256', 'ES384', 'EdDSA'])(
    'verifies when the provider signs with %s',
    async (alg) => {
      const signer = await makeIssuer(alg, 'k2');
      const text = await makePkToken(await signer.issue(claims()), key.cic, key.jwk);
      expect(await failing(text, check({}, [signer.jwk]))).toBe('ok');
    },
  );

  test('without a nonce is labelled, not refused', async () => {
    const verdict = await verifyPkToken(await token({ nonce: undefined }), check());
    expect(verdict).toMatchObject({ ok: true, identity: { binding: 'none' } });
  });

  test('stays the same bytes when read and written', async () => {
    const text = await token();
    const read = decodePkToken(text);
    expect(read && encodePkToken(read)).toBe(text);
  });

  test('counts after a refresh as long as the refreshed ID token', async () => {
    const later = { iat: seconds + 3600, exp: seconds + 7200, nonce: undefined };
    const text = withFresh(await token(), await issuer.issue(claims(later)));
    expect(await failing(text, check({ at: NOW + 5_400_000 }))).toBe('ok');
    expect(await failing(text, check({ at: NOW + 7_300_000 }))).toBe('validity-at-signing');
  });

  test('verifies against a key set archived before the keys were rotated', async () => {
    const trust = [
      { issuer: ISSUER, jwks: [{ keys: [] }, { keys: [issuer.jwk] }], audiences: ['broker-evidence'] },
    ];
    expect(await failing(await token(), { trust, at: NOW })).toBe('ok');
  });
});

describe('an attack', () => {
  test('altered CIC: another rz under the same signature', async () => {
    const read = decodePkToken(await token());
    if (!read) throw new Error('not a PK token');
    const forged = Buffer.from(encodeCic({ ...key.cic, rz: '0'.repeat(64) })).toString('base64url');
    const signatures = [read.signatures[0], { ...read.signatures[1], protected: forged }] as const;
    expect(await failing(encodePkToken({ ...read, signatures }))).toBe('cic-signature');
  });

  test("swapped keys: the thief countersigns somebody else's ID token with a key of his own", async () => {
    const thief = makeKey();
    expect(await failing(await makePkToken(await issuer.issue(claims()), thief.cic, thief.jwk))).toBe(
      'nonce',
    );
  });

  test("swapped signatures: ours in the provider's place", async () => {
    const read = decodePkToken(await token());
    if (!read) throw new Error('not a PK token');
    const [provider, ours] = read.signatures;
    expect(await failing(encodePkToken({ ...read, signatures: [ours, provider] }))).toBe('cic-signature');
  });

  test('token substitution: an ID token of the same person for another nonce', async () => {
    expect(await failing(await token({ nonce: commitment(makeKey().encoded) }))).toBe('nonce');
  });

  test('unknown issuer', async () => {
    expect(await failing(await token({ iss: 'https://id.example.evil' }))).toBe('issuer');
  });

  test('forged provider: the right kid, another key', async () => {
    expect(await failing(await makePkToken(await other.issue(claims()), key.cic, key.jwk))).toBe(
      'provider-signature',
    );
  });

  test('kid unknown', async () => {
    const text = await makePkToken(await issuer.issue(claims(), { kid: 'k9' }), key.cic, key.jwk);
    expect(await failing(text)).toBe('provider-signature');
  });

  test('alg none', async () => {
    const text = await makePkToken(
      `${base64url({ alg: 'none', kid: 'k1' })}.${base64url(claims())}.AA`,
      key.cic,
      key.jwk,
    );
    expect(await failing(text)).toBe('provider-signature');
  });

  test('alg HS256 with the public key as the secret', async () => {
    const secret = new TextEncoder().encode(JSON.stringify(issuer.jwk));
    const forged = await new SignJWT(claims()).setProtectedHeader({ alg: 'HS256', kid: 'k1' }).sign(secret);
    const symmetric: JWK = { kty: 'oct', k: Buffer.from(secret).toString('base64url'), kid: 'k1' };
    const text = await makePkToken(forged, key.cic, key.jwk);
    expect(await failing(text, check({}, [issuer.jwk, symmetric]))).toBe('provider-signature');
  });

  test('algorithm confusion: an RSA key set marked for another algorithm', async () => {
    expect(await failing(await token(), check({}, [{ ...issuer.jwk, alg: 'PS256' }]))).toBe(
      'provider-signature',
    );
  });

  test('a key for encryption used for signing', async () => {
    expect(await failing(await token(), check({}, [{ ...issuer.jwk, use: 'enc' }]))).toBe(
      'provider-signature',
    );
  });

  test('audience confusion: an ID token of another client', async () => {
    expect(await failing(await token({ aud: 'broker-target' }))).toBe('audience');
  });

  test('audience confusion: ours among several, issued for another party', async () => {
    expect(await failing(await token({ aud: ['wiki', 'broker-evidence'], azp: 'wiki' }))).toBe('audience');
    expect(await failing(await token({ aud: ['wiki', 'broker-evidence'] }))).toBe('audience');
  });

  test('expired at signing', async () => {
    expect(await failing(await token(), check({ at: NOW + 3_700_000 }))).toBe('validity-at-signing');
  });

  test('back-dated: signed before the ID token existed', async () => {
    expect(await failing(await token(), check({ at: NOW - 120_000 }))).toBe('validity-at-signing');
  });

  test('altered claims', async () => {
    const read = decodePkToken(await token());
    if (!read) throw new Error('not a PK token');
    const forged = await makePkToken(
      [read.signatures[0].protected, base64url(claims({ sub: 'root' })), read.signatures[0].signature].join(
        '.',
      ),
      key.cic,
      key.jwk,
    );
    expect(await failing(forged)).toBe('provider-signature');
  });

  test('a refreshed ID token of somebody else', async () => {
    expect(await failing(withFresh(await token(), await issuer.issue(claims({ sub: 'mallory' }))))).toBe(
      'issuer',
    );
  });

  test('a refreshed ID token nobody signed', async () => {
    expect(await failing(withFresh(await token(), await other.issue(claims({ exp: seconds + 9e6 }))))).toBe(
      'provider-signature',
    );
  });

  test('a refreshed ID token of another client', async () => {
    expect(
      await failing(withFresh(await token(), await issuer.issue(claims({ aud: 'broker-target' })))),
    ).toBe('audience');
  });

  test.each([
    ['three signatures', (text: string) => text.replace(']}', `,{"protected":"e30","signature":"AA"}]}`)],
    ['an unknown member', (text: string) => text.replace('{"payload"', '{"header":{},"payload"')],
    ['white space', (text: string) => `${text}\n`],
    ['padding in base64url', (text: string) => text.replace('"payload":"', '"payload":"=')],
    ['a duplicate member', (text: string) => text.replace('{"payload"', '{"payload":"e30","payload"')],
    ['no JSON', () => 'nonsense'],
    ['far too much', (text: string) => text + ' '.repeat(300_000)],
  ])('a second form of the same token: %s', async (_, change) => {
    expect(await failing(change(await token()))).toBe('format');
  });
});

describe('whatever the bytes', () => {
  test('a verdict is given, never an exception', async () => {
    const good = await token();
    const pieces = fc.constantFrom(
      '"',
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      'null',
      '1',
      'e30',
      'A',
      '=',
      '\\u0000',
      '__proto__',
    );
    const mutated = fc
      .tuple(fc.nat(good.length), fc.nat(40), pieces)
      .map(([at, cut, piece]) => good.slice(0, at) + piece + good.slice(at + cut));
    await fc.assert(
      fc.asyncProperty(fc.oneof(mutated, fc.json(), fc.string()), async (text) => {
        fc.pre(text !== good);
        expect((await verifyPkToken(text, check())).ok).toBe(false);
      }),
      { numRuns: 400 },
    );
  });

  test.each([
    [[null]],
    [[1]],
    [[{}]],
    ['text'],
    [null],
    [[{ kty: 'RSA', kid: 'k1' }]],
    [[{ kty: 'RSA', kid: 'k1', n: '', e: 7 }]],
  ])('an archived key set of %j only fails', async (keys) => {
    expect(await failing(await token(), check({}, keys as JWK[]))).toBe('provider-signature');
  });

  test.each<{ readonly claims: object }>([
    { claims: { iss: undefined } },
    { claims: { iss: 7 } },
    { claims: { sub: undefined } },
    { claims: { sub: '' } },
    { claims: { aud: undefined } },
    { claims: { aud: {} } },
    { claims: { nonce: 7 } },
    { claims: { nonce: null } },
    { claims: { exp: undefined } },
    { claims: { iat: 'now' } },
  ])('an ID token with $claims only fails', async ({ claims: over }) => {
    expect(await failing(await token(over as JWTPayload))).not.toBe('ok');
  });
});
