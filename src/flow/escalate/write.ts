// Makes and signs requests, decisions and uses. Must never sign what its own reader would refuse.
import { canonical } from '../../lib/canonical.ts';
import { sha256 } from '../../lib/digest.ts';
import type {
  ApprovalDecision,
  ApprovalPredicate,
  ApprovalStrength,
  ApprovedThing,
  Asked,
  ConsumedPredicate,
  RequestPredicate,
} from '../../model/approval.ts';
import { consumedKey, decisionKey, requestKey } from '../../model/approval-key.ts';
import { APPROVAL_FORM, approvedDigest, shownThing } from '../../model/approval-predicate.ts';
import { REQUEST_SUBJECT } from '../../model/approval-rules.ts';
import { MAX_STATEMENT } from '../../model/bundle.ts';
import { BrokerError } from '../../model/errors.ts';
import type { Signer, Subject } from '../../model/evidence.ts';
import { jwksBlob, PK_TOKEN_BLOB } from '../../model/sealed.ts';
import { signPredicate } from '../../model/signing.ts';

/** Who signs, for which store, when, with what: the same for every object. */
export interface Signing {
  readonly signer: Signer;
  /** Id in the store's `v1/store.json`. */
  readonly store: string;
  /** RFC 3339 UTC, microseconds; monotonic nanoseconds. */
  readonly clock: { readonly wall: string; readonly monotonic: string };
  readonly tool: { readonly name: string; readonly version: string; readonly digest: string };
  /** SHA-256 hex of the provider's archived keys that go with the signer's PK token. Put those blobs, and the token, first. */
  readonly jwks: readonly string[];
}

/** An object ready to be put, if absent. */
export interface ApprovalFile {
  readonly key: string;
  readonly bytes: Buffer;
  /** SHA-256 hex of the bytes. */
  readonly digest: string;
}

export interface RequestFile extends ApprovalFile {
  readonly day: string;
  readonly predicate: RequestPredicate;
}

/** Which request is meant: its place and the digest of its bytes. */
export interface RequestPlace {
  readonly day: string;
  readonly id: string;
  readonly digest: string;
}

function subject(name: string, digest: string): Subject {
  return { name, digest: { sha256: digest } };
}

function seal(signing: Signing, predicate: ApprovalPredicate, about: readonly Subject[]): ApprovalFile {
  const { signer, jwks } = signing;
  if (signer.identity.binding !== 'nonce') throw new BrokerError('sign-in-unbound');
  const own = [
    subject(PK_TOKEN_BLOB, signer.identity.pkToken),
    ...[...new Set(jwks)].map((digest, look) => subject(jwksBlob(look), digest)),
  ];
  const bytes = signPredicate(signer, APPROVAL_FORM, predicate, [...own, ...about]);
  return { key: predicate.key, bytes, digest: sha256(bytes) };
}

function signed({ signer, store, clock, tool }: Signing, key: string) {
  return { store, key, identity: signer.identity, clock, tool };
}

/** What a person can be shown has an end: base64 makes four bytes of three. */
const MAX_SHOWN = Math.floor((MAX_STATEMENT * 3) / 4) - 2048;

/**
 * A request to put before people. `exact` is found out here: it is true when what `asked` shows is, byte for byte, what `thing` is.
 * Raises approval-too-long, sign-in-unbound.
 */
export function buildRequest(
  signing: Signing,
  content: {
    readonly id: string;
    readonly requester: RequestPredicate['requester'];
    readonly asked: Omit<Asked, 'exact'>;
    readonly thing: ApprovedThing;
  },
): RequestFile {
  const { id, requester, asked, thing } = content;
  const day = signing.clock.wall.slice(0, 10);
  const digest = approvedDigest(thing);
  const open: RequestPredicate = {
    kind: 'request',
    ...signed(signing, requestKey(day, id)),
    id,
    requester,
    asked: { ...asked, exact: true },
    digest,
    nonce: thing.nonce,
    expires: thing.expires,
  };
  const shown = shownThing(open);
  const { nonce: _, ...hidden } = open;
  const exact = shown !== undefined && approvedDigest(shown) === digest;
  const predicate: RequestPredicate = exact ? open : { ...hidden, asked: { ...asked, exact: false } };
  const size = Buffer.byteLength(canonical(predicate));
  if (size > MAX_SHOWN) throw new BrokerError('approval-too-long', { size, limit: MAX_SHOWN });
  return { ...seal(signing, predicate, []), day, predicate };
}

/** A person's answer. The signer is the single-use key of a sign-in with `attOf(decision)`, or the approver's sign-in key. */
export function buildDecision(
  signing: Signing,
  content: {
    readonly request: RequestPlace;
    readonly decision: ApprovalDecision;
    readonly strength: ApprovalStrength;
  },
): ApprovalFile {
  const { request, decision, strength } = content;
  const key = decisionKey(request, { jkt: signing.signer.identity.jkt, nonce: decision.nonce, strength });
  return seal(signing, { kind: 'decision', ...signed(signing, key), decision, strength }, [
    subject(REQUEST_SUBJECT, request.digest),
  ]);
}

/** That the request is over, by its requester; put if absent: whoever finds one there already may not go on. */
export function buildConsumed(
  signing: Signing,
  content: {
    readonly request: RequestPlace;
    /** Digests of the decision files that counted. */
    readonly decisions: readonly string[];
    readonly outcome: ConsumedPredicate['outcome'];
  },
): ApprovalFile {
  const { request, outcome } = content;
  const decisions = [...new Set(content.decisions)].sort();
  const predicate: ConsumedPredicate = {
    kind: 'consumed',
    ...signed(signing, consumedKey(request.day, request.id)),
    id: request.id,
    request: request.digest,
    decisions,
    outcome,
  };
  return seal(signing, predicate, [
    subject(REQUEST_SUBJECT, request.digest),
    ...decisions.map((digest, at) => subject(`decision-${at}.sigstore.json`, digest)),
  ]);
}
