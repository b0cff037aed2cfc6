// A session's requests as its events tell of them, and how a statement names them. Must never take an entry it has not looked at.
import { canonical, parseCanonical } from '../lib/canonical.ts';
import type { SessionApproval } from './approval.ts';
import { isSessionApproval, MAX_APPROVALS } from './predicate.ts';

/** Holds them, where a statement has no room. */
export const APPROVALS_BLOB = 'approvals.json';
/** A session that asks more often than this is asking nobody. */
const MOST = 10_000;
/** Bytes of requests that a statement of 64 KiB has room for. */
const MAX_NAMED = 36_000;

/** `{"approvals":[…],"more":N}`; N were left out. */
export function approvalsBlob(approvals: readonly SessionApproval[], more: number): string {
  return canonical({ approvals, more });
}

/** Undefined for anything but exactly what `approvalsBlob` writes. */
export function parseApprovalsBlob(
  text: string,
): { readonly approvals: readonly SessionApproval[]; readonly more: number } | undefined {
  try {
    const { approvals, more } = parseCanonical(text) as Readonly<Record<string, unknown>>;
    if (!Array.isArray(approvals) || !approvals.every(isSessionApproval)) return undefined;
    if (!Number.isSafeInteger(more) || approvalsBlob(approvals, more as number) !== text) return undefined;
    return { approvals, more: more as number };
  } catch {
    return undefined;
  }
}

export type NamedApprovals =
  | { readonly kind: 'none' }
  | { readonly kind: 'named'; readonly approvals: readonly SessionApproval[] }
  | { readonly kind: 'blob'; readonly text: string };

export interface ApprovalsState {
  readonly approvals: readonly SessionApproval[];
  readonly more: number;
}

/** Collects `approval.end` events: each request once, as it first ended. */
export class SessionApprovals {
  readonly #approvals: Map<string, SessionApproval>;
  #more: number;

  /** Goes on from where `state` was taken. */
  constructor({ approvals, more }: ApprovalsState = { approvals: [], more: 0 }) {
    this.#approvals = new Map(approvals.map((each) => [each.id, each]));
    this.#more = more;
  }

  get state(): ApprovalsState {
    return { approvals: [...this.#approvals.values()], more: this.#more };
  }

  add({ conversation: _, statement: __, ...value }: Readonly<Record<string, unknown>>): void {
    if (!isSessionApproval(value) || this.#approvals.has(value.id)) return;
    if (this.#approvals.size < MOST) this.#approvals.set(value.id, value);
    else this.#more += 1;
  }

  /** In the statement where it has room for them, else in a blob of their own. */
  named(): NamedApprovals {
    const approvals = [...this.#approvals.values()];
    if (approvals.length === 0) return { kind: 'none' };
    const text = approvalsBlob(approvals, this.#more);
    const fits = approvals.length <= MAX_APPROVALS && text.length <= MAX_NAMED;
    return fits ? { kind: 'named', approvals } : { kind: 'blob', text };
  }
}
