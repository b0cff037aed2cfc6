// One turn of the event loop: what was read in it is recorded with one write, then sent. Must never reorder one wire's bytes.

/** Collects what leaves at the end of the turn; the first to leave flushes the journal for all. */
export class Turn {
  #waiting: (() => void)[] = [];
  readonly #end = () => {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const leave of waiting) leave();
  };

  /** Runs `leave` once this turn's reads are done, before any buffer is read into again. */
  later(leave: () => void): void {
    if (this.#waiting.push(leave) === 1) setImmediate(this.#end);
  }
}
