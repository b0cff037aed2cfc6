// What is on its way to host and server: written once per turn, after what was recorded of it. Must never pass on what is not recorded.
import type { Readable, Writable } from 'node:stream';

export interface Ways {
  readonly host: { readonly to: Writable; readonly from: Readable };
  readonly server: { readonly to: Writable; readonly from: Readable };
}

export class Outgoing {
  readonly #ways: Ways;
  readonly #record: () => void;
  #host: Buffer[] = [];
  #server: Buffer[] = [];
  #turn: NodeJS.Immediate | undefined;
  /** Resolves when nothing more can be recorded: from then on nothing is passed on. */
  readonly broken: Promise<Error>;
  #break: (error: Error) => void = () => undefined;
  #failed = false;

  /** `record` hands everything written down so far to the kernel, and throws when it cannot. */
  constructor(ways: Ways, record: () => void) {
    this.#ways = ways;
    this.#record = record;
    this.broken = new Promise((resolve) => {
      this.#break = resolve;
    });
  }

  /** A line without its end. */
  toHost(line: Buffer): void {
    this.#host.push(line);
    this.#turn ??= setImmediate(() => this.flush());
  }

  toServer(line: Buffer): void {
    this.#server.push(line);
    this.#turn ??= setImmediate(() => this.flush());
  }

  flush(): void {
    clearImmediate(this.#turn);
    this.#turn = undefined;
    const [toHost, toServer] = [this.#host, this.#server];
    this.#host = [];
    this.#server = [];
    try {
      if (!this.#failed) this.#record();
    } catch (error) {
      this.#failed = true;
      this.#break(error instanceof Error ? error : new Error(String(error)));
    }
    if (this.#failed) return;
    const { host, server } = this.#ways;
    // A host that does not read holds up the server, and the other way round: nothing piles up here.
    write(host.to, toHost, server.from);
    if (server.to.writable) write(server.to, toServer, host.from);
  }
}

const END = Buffer.from('\n');

/** Longer ones are not copied beside others. */
const LONG = 128 * 1024;

/** Lines, each with its end, in as few pieces as they can be written from. */
function pieces(lines: readonly Buffer[]): Buffer[] {
  const written: Buffer[] = [];
  let short: Buffer[] = [];
  for (const line of lines) {
    if (line.length > LONG) {
      written.push(...joined(short), line);
      short = [END];
    } else short.push(line, END);
  }
  written.push(...joined(short));
  return written;
}

const joined = (short: readonly Buffer[]): Buffer[] => (short.length === 0 ? [] : [Buffer.concat(short)]);

/** Whoever does not read holds up `source`, where more of it would come from. */
function write(to: Writable, lines: readonly Buffer[], source: Readable): void {
  if (lines.length === 0) return;
  const written = pieces(lines);
  if (written.length > 1) to.cork();
  let room = true;
  for (const piece of written) room = to.write(piece);
  if (written.length > 1) to.uncork();
  if (room || source.isPaused()) return;
  source.pause();
  to.once('drain', () => source.resume());
}
