// Lets whoever holds a statement hear that its client has taken it back. The signal is made only when somebody asks.

export class Withdrawal {
  #controller: AbortController | undefined;

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    return this.#controller.signal;
  }

  /** Tells whoever listens; the next statement gets a signal of its own. */
  take(): void {
    this.#controller?.abort();
    this.#controller = undefined;
  }
}
