// Rows of a screen as pieces of safe text with a tone. Pure; every piece that came from outside went through lib/exact.ts.
import { exact } from '../../lib/exact.ts';
import { displayWidth } from '../../lib/table.ts';

export type Tone = 'plain' | 'dim' | 'strong' | 'good' | 'warn' | 'bad' | 'chosen';

export interface Piece {
  readonly text: string;
  readonly tone: Tone;
}

/** One row of the screen. */
export type Line = readonly Piece[];

export function piece(text: string, tone: Tone = 'plain'): Piece {
  return { text, tone };
}

export function widthOf(line: Line): number {
  return line.reduce((sum, { text }) => sum + displayWidth(text), 0);
}

/** The start of `text` in one row; `…` says that there is more. */
export function cell(text: string, width: number): string {
  if (width < 1) return '';
  const { rows } = exact(text, width);
  const shown = rows[0]?.text ?? '';
  const whole = rows.length === 1;
  if (whole && displayWidth(shown) <= width) return shown;
  let kept = '';
  let used = 0;
  for (const character of shown) {
    const next = displayWidth(character);
    if (used + next > width - 1) break;
    kept += character;
    used += next;
  }
  return `${kept}…`;
}

/** `text` in exactly `width` columns. */
export function column(text: string, width: number, side: 'left' | 'right' = 'left'): string {
  const shown = cell(text, width);
  const blank = ' '.repeat(Math.max(0, width - displayWidth(shown)));
  return side === 'left' ? shown + blank : blank + shown;
}

/** Filled with blanks to `width`; what is too long stays, so that whoever made it is found out by a test. */
export function filled(line: Line, width: number): Line {
  const missing = width - widthOf(line);
  return missing > 0 ? [...line, piece(' '.repeat(missing))] : line;
}

export function rule(width: number): Line {
  return [piece('─'.repeat(Math.max(0, width)), 'dim')];
}

export function plainText(line: Line): string {
  return line.map(({ text }) => text).join('');
}
