// Finds the approval objects that a statement names, with what proves whose they are. Must never judge them: verification did.
import { approvalFolder, parseApprovalKey } from '../../model/approval-key.ts';
import { APPROVAL_FORM } from '../../model/approval-predicate.ts';
import { BundleError, blobKey, MAX_STATEMENT, parseSigned } from '../../model/bundle.ts';
import type { Predicate } from '../../model/evidence.ts';
import { isApproveDetail } from '../../model/predicate.ts';
import { isJwksBlob, PK_TOKEN_BLOB } from '../../model/sealed.ts';
import { APPROVALS_BLOB, parseApprovalsBlob } from '../../model/session-approvals.ts';
import type { Store } from '../../model/store.ts';
import { bytesOf } from './event-log.ts';

const MAX_LIST = 8 * 2 ** 20;
/** Objects of one request that are handed over: as many as verification looks at. */
const MOST = 1_024;

type Reader = Pick<Store, 'get' | 'list'>;

export interface ApprovalObject {
  readonly key: string;
  readonly bytes: Uint8Array;
  /** SHA-256 hex of its PK token and the provider's keys. */
  readonly proofs: readonly string[];
}

interface Place {
  readonly day: string;
  readonly id: string;
}

async function placesOf(
  store: Reader,
  predicate: Predicate,
  subjects: readonly { readonly name: string; readonly digest: string }[],
): Promise<readonly Place[]> {
  if (predicate.kind === 'approve') return isApproveDetail(predicate.detail) ? [predicate.detail] : [];
  const blob = subjects.find(({ name }) => name === APPROVALS_BLOB)?.digest;
  if (blob === undefined) return predicate.approvals ?? [];
  const bytes = await bytesOf(store, blobKey(blob), MAX_LIST);
  return parseApprovalsBlob(Buffer.from(bytes ?? []).toString())?.approvals ?? [];
}

function proofsOf(bytes: Uint8Array): readonly string[] {
  try {
    const { subject } = parseSigned(bytes, APPROVAL_FORM).statement;
    return subject
      .filter(({ name }) => name === PK_TOKEN_BLOB || isJwksBlob(name))
      .map(({ digest }) => digest.sha256);
  } catch (error) {
    if (error instanceof BundleError) return [];
    throw error;
  }
}

/** Everything that stands with each request that the statement names, whether it counted or not. */
export async function* approvalObjects(
  store: Reader,
  predicate: Predicate,
  subjects: readonly { readonly name: string; readonly digest: string }[],
): AsyncGenerator<ApprovalObject> {
  for (const { day, id } of await placesOf(store, predicate, subjects)) {
    let count = 0;
    for await (const { key, size } of store.list(approvalFolder(day, id))) {
      count += 1;
      if (count > MOST) break;
      if (!parseApprovalKey(key) || size > MAX_STATEMENT) continue;
      const bytes = await bytesOf(store, key, MAX_STATEMENT);
      if (bytes) yield { key, bytes, proofs: proofsOf(bytes) };
    }
  }
}
