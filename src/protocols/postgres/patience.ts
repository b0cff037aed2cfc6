// What goes on at the server while a person is asked about a statement that was not sent: the server must not take its client
// for idle, and the client's own statement_timeout counts the wait, as it would if the server were slow. Decides nothing.
import type { Link } from './link.ts';

/** Milliseconds: a server that ends idle sessions and transactions is to see that this one is not given up. */
const STIR_EVERY = 250;

const UNITS: Readonly<Record<string, number>> = {
  us: 0.001,
  ms: 1,
  s: 1_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Milliseconds of a time as the server shows it: `1500ms`, `2s`, `0`. Undefined for none. */
export function readTime(shown: string): number | undefined {
  const [, digits = '', unit = 'ms'] = /^(\d+)([a-z]*)$/.exec(shown) ?? [];
  const milliseconds = Number(digits) * (UNITS[unit || 'ms'] ?? 0);
  return milliseconds > 0 ? Math.ceil(milliseconds) : undefined;
}

interface PatiencePorts {
  /** Sends what was put for the server. */
  send(): void;
  /** The client's own time for a statement is over. */
  over(): unknown;
}

export class Patience {
  readonly #link: Link;
  readonly #ports: PatiencePorts;
  readonly #timer: NodeJS.Timeout;
  #limit: NodeJS.Timeout | undefined;
  #asked = false;
  #ended = false;

  private constructor(link: Link, ports: PatiencePorts) {
    this.#link = link;
    this.#ports = ports;
    this.#timer = setInterval(() => this.#stir(), STIR_EVERY);
    this.#stir();
  }

  /** Until people have answered, or nobody waits for it any more. */
  static during(until: Promise<unknown>, link: Link, ports: PatiencePorts): Patience {
    const patience = new Patience(link, ports);
    const end = () => patience.end();
    until.then(end, end);
    return patience;
  }

  end(): void {
    this.#ended = true;
    clearInterval(this.#timer);
    clearTimeout(this.#limit);
  }

  #stir(): void {
    if (this.#ask() || this.#link.stir()) this.#ports.send();
  }

  /** The answer comes, and the wait counts, when the server would have begun with the statement: behind everything before it. */
  #ask(): boolean {
    if (this.#asked || !this.#link.showTimeout((shown) => this.#count(shown))) return false;
    this.#asked = true;
    return true;
  }

  #count(shown: string): void {
    const limit = readTime(shown);
    if (limit !== undefined && !this.#ended) this.#limit = setTimeout(() => this.#ports.over(), limit);
  }
}
