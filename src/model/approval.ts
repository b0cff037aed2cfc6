// A held statement, or a window, and people's signed answers to it: evidence.md section 4 as types. Formats change only with an ADR.
import type { ActionUse } from './action.ts';
import type { SignerIdentity } from './evidence.ts';

export const APPROVAL_TYPE = 'urn:access-broker:approval:v1';

/** `fresh-sign-in`: a single-use key to which a new sign-in committed. `session-key`: the approver's sign-in key; for low risk only. */
export type ApprovalStrength = 'fresh-sign-in' | 'session-key';

/** What is asked for: one execution, every execution of one fingerprint in this session, a call of a tool, or to open sessions for a while. */
export type ApprovalPurpose = 'statement' | 'session' | 'call' | 'window';

/** Where a request is in its life. `spent`: used once and never again. */
export type ApprovalState = 'pending' | 'approved' | 'denied' | 'expired' | 'withdrawn' | 'spent' | 'revoked';

/** What an approver is shown and agrees to. Text is masked where detectors found data; `exact` says whether it was left as it is. */
export interface Asked {
  readonly purpose: ApprovalPurpose;
  readonly connection: string;
  /** Absent for a window. */
  readonly session?: string;
  readonly statement?: number;
  /** The statement as it runs; control characters are kept, whoever prints it makes them visible. */
  readonly text: string;
  /** Nothing in `text` or `parameters` was masked: then `nonce` is told and anybody can recompute `digest`. */
  readonly exact: boolean;
  readonly parameters?: readonly (string | null)[];
  /** e.g. `DROP TABLE public.orders`. */
  readonly titles: readonly string[];
  readonly actions: readonly ActionUse[];
  readonly tables: readonly string[];
  readonly fingerprint?: string;
  readonly inTransaction?: boolean;
  /** Program that opened the session: `connect`, `mcp`, …; and what the client calls itself. */
  readonly client: string;
  readonly application?: string;
  /** What the requester said when they opened the session; masked. */
  readonly stated?: string;
  /** Model claims, if any: `model (source)`. */
  readonly models?: readonly string[];
  readonly policies: readonly string[];
  readonly policyDigest: string;
  /** From `@ask`, why a person must look; of a window, the requester's reason. */
  readonly reason: string;
  readonly quorum: number;
  /** The weakest approval that counts, so that approvers know how to sign; a fresh sign-in unless told. */
  readonly strength?: ApprovalStrength;
  /** Of a window: how long it is open, seconds. */
  readonly duration?: number;
}

/**
 * The exact thing that is approved. Its SHA-256, canonical JSON, is `digest` in the request. `statement` is the SHA-256 hex of
 * the exact bytes, `parameters` of each bind parameter's exact bytes with its format (`0:hex`, `null`).
 */
export interface ApprovedThing {
  readonly purpose: ApprovalPurpose;
  readonly connection: string;
  readonly session: string;
  readonly requester: { readonly iss: string; readonly sub: string; readonly bot?: string };
  readonly statement: string;
  readonly parameters: readonly string[];
  readonly policyDigest: string;
  readonly policies: readonly string[];
  /** RFC 3339 UTC, microseconds. */
  readonly expires: string;
  /** 64 hex characters; secret unless the request's text is exact, so that nobody can guess masked values. */
  readonly nonce: string;
}

/** Says who signs, where and when, in every approval object. */
interface Signed {
  readonly store: string;
  /** This file's own key in the store. */
  readonly key: string;
  readonly identity: SignerIdentity;
  readonly clock: { readonly wall: string; readonly monotonic: string };
  readonly tool: { readonly name: string; readonly version: string; readonly digest: string };
}

export interface RequestPredicate extends Signed {
  readonly kind: 'request';
  readonly id: string;
  readonly requester: {
    readonly iss: string;
    readonly sub: string;
    readonly name?: string;
    readonly email?: string;
    readonly bot?: string;
  };
  readonly asked: Asked;
  /** SHA-256 hex of the canonical `ApprovedThing`. */
  readonly digest: string;
  readonly nonce?: string;
  readonly expires: string;
}

/** What a single-use key attests: `att` = SHA-256 hex of its canonical JSON. */
export interface ApprovalDecision {
  /** SHA-256 hex of the request file's bytes. */
  readonly request: string;
  readonly store: string;
  readonly id: string;
  readonly answer: 'approve' | 'deny' | 'revoke';
  readonly reason?: string;
  /** RFC 3339 UTC, microseconds: when the person answered. */
  readonly time: string;
  /** 64 hex characters. */
  readonly nonce: string;
}

export interface DecisionPredicate extends Signed {
  readonly kind: 'decision';
  readonly decision: ApprovalDecision;
  readonly strength: ApprovalStrength;
}

/** Put by the requester's agent before the permit: an approval is used once. */
export interface ConsumedPredicate extends Signed {
  readonly kind: 'consumed';
  readonly id: string;
  readonly request: string;
  /** SHA-256 hex of each decision file that counted, sorted. */
  readonly decisions: readonly string[];
  /** `used`, or why it can never be used. */
  readonly outcome: 'used' | 'denied' | 'expired' | 'withdrawn';
}

export type ApprovalPredicate = RequestPredicate | DecisionPredicate | ConsumedPredicate;

/** A person's answer as the requester's agent found it, checked. */
export interface CheckedDecision {
  readonly answer: ApprovalDecision['answer'];
  readonly iss: string;
  readonly sub: string;
  readonly name?: string;
  readonly email?: string;
  readonly jkt: string;
  readonly strength: ApprovalStrength;
  readonly reason?: string;
  readonly time: string;
  /** SHA-256 hex of the decision file. */
  readonly digest: string;
  /** The store key of the decision file. */
  readonly key: string;
}

/** One row of `broker approvals ls --json` and of the board. */
export interface ApprovalRow {
  readonly id: string;
  readonly state: ApprovalState;
  /** RFC 3339. */
  readonly asked: string;
  readonly expires: string;
  readonly requester: RequestPredicate['requester'];
  readonly what: Asked;
  /** SHA-256 hex of the request file: what an answer names. */
  readonly digest: string;
  /** The request's own signature, key and identity held. Never answer one that did not: `problem` says why. */
  readonly genuine: boolean;
  readonly problem?: string;
  /** It is the caller's own: somebody else must answer. */
  readonly own: boolean;
  readonly decisions: readonly CheckedDecision[];
  /** Objects put as decisions that did not count, and why. */
  readonly rejected: readonly RefusedDecision[];
}

/** A file of the store in whose place a decision was put, and why it does not count. */
export interface RefusedDecision {
  readonly key: string;
  readonly step: string;
  readonly reason: string;
}

/** `detail` of an `approve` statement: the approver's own chain repeats what was answered. */
export interface ApproveDetail {
  readonly id: string;
  /** Of the request: with `id`, where the objects stand. */
  readonly day: string;
  /** SHA-256 hex of the request file and of the decision file. */
  readonly request: string;
  readonly decision: string;
  readonly answer: ApprovalDecision['answer'];
  readonly strength: ApprovalStrength;
}

/** One request of a session, as its `session` statement names it. */
export interface SessionApproval {
  readonly id: string;
  readonly day: string;
  /** SHA-256 hex of the request file. */
  readonly request: string;
  /** SHA-256 hex of each decision file that counted, sorted. */
  readonly decisions: readonly string[];
  /** SHA-256 hex of the file that says it was used, or why never. */
  readonly consumed?: string;
  readonly outcome: ConsumedPredicate['outcome'];
  /** The weakest of the decisions that counted. */
  readonly strength?: ApprovalStrength;
  /** Microseconds from the request to its end. */
  readonly waited: number;
}
