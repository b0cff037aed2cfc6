// The shape of approval objects, checked member by member. Must never let an unknown member through unread.
import { canonical } from '../lib/canonical.ts';
import { isSha256, sha256 } from '../lib/digest.ts';
import {
  APPROVAL_TYPE,
  type ApprovalPredicate,
  type ApprovedThing,
  type RequestPredicate,
} from './approval.ts';
import { APPROVAL_ID } from './approval-key.ts';
import type { PredicateForm } from './bundle.ts';
import {
  type Check,
  list,
  matches,
  memberProblem,
  natural,
  oneOf,
  type Shape,
  shape,
  text,
  time,
} from './checks.ts';
import { CLOCK, IDENTITY, STORE_ID, TOOL } from './predicate.ts';

/** Bounded by the file, which is at most 64 KiB. */
const long: Check = (value) => typeof value === 'string';
const flag: Check = (value) => typeof value === 'boolean';
const texts = list(text, 4096);
const hex = matches(/^[0-9a-f]{64}$/);
const between =
  (least: number, most: number): Check =>
  (value) =>
    natural(value) && (value as number) >= least && (value as number) <= most;

const use = shape({
  action: [true, text],
  resource: [true, shape({ type: [true, text], id: [true, text] })],
});

const STRENGTH = oneOf('fresh-sign-in', 'session-key');

const ASKED = shape({
  purpose: [true, oneOf('statement', 'session', 'call', 'window')],
  connection: [true, text],
  session: [false, text],
  statement: [false, natural],
  text: [true, long],
  exact: [true, flag],
  parameters: [false, list((value) => value === null || long(value), 65_535)],
  titles: [true, texts],
  actions: [true, list(use, 4096)],
  tables: [true, texts],
  fingerprint: [false, text],
  inTransaction: [false, flag],
  client: [true, text],
  application: [false, text],
  stated: [false, text],
  models: [false, list(text, 64)],
  policies: [true, list(text, 1024)],
  policyDigest: [true, isSha256],
  reason: [true, text],
  quorum: [true, between(1, 9)],
  strength: [false, STRENGTH],
  duration: [false, between(1, 31 * 86_400)],
});

const SIGNED: Shape = {
  store: [true, STORE_ID],
  key: [true, text],
  identity: [true, IDENTITY],
  clock: [true, CLOCK],
  tool: [true, TOOL],
};

const id: Shape[string] = [true, matches(APPROVAL_ID)];

const REQUEST: Shape = {
  ...SIGNED,
  kind: [true, oneOf('request')],
  id,
  requester: [
    true,
    shape({
      iss: [true, text],
      sub: [true, text],
      name: [false, text],
      email: [false, text],
      bot: [false, text],
    }),
  ],
  asked: [true, ASKED],
  digest: [true, isSha256],
  nonce: [false, hex],
  expires: [true, time],
};

const DECISION: Shape = {
  ...SIGNED,
  kind: [true, oneOf('decision')],
  decision: [
    true,
    shape({
      request: [true, isSha256],
      store: [true, STORE_ID],
      id,
      answer: [true, oneOf('approve', 'deny', 'revoke')],
      reason: [false, text],
      time: [true, time],
      nonce: [true, hex],
    }),
  ],
  strength: [true, STRENGTH],
};

const CONSUMED: Shape = {
  ...SIGNED,
  kind: [true, oneOf('consumed')],
  id,
  request: [true, isSha256],
  decisions: [true, list(isSha256, 64)],
  outcome: [true, oneOf('used', 'denied', 'expired', 'withdrawn')],
};

const FORMS: ReadonlyMap<unknown, Shape> = new Map([
  ['request', REQUEST],
  ['decision', DECISION],
  ['consumed', CONSUMED],
]);

/** SHA-256 hex of the canonical thing: what a request's `digest` must be. */
export function approvedDigest(thing: ApprovedThing): string {
  return sha256(canonical(thing));
}

/** What an exact request shows, as the thing it must then ask for; undefined where something was masked. */
export function shownThing({
  asked,
  requester,
  expires,
  nonce,
}: RequestPredicate): ApprovedThing | undefined {
  if (!asked.exact || nonce === undefined) return undefined;
  const { iss, sub, bot } = requester;
  return {
    purpose: asked.purpose,
    connection: asked.connection,
    session: asked.session ?? '',
    requester: { iss, sub, ...(bot === undefined ? {} : { bot }) },
    statement: sha256(asked.text),
    parameters: (asked.parameters ?? []).map((value) => (value === null ? 'null' : `0:${sha256(value)}`)),
    policyDigest: asked.policyDigest,
    policies: asked.policies,
    expires,
    nonce,
  };
}

function requestProblem(request: RequestPredicate): string | undefined {
  const { asked, nonce, digest, expires, clock, requester, identity } = request;
  if (asked.exact !== (nonce !== undefined)) return 'the request has a nonce exactly when its text is exact';
  const shown = shownThing(request);
  if (shown && approvedDigest(shown) !== digest) return 'the request shows something else than it asks for';
  if (expires <= clock.wall) return 'the request expires before it was made';
  if (requester.iss !== identity.iss || requester.sub !== identity.sub)
    return 'the request was signed by somebody else than its requester';
  if (asked.purpose === 'window' && asked.duration === undefined) return 'the request has no duration';
  return undefined;
}

function sorted(values: readonly string[]): boolean {
  return values.every((each, index) => index === 0 || (values[index - 1] as string) < each);
}

/** The first thing wrong with an approval object, or undefined when it may be read as one. */
export function approvalProblem(value: unknown): string | undefined {
  const kind = (value as { kind?: unknown } | null | undefined)?.kind;
  const form = FORMS.get(kind);
  if (!form) return 'it is no request, decision or use';
  const problem = memberProblem(value, form, `the ${kind}`);
  if (problem) return problem;
  const given = value as ApprovalPredicate;
  if (given.kind === 'request') return requestProblem(given);
  if (given.kind === 'consumed' && !sorted(given.decisions)) return 'its decisions are not sorted';
  return undefined;
}

export const APPROVAL_FORM: PredicateForm<ApprovalPredicate> = {
  type: APPROVAL_TYPE,
  problem: approvalProblem,
};
