// The part of pg-copy-streams these tests use: it ships without types.
declare module 'pg-copy-streams' {
  import type { Readable } from 'node:stream';
  import type { Submittable } from 'pg';
  export function to(sql: string, options?: { readonly highWaterMark?: number }): Readable & Submittable;
}
