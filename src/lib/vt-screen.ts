// A terminal's screen as cells, for sanitised recordings only. Self-contained: the HTML page carries this class's own text. Must never grow with the recording.

/** One run of cells that look alike. `style` is a list of words: `bold`, `f1`, `b237`, `f#aabbcc` … */
export interface Run {
  readonly text: string;
  readonly style: string;
}

type Cell = { text: string; style: string };

/** Knows what `TerminalSanitiser` lets through; anything else is skipped. Nothing outside the class may be named in it. */
export class VtScreen {
  columns: number;
  rows: number;
  row = 0;
  column = 0;
  cursorShown = true;
  #cells: Cell[][];
  #other: Cell[][] | undefined;
  #style = '';
  #saved = { row: 0, column: 0, style: '' };
  #top = 0;
  #bottom: number;
  #wrap = true;
  /** The last column was written: the next character goes to the next line. */
  #pending = false;
  #rest = '';

  constructor(columns: number, rows: number) {
    this.columns = Math.max(1, Math.min(columns, 500));
    this.rows = Math.max(1, Math.min(rows, 200));
    this.#bottom = this.rows - 1;
    this.#cells = this.#blank();
  }

  #line(): Cell[] {
    return Array.from({ length: this.columns }, () => ({ text: ' ', style: '' }));
  }

  #blank(): Cell[][] {
    return Array.from({ length: this.rows }, () => this.#line());
  }

  resize(columns: number, rows: number): void {
    const next = new VtScreen(columns, rows);
    const skip = Math.max(0, this.row - next.rows + 1);
    next.#cells.forEach((line, at) => {
      const old = this.#cells[at + skip];
      line.forEach((_, index) => {
        const cell = old?.[index];
        if (cell) line[index] = cell;
      });
    });
    this.columns = next.columns;
    this.rows = next.rows;
    this.#cells = next.#cells;
    this.#other = this.#other && this.#blank();
    this.#top = 0;
    this.#bottom = this.rows - 1;
    this.#move(this.row - skip, this.column);
  }

  write(text: string): void {
    const all = this.#rest + text;
    this.#rest = '';
    const pattern =
      /\u001b\[([?\d;:]*)([@-~])|\u001b([^[])|([\b\t\n\r])|([^\u0000-\u001f]+)|\u001b(?:\[[?\d;:]*)?$|[\s\S]/gu;
    for (const [found, parameters, final, single, control, plain] of all.matchAll(pattern)) {
      if (plain !== undefined) this.#print(plain);
      else if (control !== undefined) this.#control(control);
      else if (final !== undefined) this.#sequence(parameters ?? '', final);
      else if (single !== undefined) this.#escape(single);
      else if (found.startsWith('\u001b')) this.#rest = found.slice(0, 80);
    }
  }

  #print(text: string): void {
    for (const character of text) {
      if (/^\p{M}$/u.test(character)) {
        const before = this.#cells[this.row]?.[Math.max(0, this.column - (this.#pending ? 0 : 1))];
        if (before && before.text.length < 16) before.text += character;
        continue;
      }
      const wide =
        /^[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]$/u.test(
          character,
        );
      if (this.#pending && this.#wrap) {
        this.column = 0;
        this.#feed();
      }
      this.#pending = false;
      this.#put(character);
      if (wide && this.column < this.columns - 1) {
        this.column += 1;
        this.#put('');
      }
      if (this.column === this.columns - 1) this.#pending = true;
      else this.column += 1;
    }
  }

  #put(text: string): void {
    const line = this.#cells[this.row];
    if (line) line[this.column] = { text, style: this.#style };
  }

  #control(character: string): void {
    if (character === '\n') this.#feed();
    else if (character === '\r') this.column = 0;
    else if (character === '\b') this.column = Math.max(0, this.column - 1);
    else this.column = Math.min(this.columns - 1, (Math.floor(this.column / 8) + 1) * 8);
    if (character !== '\n') this.#pending = false;
  }

  #feed(): void {
    this.#pending = false;
    if (this.row === this.#bottom) this.#scroll(1);
    else this.row = Math.min(this.rows - 1, this.row + 1);
  }

  /** Moves the lines of the scroll region, up for positive counts, from line `from`. */
  #scroll(count: number, from = this.#top): void {
    const size = this.#bottom - from + 1;
    for (let n = 0; n < Math.min(Math.abs(count), size); n++) {
      this.#cells.splice(count > 0 ? from : this.#bottom, 1);
      this.#cells.splice(count > 0 ? this.#bottom : from, 0, this.#line());
    }
  }

  #move(row: number, column: number): void {
    this.row = Math.max(0, Math.min(this.rows - 1, row));
    this.column = Math.max(0, Math.min(this.columns - 1, column));
    this.#pending = false;
  }

  #escape(single: string): void {
    if (single === '7') this.#saved = { row: this.row, column: this.column, style: this.#style };
    else if (single === '8') {
      this.#move(this.#saved.row, this.#saved.column);
      this.#style = this.#saved.style;
    } else if (single === 'D') this.#feed();
    else if (single === 'E') {
      this.column = 0;
      this.#feed();
    } else if (single === 'M') {
      if (this.row === this.#top) this.#scroll(-1);
      else this.#move(this.row - 1, this.column);
    }
  }

  #sequence(parameters: string, final: string): void {
    if (final === 'm') this.#rendition(parameters);
    else if (final === 'h' || final === 'l') this.#mode(parameters, final === 'h');
    else {
      const [first = 0, second = 0] = parameters.split(';').map((each) => Number(each) || 0);
      if ('ABCDEFGadef`H'.includes(final)) this.#cursor(final, first, second);
      else this.#edit(final, first, second);
    }
  }

  #cursor(final: string, first: number, second: number): void {
    const count = Math.max(1, first);
    const { row, column } = this;
    if (final === 'A') this.#move(row - count, column);
    else if (final === 'B' || final === 'e') this.#move(row + count, column);
    else if (final === 'C' || final === 'a') this.#move(row, column + count);
    else if (final === 'D') this.#move(row, column - count);
    else if (final === 'E') this.#move(row + count, 0);
    else if (final === 'F') this.#move(row - count, 0);
    else if (final === 'G' || final === '`') this.#move(row, count - 1);
    else if (final === 'd') this.#move(count - 1, column);
    else this.#move(count - 1, Math.max(1, second) - 1);
  }

  #edit(final: string, first: number, second: number): void {
    const count = Math.max(1, first);
    const line = this.#cells[this.row] ?? [];
    if (final === 'J') this.#eraseScreen(first);
    else if (final === 'K')
      this.#erase(this.row, first === 0 ? this.column : 0, first === 1 ? this.column : this.columns - 1);
    else if (final === 'X') this.#erase(this.row, this.column, this.column + count - 1);
    else if (final === '@' || final === 'P') {
      const moved = Math.min(count, this.columns - this.column);
      const blanks = this.#line().slice(0, moved);
      if (final === '@') line.splice(this.column, 0, ...blanks);
      else line.push(...blanks);
      line.splice(final === '@' ? this.columns : this.column, moved);
    } else if (final === 'L' || final === 'M') {
      if (this.row >= this.#top && this.row <= this.#bottom)
        this.#scroll(final === 'M' ? count : -count, this.row);
    } else if (final === 'S' || final === 'T') this.#scroll(final === 'S' ? count : -count);
    else if (final === 'r') {
      this.#top = Math.min(Math.max(1, first), this.rows) - 1;
      this.#bottom = Math.min(second || this.rows, this.rows) - 1;
      if (this.#top >= this.#bottom) [this.#top, this.#bottom] = [0, this.rows - 1];
      this.#move(0, 0);
    }
  }

  #erase(row: number, from: number, to: number): void {
    const line = this.#cells[row];
    for (let at = from; line && at <= Math.min(to, this.columns - 1); at++)
      line[at] = { text: ' ', style: '' };
  }

  #eraseScreen(how: number): void {
    for (let row = 0; row < this.rows; row++) {
      const whole = how === 2 || (how === 0 ? row > this.row : row < this.row);
      if (whole) this.#erase(row, 0, this.columns - 1);
    }
    if (how === 0) this.#erase(this.row, this.column, this.columns - 1);
    if (how === 1) this.#erase(this.row, 0, this.column);
  }

  #mode(parameters: string, on: boolean): void {
    for (const mode of parameters.replace('?', '').split(';')) {
      if (mode === '7') this.#wrap = on;
      else if (mode === '25') this.cursorShown = on;
      else if (mode === '1049' && on === (this.#other === undefined)) {
        const hidden = this.#other ?? this.#blank();
        this.#other = on ? this.#cells : undefined;
        this.#cells = hidden;
      }
    }
  }

  #rendition(parameters: string): void {
    const style = new Set(this.#style === '' ? [] : this.#style.split(' '));
    const drop = (pattern: RegExp) => {
      for (const word of style) if (pattern.test(word)) style.delete(word);
    };
    const codes = parameters.split(/[;:]/).map((each) => Number(each) || 0);
    for (let at = 0; at < codes.length; at++) {
      const code = codes[at] ?? 0;
      const colour =
        code >= 30 && code <= 49 ? (code < 40 ? 'f' : 'b') : code >= 90 ? (code < 100 ? 'f' : 'b') : '';
      const words: Record<number, string> = {
        1: 'bold',
        2: 'dim',
        3: 'italic',
        4: 'underline',
        7: 'inverse',
        9: 'strike',
      };
      if (code === 0) style.clear();
      else if (words[code]) style.add(words[code] ?? '');
      else if (code === 22) drop(/^(bold|dim)$/);
      else if (code > 22 && code < 30) style.delete(words[code - 20] ?? '');
      else if (colour !== '') {
        drop(colour === 'f' ? /^f/ : /^b[\d#]/);
        if (code % 10 === 8 && code < 50) {
          const [kind, r = 0, g = 0, b = 0] = codes.slice(at + 1);
          const hex = [r, g, b].map((part) => (part & 255).toString(16).padStart(2, '0')).join('');
          style.add(kind === 2 ? `${colour}#${hex}` : `${colour}${r & 255}`);
          at += kind === 2 ? 4 : 2;
        } else if (code % 10 !== 9) style.add(`${colour}${(code % 10) + (code >= 90 ? 8 : 0)}`);
      }
    }
    this.#style = [...style].join(' ');
  }

  /** Lines from top to bottom, each as runs of equal style. */
  runs(): Run[][] {
    return this.#cells.map((line, row) => {
      const runs: Run[] = [];
      line.forEach(({ text, style }, column) => {
        const here = this.cursorShown && row === this.row && column === this.column;
        const shown = here ? `${style} cursor`.trim() : style;
        const last = runs[runs.length - 1];
        if (last && last.style === shown) runs[runs.length - 1] = { text: last.text + text, style: shown };
        else runs.push({ text, style: shown });
      });
      return runs;
    });
  }

  /** Lines without style or trailing blanks. */
  lines(): string[] {
    return this.#cells.map((line) =>
      line
        .map(({ text }) => text)
        .join('')
        .trimEnd(),
    );
  }
}
