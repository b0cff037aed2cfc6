// The shape of a predicate, checked member by member. Must never let an unknown member through unread.
import { isSha256 } from '../lib/digest.ts';
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
  events: [false, shape({ count: [true, natural], merkleRoot: [true, isSha256] })],
  policy: [false, shape({ digest: [true, isSha256] })],
  decisions: [false, counts],
  masking: [false, plain],
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
  if (given['kind'] === 'session' && !Object.hasOwn(given, 'events')) return 'the predicate has no events';
  return undefined;
}
