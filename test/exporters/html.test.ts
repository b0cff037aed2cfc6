// The evidence page in Debian's Chromium: what it shows, that it is inert, and that it fits phones, paper, light and dark.
import { mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { peer, which } from '../peers/peer.ts';
import { type Evidence, exportTo, HOSTILE, makeEvidence } from './evidence.ts';

const SHOTS = process.env['BROKER_SCREENSHOTS'];

/** Text whose contrast with what is behind it is below 4.5 (WCAG 2.2, 1.4.3), by the page's own computed colours. */
const CONTRASTS = String.raw`(() => {
  const parse = (colour) => (colour.match(/[\d.]+/g) ?? []).map(Number);
  const linear = (part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
  const luminance = ([r, g, b]) => 0.2126 * linear(r / 255) + 0.7152 * linear(g / 255) + 0.0722 * linear(b / 255);
  const found = [];
  for (const node of document.querySelectorAll('body *')) {
    const own = [...node.childNodes].some((each) => each.nodeType === 3 && each.textContent.trim());
    const style = getComputedStyle(node);
    if (!own || node.closest('.player, svg, script, style, .skip, [disabled]') || style.display === 'none') continue;
    let behind = node;
    while (behind && (parse(getComputedStyle(behind).backgroundColor)[3] ?? 1) === 0) behind = behind.parentElement;
    const back = parse(getComputedStyle(behind ?? document.documentElement).backgroundColor);
    const [one, two] = [luminance(parse(style.color)), luminance(back)];
    const ratio = (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05);
    if (ratio < 4.5) found.push(node.tagName + '.' + node.className + ' ' + ratio.toFixed(2));
  }
  return found;
})()`;

describe.runIf(peer('chromium'))('broker export --format html', () => {
  let evidence: Evidence;
  let browser: Browser;
  let file: string;
  beforeAll(async () => {
    evidence = await makeEvidence();
    file = join((await exportTo(evidence, 'html')).output, 'evidence.html');
    browser = await chromium.launch({ executablePath: which('chromium') ?? '', args: ['--no-sandbox'] });
    if (SHOTS) mkdirSync(SHOTS, { recursive: true });
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    evidence.remove();
  });

  async function open(
    options: Parameters<Browser['newContext']>[0] = {},
    path = file,
  ): Promise<{ page: Page; complaints: string[] }> {
    const context = await browser.newContext(options);
    const complaints: string[] = [];
    const page = await context.newPage();
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('dialog', (dialog) => complaints.push(`dialog ${dialog.message()}`));
    page.on('request', (request) => {
      if (request.url() !== `file://${path}` && !request.url().startsWith(`file://${path}#`))
        complaints.push(`request ${request.url()}`);
    });
    await page.goto(`file://${path}`);
    return { page, complaints };
  }

  const shot = async (page: Page, name: string) => {
    if (SHOTS) await page.screenshot({ path: join(SHOTS, `${name}.png`), fullPage: true });
  };

  it('says the verdicts and gaps first, then sessions, and narrows by every filter', async () => {
    const { page, complaints } = await open();
    expect(await page.locator('.card .word').allTextContents()).toEqual(['VALID', 'COMPLETE', 'NOT CHECKED']);
    expect(await page.locator('main h2').first().textContent()).toBe('Verdicts');
    const ids = async () =>
      (await page.locator('section .sessions tbody tr td:first-child').allTextContents()).sort();
    expect(await ids()).toEqual(['bot1', 'program1', 'terminal1']);
    for (const [filter, value, expected] of [
      ['user', 'bob', ['program1']],
      ['bot', 'reporting-bot', ['bot1']],
      ['model', 'example-model-1', ['bot1']],
      ['rule', 'no-blind-writes', ['terminal1']],
      ['decision', 'ask', ['terminal1']],
      ['connection', 'prod-db', ['bot1', 'program1', 'terminal1']],
      ['type', 'email', ['bot1', 'program1', 'terminal1']],
    ] as const) {
      await page.getByRole('button', { name: 'Clear' }).click();
      await page.locator(`#f-${filter}`).selectOption(value);
      expect(await ids()).toEqual(expected);
    }
    await page.getByRole('button', { name: 'Clear' }).click();
    await page.locator('#f-text').fill('COUNT(*)');
    expect(await ids()).toEqual(['bot1']);
    expect(complaints).toEqual([]);
  }, 60_000);

  it('shows a session with its decisions, approval, masking and answers', async () => {
    const { page, complaints } = await open();
    await page.getByRole('link', { name: 'terminal1' }).click();
    const text = ((await page.locator('main').textContent()) ?? '').replaceAll('\u00a0', ' ');
    for (const part of [
      'Session terminal1',
      'by no-blind-writes',
      'drop table orders_old',
      'fresh-sign-in',
      'public.customers.email',
      'ticket 4711',
      'no answer was recorded',
    ])
      expect(text).toContain(part);
    expect(await page.locator('.statement').count()).toBe(10);
    expect(await page.locator('.badge.bad').count()).toBeGreaterThan(1);
    await shot(page, 'session-desktop-light');
    await page.goBack();
    await page.locator('#f-text').waitFor();
    expect(complaints).toEqual([]);
  }, 60_000);

  it('keeps hostile content inert: it is text, spelled out, and runs nowhere', async () => {
    const { page, complaints } = await open();
    await page.evaluate(`location.hash = '#s/terminal1'`);
    await page.locator('.statement').first().waitFor();
    expect(await page.title()).toBe('Session evidence');
    expect(await page.locator('main img, main script, main b, main i').count()).toBe(0);
    const statements = await page.locator('.statement pre').allTextContents();
    expect(statements[1]).toBe(HOSTILE.html);
    expect(statements[3]).toContain('\\u{202e}');
    expect(await page.locator('.player').textContent()).not.toContain('owned');
    // Nothing of it may run even where somebody puts markup into the page: the policy of the page itself forbids it.
    await page.evaluate(
      `document.body.insertAdjacentHTML('beforeend', '<img src="x:" onerror="document.title=1"><div style="color:red">x</div>')`,
    );
    expect(await page.title()).toBe('Session evidence');
    expect(complaints.some((each) => /Content Security Policy/.test(each))).toBe(true);
  }, 60_000);

  it('plays the terminal: seeks, steps from statement to statement, ends where it ends', async () => {
    const { page, complaints } = await open();
    await page.evaluate(`location.hash = '#s/terminal1'`);
    const screen = page.locator('.player');
    await screen.waitFor();
    expect(await screen.textContent()).toContain('done');
    await page.getByLabel('place in the recording').fill('1');
    expect(await screen.textContent()).not.toContain('plain');
    expect(await screen.textContent()).toContain('shop=>');
    await page.getByRole('button', { name: 'Next statement' }).click();
    expect(await screen.textContent()).toContain('plain');
    expect(await page.locator('.statement.now').count()).toBe(1);
    await page.getByLabel('speed').selectOption('16');
    await page.getByRole('button', { name: 'Play' }).click();
    await expect.poll(() => screen.textContent(), { timeout: 20_000 }).toContain('done');
    expect(complaints).toEqual([]);
  }, 60_000);

  it.each([
    ['phone', 390, 'light'],
    ['phone', 390, 'dark'],
    ['desktop', 1280, 'light'],
    ['desktop', 1280, 'dark'],
  ] as const)(
    'fits a %s (%i, %s), and its text can be read',
    async (name, width, colorScheme) => {
      const { page } = await open({ viewport: { width, height: 844 }, colorScheme });
      for (const place of ['', '#s/terminal1']) {
        await page.evaluate(`location.hash = '${place}'`);
        await page
          .locator(place === '' ? '#f-text' : '.statement')
          .first()
          .waitFor();
        expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(
          0,
        );
        expect(await page.evaluate(CONTRASTS)).toEqual([]);
        await shot(page, `${place === '' ? 'overview' : 'session'}-${name}-${colorScheme}`);
      }
    },
    60_000,
  );

  it('can be used with a keyboard and named by a screen reader, and printed', async () => {
    const { page } = await open();
    const unnamed = await page.evaluate(
      `[...document.querySelectorAll('input, select, button, [role=img]')].filter((each) =>
        !(each.labels?.length || each.getAttribute('aria-label') || each.textContent?.trim())).length`,
    );
    expect(unnamed).toBe(0);
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement?.textContent')).toBe('Skip to the evidence');
    const pdf = await page.pdf();
    expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
    if (SHOTS) await page.emulateMedia({ media: 'print' });
    await shot(page, 'overview-print');
  }, 60_000);

  it('prints whole: nothing is wider than paper, nothing stays folded away', async () => {
    const { page } = await open({ viewport: { width: 760, height: 1000 } });
    await page.goto(`file://${file}#s/terminal1`);
    await page.locator('#title').waitFor();
    expect(await page.locator('details:not([open])').count()).toBeGreaterThan(0);
    await page.pdf();
    expect(await page.locator('details:not([open])').count()).toBe(0);
    await page.emulateMedia({ media: 'print' });
    const wide =
      '[...document.querySelectorAll("main *")].filter((each) => each.getBoundingClientRect().right > 760).length';
    expect(await page.evaluate(wide)).toBe(0);
    await shot(page, 'session-print');
  }, 60_000);

  it('breaks no word of its tables apart on a phone', async () => {
    const { page } = await open({ viewport: { width: 400, height: 800 } });
    await page.goto(`file://${file}#s/terminal1`);
    const cell = page.locator('td', { hasText: 'public.customers.email' }).first();
    await cell.waitFor();
    expect((await cell.boundingBox())?.height).toBeLessThan(60);
    await page.goto(`file://${file}#`);
    expect(await page.locator('.axis span').first().textContent()).toMatch(/^2026-03-01 /);
  }, 60_000);

  it('puts what was found before everything else', async () => {
    const blobs = await exportTo(evidence, 'bundle');
    const index = JSON.parse(readFileSync(join(blobs.output, 'index.json'), 'utf8')) as {
      statements: { kind: string; session?: string; blobs: Record<string, string> }[];
    };
    const digest =
      index.statements.find((each) => each.kind === 'session' && each.session === 'bot1')?.blobs[
        'events.jsonl.gz'
      ] ?? '';
    const path = join(evidence.root, 'v1/blob/sha256', digest.slice(0, 2), digest);
    renameSync(path, `${path}-aside`);
    const { output, code } = await exportTo(evidence, 'html');
    renameSync(`${path}-aside`, path);
    expect(code).toBe(6);
    const { page } = await open({}, join(output, 'evidence.html'));
    expect(await page.locator('.card .word').allTextContents()).toEqual(['VALID', 'MISSING', 'NOT CHECKED']);
    expect(await page.locator('.findings').textContent()).toContain(digest);
    await shot(page, 'overview-findings');
  }, 60_000);

  it('loads nothing: no address is in it', () => {
    const text = readFileSync(file, 'utf8').replaceAll('http://www.w3.org/2000/svg', '');
    expect(text).not.toMatch(/(?:src|href)\s*=\s*"?(?:https?:)?\/\//);
    expect(text).not.toMatch(/url\(|@import|fetch\(|XMLHttpRequest|WebSocket|eval\(|innerHTML/);
  });
});
