// One request of ours from its put to its end. Must never say that it was used before the store has `consumed`, nor twice.
import type { AcceptedDecision, RequestFile } from '../../flow/escalate/index.ts';
import type { ConsumedPredicate } from '../../model/approval.ts';
import { BrokerError } from '../../model/errors.ts';
import type { ApprovalEvent, ApprovedBy } from '../../model/session.ts';
import type { EpochSignIn } from '../evidence.ts';
import { messageOf } from '../fault.ts';
import { decisionEvents, endOf, type FailureCode, failureOf, nameOf } from './ends.ts';
import { type FolderView, RequestFolder } from './folder.ts';
import { type Findings, judge, type Rules, weakest } from './jury.ts';
import type { Notes } from './notes.ts';
import { pace } from './pace.ts';
import type { Address, ApprovalPorts } from './ports.ts';
import { type Draft, putRequest } from './put.ts';
import { inTime, prepareSigning, putOnce } from './signing.ts';

/** What does not change while a request lives. */
export interface RequestCase {
  readonly address: Address;
  /** The rules of this moment, asked for at every look. */
  rules(): Promise<Rules>;
  /** It goes on after its use, until it is stopped: what was approved can be revoked. */
  readonly lasts: boolean;
}

export interface RequestParts {
  readonly ports: ApprovalPorts;
  readonly notes: Notes;
  readonly case: RequestCase;
  readonly follower: Follower;
}

/** Who follows a request. */
export interface Follower {
  /** Enough people approved: use it, or withdraw it. */
  approved(): void;
  /** It is over without having been used. */
  refused(error: BrokerError): void;
  /** What had been approved was taken back. */
  revoked(by: string): void;
  record(event: ApprovalEvent): void;
}

type State = 'waiting' | 'approved' | 'using' | 'used' | 'over';

const MEND = 'bring the store back, then run it again; check it with `broker doctor --store`';

export class OwnRequest {
  readonly file: RequestFile;
  readonly #ports: ApprovalPorts;
  readonly #notes: Notes;
  readonly #case: RequestCase;
  readonly #follower: Follower;
  readonly #folder: RequestFolder;
  readonly #jkts: Set<string>;
  readonly #stop = new AbortController();
  readonly #told = new Set<string>();
  #signIn: EpochSignIn;
  #state: State = 'waiting';
  #counted: readonly AcceptedDecision[] = [];
  #problem: string | undefined;
  /** Something came that could not be judged yet. */
  #unjudged = false;
  /** Ends once: the store's word about it, or that there is none. */
  #ending: Promise<void> | undefined;

  constructor(parts: RequestParts, file: RequestFile, signIn: EpochSignIn) {
    this.file = file;
    this.#ports = parts.ports;
    this.#notes = parts.notes;
    this.#case = parts.case;
    this.#follower = parts.follower;
    this.#signIn = signIn;
    this.#jkts = new Set([signIn.signer.identity.jkt, file.predicate.identity.jkt]);
    const { day, predicate } = file;
    this.#folder = new RequestFolder(() => this.#store(), day, predicate.id);
  }

  /** Puts it and follows it. Rejects when it does not stand in the store: then nobody can answer. */
  static async put(parts: RequestParts, draft: Draft): Promise<OwnRequest> {
    const { ports, notes } = parts;
    const { file, signIn } = await putRequest(ports, notes, parts.case.address, draft);
    const request = new OwnRequest(parts, file, signIn);
    void request.#follow();
    return request;
  }

  /** Goes on with one that another agent left: still waiting, or used and lasting. */
  resume(used?: readonly AcceptedDecision[]): void {
    if (used) {
      this.#state = 'used';
      this.#counted = used;
    }
    void this.#follow();
  }

  get address(): Address {
    return this.#case.address;
  }

  view(): Promise<FolderView> {
    this.#unjudged = true;
    return this.#folder.look().then((view) => view ?? this.#folder.view());
  }

  get id(): string {
    return this.file.predicate.id;
  }

  get state(): State {
    return this.#state;
  }

  get counted(): readonly AcceptedDecision[] {
    return this.#counted;
  }

  /** Who approved, once enough people have. */
  get by(): ApprovedBy {
    const approvers = this.#counted.map(({ iss, sub }) => `${iss}|${sub}`).sort();
    return { id: this.id, strength: weakest(this.#counted.map(({ strength }) => strength)), approvers };
  }

  /** Spends the approval. Rejects when it was spent before, or the store does not say that it is spent now. */
  async use(): Promise<{ readonly digest: string }> {
    if (this.#state !== 'approved') throw this.#failure('approval-withdrawn');
    this.#state = 'using';
    try {
      const consumed = await this.#consume('used');
      if (consumed === 'taken') return await this.#end(this.#failure('approval-spent'), 'withdrawn');
      this.#state = 'used';
      this.#recordEnd('used', consumed.digest);
      if (!this.#case.lasts) await this.#close();
      return consumed;
    } catch (error) {
      if (error instanceof BrokerError && error.code === 'approval-spent') throw error;
      const reason = messageOf(error);
      const failure = this.#failure('approval-unavailable', { reason, mend: MEND });
      return this.#end(failure, 'withdrawn');
    }
  }

  /** Nobody waits for it any more. */
  async withdraw(): Promise<void> {
    if (this.#state === 'used') return this.#close();
    if (this.#state !== 'waiting' && this.#state !== 'approved') return this.#ending;
    await this.#finish(this.#failure('approval-withdrawn'), 'withdrawn');
  }

  /** Nothing more is heard of it: what was approved is over. */
  async stop(): Promise<void> {
    if (this.#state === 'used') await this.#close();
    else await this.withdraw();
  }

  #store() {
    return this.#ports.store(this.#case.address);
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stop;
    const { clock, log } = this.#ports;
    const began = clock.now();
    while (!signal.aborted) {
      try {
        await this.#look();
        this.#problem = undefined;
      } catch (error) {
        const reason = messageOf(error);
        if (this.#problem !== reason) log.warn({ request: this.id, reason }, 'a request cannot be followed');
        this.#problem = reason;
      }
      const open = this.#state === 'waiting' || this.#state === 'approved';
      if (open && clock.now() >= Date.parse(this.file.predicate.expires))
        await this.#finish(this.#failure('approval-expired'), 'expired');
      await pace(this.#case.address.url, clock.now() - began, signal);
    }
  }

  async #look(): Promise<void> {
    const news = await this.#folder.look();
    this.#unjudged ||= news !== undefined;
    if (!this.#unjudged) return;
    const view = news ?? (await this.#folder.view());
    if (view.consumed && this.#state === 'waiting')
      return this.#finish(this.#failure('approval-spent'), 'withdrawn');
    const { file } = this;
    const findings = await judge(this.#ports, {
      request: file,
      view,
      store: await this.#store(),
      rules: await this.#case.rules(),
      jkts: [...this.#jkts, this.#signIn.signer.identity.jkt],
      now: this.#ports.clock.now(),
    });
    this.#unjudged = false;
    this.#tell(findings);
    await this.#count(findings);
  }

  async #count({ accepted }: Findings): Promise<void> {
    if (this.#state === 'used') {
      const taken = accepted.find(({ answer }) => answer !== 'approve');
      if (!taken) return;
      this.#follower.revoked(nameOf(taken));
      return this.#close();
    }
    if (this.#state !== 'waiting') return;
    const { countQuorum } = await import('../../flow/escalate/index.ts');
    const { state, decisions } = countQuorum(accepted, this.file.predicate.asked.quorum);
    const counted = accepted.filter(({ digest }) => decisions.some((each) => each.digest === digest));
    if (state === 'pending') return;
    this.#counted = counted;
    if (state === 'approved') {
      this.#state = 'approved';
      return this.#follower.approved();
    }
    const [first] = counted;
    const mend = first?.reason
      ? `they say: ${first.reason}`
      : 'speak with them, or run it again with a better reason';
    const by = first ? nameOf(first) : 'somebody';
    await this.#finish(this.#failure('approval-denied', { by, mend }), 'denied');
  }

  /** Every answer is recorded once, counted or not. */
  #tell(findings: Findings): void {
    for (const event of decisionEvents(this.id, findings)) {
      if (this.#told.has(event.data.key)) continue;
      this.#told.add(event.data.key);
      this.#follower.record(event);
    }
  }

  async #consume(outcome: ConsumedPredicate['outcome']): Promise<{ readonly digest: string } | 'taken'> {
    const { address } = this.#case;
    // A sign-in that is over can still end what it began, as far as its last ID token allows.
    this.#signIn = await this.#ports.signIn().catch(() => this.#signIn);
    this.#jkts.add(this.#signIn.signer.identity.jkt);
    return inTime(address, async () => {
      const { buildConsumed } = await import('../../flow/escalate/index.ts');
      const signing = await prepareSigning(this.#ports, address, this.#signIn);
      const { day, digest } = this.file;
      const decisions = this.#counted.map((each) => each.digest);
      const file = buildConsumed(signing, { request: { day, id: this.id, digest }, decisions, outcome });
      return (await putOnce(await this.#store(), file)) === 'taken' ? 'taken' : { digest: file.digest };
    });
  }

  #finish(error: BrokerError, outcome: ConsumedPredicate['outcome']): Promise<void> {
    this.#ending ??= this.#end(error, outcome).catch(() => undefined);
    return this.#ending;
  }

  /** Says so in the store where that can be, tells whoever waits, and throws what ended it. */
  async #end(error: BrokerError, outcome: ConsumedPredicate['outcome']): Promise<never> {
    const taken = error.code === 'approval-spent';
    this.#state = 'over';
    this.#follower.refused(error);
    try {
      const consumed = taken ? 'taken' : await this.#consume(outcome);
      this.#recordEnd(outcome, consumed === 'taken' ? undefined : consumed.digest);
      await this.#close();
    } catch (failure) {
      // Its note stays: the next agent ends it.
      this.#recordEnd(outcome, undefined);
      this.#stop.abort();
      this.#ports.log.warn(
        { request: this.id, reason: messageOf(failure) },
        'a request stays open in the store',
      );
    }
    throw error;
  }

  async #close(): Promise<void> {
    this.#state = 'over';
    this.#stop.abort();
    await this.#notes.forget(this.id);
  }

  #recordEnd(outcome: ConsumedPredicate['outcome'], consumed: string | undefined): void {
    const micros = this.#ports.clock.micros();
    this.#follower.record({
      type: 'approval.end',
      data: endOf(this.file, this.#counted, { outcome, consumed, micros }),
    });
  }

  #failure(code: FailureCode, more: Readonly<Record<string, string>> = {}): BrokerError {
    return failureOf(this.file, code, more);
  }
}
