// The shape of a predicate, checked member by member. Must never let an unknown member through unread.
import { isSha256 } from '../lib/digest.ts';
import type { ApproveDetail, SessionApproval } from './approval.ts';
import { APPROVAL_ID } from './approval-key.ts';
import {
  counts,
  integer,
  list,
  matches,
  memberProblem,
  natural,
  oneOf,
  plain,
  type Shape,
  shape,
  text,
  time,
} from './checks.ts';

export const STORE_ID = matches(/^[a-z2-7]{26}$/);
export const IDENTITY = shape({
  iss: [true, text],
  sub: [true, text],
  jkt: [true, matches(/^[A-Za-z0-9_-]{43}$/)],
  pkToken: [true, isSha256],
  acr: [false, text],
  amr: [false, list(text, 16)],
  authTime: [false, natural],
  binding: [true, oneOf('nonce', 'none')],
});
export const CLOCK = shape({ wall: [true, time], monotonic: [true, matches(/^\d{1,20}$/)] });
export const TOOL = shape({ name: [true, text], version: [true, text], digest: [true, text] });

const writer = matches(/^[a-z2-7]{16}$/);
const KIND = oneOf('epoch', 'open', 'part', 'session', 'attempt', 'approve', 'seal', 'access', 'config');

const session = shape({
  id: [true, matches(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/)],
  connection: [true, text],
  protocol: [true, text],
  address: [true, text],
  database: [false, text],
  fingerprint: [false, text],
  client: [true, text],
  credential: [true, text],
  account: [false, text],
  opened: [true, time],
  closed: [false, time],
  end: [false, oneOf('closed', 'interrupted', 'killed', 'expired', 'failed')],
  exit: [false, integer],
  counts: [
    false,
    shape({
      statements: [true, natural],
      allowed: [true, natural],
      asked: [true, natural],
      denied: [true, natural],
      rows: [true, natural],
    }),
  ],
});

const day = matches(/^\d{4}-\d\d-\d\d$/);
const STRENGTH = oneOf('fresh-sign-in', 'session-key');

/** Parts of one session; what comes after the last of them is uploaded with its end. */
export const MAX_PARTS = 48;

/** A statement names this many requests itself. */
export const MAX_APPROVALS = 64;

const SESSION_APPROVAL = shape({
  id: [true, matches(APPROVAL_ID)],
  day: [true, day],
  request: [true, isSha256],
  decisions: [true, list(isSha256, 64)],
  consumed: [false, isSha256],
  outcome: [true, oneOf('used', 'denied', 'expired', 'withdrawn')],
  strength: [false, STRENGTH],
  waited: [true, natural],
});

/** What a statement, a blob or an event says of one request, when its shape is right. */
export function isSessionApproval(value: unknown): value is SessionApproval {
  return SESSION_APPROVAL(value);
}

const APPROVE_DETAIL = shape({
  id: [true, matches(APPROVAL_ID)],
  day: [true, day],
  request: [true, isSha256],
  decision: [true, isSha256],
  answer: [true, oneOf('approve', 'deny', 'revoke')],
  strength: [true, STRENGTH],
});

/** What an `approve` statement repeats of a decision. */
export function isApproveDetail(value: unknown): value is ApproveDetail {
  return APPROVE_DETAIL(value);
}

const PREDICATE: Shape = {
  kind: [true, KIND],
  store: [true, STORE_ID],
  key: [true, text],
  chain: [
    true,
    shape({ writer: [true, writer], epoch: [true, natural], seq: [true, natural], prev: [true, isSha256] }),
  ],
  seen: [true, list(shape({ writer: [true, writer], seq: [true, natural], head: [true, isSha256] }), 16)],
  identity: [true, IDENTITY],
  actor: [
    true,
    shape({
      kind: [true, oneOf('human', 'bot')],
      name: [true, text],
      version: [false, text],
      onBehalfOf: [false, text],
    }),
  ],
  session: [false, session],
  events: [false, shape({ count: [true, natural], merkleRoot: [true, isSha256], first: [false, natural] })],
  parts: [false, list(shape({ seq: [true, natural], head: [true, isSha256] }), MAX_PARTS)],
  policy: [
    false,
    shape({
      digest: [true, isSha256],
      published: [false, shape({ version: [true, natural], digest: [true, isSha256] })],
    }),
  ],
  decisions: [false, counts],
  masking: [false, plain],
  approvals: [false, list(SESSION_APPROVAL, MAX_APPROVALS)],
  clock: [true, CLOCK],
  enforcement: [true, oneOf('local', 'separate-user', 'gateway')],
  tool: [true, TOOL],
  detail: [false, plain],
};

/** The first thing wrong with a predicate, or undefined when its shape is right. */
export function predicateProblem(value: unknown): string | undefined {
  const problem = memberProblem(value, PREDICATE, 'the predicate');
  if (problem) return problem;
  const given = value as Readonly<Record<string, unknown>>;
  const needsSession = ['open', 'part', 'session', 'attempt'].includes(given['kind'] as string);
  if (needsSession && !Object.hasOwn(given, 'session')) return 'the predicate has no session';
  const needsEvents = given['kind'] === 'session' || given['kind'] === 'part';
  if (needsEvents && !Object.hasOwn(given, 'events')) return 'the predicate has no events';
  if (given['kind'] !== 'session' && Object.hasOwn(given, 'parts')) return 'only a session has parts';
  if (given['kind'] === 'approve' && !isApproveDetail(given['detail']))
    return 'the predicate does not say what was answered';
  return undefined;
}
