// The board under a person's hands: keys go in, and nothing is answered that was not chosen, read, confirmed.
import { render } from 'ink-testing-library';
import { afterEach, describe, expect, it } from 'vitest';
import type { ApprovalsBoardProps } from '../../src/screens/approvals/hooks.ts';
import type { BoardEvent } from '../../src/screens/approvals/state.ts';
import { ApprovalsBoard } from '../../src/screens/approvals-board.tsx';
import { asked, hostile, NOW, requested } from './requests.ts';

const ENTER = '\r';
const ESCAPE = '\u001b';
const PAGE_DOWN = '\u001b[6~';
const DOWN = '\u001b[B';

/** A stream the test speaks into. */
function stream() {
  const queue: BoardEvent[] = [];
  let wake: () => void = () => undefined;
  return {
    tell: (...events: readonly BoardEvent[]) => {
      queue.push(...events);
      wake();
    },
    async *follow(signal: AbortSignal): AsyncGenerator<BoardEvent> {
      signal.addEventListener('abort', () => wake());
      while (!signal.aborted) {
        const next = queue.shift();
        if (next) yield next;
        else
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
      }
    },
  };
}

type Order = Parameters<ApprovalsBoardProps['answer']>[0];

function open(more: Partial<ApprovalsBoardProps> = {}, size = { columns: 80, rows: 24 }) {
  const orders: Order[] = [];
  const rings: number[] = [];
  const { tell, follow } = stream();
  const props: ApprovalsBoardProps = {
    follow,
    answer: async (order) => {
      orders.push(order);
      return `signed ${order.answer}`;
    },
    ring: () => void rings.push(1),
    now: () => NOW,
    person: 'dana@example.com',
    colour: false,
    ...more,
  };
  const screen = render(<ApprovalsBoard {...props} size={size} />);
  const frame = () => screen.lastFrame() ?? '';
  const shows = (text: string) => expect.poll(frame, { timeout: 20_000 }).toContain(text);
  const press = async (key: string, then: string) => {
    screen.stdin.write(key);
    await shows(then);
  };
  return { tell, orders, rings, frame, shows, press, screen };
}

const boards: { screen: { unmount(): void } }[] = [];
function board(...how: Parameters<typeof open>) {
  const opened = open(...how);
  boards.push(opened);
  return opened;
}
afterEach(() => {
  for (const { screen } of boards.splice(0)) screen.unmount();
});

const row = requested();
const listed: BoardEvent = { type: 'listed' };

describe('the approvals board', () => {
  it('approves what was read and confirmed, by its digest and with a fresh sign-in', async () => {
    const { tell, orders, shows, press } = board();
    tell({ type: 'row', row }, listed);
    await shows('DROP TABLE public.orders');
    await press('a', 'Approve request 1jbx2kqqqq of alice@example.com: DROP TABLE public.orders?');
    await shows('1 │ DROP TABLE public.orders');
    await press('y', 'signed approve');
    expect(orders).toEqual([
      { answer: 'approve', id: row.id, digest: row.digest, strength: 'fresh-sign-in' },
    ]);
  });

  it('uses the key of the sign-in where the policy lets it', async () => {
    const { tell, orders, shows, press } = board();
    tell({ type: 'row', row: requested({ what: asked({ strength: 'session-key' }) }) }, listed);
    await shows('DROP TABLE public.orders');
    await press('a', 'Approve request');
    await press('y', 'signed approve');
    expect(orders[0]?.strength).toBe('session-key');
  });

  it('does not let a statement be approved whose end was never on the screen, nor by jumping to its end', async () => {
    const { tell, orders, shows, press, frame, screen } = board();
    tell({ type: 'row', row: requested({ what: asked({ text: hostile() }) }) }, listed);
    await shows('of 300');
    await press('a', 'were not shown yet: read on with PgDn');
    await press('G', 'DROP TABLE payroll;');
    await press('a', 'were not shown yet: read on with PgDn');
    await press('g', '  1 │ SELECT 1;');
    for (let page = 0; page < 200 && !frame().includes('DROP TABLE payroll;'); page += 1) {
      const before = frame();
      screen.stdin.write(PAGE_DOWN);
      await expect.poll(frame, { timeout: 20_000 }).not.toBe(before);
    }
    await press('a', 'Approve request');
    await press('y', 'signed approve');
    expect(orders).toHaveLength(1);
  });

  it('denies with the reason that was typed, and does not without one', async () => {
    const { tell, orders, shows, press, screen } = board();
    tell({ type: 'row', row }, listed);
    await shows('DROP TABLE public.orders');
    await press('d', 'Reason: ');
    screen.stdin.write(ENTER);
    await press('after the release', 'Reason: after the release');
    await press(ENTER, 'signed deny');
    expect(orders).toEqual([
      {
        answer: 'deny',
        id: row.id,
        digest: row.digest,
        reason: 'after the release',
        strength: 'session-key',
      },
    ]);
  });

  it('revokes what is approved for longer than a statement, and nothing else', async () => {
    const { tell, orders, shows, press } = board();
    tell({ type: 'row', row }, listed);
    await shows('DROP TABLE public.orders');
    await press('r', 'nobody has approved it yet');
    const lasting = requested({ state: 'approved', what: asked({ purpose: 'window', duration: 1800 }) });
    tell({ type: 'row', row: lasting });
    await shows('window of 30m');
    await press('r', 'Reason: ');
    await press('over', 'Reason: over');
    await press(ENTER, 'signed revoke');
    expect(orders).toHaveLength(1);
  });

  it.each([
    ['one’s own', requested({ own: true }), 'you asked for it'],
    ['what is not genuine', requested({ genuine: false, problem: 'no signature' }), 'it is not genuine'],
    ['what is over', requested({ state: 'expired' }), 'it is expired already'],
  ])('answers nothing to %s', async (_name, other, why) => {
    const { tell, orders, shows, press } = board();
    tell({ type: 'row', row: other }, listed);
    await shows('DROP TABLE public.orders');
    await press('a', why);
    await press('d', why);
    expect(orders).toEqual([]);
  });

  it('takes no answer from text that is pasted at once', async () => {
    const { tell, orders, shows, press, frame, screen } = board();
    tell({ type: 'row', row }, listed);
    await shows('DROP TABLE public.orders');
    screen.stdin.write('ay');
    screen.stdin.write('approve yes');
    await press(ENTER, 'digest');
    expect(frame()).not.toContain('Approve request');
    await press(ESCAPE, 'REQUEST ');
    await press('a', 'Approve request');
    screen.stdin.write('yy');
    await press('n', 'REQUEST ');
    expect(orders).toEqual([]);
  });

  it('shows where to sign in, hands on what is pasted, and lets a person give up', async () => {
    const pasted: string[] = [];
    const url = `https://id.example.com/auth?x=${'y'.repeat(200)}`;
    let stopped = false;
    const { tell, shows, press, frame } = board({
      answer: async (_order, talk) => {
        talk.signal.addEventListener('abort', () => {
          stopped = true;
        });
        talk.show({ kind: 'paste', url, purpose: 'identity' });
        pasted.push(await talk.pasted());
        return new Promise(() => undefined);
      },
    });
    tell({ type: 'row', row }, listed);
    await shows('DROP TABLE public.orders');
    await press('a', 'Approve request');
    await press('y', 'open this address');
    const joined = frame()
      .split('\n')
      .map((line) => line.trim())
      .join('');
    expect(joined).toContain(url);
    await press('http://127.0.0.1/callback?code=1\r', '> ');
    await expect.poll(() => pasted, { timeout: 20_000 }).toEqual(['http://127.0.0.1/callback?code=1']);
    await press(ESCAPE, 'REQUEST ');
    expect(stopped).toBe(true);
  });

  it('says why an answer failed, and goes on', async () => {
    const { tell, shows, press } = board({
      answer: () => Promise.reject(new Error('the provider \u001b[31m is away')),
    });
    tell({ type: 'row', row }, listed);
    await shows('DROP TABLE public.orders');
    await press('a', 'Approve request');
    await press('y', 'the provider \\e[31m is away');
    await shows('REQUEST ');
  });

  it('rings for what comes new, and for nothing that was there or is one’s own', async () => {
    const { tell, rings, shows } = board();
    tell({ type: 'row', row }, listed, { type: 'row', row });
    tell({ type: 'row', row: requested({ id: 'mine', own: true }) });
    await shows('mine');
    expect(rings).toEqual([]);
    tell({ type: 'row', row: requested({ id: 'fresh' }) });
    await shows('fresh');
    expect(rings).toEqual([1]);
  });

  it('lets no key that was meant for one request answer the next, which has just taken its place', async () => {
    const { tell, shows, press, frame, screen } = board();
    const next = requested({ id: '1jnextnext', asked: '2026-03-01T11:59:30.000000Z' });
    tell({ type: 'row', row }, { type: 'row', row: next }, listed);
    await shows('2 waiting');
    tell({ type: 'row', row: { ...row, state: 'withdrawn' } });
    await shows('what was chosen is over; this is the next one: 1jnextnext');
    screen.stdin.write('a');
    await expect.poll(frame, { timeout: 20_000 }).not.toContain('this is the next one');
    expect(frame()).not.toContain('Approve request');
    await press('a', 'Approve request 1jnextnext');
  });

  it('takes a flood of requests at once, rings once, and still has the chosen one and its keys', async () => {
    const { tell, rings, shows, press } = board();
    tell({ type: 'row', row }, listed);
    await shows('1 waiting');
    const flood = Array.from({ length: 5000 }, (_, index): BoardEvent => {
      const id = `flood${String(index).padStart(5, '0')}`;
      return { type: 'row', row: requested({ id, asked: '2026-03-01T11:59:30.000000Z' }) };
    });
    tell(...flood);
    await shows('5001 waiting');
    await press('a', 'Approve request 1jbx2kqqqq');
    expect(rings.length).toBeLessThan(20);
  });

  it('says that it has lost the agent, keeps what it knew, and is right again after', async () => {
    const { tell, shows, frame } = board();
    tell({ type: 'row', row }, listed, { type: 'trouble', reason: 'the agent stopped; looking for it' });
    await shows('the agent stopped; looking for it');
    expect(frame()).toContain('1jbx2kqqqq');
    tell({ type: 'began' }, listed);
    await shows('Nothing waits for an answer');
    expect(frame()).not.toContain('the agent stopped');
  });

  it('leaves by q and by Ctrl-C', async () => {
    for (const key of ['q', '\u0003']) {
      const { tell, shows, screen, frame } = board();
      tell({ type: 'row', row }, listed);
      await shows('DROP TABLE');
      const frames = screen.frames.length;
      screen.stdin.write(key);
      screen.stdin.write(DOWN);
      await expect.poll(() => screen.frames.length >= frames, { timeout: 20_000 }).toBe(true);
      tell({ type: 'row', row: requested({ id: 'later' }) });
      expect(frame()).not.toContain('later');
    }
  });

  it('cuts no row that the layout made: what ink thinks is wide, the layout counted as wide', async () => {
    const every = (from: number, to: number, step: number) =>
      Array.from({ length: Math.ceil((to - from) / step) }, (_, index) => from + index * step);
    const codes = [
      ...every(0xa0, 0x1100, 11),
      ...every(0x2010, 0x2060, 1),
      ...every(0x20a0, 0x20d0, 1),
      ...every(0x2500, 0x2580, 3),
      ...every(0x2190, 0xd800, 151),
      ...every(0x1f300, 0x1faff, 31),
    ];
    const text = codes.map((code) => String.fromCodePoint(code).repeat(40)).join('\n');
    const { tell, frame, shows } = board({}, { columns: 80, rows: 4000 });
    tell({ type: 'row', row: requested({ what: asked({ text }) }) }, listed);
    await shows(`${codes.length} │`);
    const rows = frame()
      .split('\n')
      .filter((line) => /^.{5}[│┊]/.test(line));
    expect(rows.length).toBeGreaterThan(codes.length);
    expect(rows.filter((line) => line.endsWith('…') && !line.includes('……'))).toEqual([]);
  });
});
