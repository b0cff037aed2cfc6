// Builds, signs and keeps the next statement of a chain. Must never advance the chain before the file is durable.
import { signStatement } from '../flow/seal/index.ts';
import { canonical } from '../lib/canonical.ts';
import { type Clock, timestamp } from '../lib/clock.ts';
import { sha256 } from '../lib/digest.ts';
import { encodeBundle, MAX_STATEMENT, parseBundle, statementKey } from '../model/bundle.ts';
import type { Predicate, StatementKind, Subject } from '../model/evidence.ts';
import { jwksBlob, PK_TOKEN_BLOB, POLICY_BLOB } from '../model/sealed.ts';
import { advance, type Chain, type Head } from './chain.ts';
import type { Actor, EpochSignIn, PolicyInForce, Receipt } from './evidence.ts';
import type { Outbox } from './outbox.ts';
import type { Pending } from './pending.ts';
import type { StoreLink } from './store-link.ts';
import type { Timestamper } from './timestamper.ts';

export interface LedgerOptions {
  /** State folder of the agent. */
  readonly folder: string;
  readonly outbox: Outbox;
  readonly link: StoreLink;
  readonly clock: Clock;
  readonly timestamper?: Timestamper;
  readonly tool: Predicate['tool'];
  readonly enforcement: Predicate['enforcement'];
}

/** What differs from statement to statement; the rest the ledger knows. */
export type Body = Pick<
  Predicate,
  'session' | 'events' | 'parts' | 'policy' | 'decisions' | 'masking' | 'approvals' | 'detail'
> & {
  readonly actor?: Actor;
  readonly subjects?: readonly Subject[];
  readonly seen?: Predicate['seen'];
};

export interface Epoch {
  readonly signIn: EpochSignIn;
  readonly chain: Chain;
  /** PK token and JWKS, named by every statement of the epoch. */
  readonly subjects: readonly Subject[];
}

async function blob(pending: Pending, name: string, text: string): Promise<Subject> {
  return { name, digest: { sha256: await pending.addBlob(text) } };
}

/** Puts what proves whose key it is into the outbox. */
export function proofBlobs(pending: Pending, signIn: EpochSignIn): Promise<Subject[]> {
  const blobs = [
    [PK_TOKEN_BLOB, signIn.pkToken] as const,
    ...signIn.sightings.map(({ text }, look) => [jwksBlob(look), text] as const),
  ];
  return Promise.all(blobs.map(([name, text]) => blob(pending, name, text)));
}

export function policyBlob(pending: Pending, policy: PolicyInForce): Promise<Subject> {
  return blob(pending, POLICY_BLOB, canonical({ files: policy.files }));
}

/** As statements name it. */
export function namedPolicy({ digest, published }: PolicyInForce): NonNullable<Predicate['policy']> {
  return { digest, ...(published ? { published } : {}) };
}

export async function configBody(
  pending: Pending,
  policy: PolicyInForce | undefined,
  detail: Readonly<Record<string, unknown>>,
): Promise<Body> {
  if (!policy) return { detail };
  return { policy: namedPolicy(policy), subjects: [await policyBlob(pending, policy)], detail };
}

function buildPredicate(
  o: LedgerOptions,
  epoch: Epoch,
  head: Head,
  store: string,
  kind: StatementKind,
  body: Body,
): Predicate {
  const { subjects: _, actor, seen, ...rest } = body;
  const { identity } = epoch.signIn.signer;
  const wall = timestamp(o.clock.micros());
  const { writer, next: seq, prev } = head;
  return {
    kind,
    store,
    key: statementKey({ day: wall.slice(0, 10), writer, seq, kind }),
    chain: { writer, epoch: kind === 'epoch' ? head.epoch + 1 : head.epoch, seq, prev },
    seen: seen ?? [],
    identity,
    actor: actor ?? { kind: 'human', name: identity.sub },
    clock: { wall, monotonic: String(o.clock.monotonic()) },
    enforcement: o.enforcement,
    tool: o.tool,
    ...rest,
  };
}

/** What an epoch says of its time stamps: whose absence is then noted. */
export function authorityOf({ timestamper }: LedgerOptions): { readonly timestamps?: string } {
  return timestamper?.url === undefined ? {} : { timestamps: timestamper.url };
}

/** With a time stamp, where an authority is configured and answers. */
async function stamped(o: LedgerOptions, kind: StatementKind, file: Buffer): Promise<Buffer> {
  if (!o.timestamper) return file;
  const { payload, signature, keyid } = parseBundle(file);
  const token = await o.timestamper.stamp(kind, signature);
  if (!token) return file;
  const whole = encodeBundle(payload, signature, keyid, token);
  return whole.length > MAX_STATEMENT ? file : whole;
}

/**
 * Signs the next statement: its file is durable in the outbox first, then the head moves on. Two calls for one chain must
 * not overlap.
 */
export async function appendStatement(
  o: LedgerOptions,
  epoch: Epoch,
  kind: StatementKind,
  body: Body,
): Promise<Receipt> {
  const { chain, signIn } = epoch;
  const { id } = await o.link.identity();
  const predicate = buildPredicate(o, epoch, chain.head, id, kind, body);
  const all = [...epoch.subjects, ...(body.subjects ?? [])];
  const release = all.map((each) => o.outbox.hold(each.digest.sha256));
  try {
    const file = await stamped(o, kind, signStatement(signIn.signer, predicate, all));
    const digest = sha256(file);
    await o.outbox.add(chain.head.writer, predicate.chain.seq, kind, file);
    await chain.save(advance(chain.head, predicate, digest));
    o.outbox.wake();
    return { kind, key: predicate.key, seq: predicate.chain.seq, digest, stored: false };
  } finally {
    for (const done of release) done();
  }
}
