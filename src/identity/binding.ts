// From a token answer to a SignedIn: countersigns the ID token, archives the provider's keys, and verifies the result as an auditor would.
import type { JWK } from 'jose';
import type { Clock } from '../lib/clock.ts';
import type { IdentitySettings } from '../model/config.ts';
import { claimNotices, toUser } from './claims.ts';
import type { FreshKey } from './key.ts';
import { makePkToken } from './pk-token.ts';
import { type PkVerdict, verifyPkToken } from './pk-verification.ts';
import {
  CLOCK_LEEWAY,
  type Provider,
  readKeys,
  signInFailed,
  type TokenResponse,
  wrongClock,
} from './provider.ts';
import type { JwksSighting, SignedIn, Tokens } from './signed-in.ts';

export interface Binding {
  readonly provider: Provider;
  readonly settings: IdentitySettings;
  readonly clock: Clock;
  readonly key: FreshKey;
  readonly tokens: TokenResponse;
}

/** Milliseconds a token without a stated life is trusted for. */
const SHORT_LIFE = 300_000;

export function toTokens(response: TokenResponse, clientId: string, clock: Clock, before?: Tokens): Tokens {
  const life = response.expiresIn();
  const exp = response.claims()?.exp;
  const end = life === undefined ? exp : undefined;
  const refreshToken = response.refresh_token ?? before?.refreshToken;
  const idToken = response.id_token ?? before?.idToken;
  return {
    clientId,
    accessToken: response.access_token,
    ...(idToken === undefined ? {} : { idToken }),
    ...(refreshToken === undefined ? {} : { refreshToken }),
    expires: end === undefined ? clock.now() + (life === undefined ? SHORT_LIFE : life * 1000) : end * 1000,
  };
}

/** A token from the future means that one of the two clocks is wrong, and it is hardly the provider's. */
export function checkIssueTime(iat: number | undefined, provider: Provider, clock: Clock): void {
  const ahead = (iat ?? 0) * 1000 - clock.now();
  if (ahead > CLOCK_LEEWAY * 1000) throw wrongClock(provider.skew() ?? ahead);
}

/** Verifies our own PK token now, exactly as an auditor would with the key sets we archived. */
export function verifyOwn(
  pkToken: string,
  sightings: readonly JwksSighting[],
  audience: string,
  at: number,
): Promise<PkVerdict> {
  const jwks = sightings.map((one) => readKeys(one.text, one.issuer) as { keys: JWK[] });
  const trust = [{ issuer: sightings[0]?.issuer ?? '', jwks, audiences: [audience] }];
  return verifyPkToken(pkToken, { trust, at, leeway: CLOCK_LEEWAY * 1000 });
}

export function refusedByUs(verdict: PkVerdict & { ok: false }, provider: Provider): Error {
  if (verdict.step === 'validity-at-signing') return wrongClock(provider.skew());
  const mend =
    'run `broker login` again; if it stays, the provider does not issue what OpenID Connect asks for';
  return signInFailed(`the ID token did not verify at step ${verdict.step}: ${verdict.reason}`, mend);
}

const UNBOUND =
  'this way of signing in does not bind your key to the ID token: evidence will say binding: none';

export async function bindIdentity(binding: Binding): Promise<SignedIn> {
  const { provider, settings, clock, key, tokens } = binding;
  const idToken = tokens.id_token;
  if (idToken === undefined)
    throw signInFailed(
      'the identity provider gave no ID token',
      'allow the scope openid for identity.client_id',
    );
  checkIssueTime(tokens.claims()?.iat, provider, clock);
  const sightings = [await provider.sightJwks()];
  const pkToken = await makePkToken(idToken, key.cic, key.jwk);
  const now = clock.now();
  const verdict = await verifyOwn(pkToken, sightings, settings.clientId, now);
  if (!verdict.ok) throw refusedByUs(verdict, provider);
  const { claims, binding: bound, validity } = verdict.identity;
  const { idToken: _, ...evidence } = toTokens(tokens, settings.clientId, clock);
  return {
    version: 1,
    user: toUser(claims, settings),
    key: key.jwk,
    pkToken,
    sightings,
    binding: bound,
    since: now,
    expires: validity[0]?.until ?? now,
    evidence,
    notices: [...claimNotices(claims, settings), ...(bound === 'none' ? [UNBOUND] : [])],
  };
}
