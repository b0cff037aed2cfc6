// What came of reading one statement file by itself. Must never pass off a file of which the store said nothing as an empty one.
import { sha256 } from '../../lib/digest.ts';
import type { ParsedBundle } from '../../model/bundle.ts';
import { BrokerError } from '../../model/errors.ts';
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
