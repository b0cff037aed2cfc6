// Checks a session's events against what its statement says of them. Must never hold more than a batch of lines.
import { canonical, type Json } from '../../lib/canonical.ts';
import { isSha256, sha256 } from '../../lib/digest.ts';
import { MerkleTree } from '../../lib/merkle.ts';
import type { InTotoStatement, Predicate, Subject } from '../../model/evidence.ts';
import { APPROVALS_BLOB, type NamedApprovals, SessionApprovals } from '../../model/session-approvals.ts';
import type { Step } from '../../model/verdict.ts';
import { EventError, type Log, leavesOf } from './log.ts';

export interface EventProblem {
  readonly step: Step;
  readonly reason: string;
}

/** Numbers of events that were withheld, as runs; of many only how many. */
export class WithheldEvents {
  readonly runs: [from: number, to: number][] = [];
  count = 0;

  add(seq: number): void {
    this.count += 1;
    const last = this.runs.at(-1);
    if (last && last[1] === seq - 1) last[1] = seq;
    else if (this.runs.length < MOST_RUNS) this.runs.push([seq, seq]);
  }

  /** `3, 7-9` */
  get text(): string {
    const told = this.runs.slice(0, 20).map(([from, to]) => (from === to ? String(from) : `${from}-${to}`));
    return `${told.join(', ')}${this.runs.length > told.length ? ', …' : ''}`;
  }
}

const MOST_RUNS = 1_000;

/** What a look at the events tells beside whether they hold. */
export interface EventsSeen {
  readonly policies: Set<string>;
  readonly withheld: WithheldEvents;
}

/** Undefined when the logs are what the statement says. */
export async function eventsProblem(
  logs: Iterable<Log> | AsyncIterable<Log>,
  { predicate, subject }: Pick<InTotoStatement, 'predicate' | 'subject'>,
  seen: EventsSeen = { policies: new Set(), withheld: new WithheldEvents() },
): Promise<EventProblem | undefined> {
  const { session, events, kind } = predicate;
  if (!session || !events) return { step: 'events-format', reason: 'the statement does not describe it' };
  const tree = new MerkleTree();
  const asked = new SessionApprovals();
  try {
    for await (const batch of leavesOf(logs, session.id, events.first))
      for (const { seq, leaf, value } of batch) {
        tree.append(leaf);
        if (!value) seen.withheld.add(seq);
        else if (value['type'] === 'statement') addPolicy(value['data'], seen.policies);
        else if (value['type'] === 'approval.end') asked.add(value['data'] as Readonly<Record<string, Json>>);
      }
  } catch (error) {
    if (error instanceof EventError) return { step: error.step, reason: error.message };
    throw error;
  }
  if (tree.count !== events.count)
    return {
      step: 'events-count',
      reason: `it has ${tree.count} events, the statement says ${events.count}`,
    };
  if (tree.root() !== events.merkleRoot)
    return { step: 'merkle-root', reason: 'its events have another Merkle root' };
  if (kind === 'part') return undefined;
  // Events that are withheld may be the very ones that tell of a request: then those told must be among those named.
  return seen.withheld.count > 0
    ? partlyTold(asked.named(), predicate.approvals, subject)
    : approvalsProblem(asked.named(), predicate.approvals, subject);
}

/** Policies change seldom: a session with more was made up. */
const MAX_POLICIES = 1_000;

function addPolicy(data: Json | undefined, decidedBy: Set<string>): void {
  const digest = (data as Readonly<Record<string, Json>> | null | undefined)?.['policyDigest'];
  if (isSha256(digest) && decidedBy.size < MAX_POLICIES) decidedBy.add(digest);
}

/** A statement names the very requests that its events tell of. */
function approvalsProblem(
  told: NamedApprovals,
  named: Predicate['approvals'],
  subject: readonly Subject[],
): EventProblem | undefined {
  const blob = subject.find((each) => each.name === APPROVALS_BLOB)?.digest.sha256;
  const [approvals, text] = [
    told.kind === 'named' ? told.approvals : undefined,
    told.kind === 'blob' ? sha256(told.text) : undefined,
  ];
  if (canonical([approvals ?? null, text ?? null]) === canonical([named ?? null, blob ?? null]))
    return undefined;
  return { step: 'request', reason: 'its events tell of other requests than the statement names' };
}

function partlyTold(
  told: NamedApprovals,
  named: Predicate['approvals'] = [],
  subject: readonly Subject[],
): EventProblem | undefined {
  // A list in a blob is longer than this: it is held against the store by its own check.
  if (told.kind !== 'named' || subject.some(({ name }) => name === APPROVALS_BLOB)) return undefined;
  const known = new Set(named.map((each) => canonical(each)));
  return told.approvals.every((each) => known.has(canonical(each)))
    ? undefined
    : { step: 'request', reason: 'its events tell of other requests than the statement names' };
}
