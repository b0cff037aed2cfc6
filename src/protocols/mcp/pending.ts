// Requests that wait for their answer, in one direction. Must never give one answer to two requests.
import { type Id, idKey } from './message.ts';

/** Requests under way at once in one direction. */
export const MOST_PENDING = 4096;

export class Pending<T> {
  readonly #waiting = new Map<string, T>();

  get size(): number {
    return this.#waiting.size;
  }

  /** Why a request with this id cannot be taken, or undefined once it was. */
  add(id: Id, request: T): string | undefined {
    const key = idKey(id);
    if (this.#waiting.has(key)) return 'its id is that of a request that still waits';
    if (this.#waiting.size >= MOST_PENDING) return 'too many requests wait for an answer';
    this.#waiting.set(key, request);
    return undefined;
  }

  get(id: Id): T | undefined {
    return this.#waiting.get(idKey(id));
  }

  /** The request an answer is for; it waits no more. */
  take(id: Id): T | undefined {
    const request = this.#waiting.get(idKey(id));
    this.#waiting.delete(idKey(id));
    return request;
  }

  values(): IterableIterator<T> {
    return this.#waiting.values();
  }
}
