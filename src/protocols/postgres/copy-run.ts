// COPY data in text form whose messages hold whole records, as servers send them: masked in one pass over the bytes.
import type { ResultMask } from '../../model/masking.ts';
import type { TextFormat } from './copy-values.ts';
import { HEADER } from './framer.ts';
import { violation } from './messages.ts';
import type { Outbox } from './outbox.ts';
import { readLength } from './rows.ts';
import { Splice } from './splice.ts';

const BACKSLASH = 0x5c;
const NEWLINE = 0x0a;

export class CopyRun {
  readonly #format: TextFormat;
  readonly #cells: ResultMask['cells'];
  readonly #columns: number;
  /** Records that went by. */
  rows = 0;

  constructor(format: TextFormat, mask: ResultMask, columns: number) {
    this.#format = format;
    this.#cells = mask.cells;
    this.#columns = columns;
  }

  /** Masks the messages in [start, end) up to the first that needs a closer look; returns where that begins. */
  take(buffer: Buffer, start: number, end: number, outbox: Outbox): number {
    const splice = new Splice(buffer, start, outbox);
    const escaped = buffer.indexOf(BACKSLASH, start);
    const plain = escaped < 0 || escaped > end ? end : escaped;
    let pos = start;
    while (pos < end) {
      const next = pos + 1 + readLength(buffer, pos + 1);
      if (next > plain || next === pos + HEADER || buffer[next - 1] !== NEWLINE) break;
      const before = splice.grown;
      const at = this.#records(buffer, pos, next, splice);
      if (at >= 0) outbox.amend(at + 1, next - pos - 1 + splice.grown - before);
      pos = next;
    }
    splice.end(pos);
    return pos;
  }

  /**
   * Whole records without a backslash. Replaces what its cells change; returns where the message begins in the outbox, or
   * -1 when nothing was changed.
   */
  #records(buffer: Buffer, start: number, end: number, splice: Splice): number {
    const { delimiter } = this.#format;
    const cells = this.#cells;
    // One comparison settles most bytes where the delimiter is a control character.
    const most = Math.max(delimiter, NEWLINE);
    let at = -1;
    let index = 0;
    let from = start + HEADER;
    for (let pos = from; pos < end; pos++) {
      const byte = buffer[pos] as number;
      if (byte > most || (byte !== delimiter && byte !== NEWLINE)) continue;
      const cell = cells[index];
      if (cell !== undefined && !this.#format.isNull(buffer, from, pos)) {
        const masked = cell(buffer, from, pos);
        if (masked !== undefined) {
          const changed = splice.replace(from, pos, this.#format.write(masked));
          if (at < 0) at = changed - (from - start);
        }
      }
      index += 1;
      from = pos + 1;
      if (byte === NEWLINE) {
        this.#ended(index);
        index = 0;
      }
    }
    return at;
  }

  #ended(columns: number): void {
    if (columns !== this.#columns) throw violation('server', 'a COPY record with another number of columns');
    this.rows += 1;
  }
}
