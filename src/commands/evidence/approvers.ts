// Who signed, and who answered the requests that a session names, by the sign-ins they did it with. Must never judge: verification does.
import type { Approver, Approvers, Person } from '../../exporters/approver.ts';
import { sha256 } from '../../lib/digest.ts';
import { APPROVAL_FORM } from '../../model/approval-predicate.ts';
import { BundleError, parseSigned } from '../../model/bundle.ts';
import type { Predicate } from '../../model/evidence.ts';
import type { Store } from '../../model/store.ts';
import { approvalObjects } from './approval-objects.ts';
import { blobBytes } from './event-log.ts';

type Claims = Readonly<Record<string, unknown>>;

/** What an ID token says of its person, as the signed PK token has it; nothing where it cannot be read. */
function claimsOf(pkToken: Uint8Array | undefined): Claims {
  try {
    const { payload } = JSON.parse(Buffer.from(pkToken ?? []).toString()) as { payload: string };
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString());
    return typeof claims === 'object' && claims !== null ? (claims as Claims) : {};
  } catch {
    return {};
  }
}

const filled = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

/** As the sign-in names them that a signature was made with. */
export async function personOf(
  store: Pick<Store, 'get'>,
  { iss, sub, pkToken }: Pick<Predicate['identity'], 'iss' | 'sub' | 'pkToken'>,
): Promise<Person> {
  const claims = claimsOf(await blobBytes(store, pkToken));
  const own = claims['iss'] === iss && claims['sub'] === sub;
  const name = own ? (filled(claims['name']) ?? filled(claims['preferred_username'])) : undefined;
  const email = own && claims['email_verified'] === true ? filled(claims['email']) : undefined;
  return { iss, sub, ...(name === undefined ? {} : { name }), ...(email === undefined ? {} : { email }) };
}

async function approver(store: Pick<Store, 'get'>, bytes: Uint8Array): Promise<Approver | undefined> {
  try {
    const { predicate } = parseSigned(bytes, APPROVAL_FORM).statement;
    if (predicate.kind !== 'decision') return undefined;
    return { ...(await personOf(store, predicate.identity)), answer: predicate.decision.answer };
  } catch (error) {
    if (error instanceof BundleError) return undefined;
    throw error;
  }
}

/** By the digests that the session names them by. */
export async function approversIn(
  store: Pick<Store, 'get' | 'list'>,
  predicate: Predicate,
  subjects: readonly { readonly name: string; readonly digest: string }[],
): Promise<Approvers> {
  const found = new Map<string, Approver>();
  if (predicate.kind !== 'session') return found;
  for await (const { bytes } of approvalObjects(store, predicate, subjects)) {
    const who = await approver(store, bytes);
    if (who) found.set(sha256(bytes), who);
  }
  return found;
}
