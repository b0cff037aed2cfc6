// The identity provider as a client sees it: discovery, its keys, its clock, and its failures in our words. Only https, or http on loopback.
import type * as Oidc from 'openid-client';
import { type Clock, systemClock } from '../lib/clock.ts';
import { sha256 } from '../lib/digest.ts';
import { BrokerError } from '../model/errors.ts';
import type { JwksSighting } from './signed-in.ts';

export type TokenResponse = Oidc.TokenEndpointResponse & Oidc.TokenEndpointResponseHelpers;

export interface Provider {
  readonly issuer: string;
  readonly oidc: typeof Oidc;
  readonly config: Oidc.Configuration;
  readonly metadata: Oidc.ServerMetadata;
  /** Provider's clock minus ours in milliseconds, from its last answer; undefined before the first. */
  skew(): number | undefined;
  /** Fetches the key set anew and keeps it verbatim. */
  sightJwks(): Promise<JwksSighting>;
}

export interface ProviderOptions {
  readonly issuer: string;
  readonly clientId: string;
  readonly clock: Clock;
  readonly signal?: AbortSignal;
}

/** Milliseconds an answer of the provider may take. */
const ANSWER_TIME = 15_000;
const MAX_JWKS = 512 * 1024;
/** Seconds of clock difference that are nobody's fault. */
export const CLOCK_LEEWAY = 60;

const LOOPBACK = new Set(['127.0.0.1', '[::1]', 'localhost']);

/** https anywhere, http on loopback, nothing else. */
export function isSafeUrl(text: string): boolean {
  if (!URL.canParse(text) || text.startsWith('-')) return false;
  const url = new URL(text);
  return url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK.has(url.hostname));
}

const ENDPOINTS = [
  'authorization_endpoint',
  'token_endpoint',
  'jwks_uri',
  'device_authorization_endpoint',
  'revocation_endpoint',
] as const;

function unreachable(issuer: string, reason: string): BrokerError {
  return new BrokerError('provider-unreachable', { issuer, reason });
}

/** Innermost reason of a failed fetch: `fetch failed` alone helps nobody. */
function networkReason(error: unknown): string {
  let current: unknown = error;
  let reason = 'no answer';
  for (let depth = 0; depth < 6 && current instanceof Error; depth++) {
    const { code } = current as { code?: unknown };
    if (current.name === 'TimeoutError') return `no answer within ${ANSWER_TIME / 1000} s`;
    if (typeof code === 'string' && /^(E[A-Z]|CERT_|DEPTH_|SELF_|UNABLE_|ERR_TLS)/.test(code))
      return current.message || code;
    if (current.message) reason = current.message;
    current = current instanceof AggregateError ? current.errors[0] : current.cause;
  }
  return reason;
}

/** One fetch for everything: bounded in time, never following redirects, reading the provider's clock off each answer. */
function timedFetch(options: ProviderOptions, onDate: (skew: number) => void) {
  return async (url: string, init: RequestInit): Promise<Response> => {
    if (!isSafeUrl(url)) throw unreachable(options.issuer, `it names the unsafe address ${url}`);
    const signals = [AbortSignal.timeout(ANSWER_TIME), options.signal, init.signal];
    let response: Response;
    try {
      response = await fetch(url, {
        ...init,
        redirect: 'manual',
        signal: AbortSignal.any(signals.filter((one) => one !== undefined && one !== null)),
      });
    } catch (error) {
      if (options.signal?.aborted) throw new BrokerError('interrupted');
      throw unreachable(options.issuer, networkReason(error));
    }
    const date = Date.parse(response.headers.get('date') ?? '');
    if (!Number.isNaN(date)) onDate(date - options.clock.now());
    return response;
  };
}

async function sight(
  issuer: string,
  uri: string | undefined,
  get: ReturnType<typeof timedFetch>,
  clock: Clock,
): Promise<JwksSighting> {
  if (uri === undefined) throw unreachable(issuer, 'its metadata names no jwks_uri');
  const response = await get(uri, { headers: { accept: 'application/json' } });
  const text = await response.text();
  if (response.status !== 200 || text.length > MAX_JWKS)
    throw unreachable(issuer, `its key set answered ${response.status} with ${text.length} characters`);
  readKeys(text, issuer);
  return { issuer, uri, digest: sha256(text), time: clock.now(), text };
}

/** The keys of an archived key set. */
export function readKeys(text: string, issuer: string): { keys: { readonly kty?: string }[] } {
  try {
    const value = JSON.parse(text) as { keys?: unknown };
    if (Array.isArray(value.keys)) return { keys: value.keys };
  } catch {
    // The failure below covers both.
  }
  throw unreachable(issuer, 'its key set is not a JSON Web Key Set');
}

function checkMetadata(issuer: string, metadata: Oidc.ServerMetadata): void {
  for (const name of ENDPOINTS) {
    const value = metadata[name];
    if (value !== undefined && !isSafeUrl(value))
      throw unreachable(issuer, `its ${name} ${value} is neither https nor on loopback`);
  }
}

/** Reads the provider's metadata. openid-client is loaded here and nowhere else. */
export async function discover(options: ProviderOptions): Promise<Provider> {
  const { issuer, clientId, clock } = options;
  if (!isSafeUrl(issuer))
    throw new BrokerError('provider-unreachable', {
      issuer,
      reason: 'an issuer is https, or http on loopback',
    });
  const oidc = await import('openid-client');
  let skew: number | undefined;
  const get = timedFetch(options, (value) => {
    skew = value;
  });
  const url = new URL(issuer);
  const metadata: Partial<Oidc.ClientMetadata> = {
    token_endpoint_auth_method: 'none',
    [oidc.clockTolerance]: CLOCK_LEEWAY,
    [oidc.clockSkew]: Math.round((clock.now() - systemClock.now()) / 1000),
  };
  let config: Oidc.Configuration;
  try {
    config = await oidc.discovery(url, clientId, metadata, oidc.None(), {
      [oidc.customFetch]: (input, init) => get(input, init as RequestInit),
      execute: url.protocol === 'http:' ? [oidc.allowInsecureRequests] : [],
    });
  } catch (error) {
    throw translate(error, issuer, skew);
  }
  const server = config.serverMetadata();
  checkMetadata(issuer, server);
  return {
    issuer: server.issuer,
    oidc,
    config,
    metadata: server,
    skew: () => skew,
    sightJwks: () => sight(server.issuer, server.jwks_uri, get, clock),
  };
}

export function signInFailed(reason: string, mend: string): BrokerError {
  return new BrokerError('sign-in-failed', { reason, mend });
}

const CLOCK_MEND =
  'set the clock of this machine (for example `timedatectl set-ntp true`), then run `broker login`';

/** The failure of a wrong clock, with how wrong it is when the provider's answers told. */
export function wrongClock(skew: number | undefined): BrokerError {
  const seconds = Math.round(Math.abs(skew ?? 0) / 1000);
  const how =
    seconds > CLOCK_LEEWAY ? `${seconds} s ${(skew ?? 0) > 0 ? 'behind' : 'ahead of'}` : 'not in step with';
  return signInFailed(`the clock of this machine is wrong: it is ${how} the identity provider`, CLOCK_MEND);
}

/** RFC 6749 4.1.2.1 and 5.2, RFC 8628 3.5, OIDC Core 3.1.2.6 error codes → what happened and what to do. */
const ANSWERS: Readonly<Record<string, readonly [reason: string, mend: string]>> = {
  access_denied: [
    'it was denied at the identity provider',
    'run `broker login` again, or ask who runs the provider',
  ],
  expired_token: ['the code was not entered in time', 'run `broker login --device` again'],
  invalid_grant: [
    'the identity provider no longer accepts this code or token: it was used, revoked or expired',
    'run `broker login`',
  ],
  invalid_client: [
    'the identity provider does not know this client',
    'check identity.client_id with the provider',
  ],
  unauthorized_client: [
    'the identity provider does not allow this client to sign in this way',
    'allow the authorization code (or device) grant for identity.client_id',
  ],
  invalid_scope: ['the identity provider refuses a scope', 'check identity.scopes with the provider'],
  invalid_request: [
    'the identity provider refuses the request',
    'register http://127.0.0.1/callback as a redirect of a native public client',
  ],
};

function answered(code: string, description: string | undefined): BrokerError {
  const [reason, mend] = ANSWERS[code] ?? [
    `the identity provider answered ${code}`,
    'run `broker login` again',
  ];
  return signInFailed(description ? `${reason} (${description.slice(0, 300)})` : reason, mend);
}

const CLIENT_CODES: Readonly<Record<string, string>> = {
  OAUTH_JWT_CLAIM_COMPARISON_FAILED: 'a claim in the ID token is not what was asked for',
  OAUTH_INVALID_RESPONSE: 'the answer is not what was asked for',
};

const NOT_A_PROVIDER = new Set([
  'OAUTH_RESPONSE_IS_NOT_CONFORM',
  'OAUTH_RESPONSE_IS_NOT_JSON',
  'OAUTH_PARSE_ERROR',
  'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED',
  'OAUTH_MISSING_SERVER_METADATA',
  'OAUTH_INVALID_SERVER_METADATA',
]);

/** Any failure of a conversation with the provider, as a row of the error table. Causes are dropped: they hold codes and tokens. */
export function translate(error: unknown, issuer: string, skew: number | undefined): BrokerError {
  for (let current: unknown = error; current instanceof Error; current = current.cause)
    if (current instanceof BrokerError) return current;
  const { code, error: answer, error_description: description } = error as Record<string, unknown>;
  if (typeof answer === 'string')
    return answered(answer, typeof description === 'string' ? description : undefined);
  if (code === 'OAUTH_JWT_TIMESTAMP_CHECK_FAILED') return wrongClock(skew);
  const inner = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const message = inner instanceof Error ? inner.message : String(inner);
  if (typeof code === 'string' && NOT_A_PROVIDER.has(code))
    return unreachable(issuer, `it does not answer as an OpenID provider does (${message})`);
  const known = typeof code === 'string' ? CLIENT_CODES[code] : undefined;
  return signInFailed(known === undefined ? message : `${known}: ${message}`, 'run `broker login` again');
}
