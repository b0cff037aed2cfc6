// One request as its approver sees it: read, checked, and where it is in its life. Must never show as genuine what is not.
import { countQuorum, readRequest, type StoredFile } from '../../flow/escalate/index.ts';
import { sha256 } from '../../lib/digest.ts';
import type {
  ApprovalRow,
  ApprovalState,
  Asked,
  ConsumedPredicate,
  RequestPredicate,
} from '../../model/approval.ts';
import { consumedKey, requestKey } from '../../model/approval-key.ts';
import { APPROVAL_FORM } from '../../model/approval-predicate.ts';
import { parseSigned } from '../../model/bundle.ts';
import type { IdentitySettings } from '../../model/config.ts';
import type { Connection } from '../../model/connection.ts';
import type { PolicyText } from '../../model/session.ts';
import type { Store } from '../../model/store.ts';
import { readConsumed } from './consumed.ts';
import type { FolderView } from './folder.ts';
import { type Findings, judge, pkTokenOf } from './jury.ts';

/** How long an approval for a whole session is taken to last, where nobody says that its session is over; milliseconds. */
const SESSION_LIFE = 24 * 3_600_000;

/** What a reader of requests knows. */
export interface ReaderTerms {
  readonly store: Store;
  readonly storeId: string;
  readonly identity: IdentitySettings;
  readonly policy: PolicyText;
  readonly connections: ReadonlyMap<string, Connection>;
  /** Whose board it is; undefined while nobody is signed in. */
  readonly own: { readonly iss: string; readonly sub: string } | undefined;
  keys(): Promise<{ readonly keys: readonly { readonly kty?: string }[] }>;
}

/** Everything that does not change with time. */
export interface ReadRequest {
  readonly row: Omit<ApprovalRow, 'state'>;
  readonly expires: number;
  readonly consumed: ConsumedPredicate | undefined;
}

const NOTHING: Asked = {
  purpose: 'statement',
  connection: '',
  text: '',
  exact: false,
  titles: [],
  actions: [],
  tables: [],
  client: '',
  policies: [],
  policyDigest: '',
  reason: '',
  quorum: 1,
};

function claimed({ bytes }: StoredFile): RequestPredicate | undefined {
  try {
    const { predicate } = parseSigned(bytes, APPROVAL_FORM).statement;
    return predicate.kind === 'request' ? predicate : undefined;
  } catch {
    return undefined;
  }
}

/** A connection this machine does not have has no labels here: policies that go by them do not apply. */
export function connectionOf(terms: ReaderTerms, name: string): Connection {
  const known = terms.connections.get(name);
  if (known) return known;
  return {
    name,
    type: 'postgres',
    host: '',
    port: 0,
    tls: { mode: 'disable' },
    credential: { source: '' },
    labels: [],
    masking: { columns: {}, strategies: {}, onUnknown: 'mask' },
    recording: { maxRows: 0, maxBytes: 0 },
  };
}

/** Judged as of when they could still count; what may come later, a revocation, as of now. */
async function findings(
  terms: ReaderTerms,
  predicate: RequestPredicate,
  view: FolderView & { readonly request: Uint8Array },
  now: number,
): Promise<Findings> {
  if (view.decisions.length === 0) return { accepted: [], refused: [] };
  const trial = {
    request: { bytes: view.request, predicate },
    view,
    store: terms.store,
    rules: {
      identity: terms.identity,
      connection: connectionOf(terms, predicate.asked.connection),
      policy: terms.policy,
    },
    jkts: [predicate.identity.jkt],
  };
  const then = await judge(terms, { ...trial, now: Math.min(now, Date.parse(predicate.expires) - 1) });
  if (then.refused.length === 0) return then;
  const late = await judge(terms, { ...trial, now });
  const more = late.accepted.filter(({ key }) => then.refused.some((each) => each.key === key));
  return {
    accepted: [...then.accepted, ...more],
    refused: then.refused.filter(({ key }) => !more.some((each) => each.key === key)),
  };
}

/** Reads one request's folder. Undefined when there is no request in it. */
export async function readRow(
  terms: ReaderTerms,
  place: { readonly day: string; readonly id: string },
  view: FolderView,
  now: number,
): Promise<ReadRequest | undefined> {
  const { request } = view;
  if (!request) return undefined;
  const { day, id } = place;
  const file = { key: requestKey(day, id), bytes: request };
  const jwks = await terms.keys();
  const { issuer, clientId } = terms.identity;
  const verdict = await readRequest(file, {
    store: terms.storeId,
    pkToken: await pkTokenOf(terms.store, request),
    trust: [{ issuer, audiences: [clientId], jwks: [jwks as { keys: [] }] }],
    now,
  });
  const predicate = verdict.ok ? verdict.predicate : claimed(file);
  const requester = verdict.ok ? verdict.requester : (predicate?.requester ?? { iss: '', sub: '' });
  const digest = sha256(request);
  const base = {
    id,
    asked: predicate?.clock.wall ?? `${day}T00:00:00Z`,
    expires: predicate?.expires ?? `${day}T00:00:00Z`,
    requester,
    what: predicate?.asked ?? NOTHING,
    digest,
    own: terms.own?.iss === requester.iss && terms.own?.sub === requester.sub,
  };
  if (!verdict.ok) {
    const row = { ...base, genuine: false, problem: verdict.reason, decisions: [], rejected: [] };
    return { row, expires: Date.parse(base.expires), consumed: undefined };
  }
  const { accepted, refused } = await findings(terms, verdict.predicate, { ...view, request }, now);
  const decisions = accepted.map(({ ok: _, ...each }) => each);
  const consumed = view.consumed && (await usedBy(terms, verdict.predicate, digest, view.consumed));
  return {
    row: { ...base, genuine: true, decisions, rejected: [...refused, ...strangeUse(place, view, consumed)] },
    expires: Date.parse(base.expires),
    consumed,
  };
}

async function usedBy(
  terms: ReaderTerms,
  predicate: RequestPredicate,
  digest: string,
  bytes: Uint8Array,
): Promise<ConsumedPredicate | undefined> {
  return readConsumed({
    bytes,
    pkToken: await pkTokenOf(terms.store, bytes),
    request: { predicate, digest },
    identity: terms.identity,
    jwks: await terms.keys(),
  });
}

/** Somebody else took the place in which the requester says that it is over: it can never be used. */
function strangeUse(
  { day, id }: { readonly day: string; readonly id: string },
  view: FolderView,
  consumed: ConsumedPredicate | undefined,
): ApprovalRow['rejected'] {
  if (!view.consumed || consumed) return [];
  return [{ key: consumedKey(day, id), step: 'signature', reason: 'it is not by the person who asked' }];
}

/** Where it is in its life at this moment. */
export function stateOf({ row, expires, consumed }: ReadRequest, now: number): ApprovalState {
  const { state } = countQuorum(row.decisions, row.what.quorum);
  if (consumed && consumed.outcome !== 'used') return consumed.outcome;
  if (consumed) {
    const used = Date.parse(consumed.clock.wall);
    if (row.what.purpose === 'statement' || row.what.purpose === 'call') return 'spent';
    if (state === 'revoked' || state === 'denied') return 'revoked';
    const life = row.what.duration === undefined ? SESSION_LIFE : row.what.duration * 1000;
    return now < used + life ? 'approved' : 'spent';
  }
  if (state !== 'pending') return state;
  return now >= expires ? 'expired' : 'pending';
}
