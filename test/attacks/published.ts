// A team at a real provider, and a real store between them: what attacks on published policy are made of.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EpochSignIn } from '../../src/agent/evidence.ts';
import { TeamDesk, type TeamDeskPorts } from '../../src/agent/team/desk.ts';
import { currentKeys, type SignedIn, signIn, toSigner } from '../../src/identity/index.ts';
import { canonical } from '../../src/lib/canonical.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { sha256 } from '../../src/lib/digest.ts';
import { blobKey, NO_PREVIOUS } from '../../src/model/bundle.ts';
import type { Config } from '../../src/model/config.ts';
import type { User } from '../../src/model/principal.ts';
import {
  type PolicySigner,
  PUBLICATION_FORM,
  type Publication,
  type PublicationPredicate,
  publicationAtt,
  publicationKey,
} from '../../src/model/publication.ts';
import { jwksBlob, PK_TOKEN_BLOB, POLICY_BLOB } from '../../src/model/sealed.ts';
import { signPredicate } from '../../src/model/signing.ts';
import type { Store } from '../../src/model/store.ts';
import { openStore } from '../../src/stores/index.ts';
import { putProofs, STORE_ID, stamp, TOOL } from '../fakes/approvals.ts';
import { type ProviderPeer, startProvider } from '../peers/provider.ts';

const ACCOUNTS = {
  dana: { groups: ['dba'], email: 'dana@example.com' },
  emil: { groups: ['dba'], email: 'emil@example.com' },
  mallory: { groups: ['developers'], email: 'mallory@example.com' },
  // Says that it is dana; nobody verified that.
  dora: { groups: ['developers'], email: 'dana@example.com', emailVerified: false },
};

export let provider: ProviderPeer;
export let elsewhere: ProviderPeer;

export async function openTeam(): Promise<void> {
  [provider, elsewhere] = await Promise.all([
    startProvider({ accounts: ACCOUNTS }),
    startProvider({ accounts: ACCOUNTS }),
  ]);
}

export async function closeTeam(): Promise<void> {
  await Promise.all([provider?.stop(), elsewhere?.stop()]);
}

export interface Shelf {
  readonly store: Store;
  /** Of a store in a folder. */
  readonly folder: string;
  readonly url: string;
}

/** An empty store in a folder. */
export async function openShelf(): Promise<Shelf & { close(): void }> {
  const folder = mkdtempSync(join(tmpdir(), 'published-'));
  chmodSync(folder, 0o700);
  const url = `file:${folder}`;
  const close = () => rmSync(folder, { recursive: true, force: true });
  return { store: await openStore(url, {}), folder, url, close };
}

export interface Entry {
  readonly at?: ProviderPeer;
  readonly att?: string;
}

export async function enter(
  account: string,
  { at = provider, att }: Entry = {},
): Promise<EpochSignIn & { user: User }> {
  const signedIn: SignedIn = await signIn({
    settings: {
      issuer: at.issuer,
      clientId: at.evidenceClientId,
      scopes: ['openid', 'email', 'profile', 'groups'],
      groupsClaim: 'groups',
      redirectPort: 0,
    },
    mode: 'browser',
    clock: systemClock,
    signal: AbortSignal.timeout(30_000),
    show: (prompt) => void at.signInOverHttp(prompt.url, account).catch(() => {}),
    ...(att === undefined ? {} : { att }),
    maxAge: 0,
  });
  const { pkToken, sightings, expires, user } = signedIn;
  return { signer: toSigner(signedIn), pkToken, sightings, validUntil: expires, user };
}

export const OPEN = '@id("open") permit (principal, action, resource);';
export const CLOSED = '@id("closed") forbid (principal, action, resource);';

export interface Wishes {
  readonly text?: string;
  readonly publication?: Partial<Publication>;
  readonly predicate?: Partial<PublicationPredicate>;
  readonly entry?: Entry;
  /** Signs with this sign-in instead of a fresh one. */
  readonly by?: EpochSignIn;
  /** Milliseconds since the epoch at which it says it was signed. */
  readonly at?: number;
  /** Leaves the blob out. */
  readonly blobless?: boolean;
}

/** A version as its signer would make it; a test may lie about any of it. It is not put. */
export async function version(
  shelf: Shelf,
  account: string,
  number: number,
  previous: string,
  wishes: Wishes = {},
) {
  const { text = OPEN, at = Date.now() } = wishes;
  const blob = canonical({ files: { 'team.cedar': text } });
  const publication: Publication = {
    store: STORE_ID,
    version: number,
    previous: { version: number - 1, digest: number === 1 ? NO_PREVIOUS : previous },
    policy: sha256(blob),
    time: stamp(at),
    nonce: '7'.repeat(64),
    ...wishes.publication,
  };
  const by = wishes.by ?? (await enter(account, { att: publicationAtt(publication), ...wishes.entry }));
  const key = publicationKey(number);
  const predicate: PublicationPredicate = {
    kind: 'policy',
    store: publication.store,
    key,
    identity: by.signer.identity,
    clock: { wall: stamp(at), monotonic: '1' },
    tool: TOOL,
    publication,
    strength: 'fresh-sign-in',
    ...wishes.predicate,
  };
  const subject = (name: string, digest: string) => ({ name, digest: { sha256: digest } });
  const bytes = signPredicate(by.signer, PUBLICATION_FORM, predicate, [
    subject(PK_TOKEN_BLOB, by.signer.identity.pkToken),
    ...by.sightings.map(({ text: jwks }, look) => subject(jwksBlob(look), sha256(jwks))),
    subject(POLICY_BLOB, publication.policy),
  ]);
  await putProofs(shelf.store, by);
  if (!wishes.blobless) await shelf.store.put(blobKey(publication.policy), Buffer.from(blob));
  return { key, bytes, digest: sha256(bytes), policy: publication.policy };
}

/** The same, put in the store. */
export async function publish(...order: Parameters<typeof version>) {
  const file = await version(...order);
  await order[0].store.put(file.key, file.bytes);
  return file;
}

export interface Machine {
  readonly desk: TeamDesk;
  readonly config: Config;
  /** What was signed into the ledger. */
  readonly told: { policy: string | undefined; detail: Readonly<Record<string, unknown>> }[];
  readonly folder: string;
  /** The number in force, or why none is. */
  inForce(): Promise<number | string>;
  /** `version step` of what does not count. */
  refused(): Promise<readonly string[]>;
  /** After a restart: nothing but its folder is left. */
  again(signers?: readonly Partial<PolicySigner>[]): Machine;
}

export interface MachineWishes {
  readonly signers?: readonly Partial<PolicySigner>[];
  readonly strength?: 'fresh-sign-in' | 'session-key';
  readonly account?: string;
  readonly folder?: string;
  readonly storeId?: string;
}

/** An agent of one person: its desk with a real store and a real provider behind it. */
export function machine(shelf: Shelf, wishes: MachineWishes = {}): Machine {
  const { signers = [{ email: 'dana@example.com' }], strength = 'fresh-sign-in', account = 'dana' } = wishes;
  const folder = wishes.folder ?? mkdtempSync(join(tmpdir(), 'machine-'));
  const told: { policy: string | undefined; detail: Readonly<Record<string, unknown>> }[] = [];
  const config = {
    store: { url: shelf.url, unsafe: false, requireOnline: false, maxBacklog: 0 },
    identity: { issuer: provider.issuer, clientId: provider.evidenceClientId, groupsClaim: 'groups' },
    teamPolicy: {
      signers: signers.map((signer) => ({
        issuer: provider.issuer,
        clientId: provider.evidenceClientId,
        ...signer,
      })),
      strength,
      interval: 1,
    },
  } as unknown as Config;
  const own = enter(account);
  own.catch(() => undefined);
  const ports: TeamDeskPorts = {
    clock: systemClock,
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    tool: TOOL,
    folder,
    config: async () => config,
    store: async () => shelf.store,
    storeId: async () => wishes.storeId ?? STORE_ID,
    person: async () => ({ user: (await own).user, expires: Date.now() + 60_000 }),
    signIn: () => own,
    signInFor: async (att) => ({ ...(await enter(account, { att })), forget: async () => undefined }),
    keys: (issuer, clientId) => currentKeys({ issuer, clientId, clock: systemClock }),
    record: async (_, policy, detail) => void told.push({ policy: policy?.digest, detail }),
  };
  const desk = new TeamDesk(ports);
  const caller = { cwd: '/', home: '/', pid: 1, settings: {} };
  return {
    desk,
    config,
    told,
    folder,
    inForce: () =>
      desk.combine(config, { files: {} }).then(
        ({ published }) => published?.version ?? 0,
        (error: Error) => error.message.replace(/^.*permitted: /, ''),
      ),
    refused: async () => {
      const { problems } = await desk.log({ caller });
      return problems.map((each) => `${each.version} ${each.step}`);
    },
    again: (pins) => machine(shelf, { ...wishes, folder, ...(pins ? { signers: pins } : {}) }),
  };
}

/** Publishes as a person does. */
export async function push({ desk }: Machine, text: string, base: { version: number; digest: string }) {
  const caller = { cwd: '/', home: '/', pid: 1, settings: {} };
  const talk = {
    mode: 'browser' as const,
    show: () => undefined,
    pasted: () => new Promise<string>(() => undefined),
    signal: AbortSignal.timeout(60_000),
  };
  return desk.push({ files: { 'team.cedar': text }, base, again: false, talk, caller });
}

export const NOTHING = { version: 0, digest: '' };

/** Somebody with rights on the folder itself does not ask whether an object exists. */
export function overwrite({ folder }: Shelf, key: string, bytes: Uint8Array | string): void {
  rmSync(join(folder, key), { force: true });
  writeFileSync(join(folder, key), bytes, { mode: 0o600 });
}

export function remove({ folder }: Shelf, key: string): void {
  rmSync(join(folder, key));
}
