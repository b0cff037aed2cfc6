// The board's rows at every size: what fits, what is told, and that a hostile statement neither hides nor forges a row.
import { describe, expect, it } from 'vitest';
import { displayWidth } from '../../src/lib/table.ts';
import type { ApprovalRow } from '../../src/model/approval.ts';
import { layBoard } from '../../src/screens/approvals/layout.ts';
import { type Line, plainText } from '../../src/screens/approvals/lines.ts';
import { readingOf, readOn } from '../../src/screens/approvals/reading.ts';
import { changedLines, similarTo } from '../../src/screens/approvals/similar.ts';
import { type BoardAction, type BoardState, boardReducer, EMPTY } from '../../src/screens/approvals/state.ts';
import { asked, hostile, NOW, requested } from './requests.ts';

function state(rows: readonly ApprovalRow[], ...actions: readonly BoardAction[]): BoardState {
  const told: BoardAction[] = rows.map((row) => ({ type: 'row', row }));
  return [...told, { type: 'listed' } as const, ...actions].reduce(boardReducer, EMPTY);
}

const at = (columns: number, rows: number) => ({ columns, rows, now: NOW, person: 'dana@example.com' });
const texts = (lines: readonly Line[]) => lines.map((line) => plainText(line).trimEnd());
const show = (board: BoardState, columns = 80, rows = 24) => texts(layBoard(board, at(columns, rows)).lines);

const SIZES = [
  [60, 16],
  [80, 24],
  [100, 30],
  [139, 40],
  [140, 40],
  [200, 50],
] as const;

describe('the board', () => {
  it('tells at 80 × 24 who asks, for whom, for what, why, and how long it can be answered', () => {
    const bot = requested({
      requester: {
        iss: 'https://id.example.com',
        sub: 'alice',
        email: 'alice@example.com',
        bot: 'helper@prod-db',
      },
      what: asked({ models: ['m-1 (declared by the client)'], quorum: 2 }),
    });
    expect(show(state([bot])).slice(0, 4)).toEqual([
      ' APPROVALS  1 waiting                                  you are dana@example.com',
      '  REQUEST    WHO            CONNECTION WHAT                       YES      LEFT',
      '▶ 1jbx2kqqqq helper@prod-db prod-db    DROP TABLE public.orders   0/2       14m',
      '─'.repeat(80),
    ]);
    const text = show(state([bot])).join('\n');
    for (const told of [
      'who          bot helper@prod-db',
      'on behalf of alice@example.com, subject alice of https://id.example.com',
      'model        m-1 (declared by the client)',
      'where        prod-db, session 1jbx2k00aa, statement 3, in a transaction',
      'what         DROP TABLE public.orders: this statement, once',
      'tables       public.orders',
      'policy       0 of 2 approved; drops-ask: dropping a table loses data',
      'STATEMENT    line 1 of 1',
      '  1 │ DROP TABLE public.orders',
      '14m',
      'a approve  d deny  r revoke  q quit',
    ])
      expect(text).toContain(told);
  });

  it.each(SIZES)('fills %d × %d and no more, whatever the statement holds', (columns, rows) => {
    const row = requested({ what: asked({ text: hostile(), titles: [`DROP ${'x'.repeat(500)}`] }) });
    for (const kind of ['browse', 'details', 'confirm', 'reason', 'answering'] as const) {
      const target = { answer: 'approve', id: row.id, digest: row.digest, text: '\u202e' } as const;
      const board = state([row], { type: 'mode', mode: { kind, ...target } });
      for (let top = 0; top < 600; top += 53) {
        const { lines } = layBoard({ ...board, top }, at(columns, rows));
        expect(lines).toHaveLength(rows - 1);
        for (const line of texts(lines)) {
          expect(displayWidth(line)).toBeLessThanOrEqual(columns);
          expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{M}\u2028\u2029]/u);
        }
      }
    }
  });

  it('shows every row of a hostile statement once when it is scrolled through, none of them forged', () => {
    const what = asked({ text: hostile() });
    const row = requested({ what });
    const wanted = readingOf(what, 78).rows.map(({ gutter, text }) => `${gutter}${text}`.trimEnd());
    const found = new Map<number, string>();
    const board = state([row]);
    for (let top = 0; top < wanted.length; top += 1) {
      const { pane, lines } = layBoard({ ...board, top }, at(80, 24));
      const body = texts(lines).slice(-2 - (pane?.shown.length ?? 0), -2);
      for (const [index, line] of body.entries()) found.set((pane?.top ?? 0) + index, line.slice(1));
    }
    expect([...found.values()]).toEqual(wanted);
    expect(wanted.at(-1)).toBe('300 │ DROP TABLE payroll;');
    // Column 4 is ours alone: what looks like a line number stands to the right of a real one.
    expect(wanted.every((line) => /^(?: {3}|[ \d]{2}\d) [│┊]/.test(line))).toBe(true);
    expect(wanted).toContain('  7 │   12 │ SELECT 1; -- not a line number of ours');
  });

  it('says how much is written as codes, and which rows were not shown', () => {
    const text = show(state([requested({ what: asked({ text: hostile() }) })]), 160, 40).join('\n');
    expect(text).toMatch(
      /STATEMENT {4}lines 1–\d+ of 300, \d+ rows not shown yet\n.*characters that do not show, as codes: \d+ × /,
    );
  });

  it('has a window’s reason read like a statement', () => {
    const what = asked({
      purpose: 'window',
      text: '',
      titles: [],
      tables: [],
      duration: 1800,
      reason: 'ticket 4711',
    });
    const text = show(state([requested({ what })])).join('\n');
    expect(text).toContain('window of 30m');
    expect(text).toContain('REASON       line 1 of 1');
    expect(text).toContain('  1 │ ticket 4711');
  });

  it('shows parameters, an empty one and one that is null, under their own signs', () => {
    const what = asked({ text: 'DELETE FROM t WHERE a = $1', parameters: ['NULL', null, ''] });
    const text = show(state([requested({ what })])).join('\n');
    expect(text).toContain(' $1 │ NULL\n');
    expect(text).toContain(' $2 ∅\n');
    expect(text).toContain(' $3 │\n');
  });

  it('puts a warning over what is not genuine, and over what is one’s own', () => {
    const forged = requested({ genuine: false, problem: 'its signature \u001b[0m does not hold' });
    expect(show(state([forged])).join('\n')).toContain('NOT GENUINE  its signature \\e[0m does not hold');
    expect(show(state([requested({ own: true })])).join('\n')).toContain('yours        you asked for this');
  });

  it('has every fact whole in the details: decisions, what did not count and why, digests', () => {
    const row = requested({
      decisions: [
        {
          answer: 'approve',
          iss: 'https://id.example.com',
          sub: 'dana',
          email: 'dana@example.com',
          jkt: 'k',
          strength: 'fresh-sign-in',
          time: '2026-03-01T12:00:00.000000Z',
          digest: 'e'.repeat(64),
          key: 'v1/appr/x',
        },
      ],
      rejected: [{ key: 'v1/appr/forged', step: 'signature', reason: 'it was signed by another key' }],
    });
    const text = show(state([row], { type: 'mode', mode: { kind: 'details' } }), 100, 50).join('\n');
    expect(text).toContain(
      'approved by dana@example.com, subject dana of https://id.example.com, with a fresh',
    );
    expect(text).toContain('not counted  v1/appr/forged: signature: it was signed by another key');
    expect(text).toContain('d'.repeat(64));
  });

  it('keeps the waiting ones above, the oldest first, and what is over below', () => {
    const rows = [
      requested({ id: 'over', state: 'denied', asked: '2026-03-01T11:00:00Z' }),
      requested({ id: 'young', asked: '2026-03-01T11:50:00Z' }),
      requested({ id: 'older', asked: '2026-03-01T11:40:00Z' }),
    ];
    const lines = show(state(rows)).slice(2, 5);
    expect(lines.map((line) => line.slice(2, 7).trim())).toEqual(['older', 'young', 'over']);
  });

  it('asks for a larger terminal rather than show less', () => {
    expect(show(state([requested()]), 50, 10).join(' ')).toContain('60 × 16');
  });
});

describe('reading', () => {
  it('counts nothing that comes after a gap', () => {
    const { rows } = readingOf(asked({ text: 'a\nb\nc\nd' }), 80);
    expect(readOn(0, rows.slice(2))).toBe(0);
    expect(readOn(readOn(0, rows.slice(0, 2)), rows.slice(2))).toBe(rows.at(-1)?.to);
  });

  it('goes on where it was after the screen has changed its width', () => {
    const what = asked({ text: 'x'.repeat(300) });
    const narrow = readingOf(what, 60);
    const seen = readOn(0, narrow.rows.slice(0, 3));
    const wide = readingOf(what, 120).rows;
    expect(readOn(seen, wide.slice(2))).toBe(seen);
    expect(readOn(seen, wide.slice(1))).toBe(narrow.length);
  });

  it('has to pass an empty statement and empty parameters too', () => {
    const reading = readingOf(asked({ text: '', parameters: [''] }), 80);
    expect(reading.rows.map(({ from, to }) => [from, to])).toEqual([
      [0, 1],
      [1, 2],
    ]);
  });
});

describe('what the board does when requests change', () => {
  const row = requested();
  const target = { answer: 'approve', id: row.id, digest: row.digest } as const;

  it('gives up a question whose request was answered by somebody else', () => {
    const before = state([row], { type: 'mode', mode: { kind: 'confirm', ...target } });
    const after = boardReducer(before, { type: 'row', row: { ...row, state: 'denied' } });
    expect(after).toMatchObject({
      mode: { kind: 'browse' },
      message: { text: expect.stringContaining('denied') },
    });
  });

  it('gives up a question whose request is not the one that was shown', () => {
    const before = state([row], { type: 'mode', mode: { kind: 'confirm', ...target } });
    const after = boardReducer(before, { type: 'row', row: { ...row, digest: 'f'.repeat(64) } });
    expect(after.mode.kind).toBe('browse');
  });

  it('keeps the chosen one chosen when others come and go', () => {
    const other = requested({ id: 'other', asked: '2026-03-01T11:00:00Z' });
    const later = boardReducer(state([row]), { type: 'row', row: other });
    expect(later.chosen).toBe(row.id);
    const again: BoardAction[] = [{ type: 'began' }, { type: 'row', row: other }, { type: 'listed' }];
    expect(again.reduce(boardReducer, later).chosen).toBe('other');
  });

  it('offers what waits in place of what is over, but not to somebody who went to look at that', () => {
    const over = requested({ id: 'over', state: 'denied', asked: '2026-03-01T11:00:00Z' });
    expect(boardReducer(state([over]), { type: 'row', row }).chosen).toBe(row.id);
    const looking = state([row, over], { type: 'choose', by: 1 });
    expect(looking.chosen).toBe('over');
    const other = requested({ id: 'other' });
    expect(boardReducer(looking, { type: 'row', row: other }).chosen).toBe('over');
    const answered = boardReducer(state([row, other]), { type: 'row', row: { ...row, state: 'denied' } });
    expect(answered.chosen).toBe('other');
  });

  it('forgets what a new stream does not tell, once it has told everything', () => {
    const began = boardReducer(state([row]), { type: 'began' });
    expect(began.rows.size).toBe(1);
    expect(boardReducer(began, { type: 'listed' }).rows.size).toBe(0);
  });
});

describe('a statement like one that was answered before', () => {
  const before = requested({
    id: '1ja0000000',
    state: 'spent',
    asked: '2026-03-01T10:00:00.000000Z',
    what: asked({ fingerprint: 'f', text: 'a\nb\nc' }),
    decisions: [
      {
        answer: 'approve',
        iss: 'https://id.example.com',
        sub: 'dana',
        email: 'dana@example.com',
        jkt: 'k',
        strength: 'fresh-sign-in',
        time: '2026-03-01T10:01:00.000000Z',
        digest: 'e'.repeat(64),
        key: 'v1/appr/x',
      },
    ],
  });
  const words = (text: string, more = {}) =>
    show(
      state([before, requested({ what: asked({ fingerprint: 'f', text, ...more }) })], {
        type: 'choose',
        by: -9,
      }),
    );

  it('says which it was, what became of it, and marks the lines that are new', () => {
    const lines = words('a\nx\nb\nc');
    expect(lines.join('\n')).toContain(
      'before       1 line (+) differs, 2h ago approved by dana@example.com, used',
    );
    expect(lines.filter((line) => /^ {3,}\d.?│/.test(line)).map((line) => line.trim())).toEqual([
      '1 │ a',
      '2+│ x',
      '3 │ b',
      '4 │ c',
    ]);
  });

  it('says when it is the same, and when its parameters are not', () => {
    const whole = (row: readonly string[]) => row.join('\n');
    expect(whole(words('a\nb\nc'))).toContain(
      'before       the same, 2h ago approved by dana@example.com, used: 1ja',
    );
    expect(changedLines(['a', 'b', 'c'], ['a', 'c'])).toEqual(new Set());
    expect(changedLines(['a', 'b'], ['b', 'a'])).toEqual(new Set([2]));
    expect(changedLines([], ['a'])).toEqual(new Set([1]));
    const next = requested({ what: asked({ fingerprint: 'f', text: 'a\nb\nc', parameters: ['1'] }) });
    expect(similarTo([before, next], next, NOW)?.words).toMatch(/^the same with other parameters, 2h ago/);
    const same = requested({ what: asked({ fingerprint: 'f', text: 'a\nb\nc' }) });
    expect(similarTo([before, same], same, NOW)?.words).toMatch(/^the same, 2h ago/);
    const shorter = requested({ what: asked({ fingerprint: 'f', text: 'a\nc' }) });
    expect(similarTo([before, shorter], shorter, NOW)?.words).toMatch(/^the same without some lines, /);
  });

  it('compares with nothing of another shape or connection, nor with what is not genuine', () => {
    const next = requested({ what: asked({ fingerprint: 'f' }) });
    for (const other of [
      requested({ ...before, what: asked({ fingerprint: 'g' }) }),
      requested({ ...before, what: asked({ fingerprint: 'f', connection: 'other' }) }),
      requested({ ...before, genuine: false }),
      requested({ ...before, decisions: [] }),
    ])
      expect(similarTo([other, next], next, NOW)).toBeUndefined();
  });
});
