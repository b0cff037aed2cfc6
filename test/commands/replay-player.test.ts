// broker replay as people meet it: the player in a real terminal, the page in Debian's Chromium, the recording in Debian's asciinema.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { replay } from '../../src/commands/replay.ts';
import { type Evidence, makeEvidence } from '../exporters/evidence.ts';
import { runCommand } from '../fakes/command.ts';
import { peer, which } from '../peers/peer.ts';
import { startTmux, type Tmux } from '../peers/tmux.ts';

const BROKER = new URL('../../bin/broker.js', import.meta.url).pathname;
const SHOTS = process.env['BROKER_SCREENSHOTS'];

/** Everything a recording could try on whoever plays it. */
const HOSTILE =
  '\u001b]0;owned\u0007\u001b]52;c;b3duZWQ=\u0007\u001b[6n\u001b[c\u001bPq#0\u001b\\\u001b[?1003h\u001b[5;5Hhere\u001b[99;1Hpaint over the bar\u001b[H\u001b]8;;http://x/\u0007link\u001b]8;;\u0007\u202etxet';

const CAST = [
  {
    version: 2,
    width: 60,
    height: 12,
    timestamp: 1_772_355_600,
    title: 'prod-db </script><script>alert(1)</script>',
  },
  [0.2, 'o', 'shop=> select 1;\r\n'],
  [0.2, 'm', 'allow: select 1 </script><img src=x onerror=alert(1)>'],
  [0.4, 'o', '\u001b[32mone row\u001b[0m\r\n'],
  [120, 'o', 'shop=> drop table x;\r\n'],
  [120, 'm', 'deny: drop table x'],
  [121, 'o', `refused\r\n${HOSTILE}`],
  [122, 'o', '\r\nthe end\r\n'],
]
  .map((line) => `${JSON.stringify(line)}\n`)
  .join('');

let folder = '';
let evidence: Evidence;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'broker-player-'));
  writeFileSync(join(folder, 'hostile.cast'), CAST);
  evidence = await makeEvidence();
  if (SHOTS) mkdirSync(SHOTS, { recursive: true });
}, 60_000);
afterAll(() => {
  rmSync(folder, { recursive: true });
  evidence.remove();
});

const sealed = (options: Record<string, string>) =>
  runCommand(replay, {
    home: evidence.folder,
    cwd: folder,
    environment: evidence.environment,
    clock: evidence.clock,
    args: ['terminal1'],
    options: { speed: '1', maxIdle: '2', wait: true, ...options },
  });

const written = (options: Record<string, string>) =>
  runCommand(replay, {
    home: folder,
    cwd: folder,
    environment: {},
    clock: evidence.clock,
    args: ['hostile.cast'],
    options: { speed: '1', maxIdle: '2', wait: true, ...options },
  });

describe.runIf(peer('tmux'))('broker replay in a terminal', () => {
  const terminals: Tmux[] = [];
  afterAll(() => {
    for (const terminal of terminals) terminal.stop();
  });
  function terminal(columns = 90, rows = 24, environment: Record<string, string> = {}): Tmux {
    const path = process.env['PATH'] ?? '';
    const opened = startTmux({
      columns,
      rows,
      cwd: folder,
      environment: { PATH: path, HOME: folder, ...environment },
    });
    terminals.push(opened);
    return opened;
  }
  const watch = (args: string) => `${process.execPath} ${BROKER} replay ${args}; echo left with $?`;

  it('plays, pauses, steps, seeks and leaves the terminal as it was', async () => {
    const screen = terminal();
    screen.type(watch('hostile.cast --max-idle 60'));
    await screen.until('one row');
    screen.press('Space');
    await screen.until('⏸');
    screen.press(']');
    expect(await screen.until('statement 2 of 2')).toContain('deny: drop table x');
    screen.press('[');
    expect(await screen.until('statement 1 of 2')).toContain('allow: select 1');
    screen.press('/');
    await screen.until('/█');
    for (const letter of 'REFUSED') screen.press(letter);
    screen.press('Enter');
    expect(await screen.until('found: REFUSED')).toContain('refused');
    screen.press('+');
    await screen.until('2×');
    screen.press('?');
    await screen.until('five seconds back');
    screen.press('?');
    screen.press('End');
    await screen.until('the end');
    screen.press('q');
    const after = await screen.until('left with 0');
    expect(after).not.toContain('the end');
    expect(screen.property('alternate_on')).toBe('0');
    expect(screen.property('cursor_flag')).toBe('1');
  }, 90_000);

  it('lets a hostile recording touch neither its own rows nor the terminal', async () => {
    const screen = terminal(70, 14);
    const title = screen.property('pane_title');
    screen.type(watch('hostile.cast --speed 1000'));
    const seen = await screen.until('statement 2 of 2');
    const rows = seen.split('\n');
    expect(rows.findIndex((row) => /^─{70}$/.test(row))).toBe(
      rows.findIndex((row) => row.includes('1000×')) - 1,
    );
    expect(seen).toContain('space pause');
    expect(seen).not.toContain('\u202e');
    expect(screen.property('pane_title')).toBe(title);
    expect(screen.property('mouse_any_flag')).toBe('0');
    screen.resize(50, 12);
    await screen.until(/^─{50}$/m);
    screen.press('q');
    // Nothing was answered into the shell: no device query reached the terminal.
    expect(await screen.until('left with 0')).not.toMatch(/\[\?|;\d+R/);
  }, 90_000);

  it('plays a sealed session with its statements, without colour where none is wanted', async () => {
    const screen = terminal(100, 34, { ...(evidence.environment as Record<string, string>), NO_COLOR: '1' });
    screen.type(watch('terminal1 --speed 1000'));
    const seen = await screen.until(/statement \d+ of 10/);
    expect(seen).toContain('UTC');
    screen.press('G');
    await screen.until('done');
    expect(screen.screen({ styled: true })).not.toMatch(/\u001b\[3[0-7]m/);
    screen.press('q');
    await screen.until('left with 0');
  }, 90_000);

  it('writes to the terminal itself with --plain', async () => {
    const screen = terminal();
    screen.type(watch('hostile.cast --plain --max-idle 0'));
    const seen = await screen.until('left with 0');
    expect(seen).toContain('the end');
    expect(screen.property('pane_title')).not.toBe('owned');
  }, 60_000);
});

describe('broker replay --to-cast', () => {
  it('writes what is safe, with statements as markers, and never over a file', async () => {
    const { code } = await sealed({ toCast: 'sealed.cast' });
    expect(code).toBe(0);
    const text = readFileSync(join(folder, 'sealed.cast'), 'utf8');
    const [header, ...events] = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(header).toMatchObject({ version: 2, width: 80, height: 24 });
    expect(events.filter(([, code]: [number, string]) => code === 'm')).toHaveLength(10);
    expect(text).not.toMatch(/u001b\]|u001bP|b3duZWQ/);
    const times = events.map(([time]: [number]) => time);
    expect([...times].sort((one: number, other: number) => one - other)).toEqual(times);
    await expect(sealed({ toCast: 'sealed.cast' })).rejects.toMatchObject({ code: 'usage' });
    expect(readFileSync(join(folder, 'sealed.cast'), 'utf8')).toBe(text);
    await sealed({ toCast: 'again.cast' });
    expect(readFileSync(join(folder, 'again.cast'), 'utf8')).toBe(text);
  });

  it.runIf(peer('asciinema'))(
    'is played by asciinema',
    async () => {
      await written({ toCast: 'played.cast' });
      const play = `asciinema play -s 100 -i 0.1 ${join(folder, 'played.cast')}`;
      const shown = execFileSync('script', ['-qec', play, '/dev/null'], {
        env: { ...process.env, LC_ALL: 'C.UTF-8', TERM: 'xterm' },
        stdio: ['ignore', 'pipe', 'pipe'],
      }).toString();
      expect(shown).toContain('one row');
      expect(shown).toContain('the end');
      expect(shown).not.toMatch(/\u001b\]|\u001bP|\u202e/);
    },
    60_000,
  );

  it('can be read again', async () => {
    await written({ toCast: 'once.cast' });
    const { stdout } = await runCommand(replay, {
      home: folder,
      cwd: folder,
      environment: {},
      clock: evidence.clock,
      args: ['once.cast'],
      options: { speed: '1', maxIdle: '2', wait: true },
    });
    expect(stdout).toContain('the end');
  });
});

describe.runIf(peer('chromium'))('broker replay --to-html', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: which('chromium') ?? '', args: ['--no-sandbox'] });
  }, 60_000);
  afterAll(() => browser.close());

  async function open(name: string, options: Parameters<Browser['newContext']>[0] = {}) {
    const page = await (await browser.newContext(options)).newPage();
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('dialog', (dialog) => complaints.push(dialog.message()));
    page.on('request', (request) => {
      if (!request.url().startsWith(`file://${join(folder, name)}`)) complaints.push(request.url());
    });
    await page.goto(`file://${join(folder, name)}`);
    return { page, complaints };
  }

  it('is one page that plays, seeks, finds and steps, and lets nothing of the recording run', async () => {
    await written({ toHtml: 'hostile.html' });
    const { page, complaints } = await open('hostile.html');
    const screen = page.locator('.player');
    expect(await screen.textContent()).toContain('the end');
    expect(await page.locator('main img, main script, main a').count()).toBe(0);
    expect(await page.title()).toBe('Recorded session');
    await page.getByLabel('text to find in the recording').fill('ONE ROW');
    await page.getByRole('button', { name: 'Find next' }).click();
    expect(await screen.textContent()).not.toContain('refused');
    expect(await page.getByRole('status').textContent()).toContain('found');
    await page.locator('.marks button').nth(1).click();
    expect(await page.locator('.marks li.now').textContent()).toContain('deny: drop table x');
    await screen.focus();
    await page.keyboard.press('ArrowRight');
    expect(await screen.textContent()).toContain('the end');
    await page.getByLabel('speed').selectOption('16');
    await page.getByRole('button', { name: 'Play' }).click();
    await expect.poll(() => page.getByRole('button', { name: 'Play' }).count(), { timeout: 20_000 }).toBe(1);
    expect(await screen.textContent()).toContain('the end');
    expect(complaints).toEqual([]);
    await page.evaluate(
      `document.body.insertAdjacentHTML('beforeend', '<img src="x:" onerror="document.title=1">')`,
    );
    expect(await page.title()).toBe('Recorded session');
    expect(complaints.some((each) => /Content Security Policy/.test(each))).toBe(true);
  }, 60_000);

  it.each([
    ['phone', 390, 'light'],
    ['phone', 390, 'dark'],
    ['desktop', 1280, 'light'],
    ['desktop', 1280, 'dark'],
  ] as const)(
    'fits a %s (%i, %s)',
    async (name, width, colorScheme) => {
      const file = `sealed-${name}-${colorScheme}.html`;
      await sealed({ toHtml: file });
      const { page, complaints } = await open(file, { viewport: { width, height: 844 }, colorScheme });
      expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
      expect(await page.locator('.marks li').count()).toBe(10);
      expect(await page.locator('main').textContent()).toContain('terminal1');
      expect(complaints).toEqual([]);
      if (SHOTS)
        await page.screenshot({ path: join(SHOTS, `replay-${name}-${colorScheme}.png`), fullPage: true });
    },
    60_000,
  );
});
