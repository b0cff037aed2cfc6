// The board in a real terminal, started as people start it: what is on the screen at each size, and how the terminal is left.
// Its agent is a control server of ours that tells requests, so that a hostile one can be told exactly.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Desk, SIGN_IN_URL, startDesk } from '../fakes/desk.ts';
import { peer } from '../peers/peer.ts';
import { startTmux, type Tmux } from '../peers/tmux.ts';
import { asked, hostile, soon } from './requests.ts';

const BROKER = new URL('../../bin/broker.js', import.meta.url).pathname;

describe.runIf(peer('tmux'))('the approvals board in a terminal', () => {
  const terminals: Tmux[] = [];
  let desk: Desk;
  beforeAll(async () => {
    desk = await startDesk();
  });
  afterAll(async () => {
    for (const terminal of terminals) terminal.stop();
    await desk.stop();
  });

  function terminal(columns: number, rows: number, more: Record<string, string> = {}): Tmux {
    const opened = startTmux({
      columns,
      rows,
      environment: { ...desk.environment, ...more },
      cwd: desk.folder,
    });
    terminals.push(opened);
    return opened;
  }

  const watch = `${process.execPath} ${BROKER} approvals watch --no-browser; echo left with $?`;

  it.each([
    [80, 24],
    [200, 50],
  ])(
    'shows a hostile statement at %d × %d row by row, between a frame it cannot touch',
    async (columns, rows) => {
      desk.tell(
        soon({
          what: asked({ text: hostile(), titles: ['SELECT', 'DROP TABLE audit', 'DROP TABLE payroll'] }),
        }),
        soon({ id: '1jc0ffee00', genuine: false, problem: 'its signature does not hold' }),
        soon({ id: '1jd00dad00', own: true }),
      );
      const screen = terminal(columns, rows);
      screen.type(watch);
      const first = await screen.until('of 300');
      const lines = first.split('\n');
      expect(lines[0]).toMatch(/^ APPROVALS {2}3 waiting +you are dana@example\.com$/);
      expect(first).toContain('\\e[2J\\e[H\\e]52;c;ZXZpbA==\\x07');
      expect(first).toMatch(/! 1jc0ffee00/);
      expect(lines.filter((line) => line.includes('a approve  d deny'))).toHaveLength(1);
      expect(lines.at(-2) ?? '').toContain('a approve  d deny');
      const seen = new Set<string>();
      const mine = /([ \d]{3}) ([│┊]) ?(.*)$/;
      for (let page = 0; page < 120; page += 1) {
        const now = screen.screen();
        const body = now.split('\n').filter((line) => /(?:^| │ | )[ \d]{3} [│┊]/.test(line));
        for (const line of body) seen.add(mine.exec(line)?.[0] ?? '');
        if (now.includes('DROP TABLE payroll;')) break;
        screen.press('PageDown');
        await expect.poll(() => screen.screen(), { timeout: 20_000 }).not.toBe(now);
      }
      const all = [...seen].join('\n');
      for (const number of [1, 12, 150, 299, 300]) expect(all).toMatch(new RegExp(`(^| )${number} │`, 'm'));
      expect(all).toContain('300 │ DROP TABLE payroll;');
      expect(all).toContain('\\u{202e}txet desrever');
      expect(all).toContain('DROP TABLE audit;\\rSELECT 1;');
      screen.press('q');
      await screen.until('left with 0');
      expect(screen.property('alternate_on')).toBe('0');
      expect(screen.property('cursor_flag')).toBe('1');
    },
    120_000,
  );

  it('draws although CI is set, as in many a container with a person at its terminal', async () => {
    desk.tell(soon());
    const screen = terminal(80, 24, { CI: 'true', CONTINUOUS_INTEGRATION: '1' });
    screen.type(watch);
    await screen.until('DROP TABLE public.orders');
    screen.press('q');
    await screen.until('left with 0');
  }, 60_000);

  it('approves: reads, asks, shows where to sign in as one address, comes back', async () => {
    desk.tell(soon());
    const before = desk.answers.length;
    const screen = terminal(80, 24);
    screen.type(watch);
    await screen.until('DROP TABLE public.orders');
    screen.press('a');
    await screen.until('y yes, sign in and approve');
    screen.press('y');
    const asking = await screen.until('paste the address');
    expect(asking.replace(/\s+/g, '')).toContain(SIGN_IN_URL);
    screen.type('http://127.0.0.1:1/callback?code=abc&state=x');
    await screen.until('approved request 1jbx2kqqqq');
    expect(desk.answers.slice(before)).toMatchObject([
      { type: 'answer', answer: 'approve', id: '1jbx2kqqqq', digest: 'd'.repeat(64), mode: 'paste' },
      { type: 'pasted', text: 'http://127.0.0.1:1/callback?code=abc&state=x' },
    ]);
    screen.press('q');
    await screen.until('left with 0');
  }, 60_000);

  it('follows the terminal when it changes its size, and has no colour under NO_COLOR', async () => {
    desk.tell(soon({ what: asked({ text: hostile() }) }));
    const screen = terminal(80, 24, { NO_COLOR: '1' });
    screen.type(watch);
    await screen.until('of 300');
    expect(screen.screen({ styled: true })).not.toMatch(/\u001b\[(?:[\d;]*;)?(?:3[0-8]|4[0-8]|9\d)/);
    for (const [columns, rows] of [
      [200, 50],
      [60, 16],
      [120, 30],
    ] as const) {
      screen.resize(columns, rows);
      await expect
        .poll(
          () => {
            const lines = screen.screen().split('\n');
            const right = lines[0]?.trimEnd().length ?? 0;
            const keys = lines.filter((line) => line.includes('choose'));
            return [right >= columns - 3, keys.length, lines.indexOf(keys[0] ?? '') === rows - 2];
          },
          { timeout: 20_000 },
        )
        .toEqual([true, 1, true]);
    }
    screen.resize(50, 10);
    await screen.until('60 × 16');
    screen.press('C-c');
    await screen.until(/left with/);
  }, 60_000);

  it.each(['SIGTERM', 'SIGHUP', 'SIGINT'] as const)(
    'leaves the terminal as it was after %s',
    async (signal) => {
      desk.tell(soon());
      const screen = terminal(80, 24);
      screen.type(`echo before; sh -c 'echo $$ > pid; exec ${watch.split(';')[0]}'; echo left with $?`);
      await screen.until('DROP TABLE public.orders');
      expect(screen.property('alternate_on')).toBe('1');
      process.kill(Number(readFileSync(join(desk.folder, 'pid'), 'utf8')), signal);
      const after = await screen.until('left with 130');
      expect(after).toContain('before');
      expect([screen.property('alternate_on'), screen.property('cursor_flag')]).toEqual(['0', '1']);
      screen.type('stty -a');
      expect(await screen.until(/icanon/)).toMatch(/ icanon iexten echo /);
    },
    60_000,
  );

  it('gives the terminal back while it is stopped, and takes it again', async () => {
    desk.tell(soon());
    const screen = terminal(80, 24);
    screen.type(`sh -c 'echo $$ > pid; exec ${watch.split(';')[0]}'; echo left with $?`);
    await screen.until('DROP TABLE public.orders');
    process.kill(Number(readFileSync(join(desk.folder, 'pid'), 'utf8')), 'SIGTSTP');
    await expect.poll(() => screen.property('alternate_on'), { timeout: 20_000 }).toBe('0');
    screen.type('echo in between');
    await screen.until(/^in between$/m);
    screen.type('fg');
    await screen.until('APPROVALS  1 waiting');
    await screen.until('DROP TABLE public.orders');
    screen.press('q');
    await expect.poll(() => screen.property('alternate_on'), { timeout: 20_000 }).toBe('0');
  }, 60_000);
});
