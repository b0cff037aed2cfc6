// Reads every object of a store, whoever names it. Must never take an object's name for its digest.
import { sha256 } from '../../lib/digest.ts';
import { ordered } from '../../lib/ordered.ts';
import { parseApprovalKey } from '../../model/approval-key.ts';
import { BrokerError } from '../../model/errors.ts';
import type { Findings } from './findings.ts';
import type { EvidenceReader } from './source.ts';

const BLOB = /^v1\/blob\/sha256\/([0-9a-f]{2})\/(\1[0-9a-f]{62})$/;
/** Places that have readers of their own, or mean nothing. */
const KNOWN = /^v1\/(store\.json$|stmt\/|policy\/|index\/|probe\/|jwks\/|anchor\/)/;
const MAX_BLOB = 2 ** 30;
/** Few at once: each may be large. */
const WIDTH = 4;

/** What is wrong with one object; undefined when nothing is. */
async function look(
  reader: EvidenceReader,
  key: string,
): Promise<{ key: string; reason?: string; stray?: true }> {
  if (KNOWN.test(key) || parseApprovalKey(key)) return { key };
  const [, , digest] = BLOB.exec(key) ?? [];
  if (digest === undefined) return { key, stray: true };
  try {
    const bytes = await reader.get(key, MAX_BLOB);
    if (!bytes) return { key, reason: 'it was listed and is gone' };
    return sha256(bytes) === digest
      ? { key }
      : { key, reason: 'its bytes have another digest than its name' };
  } catch (error) {
    if (error instanceof BrokerError && error.code === 'not-verified')
      return { key, reason: String(error.details['reason']) };
    throw error;
  }
}

/** Blobs are held to their names; what belongs nowhere is noted. Returns how many objects there are. */
export async function lookDeep(
  reader: EvidenceReader,
  findings: Findings,
  signal: AbortSignal | undefined,
): Promise<number> {
  let objects = 0;
  for await (const { key, reason, stray } of ordered(reader.list('v1/'), WIDTH, (entry) =>
    look(reader, entry.key),
  )) {
    if (signal?.aborted) throw new BrokerError('interrupted');
    objects += 1;
    if (reason !== undefined) findings.integrity({ verdict: 'INVALID', step: 'blob', file: key, reason });
    if (stray) findings.note({ about: 'stray', file: key, text: `${key} belongs to nothing in this format` });
  }
  return objects;
}
