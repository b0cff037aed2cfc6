// Counts people, not answers. Must never count one person or one key twice, nor let an approval outweigh a refusal.
import type { CheckedDecision } from '../../model/approval.ts';

export interface Quorum {
  readonly state: 'pending' | 'approved' | 'denied' | 'revoked';
  /** The answers that made it so: one per person when approved, the first refusal otherwise. */
  readonly decisions: readonly CheckedDecision[];
  /** How many people more are needed. */
  readonly missing: number;
}

/** Oldest first; the file's own digest settles equal times, so that every reader counts alike. */
function inOrder(one: CheckedDecision, other: CheckedDecision): number {
  if (one.time !== other.time) return one.time < other.time ? -1 : 1;
  return one.digest < other.digest ? -1 : 1;
}

/**
 * What checked answers come to. A refusal by anybody entitled ends it, whenever it came and whoever approved before or after:
 * times are the approvers' own word, so their order decides nothing.
 */
export function countQuorum(decisions: readonly CheckedDecision[], quorum: number): Quorum {
  const ordered = [...decisions].sort(inOrder);
  const refusal =
    ordered.find(({ answer }) => answer === 'deny') ?? ordered.find(({ answer }) => answer === 'revoke');
  if (refusal)
    return { state: refusal.answer === 'deny' ? 'denied' : 'revoked', decisions: [refusal], missing: quorum };
  const people = new Set<string>();
  const keys = new Set<string>();
  const counted = ordered.filter(({ iss, sub, jkt }) => {
    const person = JSON.stringify([iss, sub]);
    if (people.has(person) || keys.has(jkt)) return false;
    people.add(person);
    keys.add(jkt);
    return true;
  });
  const missing = Math.max(0, Math.max(1, quorum) - counted.length);
  if (missing > 0) return { state: 'pending', decisions: counted, missing };
  return { state: 'approved', decisions: counted.slice(0, quorum), missing };
}
