// The credential sources that need no database of their own, each against PostgreSQL or a real provider.
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CREDENTIAL_SOURCES } from '../../src/credentials/index.ts';
import { signIn, targetToken } from '../../src/identity/index.ts';
import { systemClock } from '../../src/lib/clock.ts';
import type { Credential } from '../../src/model/credential.ts';
import {
  contextOf,
  credentialContract,
  type Failing,
  sourceOf,
  type World,
} from '../contracts/credential.ts';
import { type PostgresPeer, startPostgres } from '../peers/postgres.ts';
import { type ProviderPeer, startProvider } from '../peers/provider.ts';

let postgres: PostgresPeer;
let provider: ProviderPeer;
const folder = mkdtempSync(join(tmpdir(), 'credentials-'));
beforeAll(async () => {
  [postgres, provider] = await Promise.all([startPostgres({ version: 18 }), startProvider()]);
  await postgres.query("create role app login password 'it''s \"quoted\" ✓'");
});
afterAll(async () => {
  await Promise.all([postgres.stop(), provider.stop()]);
  rmSync(folder, { recursive: true });
});

const PASSWORD = 'it\'s "quoted" ✓';

async function logIn({ user, secret, host, port }: Credential): Promise<void> {
  const password = secret.kind === 'password' ? secret.password : '';
  const client = new pg.Client({
    host: host ?? postgres.host,
    port: port ?? postgres.port,
    user,
    password,
    database: 'postgres',
  });
  await client.connect();
  await client.end();
}

const at = (world: World = {}): World => ({ host: postgres.host, port: postgres.port, ...world });

test('the shelf lists its rows in order, each loading by its own name', async () => {
  const names = Object.keys(CREDENTIAL_SOURCES);
  expect(names).toEqual([...names].sort());
  for (const name of names) expect((await sourceOf(name)).id).toBe(name);
});

credentialContract({
  id: 'keychain',
  settings: { user: 'app', secret: 'prod' },
  world: () => at({ secrets: { prod: PASSWORD } }),
  accepts: logIn,
  survivesRelease: true,
  label: 'static',
  wrong: [
    ['user', {}],
    ['user', { user: 7 }],
    ['user', { user: 'a\nb' }],
    ['secret', { user: 'app', secret: '' }],
  ],
  failing: [
    {
      title: 'the keychain holds no such secret',
      code: 'credential-failed',
      reason: /no secret named prod$/,
      world: () => at(),
    },
  ],
});

test('keychain: the secret is named after the connection unless told', async () => {
  const context = contextOf({ secrets: { 'prod-db': 'x' } }, { source: 'keychain', user: 'app' });
  expect((await (await sourceOf('keychain')).obtain(context)).credential.secret).toEqual({
    kind: 'password',
    password: 'x',
  });
});

credentialContract({
  id: 'env',
  settings: { userVariable: 'APP_USER', passwordVariable: 'APP_PASSWORD' },
  world: () => at({ environment: { APP_USER: 'app', APP_PASSWORD: PASSWORD } }),
  accepts: logIn,
  survivesRelease: true,
  label: 'static',
  wrong: [
    ['passwordVariable', { user: 'app' }],
    ['passwordVariable', { user: 'app', passwordVariable: 'a b' }],
    ['user', { passwordVariable: 'P' }],
    ['user', { user: 'app', userVariable: 'U', passwordVariable: 'P' }],
  ],
  failing: [
    {
      title: 'the password is not set',
      code: 'credential-failed',
      reason: /APP_PASSWORD is not set/,
      world: () => at({ environment: { APP_USER: 'app' } }),
    },
    {
      title: 'the user is empty',
      code: 'credential-failed',
      reason: /APP_USER is not set/,
      world: () => at({ environment: { APP_USER: '', APP_PASSWORD: 'x' } }),
    },
  ],
});

/** A token as a target would judge it: signature, issuer, audience, against keys fetched from the provider. */
async function judge({ user, secret }: Credential, audience: string): Promise<void> {
  const token = secret.kind === 'bearer' ? secret.token : secret.kind === 'password' ? secret.password : '';
  const keys = createRemoteJWKSet(new URL(`${provider.issuer}/jwks`));
  const { payload } = await jwtVerify(token, keys, { issuer: provider.issuer, audience });
  expect([payload.sub, user]).toEqual(['alice', 'alice@example.com']);
}

const person = (() => {
  let signedIn: ReturnType<typeof signIn> | undefined;
  return (): World => {
    const settings = {
      issuer: provider.issuer,
      clientId: 'broker-evidence',
      targetClientId: 'broker-target',
      scopes: ['openid', 'email'],
      groupsClaim: 'groups',
      redirectPort: 0,
    };
    const options = { settings, clock: systemClock, signal: AbortSignal.timeout(20_000) };
    signedIn ??= signIn({
      ...options,
      mode: 'browser',
      show: (prompt) => void provider.signInOverHttp(prompt.url, 'alice'),
    });
    const promise = signedIn;
    return at({
      email: 'alice@example.com',
      targetToken: async (audience, kind) =>
        targetToken(await promise, options, { ...(audience ? { audience } : {}), ...(kind ? { kind } : {}) }),
    });
  };
})();

for (const [settings, audience] of [
  [{ mode: 'password' }, 'urn:example:database'],
  [{ mode: 'oauthbearer', audience: 'urn:example:other' }, 'urn:example:other'],
  [{ token: 'id', userClaim: 'email' }, 'broker-target'],
] as const)
  credentialContract({
    id: 'oidc',
    settings,
    world: person,
    accepts: (credential) => judge(credential, audience),
    survivesRelease: true,
    label: 'short-lived',
    wrong: [
      ['mode', { mode: 'basic' }],
      ['token', { token: 'refresh' }],
      ['userClaim', { userClaim: 'shoe-size' }],
      ['audience', { audience: 7 }],
    ],
    failing: [
      { title: 'no verified e-mail', code: 'credential-failed', reason: /has no email/, world: () => at() },
    ],
  });

test('oidc: OAUTHBEARER gives a bearer token, password mode a password', async () => {
  const source = await sourceOf('oidc');
  const kind = async (mode: string) =>
    (await source.obtain(contextOf(person(), { source: 'oidc', mode }))).credential.secret.kind;
  expect([await kind('oauthbearer'), await kind('password')]).toEqual(['bearer', 'password']);
});

const scripts = mkdtempSync(join(tmpdir(), 'plugins-'));
afterAll(() => rmSync(scripts, { recursive: true }));

function plugin(name: string, body: string): string {
  const path = join(scripts, name);
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o700);
  return path;
}
const answer = (value: object) => `cat <<'END'\n${JSON.stringify(value)}\nEND`;
const plug = (name: string, body: string, over: object = {}) => ({ command: [plugin(name, body)], ...over });

const GOOD = plug('good', answer({ user: 'app', password: PASSWORD, expires: '2099-01-01T00:00:00Z' }));
const failing = (title: string, reason: RegExp, body: string, over: object = {}): Failing => ({
  title,
  code: 'credential-failed',
  reason,
  world: () => at(),
  settings: plug(title.replaceAll(' ', '-'), body, over),
});

credentialContract({
  id: 'exec',
  settings: GOOD,
  world: () => at({ environment: { PATH: process.env['PATH'] ?? '' } }),
  accepts: logIn,
  survivesRelease: true,
  label: 'plug-in',
  wrong: [
    ['command', {}],
    ['command', { command: 'vault read' }],
    ['command', { command: [] }],
    ['command', { command: ['./local/script'] }],
    ['timeout', { ...GOOD, timeout: 0 }],
    ['environment', { ...GOOD, environment: ['A B'] }],
  ],
  failing: [
    {
      title: 'not installed',
      code: 'credential-failed',
      reason: /broker-test-no-such-program is not installed/,
      world: () => at(),
      settings: { command: ['broker-test-no-such-program'] },
    },
    failing('exit code', /ended with 3: permission denied/, 'echo "permission denied" >&2; exit 3'),
    failing('killed', /ended with SIGKILL/, 'kill -9 $$'),
    failing('too slow', /within 1 s/, 'sleep 60', { timeout: 1 }),
    failing('no json', /not JSON/, 'echo hello'),
    failing('an array', /names no user|not a JSON object/, 'echo "[]"'),
    failing('no user', /names no user/, answer({ password: 'x' })),
    failing('no secret', /either password or token/, answer({ user: 'app' })),
    failing('two secrets', /either password or token/, answer({ user: 'app', password: 'x', token: 'y' })),
    failing(
      'expired',
      /expired already/,
      answer({ user: 'app', password: 'x', expires: '2001-01-01T00:00:00Z' }),
    ),
    failing('odd time', /RFC 3339/, answer({ user: 'app', password: 'x', expires: 'soon' })),
    failing('odd port', /not a port/, answer({ user: 'app', password: 'x', port: 0 })),
    failing('endless output', /far too much/, 'yes "{"'),
  ],
});

describe('a plug-in', () => {
  const run = async (settings: object, world: World = {}) =>
    (await sourceOf('exec')).obtain(
      contextOf({ environment: { PATH: '/usr/bin:/bin' }, ...world }, { source: 'exec', ...settings }),
    );

  test('may answer with a token, another address and an expiry', async () => {
    const command = [
      plugin(
        'full',
        answer({ user: 'u', token: 't', host: 'db2', port: 6432, expires: '2099-01-01T00:00:00Z' }),
      ),
    ];
    expect((await run({ command })).credential).toEqual({
      user: 'u',
      secret: { kind: 'bearer', token: 't' },
      label: 'plug-in',
      host: 'db2',
      port: 6432,
      expires: Date.UTC(2099, 0, 1),
    });
  });

  test('is asked on standard input, and sees no variable it was not given', async () => {
    const body = `cat > ${folder}/asked; env > ${folder}/env; printf '%s\\n' "$@" > ${folder}/args; ${answer({ password: 'x' })}`;
    const environment = {
      PATH: '/usr/bin:/bin',
      VAULT_ADDR: 'https://vault.example',
      BROKER_KEYCHAIN_PASSPHRASE: 'p',
      AWS_SECRET: 's',
    };
    const settings = {
      command: [plugin('nosy', body), '$(id)', '; id'],
      environment: ['VAULT_ADDR'],
      user: 'app',
    };
    await run(settings, { environment });
    expect(JSON.parse(readFileSync(join(folder, 'asked'), 'utf8'))).toMatchObject({
      version: 1,
      connection: { name: 'prod-db', host: '127.0.0.1' },
      user: { sub: 'alice' },
    });
    const seen = readFileSync(join(folder, 'env'), 'utf8');
    expect(seen).toContain('VAULT_ADDR=https://vault.example');
    expect(seen).not.toMatch(/BROKER_|AWS_/);
    expect(readFileSync(join(folder, 'args'), 'utf8')).toBe('$(id)\n; id\n');
  });

  test('has its complaint shown, made harmless and short', async () => {
    const body = `printf '\\033]0;owned\\007denied' >&2; exit 1`;
    await expect(run({ command: [plugin('rude', body)] })).rejects.toMatchObject({
      message: expect.stringMatching(/denied$/),
    });
    await expect(run({ command: [plugin('rude', body)] })).rejects.not.toMatchObject({
      message: expect.stringMatching(/[\u0000-\u001f]/),
    });
  });

  test('never has its answer repeated in an error', async () => {
    const failed = run({ command: [plugin('leaky', `printf '{"user":"app","password":"hunter2"'`)] });
    await expect(failed).rejects.not.toMatchObject({ message: expect.stringContaining('hunter2') });
  });

  test('is ended with everything it started when the session is given up', async () => {
    const stop = new AbortController();
    const body = `sleep 300 & echo $! > ${folder}/child; wait`;
    const failed = run({ command: [plugin('stuck', body)] }, { signal: stop.signal });
    const child = () =>
      existsSync(join(folder, 'child')) ? readFileSync(join(folder, 'child'), 'utf8').trim() : '';
    await expect.poll(child).toMatch(/^\d+$/);
    stop.abort();
    await expect(failed).rejects.toMatchObject({ code: 'credential-failed' });
    await expect
      .poll(() => existsSync(`/proc/${child()}/cmdline`) && readFileSync(`/proc/${child()}/cmdline`, 'utf8'))
      .toBeFalsy();
  });
});
