// A request of the host that has no answer yet. Must never cost more than it is asked for: most are decided at once.
import type { Underway } from './guard.ts';
import type { Request } from './message.ts';

export class Held<M> implements Underway<M> {
  readonly request: Request;
  matter: M | undefined;
  forwarded = false;
  /** The host said that it no longer waits. */
  cancelled = false;
  #abort: AbortController | undefined;

  constructor(request: Request) {
    this.request = request;
  }

  /** Made when somebody asks for it: most requests are decided at once. */
  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    return this.#abort.signal;
  }

  leave(): void {
    this.#abort ??= new AbortController();
    this.#abort.abort();
  }
}
