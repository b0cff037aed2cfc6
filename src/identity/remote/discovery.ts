// Who signs people in for a remote MCP server: protected resource metadata (RFC 9728), then the authorization server's own (RFC 8414, OpenID
// Connect Discovery). Must never use what does not name itself, nor an endpoint that may not be asked.
import type { ServerMetadata } from 'openid-client';
import type { Web } from './web.ts';

export interface Found {
  /** What a token is asked for (RFC 8707): the server as its own metadata names it. */
  readonly resource: string;
  readonly metadata: ServerMetadata;
  /** Scopes that the resource's metadata names. */
  readonly scopes: readonly string[];
}

export interface Search {
  readonly web: Web;
  readonly server: URL;
  /** Where the server said its metadata lies. */
  readonly resourceMetadata?: string;
  /** The authorization server that the configuration names. */
  readonly issuer?: string;
  readonly signal: AbortSignal;
}

type Document = Readonly<Record<string, unknown>>;

const ENDPOINTS = [
  'authorization_endpoint',
  'token_endpoint',
  'registration_endpoint',
  'revocation_endpoint',
];

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((each): each is string => typeof each === 'string') : [];
}

/** Without a fragment, and without the slash that stands for no path. */
export function resourceOf(server: URL): string {
  const { origin, pathname, search } = server;
  return `${origin}${pathname === '/' ? '' : pathname}${search}`;
}

/** RFC 9728 section 3.3: the metadata is that of this server, or of the part of the site it lies in. */
function covers(resource: string, server: URL): boolean {
  if (!URL.canParse(resource)) return false;
  const { origin, pathname } = new URL(resource);
  const folder = pathname.endsWith('/') ? pathname : `${pathname}/`;
  return origin === server.origin && `${server.pathname}/`.startsWith(folder);
}

async function protectedResource({
  web,
  server,
  resourceMetadata,
  signal,
}: Search): Promise<Document | undefined> {
  if (resourceMetadata !== undefined) {
    const named = await web.json(resourceMetadata, signal);
    if (!named) throw new Error(`${resourceMetadata} is not there`);
    return named;
  }
  const known = `${server.origin}/.well-known/oauth-protected-resource`;
  const path = server.pathname === '/' ? '' : server.pathname;
  return (path === '' ? undefined : await web.json(`${known}${path}`, signal)) ?? web.json(known, signal);
}

function candidates(issuer: string): readonly string[] {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, '');
  const inserted = ['oauth-authorization-server', 'openid-configuration'].map(
    (name) => `${origin}/.well-known/${name}${path}`,
  );
  return path === '' ? inserted : [...inserted, `${origin}${path}/.well-known/openid-configuration`];
}

function checked(document: Document, issuer: string, web: Web): ServerMetadata {
  if (document['issuer'] !== issuer)
    throw new Error(`what should be ${issuer} calls itself ${String(document['issuer'])}`);
  for (const name of ENDPOINTS) {
    const value = document[name];
    const problem = value === undefined ? undefined : web.refuses(String(value));
    if (problem !== undefined)
      throw new Error(`${issuer} names ${String(value)} as its ${name}, but ${problem}`);
  }
  for (const name of ENDPOINTS.slice(0, 2))
    if (document[name] === undefined) throw new Error(`${issuer} has no ${name}`);
  if (!texts(document['code_challenge_methods_supported']).includes('S256'))
    throw new Error(`${issuer} does not say that it supports PKCE with S256`);
  return document as unknown as ServerMetadata;
}

/** The metadata of one authorization server, by whichever way it offers it. */
export async function authorizationServer(
  issuer: string,
  web: Web,
  signal: AbortSignal,
): Promise<ServerMetadata> {
  const problem = web.refuses(issuer);
  if (problem !== undefined) throw new Error(`its authorization server ${issuer} cannot be used: ${problem}`);
  for (const candidate of candidates(issuer)) {
    const document = await web.json(candidate, signal);
    if (document) return checked(document, issuer, web);
  }
  throw new Error(`${issuer} has no metadata of an authorization server`);
}

/** Throws Error with a reason for people. */
export async function discoverAuthorization(search: Search): Promise<Found> {
  const { web, server, issuer: wanted, signal } = search;
  const document = await protectedResource(search);
  const named = document?.['resource'];
  if (document && (typeof named !== 'string' || !covers(named, server)))
    throw new Error(`its metadata is about ${String(named)}`);
  const servers = texts(document?.['authorization_servers']);
  if (wanted !== undefined && servers.length > 0 && !servers.includes(wanted))
    throw new Error(`it wants ${servers.join(', ')}, not ${wanted} that is configured`);
  // Servers of the first revisions sign people in themselves and have no metadata of a resource.
  const issuer = wanted ?? servers[0] ?? server.origin;
  const metadata = await authorizationServer(issuer, web, signal);
  const resource = typeof named === 'string' ? named : resourceOf(server);
  return { resource, metadata, scopes: texts(document?.['scopes_supported']) };
}
