// What came of reading one statement file by itself. Must never pass off a file of which the store said nothing as an empty one.
import { sha256 } from '../../lib/digest.ts';
import { type ParsedBundle, parseStatementKey } from '../../model/bundle.ts';
import { BrokerError } from '../../model/errors.ts';
import type { Predicate } from '../../model/evidence.ts';
import type { Step } from '../../model/verdict.ts';
import type { ApprovalFindings } from './approvals.ts';
import type { BlobFindings } from './blobs.ts';
import type { Known } from './identities.ts';

export interface Outcome {
  readonly key: string;
  readonly digest: string;
  readonly bytes: Uint8Array;
  readonly bundle?: ParsedBundle;
  readonly known?: Known;
  readonly blobs?: BlobFindings;
  readonly approvals?: ApprovalFindings;
  readonly problem?: { readonly step: Step; readonly reason: string };
}

/** What the reader says of the file itself is a finding; anything else is about the store. */
export function unreadable(error: unknown): string {
  if (error instanceof BrokerError && error.code === 'not-verified') return String(error.details['reason']);
  throw error;
}

export function refuse(key: string, bytes: Uint8Array, step: Step, reason: string): Outcome {
  return { key, digest: sha256(bytes), bytes, problem: { step, reason } };
}

/** What is wrong with where a statement stands. */
export function placeProblem(
  key: string,
  { key: own, chain, kind, clock, store }: Predicate,
  here: string,
): { readonly step: Step; readonly reason: string } | undefined {
  const parts = parseStatementKey(key);
  if (own !== key) return { step: 'key', reason: `it was signed to stand at ${own}` };
  if (!parts) return { step: 'key', reason: 'its name is not that of a statement' };
  if (parts.writer !== chain.writer || parts.seq !== chain.seq || parts.kind !== kind)
    return { step: 'key', reason: 'its name and its content differ' };
  if (parts.day !== clock.wall.slice(0, 10))
    return { step: 'key', reason: 'it stands under another day than it was signed' };
  return store === here ? undefined : { step: 'store', reason: 'it belongs to another store' };
}
