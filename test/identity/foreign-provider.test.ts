// Sign-in, refresh and sign-out with a provider nobody here wrote, and which signs with another algorithm.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { refresh, type SignedIn, signIn, signOut, verifyPkToken } from '../../src/identity/index.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { type GlewlwydPeer, startGlewlwyd } from '../peers/glewlwyd.ts';
import { peer } from '../peers/peer.ts';

describe.runIf(peer('glewlwyd'))('with Glewlwyd', () => {
  let provider: GlewlwydPeer;
  let signedIn: SignedIn;
  const options = () => ({
    settings: {
      issuer: provider.issuer,
      clientId: provider.clientId,
      scopes: ['openid'],
      groupsClaim: 'groups',
      redirectPort: provider.redirectPort,
    },
    clock: systemClock,
    signal: AbortSignal.timeout(20_000),
  });
  beforeAll(async () => {
    provider = await startGlewlwyd();
  });
  afterAll(() => provider.stop());

  test('a person signs in, bound to a fresh key', async () => {
    signedIn = await signIn({
      ...options(),
      mode: 'browser',
      show: (prompt) => void provider.signInOverHttp(prompt.url),
    });
    expect(signedIn.binding).toBe('nonce');
    expect(signedIn.user.name).toBe('Alice Example');
    expect(signedIn.user.email).toBeUndefined();
  });

  test('the sign-in is renewed and still verifies', async () => {
    const renewed = await refresh(signedIn, options());
    const jwks = renewed.sightings.map((one) => JSON.parse(one.text) as { keys: [] });
    const trust = [{ issuer: provider.issuer, jwks, audiences: [provider.clientId] }];
    expect(await verifyPkToken(renewed.pkToken, { trust, at: systemClock.now() })).toMatchObject({
      ok: true,
    });
    signedIn = renewed;
  });

  test('signing out says so when the provider lets a public client revoke nothing', async () => {
    expect(await signOut(signedIn, options())).toBe(false);
  });
});
