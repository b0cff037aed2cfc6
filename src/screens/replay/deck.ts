// Plays a tape on a screen model, forwards and back, and looks for text in it. Must never write to a terminal.
import { eventAt, type Mark, type Tape, type TapeEvent } from '../../lib/tape.ts';
import { type Run, VtScreen } from '../../lib/vt-screen.ts';

/** Escape sequences as the sanitiser lets them through: what is left is what was written. */
const SEQUENCE = /\u001b(?:\[[?\d;:]*[@-~]|[^[])|[\b\r]/g;

/** Events after which a search looks at the screen as well: full-screen programs write texts in pieces. */
const LOOK = 16;

function sizeOf(data: string): readonly [columns: number, rows: number] {
  const [columns = 80, rows = 24] = data.split('x').map(Number);
  return [columns, rows];
}

class Player {
  screen: VtScreen;
  /** Index of the next event. */
  next = 0;
  readonly #events: readonly TapeEvent[];

  constructor({ events, columns, rows }: Pick<Tape, 'events' | 'columns' | 'rows'>) {
    this.#events = events;
    this.screen = new VtScreen(columns, rows);
  }

  step(): TapeEvent | undefined {
    const event = this.#events[this.next];
    if (!event) return undefined;
    this.next += 1;
    if (event.code === 'o') this.screen.write(event.data);
    else if (event.code === 'r') this.screen.resize(...sizeOf(event.data));
    else this.screen = new VtScreen(...sizeOf(event.data));
    return event;
  }
}

function shows({ screen }: Player, needle: string): boolean {
  return screen.lines().join('\n').toLowerCase().includes(needle);
}

export class Deck {
  readonly #tape: Tape;
  #player: Player;

  constructor(tape: Tape) {
    this.#tape = tape;
    this.#player = new Player(tape);
  }

  get columns(): number {
    return this.#player.screen.columns;
  }

  get rows(): number {
    return this.#player.screen.rows;
  }

  get row(): number {
    return this.#player.screen.row;
  }

  /** Shows the tape as it was at a time of its own, seconds. */
  seek(at: number): void {
    const last = eventAt(this.#tape.events, at, 'at');
    if (this.#player.next > last + 1) this.#player = new Player(this.#tape);
    while (this.#player.next <= last) this.#player.step();
  }

  runs(): Run[][] {
    return this.#player.screen.runs();
  }

  /** When the text next appears after a time: written, or put together on the screen. Letters in either case are the same. */
  find(text: string, after: number): number | undefined {
    const [found] = this.#places(text, after);
    return found;
  }

  /** The last time before another that the text appeared. */
  findBack(text: string, before: number): number | undefined {
    let found: number | undefined;
    for (const at of this.#places(text, -1)) {
      if (at >= before) break;
      found = at;
    }
    return found;
  }

  *#places(text: string, after: number): Generator<number> {
    const needle = text.toLowerCase();
    const player = new Player(this.#tape);
    const from = eventAt(this.#tape.events, after, 'at');
    while (player.next <= from) player.step();
    let there = shows(player, needle);
    let tail = '';
    for (let event = player.step(); event; event = player.step()) {
      if (event.code !== 'o') continue;
      const written = (tail + event.data.replace(SEQUENCE, '')).toLowerCase();
      const said = written.includes(needle);
      tail = needle.length > 1 ? written.slice(-(needle.length - 1)) : '';
      const look = player.next % LOOK === 0 || player.next === this.#tape.events.length;
      const now = look ? shows(player, needle) : there;
      if (said || (now && !there)) yield event.at;
      there = now || said;
    }
  }
}

/** Index of the statement that is running at a time; -1 before the first. */
export function markAt(marks: readonly Mark[], at: number): number {
  let found = -1;
  for (const [index, mark] of marks.entries()) if (mark.at <= at + 0.0005) found = index;
  return found;
}
