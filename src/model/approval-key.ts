// Where approval objects stand in the store: evidence.md section 2. Must never read a name two ways.
import type { ApprovalStrength } from './approval.ts';

export const APPROVALS_PREFIX = 'v1/appr/';

/** What a file's own name says of it. `jkt` and `nonce` are of decisions; `nonce` only where one key signs several. */
export interface ApprovalKey {
  readonly day: string;
  readonly id: string;
  readonly kind: 'request' | 'decision' | 'consumed';
  readonly jkt?: string;
  readonly nonce?: string;
}

/** Lower case, so that no file system takes two ids for one. */
export const APPROVAL_ID = /^[a-z0-9][a-z0-9-]{7,63}$/;

const KEY =
  /^v1\/appr\/day=(\d{4}-\d{2}-\d{2})\/req=([a-z0-9][a-z0-9-]{7,63})\/(request|consumed|decision-([A-Za-z0-9_-]{43})(?:\.([0-9a-f]{16}))?)\.sigstore\.json$/;

/** `v1/appr/day=YYYY-MM-DD/req=<id>/`; the day is that of the request. */
export function approvalFolder(day: string, id: string): string {
  return `${APPROVALS_PREFIX}day=${day}/req=${id}/`;
}

export function requestKey(day: string, id: string): string {
  return `${approvalFolder(day, id)}request.sigstore.json`;
}

export function consumedKey(day: string, id: string): string {
  return `${approvalFolder(day, id)}consumed.sigstore.json`;
}

/** A single-use key names its one decision. A sign-in's key signs many: there the decision's own nonce tells them apart. */
export function decisionKey(
  place: { readonly day: string; readonly id: string },
  signed: { readonly jkt: string; readonly nonce: string; readonly strength: ApprovalStrength },
): string {
  const more = signed.strength === 'session-key' ? `.${signed.nonce.slice(0, 16)}` : '';
  return `${approvalFolder(place.day, place.id)}decision-${signed.jkt}${more}.sigstore.json`;
}

export function parseApprovalKey(key: string): ApprovalKey | undefined {
  const [, day, id, name, jkt, nonce] = KEY.exec(key) ?? [];
  if (!day || !id || !name) return undefined;
  if (name === 'request' || name === 'consumed') return { day, id, kind: name };
  return { day, id, kind: 'decision', ...(jkt ? { jkt } : {}), ...(nonce ? { nonce } : {}) };
}
