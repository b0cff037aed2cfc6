// Approvals that sessions and approvers name, held against the store. Must never take one's word where the other's is missing.
import type { SessionApproval } from '../../model/approval.ts';
import { approvalFolder } from '../../model/approval-key.ts';
import type { InTotoStatement, Predicate } from '../../model/evidence.ts';
import { isApproveDetail } from '../../model/predicate.ts';
import { APPROVALS_BLOB, parseApprovalsBlob } from '../../model/session-approvals.ts';
import type { CompletenessFinding, IntegrityFinding, Note, Step } from '../../model/verdict.ts';
import { ApprovalCase } from './approval-case.ts';
import { type ApprovalFiles, isOpened, type OpenedObject } from './approval-files.ts';
import type { Blobs } from './blobs.ts';
import type { Findings } from './findings.ts';

/** What one statement's approvals came to. */
export interface ApprovalFindings {
  readonly integrity: IntegrityFinding[];
  readonly completeness: CompletenessFinding[];
  readonly notes: Note[];
  /** Answers that counted: each should be repeated in its approver's own chain. */
  readonly counted: {
    readonly digest: string;
    readonly key: string;
    readonly time: string;
    readonly sub: string;
  }[];
  /** Answers that this statement repeats. */
  readonly mirrored: string[];
  /** Requests used by this session, and by no other. */
  readonly used: { readonly request: string; readonly key: string; readonly session: string }[];
  /** Objects whose provider key must be pinned or corroborated. */
  readonly vouched: OpenedObject[];
  requests: number;
}

const LARGE = 8 * 2 ** 20;

export class Approvals {
  readonly #files: ApprovalFiles;
  readonly #blobs: Blobs;

  constructor(files: ApprovalFiles, blobs: Blobs) {
    this.#files = files;
    this.#blobs = blobs;
  }

  /** Undefined for statements that name none. */
  async check(key: string, statement: InTotoStatement): Promise<ApprovalFindings | undefined> {
    const { predicate } = statement;
    const findings: ApprovalFindings = {
      integrity: [],
      completeness: [],
      notes: [],
      counted: [],
      mirrored: [],
      used: [],
      vouched: [],
      requests: 0,
    };
    if (predicate.kind === 'approve') await this.#mirror(key, predicate, findings);
    else if (predicate.kind === 'session') {
      for (const named of await this.#named(key, statement, findings)) {
        findings.requests += 1;
        const objects = await this.#files.folder(named);
        const mayMiss = (digest: string) => this.#blobs.mayMiss(digest);
        new ApprovalCase(named, { key, predicate }, objects, findings, mayMiss).check();
      }
    } else return undefined;
    return findings;
  }

  async #named(
    key: string,
    { predicate, subject }: InTotoStatement,
    findings: ApprovalFindings,
  ): Promise<readonly SessionApproval[]> {
    const blob = subject.find((each) => each.name === APPROVALS_BLOB)?.digest.sha256;
    if (blob === undefined) return predicate.approvals ?? [];
    // An absent or altered blob is reported with the statement's other blobs.
    const text = await this.#blobs.largeText(blob, LARGE);
    if (text === undefined) return [];
    const parsed = parseApprovalsBlob(text);
    if (!parsed) {
      const reason = `${APPROVALS_BLOB} does not list requests`;
      findings.integrity.push({ verdict: 'INVALID', step: 'request', file: key, reason });
    }
    return parsed?.approvals ?? [];
  }

  /** What an approver's chain repeats must be in the store, as it says, and theirs. */
  async #mirror(key: string, { detail, identity }: Predicate, findings: ApprovalFindings): Promise<void> {
    if (!isApproveDetail(detail)) return;
    findings.mirrored.push(detail.decision);
    const objects = await this.#files.folder(detail);
    const invalid = (file: string, reason: string, step: Step = 'mirror') =>
      findings.integrity.push({ verdict: 'INVALID', step, file, reason });
    for (const [kind, digest] of [
      ['request', detail.request] as const,
      ['decision', detail.decision] as const,
    ]) {
      const found = objects.find((each) => each.digest === digest);
      if (!found && !this.#blobs.mayMiss(digest)) {
        const file = `${approvalFolder(detail.day, detail.id)}${kind === 'request' ? 'request.sigstore.json' : 'decision-*'}`;
        const reason = `the ${kind} that ${key} repeats is not there`;
        findings.completeness.push({ verdict: 'MISSING', step: 'mirror', file, reason });
      }
      if (!found) continue;
      if (!isOpened(found)) {
        invalid(found.key, found.problem.reason, found.problem.step);
        continue;
      }
      findings.vouched.push(found);
      const { predicate } = found;
      if (predicate.kind !== kind) invalid(found.key, `it is no ${kind}`);
      if (predicate.kind !== 'decision') continue;
      const { decision, strength } = predicate;
      if (
        decision.answer !== detail.answer ||
        strength !== detail.strength ||
        decision.request !== detail.request
      )
        invalid(key, `it repeats another answer than ${found.key} gives`);
      if (found.identity.iss !== identity.iss || found.identity.sub !== identity.sub)
        invalid(key, `it repeats the answer of somebody else, ${found.key}`);
    }
  }
}

/** What only shows once every statement was read: second uses, and answers missing from their approver's chain. */
export class ApprovalLedger {
  readonly #used = new Map<string, { session: string }>();
  readonly #mirrored = new Set<string>();
  readonly #counted = new Map<string, ApprovalFindings['counted'][number]>();
  requests = 0;

  add(found: ApprovalFindings, findings: Findings): void {
    this.requests += found.requests;
    for (const each of found.integrity) findings.integrity(each);
    for (const each of found.completeness) findings.completeness(each);
    for (const each of found.notes) findings.note(each);
    for (const digest of found.mirrored) this.#mirrored.add(digest);
    for (const each of found.counted) this.#counted.set(each.digest, each);
    for (const { request, key, session } of found.used) {
      const before = this.#used.get(request);
      if (!before) this.#used.set(request, { session });
      else {
        const reason = `sessions ${before.session} and ${session} both say that they used it`;
        findings.integrity({ verdict: 'INVALID', step: 'consumed', file: key, reason, session });
      }
    }
  }

  /** `from` and `until`: the span whose statements were read, and beyond which a mirror may still be on its way. */
  finish(findings: Findings, from: number, until: number): void {
    for (const { digest, key, time, sub } of this.#counted.values()) {
      const at = Date.parse(time);
      if (this.#mirrored.has(digest) || at < from || at > until) continue;
      const text = `the chain of ${sub} does not repeat this answer`;
      findings.note({ about: 'unmirrored', file: key, text });
    }
  }
}
