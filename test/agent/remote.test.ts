// What the agent keeps of sign-ins at remote MCP servers, under fronts that ask at once, against a token endpoint whose refresh tokens are spent.
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Caller } from '../../src/agent/messages.ts';
import type { Log } from '../../src/agent/ports.ts';
import { type RemotePorts, Remotes } from '../../src/agent/remote.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { sha256 } from '../../src/lib/digest.ts';

const CALLER: Caller = { cwd: '/', home: '/', settings: {}, pid: 1 };
const nothing = () => undefined;
const LOG = { info: nothing, warn: nothing, error: nothing } as unknown as Log;

let server: Server;
let origin = '';
let refreshes: string[] = [];
let valid = 'refresh-0';
beforeEach(async () => {
  [refreshes, valid] = [[], 'refresh-0'];
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.once('end', () => {
      const given = new URLSearchParams(body).get('refresh_token') ?? '';
      refreshes.push(given);
      response.setHeader('content-type', 'application/json');
      if (given !== valid) {
        response.writeHead(400).end(JSON.stringify({ error: 'invalid_grant' }));
        return;
      }
      valid = `refresh-${refreshes.length}`;
      const token = { access_token: `access-${refreshes.length}`, token_type: 'Bearer', expires_in: 600 };
      response.end(JSON.stringify({ ...token, refresh_token: valid }));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const nameOf = (token: string) => sha256(token).slice(0, 16);

/** One person's keychain that already holds a grant for the server at `origin`/mcp. */
function start() {
  const kept = new Map<string, string>();
  const url = `${origin}/mcp`;
  const grant = {
    resource: url,
    client: { issuer: origin, id: 'mine' },
    metadata: { issuer: origin, token_endpoint: `${origin}/token` },
    scopes: ['mcp:read'],
    accessToken: 'access-0',
    expires: Date.now() + 600_000,
    refreshToken: 'refresh-0',
  };
  kept.set(
    `remote/${sha256(`https://login.example|alice\nprod-db\n${url}`).slice(0, 24)}`,
    JSON.stringify({ grant }),
  );
  const keychain = {
    kind: 'file',
    get: async (name: string) => kept.get(name),
    set: async (name: string, value: string) => void kept.set(name, value),
    delete: async (name: string) => kept.delete(name),
  };
  const connections = new Map([
    ['prod-db', { name: 'prod-db', type: 'postgres', credential: { source: 'env' } }],
  ]);
  let sub: string | undefined = 'alice';
  const remotes = new Remotes({
    clock: systemClock,
    log: LOG,
    keychain: async () => keychain,
    setting: async () => ({ config: { connections } }) as never,
    person: async () => {
      if (sub === undefined) throw new Error('nobody');
      return { user: { iss: 'https://login.example', sub }, expires: 0 } as never;
    },
    obtain: async () => {
      throw new Error('unused');
    },
  } satisfies RemotePorts);
  const ask = (more: object = {}) => remotes.token({ connection: 'prod-db', url, caller: CALLER, ...more });
  return { ask, kept, url, remotes, become: (name: string | undefined) => (sub = name) };
}

const code = (work: Promise<unknown>) =>
  work.then(
    () => 'none',
    (error: { code?: string }) => error.code,
  );

describe('remote tokens', () => {
  it('twenty fronts whose token was refused at once are served by one refresh, and the next by the next', async () => {
    const { ask } = start();
    const challenge = { metadata: `${origin}/metadata`, scope: 'mcp:read' };
    const first = await Promise.all(
      Array.from({ length: 20 }, () => ask({ refused: nameOf('access-0'), challenge })),
    );
    expect(new Set(first.map(({ token }) => token))).toEqual(new Set(['access-1']));
    expect(refreshes).toEqual(['refresh-0']);
    expect(await ask()).toMatchObject({ token: 'access-1', name: nameOf('access-1') });
    expect(await ask({ refused: nameOf('access-1') })).toMatchObject({ token: 'access-2' });
    expect(refreshes).toEqual(['refresh-0', 'refresh-1']);
  });

  it('a refresh token that is not taken any more is forgotten, and a person is asked for', async () => {
    const { ask, kept } = start();
    valid = 'another';
    expect(await code(ask({ refused: nameOf('access-0') }))).toBe('remote-sign-in');
    expect([...kept.values()].join()).not.toMatch(/refresh-0|access-0/);
    expect(await ask()).toEqual({ name: '' });
    expect(refreshes).toHaveLength(1);
  });

  it('an authorization server out of reach costs nothing: the refresh token is kept', async () => {
    const { ask, kept } = start();
    server.close();
    server.closeAllConnections();
    expect(await code(ask({ refused: nameOf('access-0') }))).toBe('remote-unreachable');
    expect([...kept.values()].join()).toContain('refresh-0');
  });

  it('more rights are asked for without spending what there is', async () => {
    const { ask, kept } = start();
    const challenge = { error: 'insufficient_scope', scope: 'mcp:write' };
    expect(await code(ask({ refused: nameOf('access-0'), challenge }))).toBe('remote-scope');
    expect(refreshes).toEqual([]);
    expect([...kept.values()].join()).toContain('"wanted":["mcp:write"]');
    expect(await ask()).toMatchObject({ token: 'access-0' });
  });

  it('are one person’s, and nobody’s while nobody has signed in', async () => {
    const { ask, become } = start();
    become('dana');
    expect(await ask()).toEqual({ name: '' });
    expect(await code(ask({ refused: '' }))).toBe('remote-sign-in');
    become(undefined);
    expect(await ask()).toEqual({ name: '' });
    expect(await code(ask({ refused: '' }))).toBe('not-signed-in');
    become('alice');
    expect(await ask()).toMatchObject({ token: 'access-0' });
  });

  it('never leave for another server under the same name', async () => {
    const { remotes } = start();
    const other = { connection: 'prod-db', url: `${origin}/other`, caller: CALLER };
    expect(await remotes.token(other)).toEqual({ name: '' });
    expect(await code(remotes.token({ ...other, connection: 'unknown' }))).toBe('connection-unknown');
  });
});
