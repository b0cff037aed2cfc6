// Staying signed in: refreshes, tokens for targets, sign-out. A refresh token rotates, so one is never used twice at a time.
import type { Clock } from '../lib/clock.ts';
import type { IdentitySettings } from '../model/config.ts';
import { BrokerError } from '../model/errors.ts';
import { checkIssueTime, refusedByUs, toTokens, verifyOwn } from './binding.ts';
import { toUser } from './claims.ts';
import { withFresh } from './pk-token.ts';
import { discover, type Provider, signInFailed, type TokenResponse, translate } from './provider.ts';
import type { JwksSighting, SignedIn, Tokens } from './signed-in.ts';

export interface TokenOptions {
  readonly settings: IdentitySettings;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export interface TargetWish {
  /** The target's identifier; the target client's own audience when absent. */
  readonly audience?: string;
  /** Which token targets check; `access` unless told. */
  readonly kind?: 'access' | 'id';
}

export interface TargetToken {
  readonly token: string;
  /** Milliseconds since the epoch. */
  readonly expires: number;
  /** Present when tokens rotated: keep this instead of what was passed in. */
  readonly signedIn?: SignedIn;
}

const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
/** Milliseconds a token must still live to be worth handing out. */
const WORTH = 60_000;

interface Spending {
  readonly more: string;
  readonly answer: Promise<TokenResponse>;
}

/** Milliseconds for which a spent token's answer is remembered, for callers that still hold the old one. */
const REMEMBERED = 60_000;
const spendings = new Map<string, Spending>();

function spendNow(
  provider: Provider,
  refreshToken: string,
  more: Record<string, string>,
): Promise<TokenResponse> {
  const forget = () => spendings.delete(refreshToken);
  const answer = provider.oidc.refreshTokenGrant(provider.config, refreshToken, more);
  spendings.set(refreshToken, { more: JSON.stringify(more), answer });
  answer.then(() => setTimeout(forget, REMEMBERED).unref(), forget);
  return answer;
}

/** Using a rotated refresh token again looks like theft and ends the grant: whoever comes second gets what the first got. */
async function spendRefreshToken(
  provider: Provider,
  refreshToken: string,
  more: Record<string, string>,
): Promise<TokenResponse> {
  const before = spendings.get(refreshToken);
  if (before === undefined) return spendNow(provider, refreshToken, more);
  const answer = await before.answer;
  if (before.more === JSON.stringify(more)) return answer;
  const next = answer.refresh_token ?? refreshToken;
  return next === refreshToken ? spendNow(provider, next, more) : spendRefreshToken(provider, next, more);
}

function isSpent(error: unknown): boolean {
  return (error as { error?: unknown }).error === 'invalid_grant';
}

function expired(signedIn: SignedIn): BrokerError {
  return new BrokerError('sign-in-expired', { at: new Date(signedIn.expires).toISOString() });
}

function withSighting(sightings: readonly JwksSighting[], fresh: JwksSighting): readonly JwksSighting[] {
  const [original] = sightings;
  return original === undefined || original.digest === fresh.digest ? [fresh] : [original, fresh];
}

/** A refreshed ID token: same issuer and subject, carried beside the original in the PK token. */
async function adopt(
  signedIn: SignedIn,
  answer: TokenResponse,
  provider: Provider,
  clock: Clock,
  settings: IdentitySettings,
): Promise<SignedIn> {
  const { idToken: _, ...evidence } = toTokens(answer, signedIn.evidence.clientId, clock, signedIn.evidence);
  const claims = answer.claims();
  if (answer.id_token === undefined || claims === undefined) return { ...signedIn, evidence };
  checkIssueTime(claims.iat, provider, clock);
  if (claims.iss !== signedIn.user.iss || claims.sub !== signedIn.user.sub)
    throw signInFailed(
      'the refreshed ID token is about somebody else',
      'run `broker logout`, then `broker login`',
    );
  const sightings = withSighting(signedIn.sightings, await provider.sightJwks());
  const pkToken = withFresh(signedIn.pkToken, answer.id_token);
  const verdict = await verifyOwn(pkToken, sightings, evidence.clientId, clock.now());
  if (!verdict.ok) throw refusedByUs(verdict, provider);
  const { acr, amr, authTime } = signedIn.user;
  const original = {
    ...(acr === undefined ? {} : { acr }),
    ...(amr === undefined ? {} : { amr }),
    ...(authTime === undefined ? {} : { authTime }),
  };
  const user = { ...original, ...toUser(claims, settings) };
  return { ...signedIn, user, pkToken, sightings, evidence, expires: claims.exp * 1000 };
}

/** Renews the ID token. Raises sign-in-expired when only a new sign-in helps, provider-unreachable when later may help. */
export async function refresh(signedIn: SignedIn, options: TokenOptions): Promise<SignedIn> {
  const { settings, clock, signal } = options;
  const { refreshToken, clientId } = signedIn.evidence;
  if (refreshToken === undefined) throw expired(signedIn);
  const provider = await discover({ issuer: settings.issuer, clientId, clock, signal });
  try {
    const answer = await spendRefreshToken(provider, refreshToken, {});
    return await adopt(signedIn, answer, provider, clock, settings);
  } catch (error) {
    if (isSpent(error)) throw expired(signedIn);
    throw translate(error, provider.issuer, provider.skew());
  }
}

const BY_BROWSER = 'run `broker login` with a browser';

function noToken(reason: string, mend = 'run `broker login`'): BrokerError {
  return new BrokerError('no-target-token', { reason, mend });
}

function pick(tokens: Tokens, kind: 'access' | 'id'): string {
  const token = kind === 'id' ? tokens.idToken : tokens.accessToken;
  if (token === undefined) throw noToken(`the identity provider gave the target client no ${kind} token`);
  return token;
}

/** The ID token and the access token may end at different times; the earlier counts. */
function endOf(tokens: Tokens, kind: 'access' | 'id'): number {
  if (kind === 'access' || tokens.idToken === undefined) return tokens.expires;
  const payload = tokens.idToken.split('.')[1] ?? '';
  const { exp } = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as { exp: number };
  return Math.min(tokens.expires, exp * 1000);
}

async function renewTarget(
  signedIn: SignedIn,
  provider: Provider,
  clock: Clock,
  more: Record<string, string>,
): Promise<Tokens> {
  const refreshToken = signedIn.target?.refreshToken;
  if (signedIn.target === undefined || refreshToken === undefined)
    throw noToken('it has ended and cannot be renewed');
  const answer = await spendRefreshToken(provider, refreshToken, more);
  return toTokens(answer, signedIn.target.clientId, clock, signedIn.target);
}

/** RFC 8693: swaps the token we hold for one the audience accepts. */
async function exchange(
  provider: Provider,
  subject: string,
  audience: string | undefined,
  clock: Clock,
): Promise<TargetToken> {
  const answer = await provider.oidc.genericGrantRequest(provider.config, EXCHANGE, {
    subject_token: subject,
    subject_token_type: ACCESS_TOKEN,
    requested_token_type: ACCESS_TOKEN,
    ...(audience === undefined ? {} : { audience }),
  });
  return { token: answer.access_token, expires: toTokens(answer, '', clock).expires };
}

/** By the target client's refresh token: a fresh default token, or one for a resource (RFC 8707). */
async function byRefresh(
  signedIn: SignedIn,
  provider: Provider,
  wish: TargetWish,
  clock: Clock,
): Promise<TargetToken> {
  const { audience, kind = 'access' } = wish;
  const { target } = signedIn;
  const more: Record<string, string> = audience === undefined ? {} : { resource: audience };
  const renewed = await renewTarget(signedIn, provider, clock, more);
  const { refreshToken } = renewed;
  // A token for one audience must not become the default for all, but its rotated refresh token must be kept.
  const kept =
    audience === undefined || !target ? renewed : { ...target, ...(refreshToken ? { refreshToken } : {}) };
  return {
    token: pick(renewed, kind),
    expires: endOf(renewed, kind),
    signedIn: { ...signedIn, target: kept },
  };
}

/** By exchange of the best token we hold: the target client's, else the evidence client's access token. */
async function byExchange(
  signedIn: SignedIn,
  provider: Provider,
  wish: TargetWish,
  clock: Clock,
): Promise<TargetToken> {
  if (wish.kind === 'id') throw noToken('a token exchange gives access tokens only', 'use an access token');
  const { target, evidence } = signedIn;
  const live = target !== undefined && target.expires > clock.now() + WORTH;
  if (target?.refreshToken !== undefined && !live) {
    const renewed = await renewTarget(signedIn, provider, clock, {});
    const token = await exchange(provider, pick(renewed, 'access'), wish.audience, clock);
    return { ...token, signedIn: { ...signedIn, target: renewed } };
  }
  const subject = live ? target.accessToken : evidence.accessToken;
  if (subject === undefined) throw noToken('this sign-in holds nothing to exchange');
  return exchange(provider, subject, wish.audience, clock);
}

function obtain(
  signedIn: SignedIn,
  provider: Provider,
  wish: TargetWish,
  clock: Clock,
): Promise<TargetToken> {
  const exchanges = provider.metadata.grant_types_supported?.includes(EXCHANGE) === true;
  const { target } = signedIn;
  if (target !== undefined && (wish.audience === undefined || !exchanges))
    return byRefresh(signedIn, provider, wish, clock);
  if (exchanges) return byExchange(signedIn, provider, wish, clock);
  throw noToken('this sign-in has none, and the identity provider does not exchange tokens', BY_BROWSER);
}

/** A token that targets accept; never the evidence token. Raises no-target-token, provider-unreachable. */
export async function targetToken(
  signedIn: SignedIn,
  options: TokenOptions,
  wish: TargetWish = {},
): Promise<TargetToken> {
  const { settings, clock, signal } = options;
  const { kind = 'access', audience } = wish;
  const { target } = signedIn;
  if (target !== undefined && audience === undefined && endOf(target, kind) > clock.now() + WORTH)
    return { token: pick(target, kind), expires: endOf(target, kind) };
  const clientId = settings.targetClientId ?? target?.clientId;
  if (clientId === undefined)
    throw noToken('no target client is configured', 'set identity.target_client_id, then run `broker login`');
  const provider = await discover({ issuer: settings.issuer, clientId, clock, signal });
  try {
    return await obtain(signedIn, provider, wish, clock);
  } catch (error) {
    if (isSpent(error)) throw noToken('the identity provider no longer renews it');
    throw translate(error, provider.issuer, provider.skew());
  }
}

/** Revokes every token at the provider (RFC 7009). False when it has no way to, or did not answer: they then end by themselves. */
export async function signOut(signedIn: SignedIn, options: TokenOptions): Promise<boolean> {
  const { settings, clock, signal } = options;
  let done = true;
  for (const tokens of [signedIn.evidence, signedIn.target]) {
    if (tokens === undefined) continue;
    try {
      const provider = await discover({ issuer: settings.issuer, clientId: tokens.clientId, clock, signal });
      if (provider.metadata.revocation_endpoint === undefined) return false;
      for (const token of [tokens.refreshToken, tokens.accessToken])
        if (token !== undefined) await provider.oidc.tokenRevocation(provider.config, token);
    } catch {
      done = false;
    }
  }
  return done;
}
