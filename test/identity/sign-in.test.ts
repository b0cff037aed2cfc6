// Sign-in against a real provider over real HTTP; each attack on the way is a few lines, named.
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBrowser } from '../../src/identity/browser.ts';
import {
  deserialise,
  refresh,
  type SignedIn,
  type SignInOptions,
  type SignInPrompt,
  serialise,
  signIn,
  signOut,
  targetToken,
  toSigner,
  verifyPkToken,
} from '../../src/identity/index.ts';
import { type Clock, systemClock } from '../../src/lib/clock.ts';
import type { IdentitySettings } from '../../src/model/config.ts';
import { type ProviderPeer, startProvider } from '../peers/provider.ts';

let provider: ProviderPeer;
beforeAll(async () => {
  provider = await startProvider({
    accounts: {
      alice: { groups: ['developers'], email: 'alice@example.com', name: 'Alice Example' },
      bob: { email: 'bob@example.com', emailVerified: false },
    },
  });
});
afterAll(() => provider.stop());

const settings = (over: Partial<IdentitySettings> = {}): IdentitySettings => ({
  issuer: provider.issuer,
  clientId: provider.evidenceClientId,
  scopes: ['openid', 'email', 'profile', 'groups', 'offline_access'],
  groupsClaim: 'groups',
  redirectPort: 0,
  ...over,
});
const withTarget = () => settings({ targetClientId: provider.targetClientId });

type Act = (prompt: SignInPrompt) => unknown;

function enter(act: Act, over: Partial<SignInOptions> = {}): Promise<SignedIn> {
  const signal = AbortSignal.timeout(15_000);
  return signIn({
    settings: settings(),
    mode: 'browser',
    clock: systemClock,
    signal,
    show: (prompt) => void Promise.resolve(act(prompt)).catch(() => {}),
    ...over,
  });
}
const as =
  (account: string): Act =>
  (prompt) =>
    provider.signInOverHttp(prompt.url, account);
const code = (work: Promise<unknown>) =>
  work.then(
    () => 'no error',
    (error: { code?: string }) => error.code ?? String(error),
  );
const message = (work: Promise<unknown>) =>
  work.then(
    () => '',
    (error: Error) => error.message,
  );

/** Fetches with any Host header, as a rebound name would. */
function get(url: string, host?: string, method = 'GET'): Promise<number> {
  return new Promise((resolve, reject) => {
    request(url, { method, ...(host ? { headers: { host } } : {}) }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .once('error', reject)
      .end();
  });
}

const shifted = (seconds: number): Clock => ({
  ...systemClock,
  now: () => systemClock.now() + seconds * 1000,
});

describe('signing in with a browser', () => {
  test('names the person and commits to the key', async () => {
    const signedIn = await enter(as('alice'));
    expect(signedIn.user).toEqual({
      iss: provider.issuer,
      sub: 'alice',
      email: 'alice@example.com',
      name: 'Alice Example',
      groups: ['developers'],
    });
    const keys = JSON.parse(signedIn.sightings[0]?.text ?? '{}') as { keys: [] };
    const trust = [{ issuer: provider.issuer, jwks: [keys], audiences: ['broker-evidence'] }];
    const verdict = await verifyPkToken(signedIn.pkToken, { trust, at: systemClock.now() });
    expect(verdict).toMatchObject({ ok: true, identity: { sub: 'alice', binding: 'nonce' } });
    expect(verdict.ok && verdict.identity.jkt).toBe(toSigner(signedIn).identity.jkt);
  });

  test('ends on a page that loads nothing and says who signed in', async () => {
    let last: Promise<{ status: number; text: string; headers: Headers }> | undefined;
    await enter((prompt) => {
      last = provider.signInOverHttp(prompt.url, 'alice');
      return last;
    });
    const page = await last;
    expect(page?.status).toBe(200);
    expect(page?.text).toContain('alice@example.com');
    expect(page?.headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'sha256-/);
    expect(page?.text).not.toMatch(/<script|src=|href=|url\(/);
  });

  test('asks with PKCE S256, state and nonce, and for an exact loopback redirect', async () => {
    let asked = new URLSearchParams();
    await enter((prompt) => {
      asked = new URL(prompt.url).searchParams;
      return provider.signInOverHttp(prompt.url, 'alice');
    });
    expect(asked.get('code_challenge_method')).toBe('S256');
    expect(asked.get('state')).toMatch(/^[\w-]{43}$/);
    expect(asked.get('nonce')).toMatch(/^[\w-]{43}$/);
    expect(asked.get('redirect_uri')).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/callback$/);
  });

  test('fetches tokens for targets in the same browser round, for another client', async () => {
    const signedIn = await enter(as('alice'), { settings: withTarget() });
    expect(signedIn.notices).toEqual([]);
    const [, payload = ''] = signedIn.target?.accessToken?.split('.') ?? [];
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
    expect(claims).toMatchObject({ sub: 'alice', client_id: 'broker-target', aud: provider.targetAudience });
    expect(signedIn.pkToken).not.toContain(payload);
  });

  test('asks for consent when the target client needs it', async () => {
    const strict = await startProvider({ targetConsented: false });
    try {
      const signedIn = await signIn({
        settings: { ...withTarget(), issuer: strict.issuer },
        mode: 'browser',
        clock: systemClock,
        signal: AbortSignal.timeout(15_000),
        show: (prompt) => void strict.signInOverHttp(prompt.url, 'alice'),
      });
      expect(signedIn.target?.clientId).toBe('broker-target');
    } finally {
      await strict.stop();
    }
  });

  test('does not believe an e-mail address the provider has not verified', async () => {
    const signedIn = await enter(as('bob'));
    expect(signedIn.user.email).toBeUndefined();
    expect(signedIn.notices.join()).toContain('e-mail');
  });

  test('says so when it was denied', async () => {
    const denied = enter((prompt) => provider.denyOverHttp(prompt.url, 'alice'));
    await expect(denied).rejects.toMatchObject({ code: 'sign-in-failed' });
  });

  test('ends at its deadline', async () => {
    expect(await message(enter(() => {}, { deadline: 50 }))).toContain('in time');
  });

  test('ends when it is interrupted', async () => {
    const stop = new AbortController();
    expect(await code(enter(() => stop.abort(), { signal: stop.signal }))).toBe('interrupted');
  });

  test('says which port is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    expect(await code(enter(() => {}, { settings: settings({ redirectPort: port }) }))).toBe('port-taken');
    await new Promise((resolve) => server.close(resolve));
  });

  test('says that the provider is not there', async () => {
    expect(await code(enter(() => {}, { settings: settings({ issuer: 'http://127.0.0.1:9' }) }))).toBe(
      'provider-unreachable',
    );
  });

  test('refuses an issuer over plain http elsewhere', async () => {
    expect(await code(enter(() => {}, { settings: settings({ issuer: 'http://id.example' }) }))).toBe(
      'provider-unreachable',
    );
  });

  test('says so when something answers that is no provider', async () => {
    const server = createServer((_, response) => response.end('<h1>It works</h1>')).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    const issuer = `http://127.0.0.1:${port}`;
    expect(await code(enter(() => {}, { settings: settings({ issuer }) }))).toBe('provider-unreachable');
    await new Promise((resolve) => server.close(resolve));
  });

  test.each([
    ['behind', -600],
    ['ahead of', 7200],
  ])('says that the clock is wrong when it is %s the provider', async (how, seconds) => {
    const failed = enter(as('alice'), { clock: shifted(seconds) });
    await expect(failed).rejects.toMatchObject({ code: 'sign-in-failed' });
    expect(await message(failed)).toMatch(new RegExp(`clock of this machine is wrong: it is \\d+ s ${how}`));
  });
});

describe('signing in by pasting', () => {
  test('takes the address the browser ended on', async () => {
    let redirect: Promise<string> | undefined;
    const signedIn = await enter(
      (prompt) => {
        redirect = provider.redirectOverHttp(prompt.url, 'alice');
      },
      { mode: 'paste', pasted: async () => ` ${await redirect}\n` },
    );
    expect(signedIn.user.sub).toBe('alice');
  });

  test('asks a second time for the target client', async () => {
    const purposes: string[] = [];
    let redirect: Promise<string> | undefined;
    const browser = provider.browser();
    const signedIn = await enter(
      (prompt) => {
        purposes.push(prompt.kind === 'device' ? '' : prompt.purpose);
        const answers = { login: 'alice', password: 'x' };
        redirect = browser
          .visit(prompt.url, answers, (url) => !url.startsWith(provider.issuer))
          .then((v) => v.location ?? '');
      },
      { settings: withTarget(), mode: 'paste', pasted: async () => (await redirect) ?? '' },
    );
    expect(purposes).toEqual(['identity', 'target']);
    expect(signedIn.target?.accessToken).toBeTypeOf('string');
  });

  test('also takes the answer on loopback, when browser and terminal share a machine', async () => {
    const signedIn = await enter(as('alice'), { mode: 'paste', pasted: () => new Promise(() => {}) });
    expect(signedIn.user.sub).toBe('alice');
  });

  test.each(['', 'yes', 'https://evil.example/callback?code=1'])('refuses %j', async (text) => {
    expect(await code(enter(() => {}, { mode: 'paste', pasted: async () => text }))).toBe('sign-in-failed');
  });
});

describe('signing in on another device', () => {
  test('works, and is labelled as bound to no key when the provider drops the nonce', async () => {
    const signedIn = await enter(
      (prompt) => provider.approveDevice(prompt.kind === 'device' ? (prompt.completeUrl ?? '') : '', 'alice'),
      { mode: 'device' },
    );
    expect(signedIn.binding).toBe('none');
    expect(toSigner(signedIn).identity.binding).toBe('none');
    expect(signedIn.notices.join()).toContain('binding: none');
  });
});

describe('an attack on a sign-in', () => {
  const redirectOf = (prompt: SignInPrompt) => new URL(prompt.url).searchParams.get('redirect_uri') ?? '';

  test('mix-up: the answer names another issuer', async () => {
    const mixed = enter(async (prompt) => {
      const answer = new URL(await provider.redirectOverHttp(prompt.url, 'alice'));
      answer.searchParams.set('iss', 'https://evil.example');
      await get(answer.href);
    });
    await expect(mixed).rejects.toMatchObject({ code: 'sign-in-failed' });
  });

  test('wrong state: refused, and the true answer still counts', async () => {
    let status = 0;
    const signedIn = await enter(async (prompt) => {
      status = await get(`${redirectOf(prompt)}?code=stolen&state=guessed`);
      await provider.signInOverHttp(prompt.url, 'alice');
    });
    expect(status).toBe(400);
    expect(signedIn.user.sub).toBe('alice');
  });

  test('replayed redirect: the second use of an answer finds nobody waiting', async () => {
    let status = 0;
    let answer = '';
    await enter(async (prompt) => {
      if (prompt.kind !== 'browser' || prompt.purpose !== 'identity') return;
      answer = await provider.redirectOverHttp(prompt.url, 'alice');
      const first = get(answer);
      status = await get(answer);
      await first;
    });
    expect(status).toBe(400);
  });

  test('replayed code: the provider refuses it, and so do we', async () => {
    let spent = '';
    await enter(async (prompt) => {
      const answer = await provider.redirectOverHttp(prompt.url, 'alice');
      spent = new URL(answer).searchParams.get('code') ?? '';
      await get(answer);
    });
    const replay = enter(async (prompt) => {
      const answer = new URL(await provider.redirectOverHttp(prompt.url, 'alice'));
      answer.searchParams.set('code', spent);
      await get(answer.href);
    });
    await expect(replay).rejects.toMatchObject({ code: 'sign-in-failed' });
  });

  test('rebinding: a request by another host name', async () => {
    let status = 0;
    await enter(async (prompt) => {
      const { port } = new URL(redirectOf(prompt));
      status = await get(redirectOf(prompt), `evil.example:${port}`);
      await provider.signInOverHttp(prompt.url, 'alice');
    });
    expect(status).toBe(421);
  });

  test('another path or method', async () => {
    const seen: number[] = [];
    await enter(async (prompt) => {
      const { origin } = new URL(redirectOf(prompt));
      seen.push(await get(`${origin}/`), await get(redirectOf(prompt), undefined, 'POST'));
      await provider.signInOverHttp(prompt.url, 'alice');
    });
    expect(seen).toEqual([404, 405]);
  });

  test('after the sign-in nobody listens any more', async () => {
    let redirect = '';
    await enter((prompt) => {
      redirect = redirectOf(prompt);
      return provider.signInOverHttp(prompt.url, 'alice');
    });
    expect(await code(get(redirect))).toMatch(/ECONNREFUSED|ECONNRESET/);
  });
});

describe('opening a browser', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'browser-'));
    writeFileSync(
      join(folder, 'xdg-open'),
      `#!/bin/sh\nprintf '%s\\n' "$@" > ${folder}/args\nenv > ${folder}/env\n`,
    );
    chmodSync(join(folder, 'xdg-open'), 0o700);
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  const desktop = () => ({
    PATH: `${folder}:/usr/bin:/bin`,
    DISPLAY: ':0',
    BROKER_KEYCHAIN_PASSPHRASE: 'secret',
  });

  test('hands the address over as one argument and nothing of ours with it', async () => {
    const url = 'https://id.example/auth?a=1&b=$(touch%20x);c';
    expect(await openBrowser(url, desktop(), 'linux')).toBe(true);
    expect(readFileSync(join(folder, 'args'), 'utf8')).toBe(`${url}\n`);
    expect(readFileSync(join(folder, 'env'), 'utf8')).not.toContain('BROKER_');
  });

  test.each(['--help', 'file:///etc/passwd', 'http://id.example/', 'javascript:alert(1)', 'nonsense'])(
    'refuses %s',
    async (url) => {
      expect(await openBrowser(url, desktop(), 'linux')).toBe(false);
    },
  );

  test('says no without a desktop or an opener', async () => {
    expect(await openBrowser('https://id.example/', { PATH: folder }, 'linux')).toBe(false);
    expect(await openBrowser('https://id.example/', { PATH: '/nonexistent', DISPLAY: ':0' }, 'linux')).toBe(
      false,
    );
  });
});

describe('staying signed in', () => {
  const options = () => ({ settings: withTarget(), clock: systemClock, signal: AbortSignal.timeout(15_000) });

  test('survives being written down: the restarted agent signs under the same key', async () => {
    const signedIn = await enter(as('alice'));
    const again = deserialise(serialise(signedIn));
    expect(again).toEqual(signedIn);
    expect(toSigner(again).identity).toEqual(toSigner(signedIn).identity);
    expect(() => deserialise('{"version":1}')).toThrow(expect.objectContaining({ code: 'not-signed-in' }));
  });

  test('signs as openssl and node verify it: ECDSA P-256 SHA-256 in DER', async () => {
    const { createPublicKey, verify } = await import('node:crypto');
    const signer = toSigner(await enter(as('alice')));
    const bytes = Buffer.from('DSSEv1 …');
    const key = createPublicKey({ key: { ...signer.jwk }, format: 'jwk' });
    expect(verify('sha256', bytes, { key, dsaEncoding: 'der' }, signer.sign(bytes))).toBe(true);
  });

  test("renews the ID token, keeps the original beside it, also across a rotation of the provider's keys", async () => {
    const signedIn = await enter(as('alice'));
    await provider.rotateKeys({ drop: true });
    const renewed = await refresh(signedIn, options());
    expect(renewed.sightings).toHaveLength(2);
    expect(renewed.pkToken).toContain('"fresh"');
    expect(renewed.key).toEqual(signedIn.key);
    expect(renewed.evidence.refreshToken).not.toBe(signedIn.evidence.refreshToken);
    const jwks = renewed.sightings.map((one) => JSON.parse(one.text) as { keys: [] });
    const trust = [{ issuer: provider.issuer, jwks, audiences: ['broker-evidence'] }];
    expect(await verifyPkToken(renewed.pkToken, { trust, at: systemClock.now() })).toMatchObject({
      ok: true,
    });
  });

  test('shares one renewal between callers at once: a rotating refresh token is used once', async () => {
    const signedIn = await enter(as('alice'));
    const both = await Promise.all([refresh(signedIn, options()), refresh(signedIn, options())]);
    expect(both[0].evidence.refreshToken).toBe(both[1].evidence.refreshToken);
    expect((await refresh(both[0], options())).user.sub).toBe('alice');
  });

  test('survives a caller that still holds the refresh token another one has spent', async () => {
    const signedIn = await enter(as('alice'));
    const first = await refresh(signedIn, options());
    const late = await refresh(signedIn, options());
    expect(late.evidence.refreshToken).toBe(first.evidence.refreshToken);
    expect((await refresh(late, options())).user.sub).toBe('alice');
  });

  test('says that the sign-in has ended when the provider no longer knows it', async () => {
    const signedIn = await enter(as('alice'));
    expect(await signOut(signedIn, options())).toBe(true);
    expect(await code(refresh(signedIn, options()))).toBe('sign-in-expired');
  });

  test('says that the provider is not there', async () => {
    const signedIn = await enter(as('alice'));
    const away = { ...options(), settings: settings({ issuer: 'http://127.0.0.1:9' }) };
    expect(await code(refresh(signedIn, away))).toBe('provider-unreachable');
  });

  test('hands out the target token while it lives, renews it after, exchanges it for another audience', async () => {
    const signedIn = await enter(as('alice'), { settings: withTarget() });
    const first = await targetToken(signedIn, options());
    expect(first.token).toBe(signedIn.target?.accessToken);
    const later = { ...options(), clock: shifted(3590) };
    const second = await targetToken(signedIn, later);
    expect(second.token).not.toBe(first.token);
    expect(second.signedIn?.target?.refreshToken).not.toBe(signedIn.target?.refreshToken);
    const other = await targetToken(second.signedIn ?? signedIn, options(), {
      audience: 'urn:example:other',
    });
    const payload = JSON.parse(Buffer.from(other.token.split('.')[1] ?? '', 'base64url').toString()) as {
      aud: string;
    };
    expect(payload.aud).toBe('urn:example:other');
  });

  test('hands out the ID token of the target client where a target checks that', async () => {
    const signedIn = await enter(as('alice'), { settings: withTarget() });
    const { token } = await targetToken(signedIn, options(), { kind: 'id' });
    expect(token).toBe(signedIn.target?.idToken);
  });

  test('says that there is no target client', async () => {
    const signedIn = await enter(as('alice'));
    expect(await code(targetToken(signedIn, { ...options(), settings: settings() }))).toBe('no-target-token');
  });

  test('renews for one resource where there is no exchange, and keeps the default token', async () => {
    const plain = await startProvider({ exchange: false });
    try {
      const here = { ...withTarget(), issuer: plain.issuer };
      const act: Act = (prompt) => plain.signInOverHttp(prompt.url, 'alice');
      const signedIn = await enter(act, { settings: here });
      const wish = { audience: plain.targetAudience };
      const { token, signedIn: after } = await targetToken(signedIn, { ...options(), settings: here }, wish);
      expect(token).not.toBe(signedIn.target?.accessToken);
      expect(after?.target?.accessToken).toBe(signedIn.target?.accessToken);
      expect(after?.target?.refreshToken).not.toBe(signedIn.target?.refreshToken);
      const { target: _, ...without } = signedIn;
      expect(await code(targetToken(without, { ...options(), settings: here }))).toBe('no-target-token');
    } finally {
      await plain.stop();
    }
  });

  test('exchanges the evidence token where a sign-in has no target tokens', async () => {
    const signedIn = await enter(as('alice'));
    const { token } = await targetToken(signedIn, options());
    const payload = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as object;
    expect(payload).toMatchObject({ sub: 'alice', aud: provider.targetAudience, client_id: 'broker-target' });
  });
});

test('a single-use key attests a digest, by a sign-in made just now', async () => {
  const att = 'ab'.repeat(32);
  const before = Math.floor(systemClock.now() / 1000);
  const signedIn = await enter(as('alice'), { settings: withTarget(), att, maxAge: 0 });
  const jwks = signedIn.sightings.map((one) => JSON.parse(one.text) as { keys: [] });
  const trust = [{ issuer: provider.issuer, jwks, audiences: ['broker-evidence'] }];
  const verdict = await verifyPkToken(signedIn.pkToken, { trust, at: systemClock.now() });
  expect(verdict).toMatchObject({ ok: true, identity: { att } });
  expect(signedIn.user.authTime).toBeGreaterThanOrEqual(before);
  expect(signedIn.target).toBeUndefined();
});
