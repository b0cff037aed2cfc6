// The verbs about approvals as people and scripts use them, against a desk that tells requests over the real control socket.
import { spawn } from 'node:child_process';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Desk, startDesk } from '../fakes/desk.ts';
import { peer } from '../peers/peer.ts';
import { startTmux } from '../peers/tmux.ts';
import { asked, hostile, requested, soon } from '../screens/requests.ts';

const BROKER = new URL('../../bin/broker.js', import.meta.url).pathname;

describe('the verbs about approvals', () => {
  let desk: Desk;
  beforeAll(async () => {
    desk = await startDesk();
  });
  beforeEach(() => {
    desk.tell();
    desk.grant();
    desk.answers.length = 0;
    desk.windows.length = 0;
    desk.asked.length = 0;
  });
  afterAll(() => desk.stop());

  const start = (args: readonly string[]) =>
    spawn(process.execPath, [BROKER, ...args], { env: desk.environment, cwd: desk.folder });

  async function broker(args: readonly string[], input = '') {
    const child = start(args);
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    child.stdin.end(input);
    const code = await new Promise((resolve) => child.once('close', resolve));
    return { code, stdout, stderr };
  }

  describe('ls', () => {
    it('lists what waits as a table, a forged one as what it is', async () => {
      desk.tell(soon(), soon({ id: '1jc0ffee00', genuine: false }), soon({ id: '1jd', state: 'denied' }));
      const { stdout, code } = await broker(['approvals', 'ls']);
      const lines = stdout.split('\n');
      expect(lines[0]).toMatch(/^REQUEST +WHO +CONNECTION +WHAT +ASKED +LEFT +YES +STATE$/);
      expect(lines[1]).toMatch(
        /^1jbx2kqqqq +alice@example.com +prod-db +DROP TABLE public.orders +1m.* ago +1[34]m/,
      );
      expect(lines[2]).toMatch(/NOT GENUINE$/);
      expect(lines).toHaveLength(4);
      expect(code).toBe(0);
    });

    it('asks the agent for what it was asked for', async () => {
      await broker(['approvals', 'ls', '--all', '--connection', 'prod-db', '--since', '2h']);
      expect(desk.asked).toMatchObject([{ all: true, connection: 'prod-db', since: 7_200_000, once: true }]);
    });

    it('says that there is nothing, and refuses a time it cannot read', async () => {
      expect(await broker(['approvals', 'ls'])).toMatchObject({
        stdout: 'nothing waits for an answer; see the rest with --all\n',
        code: 0,
      });
      expect(await broker(['approvals', 'ls', '--since', 'soon'])).toMatchObject({ code: 2 });
    });

    it('prints one JSON object a line that is safe on a terminal and the same to a parser', async () => {
      const row = soon({ what: asked({ text: hostile() }) });
      desk.tell(row);
      const { stdout } = await broker(['approvals', 'ls', '--json']);
      expect(JSON.parse(stdout)).toEqual(row);
      expect(stdout.trimEnd()).not.toMatch(/[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/);
    });
  });

  describe('show', () => {
    it('prints everything, and the whole statement with numbers that text cannot forge', async () => {
      desk.tell(soon({ what: asked({ text: hostile(), parameters: ['1', null] }) }));
      const { stdout, code } = await broker(['approvals', 'show', '1jbx']);
      expect(stdout).toMatch(/^request +1jbx2kqqqq$/m);
      expect(stdout).toMatch(/^digest +d{64}$/m);
      expect(stdout).toMatch(/^statement, 300 lines, 2 parameters; written as codes: \d+ × /m);
      expect(stdout).toMatch(/^ {2}2 │ DROP TABLE audit;\\rSELECT 1;/m);
      expect(stdout).toContain(`${'x'.repeat(10_000)} end of the long line`);
      expect(stdout).toMatch(/^300 │ DROP TABLE payroll;$/m);
      expect(stdout).toMatch(/^ \$1 │ 1$/m);
      expect(stdout).toMatch(/^ \$2 ∅$/m);
      expect(stdout).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b]/);
      expect(code).toBe(0);
    });

    it('finds by the start of an id, and refuses what fits several or none', async () => {
      desk.tell(soon({ id: '1jaa' }), soon({ id: '1jab' }), soon({ id: '1j' }));
      expect(await broker(['approvals', 'show', '1ja'])).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('1jaa, 1jab'),
      });
      expect(await broker(['approvals', 'show', '1jx'])).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('there is no request 1jx'),
      });
      expect((await broker(['approvals', 'show', '1j'])).stdout).toMatch(/^request +1j$/m);
    });
  });

  describe('approve', () => {
    it('does nothing without a person or the digest of what was read', async () => {
      desk.tell(soon());
      const id = '1jbx2kqqqq';
      for (const args of [[], ['--yes'], ['--yes', '--digest', 'd'.repeat(15)], ['--no-input']])
        expect(await broker(['approvals', 'approve', id, ...args])).toMatchObject({ code: 2 });
      const other = await broker(['approvals', 'approve', id, '--yes', '--digest', 'e'.repeat(16)]);
      expect(other).toMatchObject({
        code: 3,
        stderr: expect.stringContaining(`its digest is ${'d'.repeat(64)}`),
      });
      expect(desk.answers).toEqual([]);
    });

    it('shows the request whole, asks for a sign-in and says what was signed', async () => {
      desk.tell(soon({ what: asked({ quorum: 2 }) }));
      const yes = ['--yes', '--digest', 'd'.repeat(16), '--no-browser', '--reason', 'as agreed'];
      const { stdout, stderr, code } = await broker(
        ['approvals', 'approve', '1jbx2kqqqq', ...yes],
        'http://127.0.0.1:1/callback?code=x\n',
      );
      expect(stdout).toContain('  1 │ DROP TABLE public.orders');
      expect(stderr).toContain('open this address in a browser');
      expect(stdout).toContain('approved request 1jbx2kqqqq, 1 of 2 so far');
      expect(stdout).toContain(`signed ${'a'.repeat(64)}`);
      expect(desk.answers).toMatchObject([
        {
          type: 'answer',
          id: '1jbx2kqqqq',
          digest: 'd'.repeat(64),
          answer: 'approve',
          reason: 'as agreed',
          strength: 'fresh-sign-in',
          mode: 'paste',
        },
        { type: 'pasted', text: 'http://127.0.0.1:1/callback?code=x' },
      ]);
      expect(code).toBe(0);
    });

    it.each([
      ['one’s own', requested({ own: true }), 3, 'somebody else answers'],
      ['a forged one', requested({ genuine: false, problem: 'no signature' }), 3, 'it is not genuine'],
      ['a denied one', requested({ state: 'denied' }), 3, 'it is denied already'],
      ['an expired one', requested({ state: 'expired' }), 5, 'nobody answered'],
    ])('refuses %s', async (_name, row, code, why) => {
      desk.tell(row);
      const args = ['--yes', '--digest', 'd'.repeat(64)];
      expect(await broker(['approvals', 'approve', row.id, ...args])).toMatchObject({
        code,
        stderr: expect.stringContaining(why),
      });
      expect(desk.answers).toEqual([]);
    });

    it.runIf(peer('tmux'))('asks on a terminal, and takes nothing but yes for a yes', async () => {
      desk.tell(soon({ what: asked({ strength: 'session-key' }) }));
      const { environment, folder } = desk;
      const screen = startTmux({ columns: 80, rows: 40, environment, cwd: folder });
      try {
        const command = `${process.execPath} ${BROKER} approvals approve 1jbx; echo left with $?`;
        screen.type(command);
        await screen.until('Type yes:');
        screen.type('y');
        await screen.until('left with 130');
        expect(desk.answers).toEqual([]);
        screen.type(`clear; ${command}`);
        await screen.until(/Type yes: *$/m);
        screen.type('yes');
        await screen.until('left with 0');
        expect(desk.answers).toMatchObject([{ answer: 'approve', strength: 'session-key' }]);
      } finally {
        screen.stop();
      }
    });
  });

  describe('deny and revoke', () => {
    it('need a reason, and no new sign-in', async () => {
      desk.tell(soon());
      expect(await broker(['approvals', 'deny', '1jbx2kqqqq'])).toMatchObject({ code: 2 });
      const { stdout, code } = await broker(['approvals', 'deny', '1jbx2kqqqq', '--reason', 'not now']);
      expect(stdout).toContain('denied request 1jbx2kqqqq');
      expect(code).toBe(0);
      expect(desk.answers).toMatchObject([{ answer: 'deny', reason: 'not now', strength: 'session-key' }]);
    });

    it('take back a window that was approved, and nothing that waits', async () => {
      const window = asked({ purpose: 'window', duration: 1800, text: '' });
      desk.tell(soon({ id: '1waits', what: window }), soon({ id: '1open', state: 'approved', what: window }));
      expect(await broker(['approvals', 'revoke', '1waits', '--reason', 'x'])).toMatchObject({ code: 3 });
      expect(await broker(['approvals', 'revoke', '1open', '--reason', 'x', '--json'])).toMatchObject({
        code: 0,
        stdout: `{"request":"1open","answer":"revoke","key":"v1/appr/decision","digest":"${'a'.repeat(64)}"}\n`,
      });
    });
  });

  describe('request', () => {
    const window = (more: Parameters<typeof soon>[0]) =>
      soon({
        own: true,
        what: asked({ purpose: 'window', duration: 1800, text: '', titles: [], reason: 'ticket 4711' }),
        ...more,
      });
    const by = (answer: 'approve' | 'deny', reason?: string) => ({
      answer,
      iss: 'https://id.example.com',
      sub: 'dana',
      email: 'dana@example.com',
      jkt: 'k',
      strength: 'fresh-sign-in' as const,
      time: '2026-03-01T12:00:00.000000Z',
      digest: 'e'.repeat(64),
      key: 'v1/appr/x',
      ...(reason === undefined ? {} : { reason }),
    });
    const ask = ['request', 'prod-db', '--for', '30m', '--reason', 'ticket 4711'];

    it.each([['59s'], ['25h'], ['0m'], ['half an hour'], ['1.5h'], ['-5m']])(
      'refuses --for %s',
      async (time) => {
        const args = ['request', 'prod-db', `--for=${time}`, '--reason', 'x'];
        expect(await broker(args)).toMatchObject({ code: 2, stderr: expect.stringContaining('1m to 24h') });
        expect(desk.windows).toEqual([]);
      },
    );

    it('wants a reason', async () => {
      expect(await broker(['request', 'prod-db', '--reason', ' '])).toMatchObject({ code: 2 });
    });

    it('waits until somebody has approved, and says what is open now', async () => {
      desk.grant(window({}), window({ state: 'approved', decisions: [by('approve')] }));
      const { stdout, stderr, code } = await broker(ask);
      expect(stderr).toContain('broker: request 1jbx2kqqqq waits until ');
      expect(stdout).toBe('approved by dana@example.com: you may open sessions on prod-db for 30m\n');
      expect(code).toBe(0);
      expect(desk.windows).toMatchObject([{ connection: 'prod-db', duration: 1800, reason: 'ticket 4711' }]);
    });

    it.each([
      ['denied', [by('deny', 'after the release')], 3, 'was denied by dana@example.com: after the release'],
      ['expired', [], 5, 'nobody answered request 1jbx2kqqqq in time'],
      ['withdrawn', [], 3, 'it was withdrawn'],
    ] as const)('ends with what became of it: %s', async (state, decisions, code, why) => {
      desk.grant(window({}), window({ state, decisions }));
      expect(await broker(ask)).toMatchObject({ code, stderr: expect.stringContaining(why) });
    });

    it('with --no-wait prints the id, leaves the request where it is, and ends with 8', async () => {
      desk.grant(window({}));
      expect(await broker([...ask, '--no-wait'])).toMatchObject({
        code: 8,
        stdout: '1jbx2kqqqq\n',
        stderr: '',
      });
      expect(desk.windows).toMatchObject([{ stay: true }]);
    });

    it('goes away on Ctrl-C, which withdraws it', async () => {
      desk.grant(window({}));
      const child = start(ask);
      let stderr = '';
      child.stderr.on('data', (chunk: Buffer) => {
        stderr += chunk.toString();
      });
      await expect.poll(() => desk.waiting(), { timeout: 20_000 }).toBe(1);
      await expect.poll(() => stderr, { timeout: 20_000 }).toContain('waits until');
      child.kill('SIGINT');
      expect(await new Promise((resolve) => child.once('close', resolve))).toBe(130);
      await expect.poll(() => desk.waiting(), { timeout: 20_000 }).toBe(0);
      expect(stderr).toContain('the request is withdrawn');
      expect(desk.windows[0]?.stay).toBeUndefined();
    });
  });

  it('offers ids to the shell', async () => {
    desk.tell(soon(), soon({ id: '1jd', state: 'denied' }));
    expect((await broker(['complete', 'requests'])).stdout).toBe('1jbx2kqqqq\n');
  });

  it('watch wants a terminal', async () => {
    expect(await broker(['approvals', 'watch'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('broker approvals ls'),
    });
  });
});
