// A replay as rows of the terminal: the recorded screen above, where it is below. Pure; no recording reaches the lower rows.
import { realAt, type Tape } from '../../lib/tape.ts';
import { visible } from '../../lib/visible.ts';
import type { Run } from '../../lib/vt-screen.ts';
import { type Deck, markAt } from './deck.ts';
import type { ReplayState } from './state.ts';

export interface ReplayBoard {
  readonly screen: readonly (readonly Run[])[];
  /** Where it is. */
  readonly status: string;
  /** What ran, or what is being typed. */
  readonly line: string;
  readonly keys: string;
}

interface ReplaySize {
  readonly columns: number;
  readonly rows: number;
}

/** Rows that are ours; one more stays empty, since a full terminal scrolls. */
const OURS = 4;

export const KEYS = 'space pause · ←→ 5 s · [ ] statement · ↑↓ speed · / seek · ? keys · q quit';

const HELP: readonly string[] = [
  'space        pause, go on; at the end, from the start',
  '← →          five seconds back, on',
  'PgUp PgDn    a minute back, on',
  '[ ]          to the statement before, after',
  '.            on to the next change of the screen',
  '↑ ↓  + -     faster, slower',
  '/ text       seek what was shown; n the next, N the one before',
  'Home End     the start, the end; also g and G',
  '?            this; q leaves',
];

/** `1:02`, or `1:02:03` from an hour on. */
export function clockText(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (value: number) => String(value).padStart(2, '0');
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** The rows that fit, with the cursor among them. */
function pane(deck: Deck, height: number): readonly (readonly Run[])[] {
  const rows = deck.runs();
  const from = Math.max(0, Math.min(deck.row - height + 1, rows.length - height));
  return rows.slice(from, from + height);
}

function status(state: ReplayState, tape: Tape, deck: Deck, size: ReplaySize): string {
  const { at, playing, speed } = state;
  const wall = tape.start === undefined ? undefined : (tape.start + realAt(tape, at)) * 1000;
  // What no date can hold is not shown as one.
  const moment =
    wall !== undefined && Math.abs(wall) < 8e15
      ? `${new Date(wall).toISOString().slice(0, 19).replace('T', ' ')} UTC`
      : '';
  const filled = tape.length > 0 ? Math.round((at / tape.length) * 16) : 16;
  const small = deck.columns > size.columns || deck.rows > size.rows - OURS - 1;
  return [
    playing ? '▶' : '⏸',
    `${clockText(at)} / ${clockText(tape.length)}`,
    `${'━'.repeat(filled)}${'─'.repeat(16 - filled)}`,
    `${speed}×`,
    moment,
    small ? `recorded at ${deck.columns}×${deck.rows}` : '',
    tape.cut ? 'only its first part is held' : '',
  ]
    .filter((each) => each !== '')
    .join('  ');
}

function line({ typing, note, at }: ReplayState, { marks, title }: Tape): string {
  if (typing !== undefined) return `/${visible(typing)}█`;
  if (note !== '') return visible(note);
  if (marks.length === 0) return title;
  const index = markAt(marks, at);
  return `statement ${index + 1} of ${marks.length}${index < 0 ? '' : `  ${marks[index]?.label ?? ''}`}`;
}

export function layReplay(state: ReplayState, tape: Tape, deck: Deck, size: ReplaySize): ReplayBoard {
  const height = Math.max(1, size.rows - OURS - 1);
  const shown: readonly (readonly Run[])[] = state.help
    ? HELP.map((text) => [{ text, style: '' }])
    : pane(deck, height);
  const screen = [...shown.slice(0, height)];
  while (screen.length < height) screen.push([]);
  return { screen, status: status(state, tape, deck, size), line: line(state, tape), keys: KEYS };
}
