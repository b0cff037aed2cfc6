// A person signs in with a real Chromium: the provider's forms, both redirect rounds, our last page under its own policy.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { signIn } from '../../src/identity/index.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { type ChromiumPage, openChromium } from '../peers/chromium.ts';
import { peer } from '../peers/peer.ts';
import { type ProviderPeer, startProvider } from '../peers/provider.ts';

describe.runIf(peer('chromium'))('with a real browser', () => {
  let provider: ProviderPeer;
  let page: ChromiumPage;
  beforeAll(async () => {
    [provider, page] = await Promise.all([startProvider(), openChromium()]);
  });
  afterAll(async () => {
    await Promise.all([page.close(), provider.stop()]);
  });

  test('a person signs in, and ends on a styled page that nothing was refused on', async () => {
    const work = signIn({
      settings: {
        issuer: provider.issuer,
        clientId: provider.evidenceClientId,
        targetClientId: provider.targetClientId,
        scopes: ['openid', 'email', 'groups', 'offline_access'],
        groupsClaim: 'groups',
        redirectPort: 0,
      },
      mode: 'browser',
      clock: systemClock,
      signal: AbortSignal.timeout(25_000),
      show: (prompt) => void page.goto(prompt.url),
    });
    await page.until("document.querySelector('input[name=login]') !== null");
    await page.evaluate(
      "document.querySelector('[name=login]').value = 'alice', document.querySelector('[name=password]').value = 'x', document.querySelector('button').click()",
    );
    await page.until("document.querySelector('input[value=consent]') !== null");
    page.evaluate("document.querySelector('button').click()").catch(() => {});
    const signedIn = await work;
    expect(signedIn.user.sub).toBe('alice');
    expect(signedIn.target?.accessToken).toBeTypeOf('string');
    await page.until("document.querySelector('h1')?.innerText === 'You are signed in'");
    expect(await page.evaluate("getComputedStyle(document.querySelector('main')).borderRadius")).toBe('14px');
    expect(await page.evaluate('document.body.innerText')).toContain('alice@example.com');
    // The provider's own page asks for a font it does not get; browsers ask every origin for an icon.
    const ours = page.complaints.filter((text) => !/fonts\.googleapis\.com|favicon/.test(text));
    expect(ours).toEqual([]);
  });
});
