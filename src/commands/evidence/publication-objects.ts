// Finds the published versions of a team's policy, with what they vouch for. Must never judge them: verification did.
import { BundleError, MAX_STATEMENT, parseSigned } from '../../model/bundle.ts';
import { PUBLICATION_FORM, PUBLICATIONS_PREFIX, versionOf } from '../../model/publication.ts';
import type { Store } from '../../model/store.ts';
import type { ApprovalObject } from './approval-objects.ts';
import { bytesOf } from './event-log.ts';

function subjectsOf(bytes: Uint8Array): readonly string[] | undefined {
  try {
    return parseSigned(bytes, PUBLICATION_FORM).statement.subject.map(({ digest }) => digest.sha256);
  } catch (error) {
    if (error instanceof BundleError) return undefined;
    throw error;
  }
}

/** What is no version is not handed on. */
export async function* publicationObjects(
  store: Pick<Store, 'get' | 'list'>,
): AsyncGenerator<ApprovalObject> {
  for await (const { key, size } of store.list(PUBLICATIONS_PREFIX)) {
    if (versionOf(key) === undefined || size > MAX_STATEMENT) continue;
    const bytes = await bytesOf(store, key, MAX_STATEMENT);
    const proofs = bytes && subjectsOf(bytes);
    if (bytes && proofs) yield { key, bytes, proofs };
  }
}
