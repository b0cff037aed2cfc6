// Signing in at a remote MCP server whose word cannot be taken: each attack is a few lines, named.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { discoverAuthorization, resourceOf } from '../../src/identity/remote/discovery.ts';
import { signInRemote } from '../../src/identity/remote/sign-in.ts';
import { reachOf, Web } from '../../src/identity/remote/web.ts';
import { systemClock } from '../../src/lib/clock.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

type Documents = Readonly<Record<string, unknown>>;

/** A server and an authorization server in one; documents by path, with `ORIGIN` for its own origin. */
async function start(
  documents: Documents,
  more?: (request: IncomingMessage, response: ServerResponse, body: string) => boolean,
) {
  const asked: string[] = [];
  let origin = '';
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.once('end', () => {
      asked.push(request.url ?? '');
      if (more?.(request, response, body)) return;
      const document = documents[request.url ?? ''];
      if (document === undefined) return void response.writeHead(404).end();
      if (typeof document === 'string' && document.startsWith('->'))
        return void response
          .writeHead(302, { location: document.slice(2).replaceAll('ORIGIN', origin) })
          .end();
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(document).replaceAll('ORIGIN', origin));
    });
  }).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { origin, url: new URL(`${origin}/mcp`), asked };
}

const PRM = '/.well-known/oauth-protected-resource';
const AS = '/.well-known/oauth-authorization-server';
const RESOURCE = { resource: 'ORIGIN/mcp', authorization_servers: ['ORIGIN'] };
const SERVER = {
  issuer: 'ORIGIN',
  authorization_endpoint: 'ORIGIN/authorize',
  token_endpoint: 'ORIGIN/token',
  registration_endpoint: 'ORIGIN/register',
  code_challenge_methods_supported: ['S256'],
  authorization_response_iss_parameter_supported: true,
};

async function discover(documents: Documents, options: { issuer?: string; resourceMetadata?: string } = {}) {
  const { url, asked, origin } = await start(documents);
  const web = await Web.of(url, options.issuer);
  const signal = AbortSignal.timeout(20_000);
  const filled = Object.fromEntries(
    Object.entries(options).map(([name, text]) => [name, text.replaceAll('ORIGIN', origin)]),
  );
  const found = await discoverAuthorization({ web, server: url, signal, ...filled }).catch(
    (error: Error) => error,
  );
  return { found, asked, origin };
}

describe('metadata', () => {
  it('is found where the challenge says, below the path, or at the root, and the issuer by each of its three ways', async () => {
    const rooted = await discover({ [PRM]: RESOURCE, '/.well-known/openid-configuration': SERVER });
    expect(rooted.found).toMatchObject({
      resource: `${rooted.origin}/mcp`,
      metadata: { issuer: rooted.origin },
    });
    expect(rooted.asked).toEqual([`${PRM}/mcp`, PRM, AS, '/.well-known/openid-configuration']);
    const told = await discover({ '/told': RESOURCE, [AS]: SERVER }, { resourceMetadata: 'ORIGIN/told' });
    expect(told.found).toMatchObject({ scopes: [] });
    const tenant = { ...RESOURCE, authorization_servers: ['ORIGIN/tenant'] };
    const last = await discover({
      [PRM]: tenant,
      '/tenant/.well-known/openid-configuration': { ...SERVER, issuer: 'ORIGIN/tenant' },
    });
    expect(last.found).toMatchObject({ metadata: { issuer: `${last.origin}/tenant` } });
    expect(last.asked.slice(-3)).toEqual([
      '/.well-known/oauth-authorization-server/tenant',
      '/.well-known/openid-configuration/tenant',
      '/tenant/.well-known/openid-configuration',
    ]);
  });

  it.each<[string, Documents, string, { issuer?: string }?]>([
    [
      'about another resource',
      { [PRM]: { ...RESOURCE, resource: 'https://bank.example/mcp' }, [AS]: SERVER },
      'is about https://bank.example',
    ],
    [
      'about a sibling whose name begins alike',
      { [PRM]: { ...RESOURCE, resource: 'ORIGIN/mc' }, [AS]: SERVER },
      'is about',
    ],
    [
      'of an issuer that calls itself another',
      { [PRM]: RESOURCE, [AS]: { ...SERVER, issuer: 'https://login.bank.example' } },
      'calls itself',
    ],
    [
      'of an issuer with a slash more',
      { [PRM]: RESOURCE, [AS]: { ...SERVER, issuer: 'ORIGIN/' } },
      'calls itself',
    ],
    [
      'whose token endpoint is in the open',
      { [PRM]: RESOURCE, [AS]: { ...SERVER, token_endpoint: 'http://198.51.100.7/token' } },
      'not https',
    ],
    [
      'whose authorization endpoint is a script',
      { [PRM]: RESOURCE, [AS]: { ...SERVER, authorization_endpoint: 'javascript:alert(1)' } },
      'not https',
    ],
    [
      'without PKCE',
      { [PRM]: RESOURCE, [AS]: { ...SERVER, code_challenge_methods_supported: ['plain'] } },
      'PKCE',
    ],
    [
      'that leads elsewhere',
      { [PRM]: '->ORIGIN/elsewhere', '/elsewhere': RESOURCE, [AS]: SERVER },
      'leads elsewhere',
    ],
    [
      'with an issuer other than the configured one',
      { [PRM]: RESOURCE, [AS]: SERVER },
      'that is configured',
      { issuer: 'https://login.example' },
    ],
    ['with no authorization server at all', { [PRM]: RESOURCE }, 'has no metadata'],
    ['that is no object', { [PRM]: ['x'] }, 'JSON object'],
  ])('%s is not used', async (_, documents, reason, options = {}) => {
    const { found } = await discover(documents, options);
    expect(found).toBeInstanceOf(Error);
    expect((found as Error).message).toContain(reason);
  });
});

describe('where a foreign server may lead us', () => {
  it('nets are told apart', () => {
    const reach = [
      '127.0.0.1',
      '::1',
      '169.254.169.254',
      '::ffff:10.0.0.1',
      '10.1.2.3',
      'fd00::1',
      '100.64.1.1',
      '93.184.216.34',
    ];
    expect(reach.map(reachOf)).toEqual([
      'local',
      'local',
      'local',
      'private',
      'private',
      'private',
      'private',
      'public',
    ]);
  });

  it('a public server leads to no address of this machine or of an inner network', async () => {
    const web = await Web.of(new URL('https://93.184.216.34/mcp'));
    for (const address of [
      'http://127.0.0.1:1/x',
      'http://localhost/x',
      'https://10.0.0.1/',
      'https://[fd00::1]/',
      'https://169.254.169.254/',
      'https://[::ffff:127.0.0.1]/',
      'file:///etc/passwd',
      'https://user:word@93.184.216.35/',
    ])
      expect(web.refuses(address), address).toBeDefined();
    expect(web.refuses('https://93.184.216.35/')).toBeUndefined();
    // A name may stand for anything: what it stands for is looked at when it is asked.
    await expect(web.ask('https://localhost.localdomain/')).rejects.toThrow();
    const inner = await Web.of(new URL('https://10.0.0.1/mcp'));
    expect(inner.refuses('https://10.0.0.2/')).toBeUndefined();
    expect(inner.refuses('https://127.0.0.1/')).toBeDefined();
  });

  it('an endless answer is cut off', async () => {
    const { url, origin } = await start({}, (_, response) => {
      response.writeHead(200);
      const more = (): void => void (response.destroyed || response.write('x'.repeat(65_536), more));
      more();
      return true;
    });
    const web = await Web.of(url);
    await expect(web.ask(`${origin}/`)).rejects.toThrow('more than');
  });

  it('resources are named without what a slash or a fragment adds', () => {
    expect(resourceOf(new URL('https://MCP.example.com/#x'))).toBe('https://mcp.example.com');
    expect(resourceOf(new URL('https://mcp.example.com/mcp'))).toBe('https://mcp.example.com/mcp');
  });
});

describe('a sign-in', () => {
  async function signIn(
    answer: (state: string, origin: string) => Readonly<Record<string, string>>,
    settings: { clientId?: string; clientSecret?: string } = {},
  ) {
    const seen: { path: string; body: string; authorization: unknown }[] = [];
    const peer = await start({ [PRM]: RESOURCE, [AS]: SERVER }, (request, response, body) => {
      if (request.method !== 'POST') return false;
      seen.push({ path: request.url ?? '', body, authorization: request.headers.authorization });
      response.writeHead(request.url === '/register' ? 201 : 200, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify(
          request.url === '/register'
            ? { client_id: 'mine' }
            : { access_token: 'token', token_type: 'Bearer', expires_in: 60, refresh_token: 'again' },
        ),
      );
      return true;
    });
    let sent: URL | undefined;
    const grant = await signInRemote({
      server: peer.url,
      wanted: ['mcp:read'],
      settings,
      mode: 'browser',
      redirectPort: 0,
      clock: systemClock,
      signal: AbortSignal.timeout(20_000),
      show: (prompt) => {
        sent = new URL(prompt.url);
        const back = new URL(sent.searchParams.get('redirect_uri') ?? '');
        const given = answer(sent.searchParams.get('state') ?? '', peer.origin);
        for (const [name, value] of Object.entries(given)) back.searchParams.set(name, value);
        void fetch(back).catch(() => undefined);
      },
    }).catch((error: Error) => error);
    return { grant, seen, sent, origin: peer.origin };
  }

  it('asks for one resource with a challenge, and spends its code with the verifier', async () => {
    const { grant, seen, sent, origin } = await signIn((state, iss) => ({ state, iss, code: 'the-code' }));
    expect(grant).toMatchObject({
      accessToken: 'token',
      refreshToken: 'again',
      resource: `${origin}/mcp`,
      client: { id: 'mine', issuer: origin },
    });
    expect(Object.fromEntries(sent?.searchParams ?? [])).toMatchObject({
      client_id: 'mine',
      code_challenge_method: 'S256',
      resource: `${origin}/mcp`,
      response_type: 'code',
      scope: 'mcp:read',
    });
    const [registered, token] = seen;
    expect(JSON.parse(registered?.body ?? '')).toMatchObject({
      application_type: 'native',
      token_endpoint_auth_method: 'none',
    });
    const spent = Object.fromEntries(new URLSearchParams(token?.body));
    expect(spent).toMatchObject({
      grant_type: 'authorization_code',
      code: 'the-code',
      resource: `${origin}/mcp`,
    });
    expect(spent['code_verifier']).toBeTruthy();
  });

  it('uses the client it is given, with its secret or as the address of its metadata, and registers none', async () => {
    const good = (state: string, iss: string) => ({ state, iss, code: 'c' });
    const secret = await signIn(good, { clientId: 'app', clientSecret: 'word' });
    expect(secret.grant).toMatchObject({ client: { id: 'app', secret: 'word', issuer: secret.origin } });
    expect(secret.seen.map(({ path, authorization }) => [path, authorization])).toEqual([
      ['/token', `Basic ${Buffer.from('app:word').toString('base64')}`],
    ]);
    const metadata = 'https://corp.example/broker-client.json';
    const document = await signIn(good, { clientId: metadata });
    expect(document.sent?.searchParams.get('client_id')).toBe(metadata);
    expect(document.seen.map(({ path }) => path)).toEqual(['/token']);
    expect(new URLSearchParams(document.seen[0]?.body).get('client_id')).toBe(metadata);
  });

  it.each<[string, (state: string, origin: string) => Readonly<Record<string, string>>]>([
    ['that another issuer answered (mix-up)', (state) => ({ state, iss: 'https://evil.example', code: 'c' })],
    ['that should name its issuer and does not', (state) => ({ state, code: 'c' })],
    [
      'of another issuer that says it failed',
      (state) => ({
        state,
        iss: 'https://evil.example',
        error: 'access_denied',
        error_description: 'call 555',
      }),
    ],
  ])('%s spends no code', async (_, answer) => {
    const { grant, seen } = await signIn(answer);
    expect(grant).toMatchObject({ code: 'remote-unusable' });
    expect((grant as Error).message).not.toContain('555');
    expect(seen.map(({ path }) => path)).toEqual(['/register']);
  });
});
