// This installation's signed ledger: every statement numbered, chained, durable before its call returns. Must never fork itself.
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder, writeOnce } from '../lib/atomic-file.ts';
import { timestamp } from '../lib/clock.ts';
import { sha256 } from '../lib/digest.ts';
import type { ApproveDetail } from '../model/approval.ts';
import { BrokerError } from '../model/errors.ts';
import type { PartRef, Predicate } from '../model/evidence.ts';
import {
  appendStatement,
  authorityOf,
  type Body,
  configBody,
  type Epoch,
  type LedgerOptions,
  namedPolicy,
  policyBlob,
  proofBlobs,
} from './append.ts';
import { Chain, writerId } from './chain.ts';
import type {
  AttemptOrder,
  EpochSignIn,
  OpenOrder,
  PolicyInForce,
  Receipt,
  Recovery,
  SealOutcome,
  SessionEnd,
} from './evidence.ts';
import { sealLeftOver } from './left-over.ts';
import { sealDue, WITHIN } from './promise.ts';
import { sealFolder, sealPart } from './sealing.ts';
import { readSpooled, removeFolder, sessionOf, writeSpooled } from './spool.ts';
import { witness } from './witness.ts';

export type { LedgerOptions } from './append.ts';

/** How long an `open` waits for a store that answered last time, milliseconds. */
const OPEN_WAIT = 2_000;
/** And for one that must answer. */
const ONLINE_WAIT = 15_000;
const WITNESS_WAIT = 1_500;

export class Ledger {
  readonly #options: LedgerOptions;
  readonly #installation: string;
  readonly #sealing = new Set<string>();
  /** Parts that are being made. */
  readonly #parting = new Map<string, Promise<unknown>>();
  #epoch: Epoch | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(options: LedgerOptions, installation: string) {
    this.#options = options;
    this.#installation = installation;
  }

  static async load(options: LedgerOptions): Promise<Ledger> {
    await makeFolder(options.folder);
    const path = join(options.folder, 'installation');
    await writeOnce(path, `${randomUUID()}\n`);
    return new Ledger(options, (await readFile(path, 'utf8')).trim());
  }

  /** Our writer id while somebody is signed in. */
  get writer(): string | undefined {
    return this.#epoch?.chain.head.writer;
  }

  /** A new key signs from now on. */
  epoch(signIn: EpochSignIn): Promise<Receipt> {
    return this.#exclusive(() => this.#begin(signIn));
  }

  /** At agent start, or after a refresh: goes on with the key the chain ends with, or begins an epoch for another. */
  resume(signIn: EpochSignIn): Promise<Receipt | undefined> {
    return this.#exclusive(async () => {
      const chain = await this.#chain(signIn);
      if (chain.head.jkt !== signIn.signer.identity.jkt) return this.#begin(signIn);
      this.#epoch = { signIn, chain, subjects: await proofBlobs(this.#options.outbox.pending, signIn) };
      return undefined;
    });
  }

  /** Seals the chain, so that the key can never sign again, and forgets it. */
  signOut(): Promise<Receipt | undefined> {
    return this.#exclusive(async () => {
      const receipt = this.#problem() ? undefined : await this.#seal('logout');
      this.#epoch = undefined;
      return receipt;
    });
  }

  /** Before the first byte of a session. Throws `not-signed-in`, `sign-in-expired`, `store-unreachable`. */
  async open(order: OpenOrder): Promise<Receipt> {
    const receipt = await this.#exclusive(async () => {
      const { writer } = this.#signedIn().chain.head;
      const subjects = [await policyBlob(this.#options.outbox.pending, order.policy)];
      const policy = namedPolicy(order.policy);
      const { session, actor } = order;
      await writeSpooled(order.folder, { session, actor, policy, subjects, writer });
      return this.#append('open', { session, actor, policy, subjects });
    });
    return this.#upload(receipt, order.requireOnline ?? false);
  }

  /** A session that was refused. */
  attempt(order: AttemptOrder): Promise<Receipt> {
    return this.#exclusive(async () => {
      this.#signedIn();
      const { session, actor, policy, code, policies } = order;
      const body: Body = { session, actor, detail: { code, policies } };
      if (!policy) return this.#append('attempt', body);
      const subjects = [await policyBlob(this.#options.outbox.pending, policy)];
      return this.#append('attempt', { ...body, policy: namedPolicy(policy), subjects });
    });
  }

  /** Another policy, or other rules, are in force, or were refused. */
  config(policy: PolicyInForce | undefined, detail: Readonly<Record<string, unknown>>): Promise<Receipt> {
    const body = () => configBody(this.#options.outbox.pending, policy, detail);
    return this.#exclusive(async () => this.#append('config', await body()));
  }

  /** Seals a session whose recorders have all closed. Its spool folder is removed once the bundle is durable here. */
  async sealSession(folder: string, end: SessionEnd): Promise<SealOutcome> {
    const session = sessionOf(folder);
    if (this.#sealing.has(session))
      throw new BrokerError('bug', { reason: `${session} is being sealed already` });
    this.#sealing.add(session);
    try {
      await this.#parting.get(session)?.catch(() => undefined);
      return await this.#sealFolder(folder, end);
    } finally {
      this.#sealing.delete(session);
    }
  }

  /** What is new in the journal of a session that goes on. Nothing when there is none, or nobody who can sign. */
  async part(folder: string): Promise<Receipt | undefined> {
    const session = sessionOf(folder);
    if (this.#sealing.has(session) || this.#parting.has(session)) return undefined;
    const part = this.#part(folder, session).finally(() => this.#parting.delete(session));
    this.#parting.set(session, part);
    return part;
  }

  /** How many parts of a session stand in the chain. */
  parts(session: string): number {
    return this.#partsOf(session).length;
  }

  /** Keeps its word: a day that is over is sealed, and no open end is left alone for long. */
  keep(): Promise<Receipt | undefined> {
    return this.#exclusive(async () => {
      if (!this.#epoch || this.#problem()) return undefined;
      const { signIn, chain } = this.#epoch;
      const due = sealDue(chain.head, this.#options.clock.now(), signIn.validUntil);
      return due && this.#seal(due.reason, due.more);
    });
  }

  /** "Nothing after this": idle stop, end of day. Nothing to say when nobody is signed in. */
  seal(reason: string): Promise<Receipt | undefined> {
    return this.#exclusive(async () => (this.#problem() ? undefined : this.#seal(reason)));
  }

  /** An auditor has read evidence. */
  access(detail: Readonly<Record<string, unknown>>): Promise<Receipt> {
    return this.#exclusive(async () => this.#append('access', { detail }));
  }

  /** Repeats the owner's answer to a request in their own chain. */
  approve(detail: ApproveDetail): Promise<Receipt> {
    return this.#exclusive(async () => this.#append('approve', { detail: { ...detail } }));
  }

  /** Seals what earlier agents left in the spool. `live` are the sessions that are open right now. */
  recover(root: string, live: ReadonlySet<string>): Promise<Recovery> {
    return sealLeftOver(root, {
      head: () => this.#epoch?.chain.head,
      removed: (session) => this.#epoch?.chain.removed(session),
      taken: (session) => live.has(session) || this.#sealing.has(session),
      seal: (folder, end) => this.sealSession(folder, end),
    });
  }

  async #sealFolder(folder: string, end: SessionEnd): Promise<SealOutcome> {
    const spooled = await readSpooled(folder);
    if (!spooled) throw new BrokerError('bug', { reason: `${sessionOf(folder)} was never opened` });
    const reason = this.#problem() ?? (this.writer === spooled.writer ? undefined : 'other-identity');
    if (reason) return { kind: 'waiting', reason };
    const { outbox, clock } = this.#options;
    const parts = this.#partsOf(spooled.session.id);
    const place = { folder, blobs: outbox.pending.blobs, now: timestamp(clock.micros()), parts };
    const body = await sealFolder(spooled, end, place);
    // The sign-in may have ended while the journal was compressed.
    const late = this.#problem();
    if (late) return { kind: 'waiting', reason: late };
    const receipt = await this.#exclusive(() => this.#append('session', body));
    await removeFolder(folder);
    this.#epoch?.chain.removed(spooled.session.id);
    return { kind: 'sealed', receipt };
  }

  #partsOf(session: string): readonly PartRef[] {
    return this.#epoch?.chain.head.parts?.[session] ?? [];
  }

  async #part(folder: string, session: string): Promise<Receipt | undefined> {
    const spooled = await readSpooled(folder);
    if (!spooled || this.#problem() || this.writer !== spooled.writer) return undefined;
    const { blobs } = this.#options.outbox.pending;
    const body = await sealPart(spooled, { folder, blobs, parts: this.#partsOf(session) });
    if (!body || this.#problem()) return undefined;
    return this.#exclusive(() => this.#append('part', body));
  }

  #exclusive<T>(action: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(action);
    this.#turn = result.catch(() => undefined);
    return result;
  }

  #problem(): 'not-signed-in' | 'sign-in-expired' | undefined {
    if (!this.#epoch) return 'not-signed-in';
    const until = this.#epoch.signIn.validUntil;
    return until !== undefined && this.#options.clock.now() >= until ? 'sign-in-expired' : undefined;
  }

  #signedIn(): Epoch {
    const problem = this.#problem();
    if (this.#epoch && !problem) return this.#epoch;
    const at = timestamp((this.#epoch?.signIn.validUntil ?? 0) * 1000);
    throw new BrokerError(problem ?? 'not-signed-in', { at });
  }

  async #chain(signIn: EpochSignIn): Promise<Chain> {
    const { iss, sub } = signIn.signer.identity;
    const writer = writerId(iss, sub, this.#installation);
    if (this.#epoch?.chain.head.writer === writer) return this.#epoch.chain;
    const { folder, outbox, link } = this.#options;
    // The marker says that this writer has signed before: a missing head is then a loss, not a beginning.
    const known = (await writeOnce(join(folder, `writer-${writer}`), '')) === 'exists';
    return Chain.load(folder, writer, { pending: outbox.pending, known, store: () => link.store() });
  }

  async #begin(signIn: EpochSignIn): Promise<Receipt> {
    await this.#options.link.identity();
    const chain = await this.#chain(signIn);
    const before = this.#epoch;
    this.#epoch = { signIn, chain, subjects: await proofBlobs(this.#options.outbox.pending, signIn) };
    try {
      const jwks = signIn.sightings.map(({ uri, time, text }) => ({
        uri,
        fetched: timestamp(time * 1000),
        digest: sha256(text),
      }));
      const seen = await this.#witness(chain.head.writer);
      return await this.#append('epoch', {
        seen,
        detail: { jwks, open: chain.head.open, within: WITHIN, ...authorityOf(this.#options) },
      });
    } catch (error) {
      // A key without its epoch statement must not sign anything.
      this.#epoch = before;
      throw error;
    }
  }

  async #seal(reason: string, more: Readonly<Record<string, unknown>> = {}): Promise<Receipt> {
    const { head } = this.#signedIn().chain;
    const seen = await this.#witness(head.writer);
    return this.#append('seal', { seen, detail: { reason, open: head.open, ...more } });
  }

  #witness(writer: string): Promise<Predicate['seen']> {
    const { outbox, link, clock } = this.#options;
    if (!outbox.reachable) return Promise.resolve([]);
    return witness(link.store(), timestamp(clock.micros()).slice(0, 10), writer, WITNESS_WAIT);
  }

  /** Runs in our turn only. */
  #append(kind: Predicate['kind'], body: Body): Promise<Receipt> {
    return appendStatement(this.#options, this.#signedIn(), kind, body);
  }

  async #upload(receipt: Receipt, required: boolean): Promise<Receipt> {
    const { outbox, link } = this.#options;
    const wait = required ? ONLINE_WAIT : OPEN_WAIT;
    const stored = (required || outbox.reachable) && (await outbox.flush(wait));
    if (stored || !required) return { ...receipt, stored };
    const { problem } = await outbox.backlog();
    const reason = problem?.message ?? 'it did not answer in time';
    throw new BrokerError('store-unreachable', { store: link.url, reason });
  }
}
