// Shapes of two clients that come without types; only what the tests use.
declare module 'pg-cursor' {
  import type { Submittable } from 'pg';

  export default class Cursor<Row = Record<string, unknown>> implements Submittable {
    constructor(text: string, values?: unknown[]);
    read(rows: number): Promise<Row[]>;
    close(): Promise<void>;
    submit(connection: unknown): void;
  }
}

declare module 'pg-copy-streams' {
  import type { Readable, Writable } from 'node:stream';
  import type { Submittable } from 'pg';

  const streams: {
    from(text: string): Writable & Submittable;
    to(text: string): Readable & Submittable;
  };
  export default streams;
}
