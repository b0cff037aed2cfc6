// A person's sign-in at the authorization server of a remote MCP server: OAuth 2.1 with PKCE, a resource indicator (RFC 8707) and the answer's
// issuer checked (RFC 9207). Must never send a token or code to any other server than the one that gave it.
import type { Configuration, ServerMetadata } from 'openid-client';
import type { Clock } from '../../lib/clock.ts';
import type { TokenResponse } from '../provider.ts';
import type { Found } from './discovery.ts';
import type { Web } from './web.ts';

/** Who we are at one authorization server. Means nothing at any other. */
export interface RemoteClient {
  readonly issuer: string;
  readonly id: string;
  readonly secret?: string;
  /** Registered by ourselves (RFC 7591), for this redirect. */
  readonly registered?: string;
}

/** What is kept in the keychain. */
export interface RemoteGrant {
  readonly resource: string;
  readonly client: RemoteClient;
  readonly metadata: ServerMetadata;
  /** Asked for so far; steps up from here. */
  readonly scopes: readonly string[];
  readonly accessToken?: string;
  /** Milliseconds since the epoch; absent when the server did not say. */
  readonly expires?: number;
  readonly refreshToken?: string;
}

/** What of an authorization server's metadata is used again later. */
const KEPT = [
  'issuer',
  'authorization_endpoint',
  'token_endpoint',
  'revocation_endpoint',
  'registration_endpoint',
  'token_endpoint_auth_methods_supported',
  'authorization_response_iss_parameter_supported',
  'code_challenge_methods_supported',
  'jwks_uri',
  'id_token_signing_alg_values_supported',
] as const;

export function keptMetadata(metadata: ServerMetadata): ServerMetadata {
  const kept = KEPT.flatMap((name) =>
    metadata[name] === undefined ? [] : [[name, metadata[name]] as const],
  );
  return Object.fromEntries(kept) as unknown as ServerMetadata;
}

type Oidc = typeof import('openid-client');

export interface Desk {
  readonly oidc: Oidc;
  readonly config: Configuration;
}

function bodyOf(body: unknown): string | undefined {
  if (body === undefined || body === null) return undefined;
  if (typeof body === 'string' || body instanceof URLSearchParams) return String(body);
  throw new TypeError('a body of another kind');
}

/** openid-client with our way of asking, for one client at one authorization server. */
export async function openDesk(
  metadata: ServerMetadata,
  client: RemoteClient,
  web: Web,
  signal: AbortSignal,
): Promise<Desk> {
  if (client.issuer !== metadata.issuer) throw new Error(`the client was registered at ${client.issuer}`);
  const oidc = await import('openid-client');
  const { secret } = client;
  const posts = metadata.token_endpoint_auth_methods_supported?.includes('client_secret_basic') === false;
  const auth =
    secret === undefined
      ? oidc.None()
      : posts
        ? oidc.ClientSecretPost(secret)
        : oidc.ClientSecretBasic(secret);
  const config = new oidc.Configuration(metadata, client.id, undefined, auth);
  // Web refuses http anywhere but on loopback.
  if (metadata.token_endpoint?.startsWith('http:')) oidc.allowInsecureRequests(config);
  config[oidc.customFetch] = async (address, { method, headers, body }) => {
    const given = Object.fromEntries(new Headers(headers as Record<string, string>).entries());
    const text = bodyOf(body);
    const answered = await web.ask(address, {
      method: method === 'POST' ? 'POST' : 'GET',
      headers: given,
      signal,
      ...(text === undefined ? {} : { body: text }),
    });
    const empty = answered.status === 204 || answered.status === 304;
    return new Response(empty ? null : answered.text, { status: answered.status, headers: answered.headers });
  };
  return { oidc, config };
}

interface Registering {
  readonly web: Web;
  readonly signal: AbortSignal;
}

async function registerWith(
  { issuer, registration_endpoint: endpoint }: ServerMetadata,
  metadata: Readonly<Record<string, unknown>>,
  { web, signal }: Registering,
): Promise<RemoteClient | string> {
  if (endpoint === undefined) throw new Error(`${issuer} does not register clients`);
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify(metadata);
  const { status, text } = await web.ask(endpoint, { method: 'POST', headers, body, signal });
  const said = JSON.parse(text) as Readonly<Record<string, unknown>>;
  const { client_id: id, client_secret: secret, error, error_description: why } = said;
  if ((status !== 201 && status !== 200) || typeof id !== 'string' || id === '')
    return `${issuer} does not register broker: ${String(why ?? error ?? status).slice(0, 200)}`;
  return { issuer, id, ...(typeof secret === 'string' ? { secret } : {}) };
}

/** RFC 7591: a native, public client for exactly this redirect. Some want to know its scopes, some know only their own. */
export async function register(
  { metadata }: Found,
  redirectUri: string,
  scopes: readonly string[],
  about: Registering,
): Promise<RemoteClient> {
  const client = {
    client_name: 'broker',
    application_type: 'native',
    redirect_uris: [redirectUri],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  };
  const scoped = scopes.length > 0 ? [{ ...client, scope: scopes.join(' ') }] : [];
  let problem = '';
  for (const wish of [...scoped, client]) {
    const registered = await registerWith(metadata, wish, about);
    if (typeof registered !== 'string') return { ...registered, registered: redirectUri };
    problem = registered;
  }
  throw new Error(problem);
}

/** What an answer of the token endpoint changes in a grant. A scope that was not granted is not asked for again by itself. */
export function granted(before: RemoteGrant, answer: TokenResponse, clock: Clock): RemoteGrant {
  const { access_token: accessToken, expires_in: seconds, refresh_token: refreshToken } = answer;
  const { accessToken: _, expires: __, ...rest } = before;
  return {
    ...rest,
    accessToken,
    ...(seconds === undefined ? {} : { expires: clock.now() + seconds * 1000 }),
    ...(refreshToken === undefined ? {} : { refreshToken }),
  };
}

export interface Refreshing {
  readonly web: Web;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Undefined when only a person helps: the refresh token is spent, or there is none. Throws what may work later. */
export async function refreshGrant(grant: RemoteGrant, about: Refreshing): Promise<RemoteGrant | undefined> {
  const { refreshToken, metadata, client, resource } = grant;
  if (refreshToken === undefined) return undefined;
  const { oidc, config } = await openDesk(metadata, client, about.web, about.signal);
  try {
    return granted(grant, await oidc.refreshTokenGrant(config, refreshToken, { resource }), about.clock);
  } catch (error) {
    const { error: code } = error as { error?: unknown };
    if (code === 'invalid_grant' || code === 'invalid_client' || code === 'unauthorized_client')
      return undefined;
    throw error;
  }
}

/** Tells the authorization server, where it wants to know (RFC 7009). */
export async function revokeGrant(grant: RemoteGrant, web: Web, signal: AbortSignal): Promise<void> {
  const { metadata, client, refreshToken, accessToken } = grant;
  const token = refreshToken ?? accessToken;
  if (metadata.revocation_endpoint === undefined || token === undefined) return;
  const { oidc, config } = await openDesk(metadata, client, web, signal);
  await oidc.tokenRevocation(config, token);
}
