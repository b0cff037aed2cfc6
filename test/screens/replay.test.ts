// The replay's tape, screen, search and keys: pure, without a terminal.
import { describe, expect, it } from 'vitest';
import type { CastEvent, CastHeader } from '../../src/lib/asciicast.ts';
import { realAt, type Said, spliceTape, type Tape } from '../../src/lib/tape.ts';
import { Deck, markAt } from '../../src/screens/replay/deck.ts';
import { clockText, layReplay } from '../../src/screens/replay/layout.ts';
import {
  advance,
  press,
  type ReplayKey,
  type ReplayState,
  startState,
} from '../../src/screens/replay/state.ts';

const HEADER: CastHeader = { version: 2, width: 20, height: 4, timestamp: 1_000 };

async function* cast(header: CastHeader, ...events: readonly CastEvent[]) {
  yield header;
  yield* events;
}
const out = (time: number, data: string): CastEvent => ({ time, code: 'o', data });

async function tape(
  recordings: readonly ReturnType<typeof cast>[],
  said: readonly Said[] = [],
  maxIdle = 2,
): Promise<Tape> {
  const made = await spliceTape(recordings, { maxIdle, said });
  if (!made) throw new Error('no tape');
  return made;
}

const plain = () =>
  tape(
    [
      cast(
        HEADER,
        out(1, 'shop=> select 1;\r\n'),
        out(1.5, 'one\r\n'),
        out(61.5, 'shop=> DROP '),
        out(61.6, 'TABLE x;\r\n'),
        { time: 61.7, code: 'r', data: '30x5' },
        out(62, '\u001b[2Jdone'),
      ),
    ],
    [
      { when: 1_001.2, label: 'allow: select 1' },
      { when: 1_061.55, label: 'deny: drop table x' },
    ],
  );

const KEY: ReplayKey = {
  input: '',
  leftArrow: false,
  rightArrow: false,
  upArrow: false,
  downArrow: false,
  pageUp: false,
  pageDown: false,
  home: false,
  end: false,
  return: false,
  escape: false,
  backspace: false,
  delete: false,
  ctrl: false,
};

function pressed(state: ReplayState, made: Tape, ...keys: readonly (string | Partial<ReplayKey>)[]) {
  const deck = new Deck(made);
  return keys.reduce<ReplayState | undefined>(
    (now, key) =>
      now && press(now, { ...KEY, ...(typeof key === 'string' ? { input: key } : key) }, made, deck),
    state,
  );
}

describe('a tape', () => {
  it('cuts long pauses, and puts statements where they ran', async () => {
    const made = await plain();
    expect(made.events.map(({ at }) => Number(at.toFixed(3)))).toEqual([0, 1, 1.5, 3.5, 3.6, 3.7, 4]);
    expect(made.length).toBeCloseTo(4);
    expect(made.marks.map(({ at, label }) => [Number(at.toFixed(3)), label])).toEqual([
      [1.2, 'allow: select 1'],
      [3.55, 'deny: drop table x'],
    ]);
    expect(realAt(made, 3.5)).toBeCloseTo(61.5);
  });

  it('is safe: nothing that acts, and labels on one line', async () => {
    const made = await tape(
      [
        cast(
          { ...HEADER, title: '\u001b]0;x\u0007t' },
          out(0, 'a\u001b]52;c;eA==\u0007b\u001b[6nc\u001bPq\u001b\\'),
          { time: 1, code: 'm', data: 'm\u001b[2J\n' },
          { time: 1, code: 'i', data: 'typed' },
        ),
      ],
      [{ when: 1_001, label: 'allow: \u202e\u001b[31m' }],
    );
    expect(made.events.map(({ data }) => data).join('')).toBe('20x4abc');
    expect(made.title).toBe('\\e]0;x\\x07t');
    expect(made.marks.map(({ label }) => label)).toEqual(['m\\e[2J\\n', 'allow: \\u{202e}\\e[31m']);
  });

  it('puts several recordings one after the other, each on its own screen', async () => {
    const made = await tape([
      cast(HEADER, out(1, 'first\u001b[31m')),
      cast({ ...HEADER, width: 40, timestamp: 1_010 }, out(1, 'second')),
    ]);
    const deck = new Deck(made);
    deck.seek(made.length);
    expect(deck.columns).toBe(40);
    expect(deck.runs()[0]?.[0]).toEqual({ text: 'second', style: '' });
    expect(realAt(made, made.length)).toBeCloseTo(11);
    deck.seek(1);
    expect(deck.runs()[0]?.[0]).toEqual({ text: 'first', style: '' });
  });

  it('is undefined where there is no recording', async () => {
    expect(await spliceTape([], { maxIdle: 2, said: [] })).toBeUndefined();
  });
});

describe('a deck', () => {
  it('shows any moment, backwards as well', async () => {
    const made = await plain();
    const deck = new Deck(made);
    const line = (row: number) =>
      (deck.runs()[row] ?? [])
        .map(({ text }) => text)
        .join('')
        .trimEnd();
    deck.seek(4);
    expect([line(0), deck.columns, deck.rows]).toEqual(['', 30, 5]);
    deck.seek(1.5);
    expect([line(0), line(1), deck.columns]).toEqual(['shop=> select 1;', 'one', 20]);
    deck.seek(0.5);
    expect(line(0)).toBe('');
  });

  it('finds what was written in pieces, in either case, forwards and back', async () => {
    const made = await plain();
    const deck = new Deck(made);
    expect(deck.find('drop table', -1)).toBeCloseTo(3.6);
    expect(deck.find('SELECT', -1)).toBeCloseTo(1);
    expect(deck.find('select', 1)).toBeUndefined();
    expect(deck.findBack('shop=>', 3.5)).toBeCloseTo(1);
    expect(deck.findBack('shop=>', 4)).toBeCloseTo(3.5);
    expect(deck.find('nowhere', -1)).toBeUndefined();
  });

  it('finds what a full-screen program put together on the screen', async () => {
    const made = await tape([
      cast(HEADER, out(1, '\u001b[1;4Hrld'), out(2, '\u001b[1;1Hwo'), out(3, '\u001b[1;3H-')),
    ]);
    expect(new Deck(made).find('wo-rld', -1)).toBe(3);
  });

  it('knows which statement runs', async () => {
    const { marks } = await plain();
    expect([0, 1.2, 3, 3.55, 4].map((at) => markAt(marks, at))).toEqual([-1, 0, 0, 1, 1]);
  });
});

describe('keys of a replay', () => {
  it('play, pause, seek, change the speed, go to the ends', async () => {
    const made = await plain();
    const start = startState(1);
    expect(advance(start, made, 1.5)).toMatchObject({ at: 1.5, playing: true });
    expect(advance({ ...start, speed: 4 }, made, 10)).toMatchObject({ at: 4, playing: false });
    expect(pressed(start, made, ' ')).toMatchObject({ playing: false });
    expect(pressed({ ...start, at: 4, playing: false }, made, ' ')).toMatchObject({ at: 0, playing: true });
    expect(pressed(start, made, { rightArrow: true })).toMatchObject({ at: 4 });
    expect(pressed({ ...start, at: 3 }, made, { leftArrow: true })).toMatchObject({ at: 0 });
    expect(pressed(start, made, '+', '+', '-')).toMatchObject({ speed: 2 });
    expect(pressed(start, made, { upArrow: true })).toMatchObject({ speed: 2 });
    expect(pressed(start, made, 'G')).toMatchObject({ at: made.length, playing: false });
    expect(pressed(start, made, '.', '.')).toMatchObject({ at: 1.5, playing: false });
    expect(pressed(start, made, 'x')).toEqual(start);
    for (const leave of ['q', { escape: true }, { ctrl: true, input: 'c' }])
      expect(pressed(start, made, leave)).toBeUndefined();
  });

  it('step from statement to statement', async () => {
    const made = await plain();
    const first = pressed(startState(1), made, ']');
    expect(first).toMatchObject({ at: 1.2, playing: false });
    expect(pressed(first as ReplayState, made, ']')?.at).toBeCloseTo(3.55);
    expect(pressed(first as ReplayState, made, ']', ']')).toMatchObject({
      note: 'that was the last statement',
    });
    expect(pressed(first as ReplayState, made, ']', '[')).toMatchObject({ at: 1.2 });
    expect(pressed(first as ReplayState, made, '[')).toMatchObject({ at: 0 });
  });

  it('seek a text that is typed, then the next and the one before', async () => {
    const made = await plain();
    const typed = pressed(startState(1), made, '/', 's', 'h', 'x', { backspace: true }, 'op', {
      return: true,
    });
    expect(typed).toMatchObject({ at: 1, note: 'found: shop', typing: undefined, playing: false });
    expect(pressed(typed as ReplayState, made, 'n')?.at).toBeCloseTo(3.5);
    expect(pressed(typed as ReplayState, made, 'n', 'N')?.at).toBeCloseTo(1);
    expect(pressed(typed as ReplayState, made, 'N')?.note).toBe('not found before this: shop');
    // While typing, q is a letter.
    expect(pressed(startState(1), made, '/', 'q')).toMatchObject({ typing: 'q' });
    expect(pressed(startState(1), made, '/', 'q', { escape: true })).toMatchObject({ typing: undefined });
    expect(pressed(startState(1), made, 'n')?.note).toBe('nothing was sought yet: / seeks');
  });
});

describe('the picture of a replay', () => {
  it('keeps the recording out of its own rows, and follows the cursor', async () => {
    const made = await tape([
      cast({ ...HEADER, height: 12 }, out(0, `\u001b[1;12r${'x\r\n'.repeat(40)}last\u001b[12;1H`)),
    ]);
    const deck = new Deck(made);
    deck.seek(1);
    const board = layReplay({ ...startState(2), at: 0 }, made, deck, { columns: 60, rows: 10 });
    expect(board.screen).toHaveLength(5);
    expect(
      board.screen
        .at(-1)
        ?.map(({ text }) => text)
        .join(''),
    ).toContain('last');
    expect(board.status).toContain('0:00 / 0:00');
    expect(board.status).toContain('1970-01-01 00:16:40 UTC');
    expect(board.status).toContain('recorded at 20×12');
  });

  it('says where it is and what is typed, safely', async () => {
    const made = await plain();
    const deck = new Deck(made);
    const size = { columns: 80, rows: 24 };
    expect(layReplay({ ...startState(1), at: 3.6 }, made, deck, size).line).toBe(
      'statement 2 of 2  deny: drop table x',
    );
    expect(layReplay({ ...startState(1), typing: 'a\u202eb' }, made, deck, size).line).toBe('/a\\u{202e}b█');
    expect([0, 59.9, 61, 3_661].map(clockText)).toEqual(['0:00', '0:59', '1:01', '1:01:01']);
  });

  it('lives with a start that no date can hold', async () => {
    const made = await tape([cast({ ...HEADER, timestamp: 1e300 }, out(1, 'x'))]);
    expect(layReplay(startState(1), made, new Deck(made), { columns: 80, rows: 24 }).status).not.toContain(
      'UTC',
    );
  });
});
