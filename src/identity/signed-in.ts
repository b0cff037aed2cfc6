// What one sign-in left behind, and how it is kept in the keychain as text. Holds secrets: never log it, never put it in evidence.
import { sha256 } from '../lib/digest.ts';
import { BrokerError } from '../model/errors.ts';
import type { Signer } from '../model/evidence.ts';
import type { User } from '../model/principal.ts';
import { thumbprint } from './cic.ts';
import { importPrivate, type PrivateJwk, publicPart, signDer } from './key.ts';

/** The agent's own look at the provider's keys, archived verbatim. */
export interface JwksSighting {
  readonly issuer: string;
  readonly uri: string;
  /** SHA-256 hex of `text`. */
  readonly digest: string;
  /** Milliseconds since the epoch. */
  readonly time: number;
  /** The response body, byte for byte. */
  readonly text: string;
}

/** Tokens of one client. Times are milliseconds since the epoch. */
export interface Tokens {
  readonly clientId: string;
  readonly accessToken?: string;
  readonly idToken?: string;
  readonly refreshToken?: string;
  readonly expires: number;
}

export interface SignedIn {
  readonly version: 1;
  readonly user: User;
  readonly key: PrivateJwk;
  /** The PK token blob exactly as evidence stores it. */
  readonly pkToken: string;
  /** The look that goes with the original ID token, then the newest one when the keys changed since. */
  readonly sightings: readonly JwksSighting[];
  readonly binding: 'nonce' | 'none';
  /** When the person signed in and until when the newest ID token is valid; milliseconds. */
  readonly since: number;
  readonly expires: number;
  readonly evidence: Tokens;
  /** Tokens that targets accept; absent when there is no target client or it refused. */
  readonly target?: Tokens;
  /** What a person should know about this sign-in, e.g. that it has no target tokens. */
  readonly notices: readonly string[];
}

export function serialise(signedIn: SignedIn): string {
  return JSON.stringify(signedIn);
}

function looksSignedIn(value: unknown): value is SignedIn {
  if (typeof value !== 'object' || value === null) return false;
  const { version, user, key, pkToken, sightings, expires, evidence } = value as Record<string, unknown>;
  const objects = [user, key, sightings, evidence].every((part) => typeof part === 'object' && part !== null);
  return version === 1 && objects && typeof pkToken === 'string' && typeof expires === 'number';
}

/** Reads what `serialise` wrote; a sign-in nobody can read is no sign-in. */
export function deserialise(text: string): SignedIn {
  let value: unknown;
  try {
    value = JSON.parse(text);
    if (looksSignedIn(value)) {
      importPrivate(value.key);
      return value;
    }
  } catch {
    // The failure below says all there is to say; the text is secret.
  }
  throw new BrokerError(
    'not-signed-in',
    {},
    { hint: 'the kept sign-in cannot be read: run `broker login` again' },
  );
}

/** The signer evidence uses: it keeps signing after the ID token expires, because what was recorded must be sealed. */
export function toSigner(signedIn: SignedIn): Signer {
  const key = importPrivate(signedIn.key);
  const { iss, sub, acr, amr, authTime } = signedIn.user;
  const jwk = publicPart(signedIn.key);
  return {
    identity: {
      iss,
      sub,
      jkt: thumbprint(jwk),
      pkToken: sha256(signedIn.pkToken),
      ...(acr === undefined ? {} : { acr }),
      ...(amr === undefined ? {} : { amr }),
      ...(authTime === undefined ? {} : { authTime }),
      binding: signedIn.binding,
    },
    jwk,
    sign: (bytes) => signDer(key, bytes),
  };
}
