// One text of statements on a node-postgres connection, row by row. Must never gather a result.
import type { Writable } from 'node:stream';
import type { ResultWriter } from './formats.ts';

/** The part of node-postgres' connection a submittable uses. */
interface Wire {
  readonly stream: { pause(): void; resume(): void };
  query(text: string): void;
  sendCopyFail(message: string): void;
}

interface FieldMessage {
  readonly fields: readonly { readonly name: string; readonly dataTypeID: number }[];
}

/** What `client.query` takes besides texts: it is told each message of its answer (node-postgres, lib/client.js). */
export class TextQuery {
  readonly #text: string;
  readonly #writer: ResultWriter;
  readonly #out: Writable;
  #wire: Wire | undefined;
  #open = false;
  #rows = 0;
  /** Rows that had arrived already still come while the server is held up. */
  #waits = false;
  readonly done: Promise<void>;
  #resolve: () => void = () => undefined;
  #reject: (error: Error) => void = () => undefined;

  constructor(text: string, writer: ResultWriter, out: Writable) {
    this.#text = text;
    this.#writer = writer;
    this.#out = out;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.done.catch(() => undefined);
  }

  submit(wire: Wire): null {
    this.#wire = wire;
    wire.query(this.#text);
    return null;
  }

  handleRowDescription({ fields }: FieldMessage): void {
    this.#open = true;
    this.#rows = 0;
    this.#write(this.#writer.begin(fields.map(({ name, dataTypeID }) => ({ name, typeOid: dataTypeID }))));
  }

  handleDataRow({ fields }: { readonly fields: readonly (string | null)[] }): void {
    this.#rows += 1;
    this.#write(this.#writer.row(fields));
  }

  handleCommandComplete({ text }: { readonly text: string }): void {
    if (!this.#open) this.#write(this.#writer.begin([]));
    // The tag's last word is its count, except for commands that have none.
    const count = /^(.*?)(?: \d+)? (\d+)$/.exec(text);
    const rows = this.#open ? this.#rows : Number(count?.[2] ?? 0);
    this.#write(this.#writer.end(count?.[1] ?? text, rows));
    this.#open = false;
  }

  handleEmptyQuery(): void {
    // An empty statement has no result.
  }

  handleError(error: Error): void {
    // node-postgres forgets the query at its first error: no ReadyForQuery is told to it any more.
    this.#reject(error);
  }

  handleReadyForQuery(): void {
    this.#write(this.#writer.close());
    this.#resolve();
  }

  handleCopyInResponse(wire: Wire): void {
    wire.sendCopyFail('broker query has no data to send: use \\copy in psql');
  }

  handleCopyData({ chunk }: { readonly chunk: Buffer }): void {
    this.#write(this.#writer.copied(chunk.toString('utf8')));
  }

  handlePortalSuspended(): void {
    // No row limit is ever asked for.
  }

  /** A slow reader of our output slows the server down. */
  #write(piece: string): void {
    if (piece === '' || this.#out.write(piece) || this.#waits) return;
    const wire = this.#wire;
    this.#waits = true;
    wire?.stream.pause();
    this.#out.once('drain', () => {
      this.#waits = false;
      wire?.stream.resume();
    });
  }
}
