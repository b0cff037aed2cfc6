// Issues sign-ins that verify: an RSA provider key, an ID token whose nonce commits to a fresh signing key, a PK token.
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { EpochSignIn } from '../../src/agent/evidence.ts';
import { commitment, thumbprint } from '../../src/identity/cic.ts';
import { importPrivate, makeKey, publicPart, signDer } from '../../src/identity/key.ts';
import { makePkToken } from '../../src/identity/pk-token.ts';
import type { TrustedIssuer } from '../../src/identity/pk-verification.ts';
import { sha256 } from '../../src/lib/digest.ts';

export interface FakeProvider {
  readonly issuer: string;
  readonly audience: string;
  readonly jwks: string;
  readonly trust: TrustedIssuer;
  /** A fresh key and ID token for this person. Times are milliseconds since the epoch. */
  signIn(
    sub: string,
    times: { iat: number; exp: number },
    claims?: Record<string, unknown>,
    /** Of a single-use key: what it attests. */
    att?: string,
  ): Promise<EpochSignIn>;
}

function jws(key: KeyObject, kid: string, claims: Record<string, unknown>): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part({ alg: 'RS256', kid, typ: 'JWT' })}.${part(claims)}`;
  return `${text}.${sign('sha256', Buffer.from(text), key).toString('base64url')}`;
}

/** PEM of a provider key, for worlds that outlive a process. */
export function providerKey(): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
}

export function fakeProvider(issuer = 'https://login.example.test', pem = providerKey()): FakeProvider {
  const privateKey = createPrivateKey(pem);
  const publicKey = createPublicKey(privateKey);
  const kid = 'key-1';
  const keys = [{ ...publicKey.export({ format: 'jwk' }), alg: 'RS256', kid, use: 'sig' }];
  const audience = 'broker-evidence';
  const jwks = JSON.stringify({ keys });
  return {
    issuer,
    audience,
    jwks,
    trust: { issuer, jwks: [{ keys }], audiences: [audience] },
    async signIn(sub, times, claims = {}, att) {
      const { jwk, cic, encoded } = makeKey(att);
      const [iat, exp] = [Math.floor(times.iat / 1000), Math.floor(times.exp / 1000)];
      const idToken = jws(privateKey, kid, {
        iss: issuer,
        sub,
        aud: audience,
        iat,
        exp,
        nonce: commitment(encoded),
        ...claims,
      });
      const pkToken = await makePkToken(idToken, cic, jwk);
      const key = importPrivate(jwk);
      const identity = {
        iss: issuer,
        sub,
        jkt: thumbprint(jwk),
        pkToken: sha256(pkToken),
        binding: 'nonce' as const,
      };
      return {
        signer: { identity, jwk: publicPart(jwk), sign: (bytes) => signDer(key, bytes) },
        pkToken,
        sightings: [{ text: jwks, uri: `${issuer}/jwks`, time: times.iat }],
        validUntil: times.exp,
      };
    },
  };
}
