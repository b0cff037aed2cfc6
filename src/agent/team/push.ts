// Publishes a policy as the next version: judged, signed for, put where nothing stands. Must never sign what its own reader would refuse.
import { randomBytes } from 'node:crypto';
import { canonical } from '../../lib/canonical.ts';
import { timestamp } from '../../lib/clock.ts';
import { sha256 } from '../../lib/digest.ts';
import { NO_PREVIOUS } from '../../model/bundle.ts';
import { BrokerError } from '../../model/errors.ts';
import type { Subject } from '../../model/evidence.ts';
import {
  isSigner,
  PUBLICATION_FORM,
  type Publication,
  type PublicationPredicate,
  publicationAtt,
  publicationKey,
} from '../../model/publication.ts';
import { jwksBlob, PK_TOKEN_BLOB, POLICY_BLOB } from '../../model/sealed.ts';
import type { PolicyText } from '../../model/session.ts';
import { signPredicate } from '../../model/signing.ts';
import { inTime, prepareSigning, putBlob, putOnce } from '../approvals/signing.ts';
import type { EpochSignIn } from '../evidence.ts';
import { messageOf } from '../fault.ts';
import type { Caller } from '../messages.ts';
import type { LoginTalk } from '../sign-in.ts';
import { Judge } from './judge.ts';
import type { Sight } from './look.ts';
import type { Accepted } from './memory.ts';
import type { TeamPorts } from './ports.ts';
import type { Published, Team } from './published.ts';

export interface PushOrder {
  readonly files: PolicyText['files'];
  readonly reason?: string;
  /** What the person was shown as published. */
  readonly base: { readonly version: number; readonly digest: string };
  readonly again: boolean;
  readonly talk: LoginTalk;
  readonly caller: Caller;
}

export interface Pushed {
  readonly accepted: Accepted;
  /** Versions that had been removed from the store, and were put back. */
  readonly restored: readonly number[];
}

interface Bench {
  readonly ports: TeamPorts;
  readonly published: Published;
  readonly team: Team;
}

function overtaken(reason: string): BrokerError {
  return new BrokerError('policy-overtaken', { reason });
}

/** What nobody needs to sign in for to hear that it cannot be. */
async function admit({ ports, team }: Bench, { files }: PushOrder): Promise<void> {
  const { loadPolicies, localNames } = await import('../../flow/decide/index.ts');
  const [local] = localNames({ files });
  if (local !== undefined)
    throw new BrokerError('policy-invalid', {
      count: 1,
      problems: `  ${local}:1:1: no file may be called so`,
    });
  await loadPolicies({ files });
  const { user } = await ports.person();
  if (isSigner(user, team.settings.signers)) return;
  throw new BrokerError('policy-not-yours', { who: user.email ?? user.sub });
}

/** The version the next one follows; it must be the one that was shown. */
function baseOf(sight: Sight, accepted: Accepted | undefined, { base }: PushOrder): Publication['previous'] {
  const head = sight.chain.at(-1);
  const last = head
    ? { version: head.publication.version, digest: head.digest, signer: head.signer }
    : (accepted ?? { version: 0, digest: NO_PREVIOUS, signer: undefined });
  const shown = base.version === 0 ? NO_PREVIOUS : base.digest;
  const { version, digest, signer } = last;
  if (version === base.version && digest === shown) return { version, digest };
  const who = signer?.email ?? signer?.sub ?? 'somebody';
  throw overtaken(`${who} published version ${version} meanwhile`);
}

/** A version that counts here and was removed is put back before another one follows it. */
async function restore(
  { ports, team }: Bench,
  sight: Sight,
  accepted: Accepted | undefined,
): Promise<readonly number[]> {
  if (!sight.gone || !accepted) return [];
  const { key, digest, file, files, version } = accepted;
  const store = await ports.store(team.config.store);
  await putBlob(store, canonical({ files }));
  const put = await putOnce(store, { key, digest, bytes: Buffer.from(file, 'base64') });
  if (put === 'taken') throw overtaken(`something else stands in the place of version ${version}`);
  return [version];
}

async function withSigner<T>(
  { ports, team }: Bench,
  order: PushOrder,
  publication: Publication,
  action: (signIn: EpochSignIn) => Promise<T>,
): Promise<T> {
  if (team.settings.strength === 'session-key') return action(await ports.signIn());
  const single = await ports.signInFor(publicationAtt(publication), order.talk, order.caller);
  try {
    const [{ user }, { iss, sub }] = [await ports.person(), single.signer.identity];
    if (iss === user.iss && sub === user.sub) return await action(single);
    const reason = `you are signed in as ${user.sub} and came back as ${sub}`;
    throw new BrokerError('sign-in-failed', { reason, mend: `sign in as ${user.sub}` });
  } finally {
    single.forget().catch((error: unknown) => {
      ports.log.warn({ reason: messageOf(error) }, 'the provider could not be told that a sign-in is over');
    });
  }
}

/** Signs and puts, once it has passed every check that other agents will make of it. */
async function put(
  { ports, team }: Bench,
  publication: Publication,
  files: PolicyText['files'],
  signIn: EpochSignIn,
): Promise<void> {
  const { store: address, identity } = team.config;
  await inTime(address, async () => {
    const store = await ports.store(address);
    await putBlob(store, canonical({ files }));
    const { signer, store: id, clock, tool, jwks } = await prepareSigning(ports, address, signIn);
    if (signer.identity.binding !== 'nonce') throw new BrokerError('sign-in-unbound');
    const key = publicationKey(publication.version);
    const { strength } = team.settings;
    const predicate: PublicationPredicate = {
      kind: 'policy',
      store: id,
      key,
      identity: signer.identity,
      clock,
      tool,
      publication,
      strength,
    };
    const subject = (name: string, digest: string): Subject => ({ name, digest: { sha256: digest } });
    const bytes = signPredicate(signer, PUBLICATION_FORM, predicate, [
      subject(PK_TOKEN_BLOB, signer.identity.pkToken),
      ...[...new Set(jwks)].map((digest, at) => subject(jwksBlob(at), digest)),
      subject(POLICY_BLOB, publication.policy),
    ]);
    const digest = sha256(bytes);
    const terms = { store, id, team: team.settings, groupsClaim: identity?.groupsClaim ?? 'groups' };
    const verdict = await new Judge(ports).judge(terms, { key, bytes, digest, predicate });
    if (!verdict.ok) {
      if (verdict.step === 'signer') throw new BrokerError('policy-not-yours', { who: signer.identity.sub });
      throw new BrokerError('not-verified', { what: 'what you signed', reason: verdict.reason });
    }
    if ((await putOnce(store, { key, bytes, digest })) === 'taken')
      throw overtaken(`somebody else published version ${publication.version} a moment before`);
  });
}

/** Raises policy-invalid, policy-not-yours, policy-overtaken, store-unreachable and what a sign-in may. */
export async function push(bench: Bench, order: PushOrder): Promise<Pushed> {
  const { ports, published, team } = bench;
  await admit(bench, order);
  const sight = await published.look(team);
  const accepted = await published.accepted(team);
  const previous = baseOf(sight, accepted, order);
  const policy = sha256(canonical({ files: order.files }));
  if (accepted?.policy === policy && !order.again && !sight.gone) throw overtaken('nothing would change');
  const restored = await restore(bench, sight, accepted);
  const publication: Publication = {
    store: await ports.storeId(team.config.store),
    version: sight.next,
    previous,
    policy,
    ...(order.reason === undefined ? {} : { reason: order.reason }),
    time: timestamp(ports.clock.micros()),
    nonce: randomBytes(32).toString('hex'),
  };
  await withSigner(bench, order, publication, (signIn) => put(bench, publication, order.files, signIn));
  await published.look(team);
  const now = await published.accepted(team);
  if (now?.version === publication.version) return { accepted: now, restored };
  throw overtaken(
    `version ${publication.version} stands in the store and does not count: see \`broker policy log\``,
  );
}
