// The shape of a predicate, checked member by member. Must never let an unknown member through unread.
import { isSha256 } from '../lib/digest.ts';

type Check = (value: unknown) => boolean;
type Shape = Readonly<Record<string, readonly [required: boolean, check: Check]>>;

const MAX_TEXT = 4096;
const text: Check = (value) => typeof value === 'string' && value.length <= MAX_TEXT;
const natural: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const integer: Check = (value) => Number.isSafeInteger(value);
const plain: Check = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const time: Check = (value) =>
  typeof value === 'string' &&
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/.test(value) &&
  !Number.isNaN(Date.parse(value));
const oneOf =
  (...words: readonly string[]): Check =>
  (value) =>
    words.includes(value as string);
const matches =
  (pattern: RegExp): Check =>
  (value) =>
    typeof value === 'string' && pattern.test(value);
const list =
  (check: Check, most: number): Check =>
  (value) =>
    Array.isArray(value) && value.length <= most && value.every(check);
const counts: Check = (value) => plain(value) && Object.values(value as object).every(natural);

function shape(members: Shape): Check {
  const required = Object.keys(members).filter((name) => members[name]?.[0]);
  return (value) => {
    if (!plain(value)) return false;
    const given = value as Readonly<Record<string, unknown>>;
    return (
      required.every((name) => Object.hasOwn(given, name)) &&
      Object.keys(given).every((name) => Object.hasOwn(members, name) && members[name]?.[1](given[name]))
    );
  };
}

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
  store: [true, matches(/^[a-z2-7]{26}$/)],
  key: [true, text],
  chain: [
    true,
    shape({ writer: [true, writer], epoch: [true, natural], seq: [true, natural], prev: [true, isSha256] }),
  ],
  seen: [true, list(shape({ writer: [true, writer], seq: [true, natural], head: [true, isSha256] }), 16)],
  identity: [
    true,
    shape({
      iss: [true, text],
      sub: [true, text],
      jkt: [true, matches(/^[A-Za-z0-9_-]{43}$/)],
      pkToken: [true, isSha256],
      acr: [false, text],
      amr: [false, list(text, 16)],
      authTime: [false, natural],
      binding: [true, oneOf('nonce', 'none')],
    }),
  ],
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
  clock: [true, shape({ wall: [true, time], monotonic: [true, matches(/^\d{1,20}$/)] })],
  enforcement: [true, oneOf('local', 'separate-user', 'gateway')],
  tool: [true, shape({ name: [true, text], version: [true, text], digest: [true, text] })],
  detail: [false, plain],
};

/** The first thing wrong with a predicate, or undefined when its shape is right. */
export function predicateProblem(value: unknown): string | undefined {
  if (!plain(value)) return 'the predicate is not an object';
  const given = value as Readonly<Record<string, unknown>>;
  for (const name of Object.keys(given))
    if (!Object.hasOwn(PREDICATE, name)) return `the predicate has an unknown member ${JSON.stringify(name)}`;
  for (const [name, [required, check]] of Object.entries(PREDICATE)) {
    if (!Object.hasOwn(given, name)) {
      if (required) return `the predicate has no ${name}`;
    } else if (!check(given[name])) return `the predicate's ${name} has the wrong shape`;
  }
  const needsSession = ['open', 'part', 'session', 'attempt'].includes(given['kind'] as string);
  if (needsSession && !Object.hasOwn(given, 'session')) return 'the predicate has no session';
  if (given['kind'] === 'session' && !Object.hasOwn(given, 'events')) return 'the predicate has no events';
  return undefined;
}
