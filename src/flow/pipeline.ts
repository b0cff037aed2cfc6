// The spine: open · admit · reply · finish. Its imports are the architecture; it alone sees every stage and mints permits.
import type { Clock } from '../lib/clock.ts';
import type { ActionUse } from '../model/action.ts';
import type { Catalogue } from '../model/catalogue.ts';
import type { StatementUnit } from '../model/classification.ts';
import type { Credential } from '../model/credential.ts';
import type { BrokerError } from '../model/errors.ts';
import type { Recorder } from '../model/event.ts';
import type { Scanner } from '../model/masking.ts';
import type { Endpoint, PolicyText, SessionOrder } from '../model/session.ts';
import { type Preparation, refusalOf } from './admission.ts';
import { classify } from './classify/index.ts';
import type { Conversation, MessageFields, SessionPipeline } from './conversation.ts';
import { loadPolicies, type PolicySet, reveals } from './decide/index.ts';
import { type Approver, titlesOf } from './escalate/index.ts';
import { Exchange } from './exchange.ts';
import { Held, type Matter, type Release } from './held.ts';
import { isPersonal, Judgement, JudgementCache } from './judgement.ts';
import { createMasker, type Masker } from './mask/index.ts';
import { parseTree } from './parse-tree.ts';
import { claimMint, type Permit } from './permit.ts';
import { type Rules, rule, ruleNow } from './ruling.ts';
import { SessionLog } from './session-log.ts';
import { shapeOf } from './shape.ts';
import type { CatalogueSource, Scope, Spine } from './spine.ts';
import type { TicketPorts } from './ticket.ts';

const mint = claimMint();

export interface PipelinePorts {
  readonly order: SessionOrder;
  readonly preparation: Preparation;
  readonly recorder: Recorder;
  readonly clock: Clock;
  readonly catalogue: CatalogueSource;
  readonly scanner: Scanner;
  readonly hashKey: Uint8Array;
  readonly approver?: Approver;
  /** The session cannot go on. */
  failed(error: Error): void;
}

/** Payloads of NOTIFY kept as the clients' own words. */
const MOST_SAID = 1_024;

/** One session whose `session:open` was allowed. */
export class Pipeline implements SessionPipeline, Spine {
  readonly log: SessionLog;
  readonly #ports: PipelinePorts;
  #order: SessionOrder;
  readonly #held: Held;
  readonly #cache = new JudgementCache();
  /** Judgements under an uncertain search path mean something else: kept apart. */
  readonly #uncertainCache = new JudgementCache();
  #policy: PolicySet;
  #masker: Masker;
  #policyGeneration = 0;
  #statements = 0;
  #conversations = 0;
  #judgements = 0;
  #madeFunction = false;
  readonly #said = new Set<string>();

  constructor(ports: PipelinePorts) {
    this.#ports = ports;
    this.#order = ports.order;
    this.#policy = ports.preparation.policy;
    this.#held = new Held(ports.order.connection.name, ports.approver);
    this.#masker = this.#newMasker();
    this.log = new SessionLog(ports.recorder, (text) => this.scrubText(text));
  }

  get generation(): number {
    return this.#policyGeneration * 1_000_000 + this.#ports.catalogue.current.version;
  }

  get naming(): string | undefined {
    return this.#ports.catalogue.current.naming;
  }

  get #rules(): Rules {
    return { order: this.#order, policy: this.#policy, clock: this.#ports.clock };
  }

  get judgements(): number {
    return this.#judgements;
  }

  opened(credential: Credential, endpoint: Endpoint): void {
    this.log.opened(this.#order, credential, endpoint);
  }

  connect(client: { application?: string; parameters?: Readonly<Record<string, string>> }): Conversation {
    this.#conversations += 1;
    this.log.connected(this.#conversations, client);
    const { application } = client;
    return new Exchange(
      this.#conversations,
      this,
      application === undefined ? undefined : this.scrubText(application).toWellFormed(),
    );
  }

  rejected(reason: string): void {
    this.log.rejected(reason);
  }

  /** Takes effect at the next statement of every conversation. Throws `policy-invalid`; the old policy then stays. */
  async replacePolicy(text: PolicyText): Promise<void> {
    this.#policy = await loadPolicies(text);
    this.#policyGeneration += 1;
    this.#masker = this.#newMasker();
    this.#rulesChanged();
  }

  /** Windows opened or ended: what policy says of them holds from the next statement on. */
  replaceGrants(grants: readonly string[]): void {
    this.#order = { ...this.#order, grants };
    this.#policyGeneration += 1;
    this.#rulesChanged();
  }

  #rulesChanged(): void {
    for (const cache of [this.#cache, this.#uncertainCache]) cache.clear();
    this.#held.changed();
  }

  // admit

  judge(text: string, scope: Scope): Judgement | Promise<Judgement> {
    if (this.#ports.catalogue.stale) return this.#refreshed(text, scope);
    const kept = this.#current(text, scope);
    if (kept && !(scope.see && kept.doubtful)) return kept;
    const judgement = this.#judge(text, scope);
    if (!(scope.see ? judgement.doubtful : judgement.classification.unresolved)) return judgement;
    // Somebody may have made it since: what is being read right now may be older.
    if (!scope.see) this.#ports.catalogue.markStale();
    return this.#refreshed(text, scope, judgement);
  }

  /** The judgement of this text, or of its shape, that holds still. */
  #current(text: string, scope: Scope): Judgement | undefined {
    const key = shapeOf(text) ?? text;
    const kept = this.#cacheFor(scope).get(key);
    if (!kept || kept.generation !== this.generation || kept.serial <= scope.distrusted) return undefined;
    return key === text ? kept : kept.retold(text);
  }

  /** `own` is the catalogue as one conversation sees it: what is judged by that is for nobody else. */
  #judge(text: string, scope: Scope, own?: Catalogue): Judgement {
    const catalogue = own ?? this.#ports.catalogue.current;
    const { names, searchPathUncertain } = scope;
    const connection = this.#order.connection.name;
    const classification = classify(text, { connection, catalogue, names, searchPathUncertain });
    const uncertain = searchPathUncertain || classification.unresolved;
    const plans = this.#masker.plans(classification.units, catalogue, { uncertain });
    const sideways = plans.flatMap((plan) => plan.sideways.map((column) => this.#reveal(column)));
    const actions = [...classification.units.flatMap((unit) => unit.actions), ...sideways];
    this.#judgements += 1;
    const judgement = new Judgement({
      text,
      serial: this.#judgements,
      classification,
      actions,
      decision: rule(this.#rules, { actions, classification, plans }, false),
      plans,
      masker: this.#masker,
      catalogue,
      generation: this.generation,
      personal: own !== undefined || classification.units.some(isPersonal),
      own: own !== undefined,
    });
    const shape = classification.units.length === 1 ? shapeOf(text) : undefined;
    this.#cacheFor(scope).set(shape ?? text, judgement);
    return judgement;
  }

  /** Judges after reading the catalogue again. Without one nothing can be understood: denied, and the session ends. */
  async #refreshed(text: string, scope: Scope, made?: Judgement): Promise<Judgement> {
    try {
      // What only its conversation can know is not in what everybody sees.
      if (!made || !scope.see)
        do await this.#ports.catalogue.refresh();
        while (this.#ports.catalogue.stale);
      const holds = made?.generation === this.generation && made;
      const judgement = holds || (this.#current(text, scope) ?? this.#judge(text, scope));
      const own = judgement.doubtful ? await scope.see?.() : undefined;
      return own ? this.#judge(text, scope, own) : judgement;
    } catch (error) {
      this.#ports.failed(error instanceof Error ? error : new Error(String(error)));
      const judgement = this.#judge(text, scope);
      const errors = ['the catalogue cannot be read'];
      return judgement.decided({ ...judgement.decision, outcome: 'deny', policies: [], errors });
    }
  }

  #reveal(column: string): ActionUse {
    return { action: 'reveal', resource: { type: 'Column', id: `${this.#order.connection.name}/${column}` } };
  }

  decideNow(judgement: Judgement, inTransaction: boolean): Judgement {
    return ruleNow(this.#rules, judgement, inTransaction);
  }

  nextStatement(): number {
    this.#statements += 1;
    return this.#statements;
  }

  mint(statement: number): Permit {
    return mint(statement);
  }

  escalate(
    judgement: Judgement,
    matter: Omit<Matter, 'connection' | 'onChange'>,
  ): Release | Promise<Release> {
    return this.#held.ask(judgement, matter);
  }

  refusal(judgement: Judgement): BrokerError {
    return refusalOf(this.#order, judgement.decision, titlesOf(judgement.classification.units));
  }

  rebinds(unit: StatementUnit): boolean {
    const does = (action: ActionUse['action']) => unit.actions.some((use) => use.action === action);
    if (does('sql:create-function')) this.#madeFunction = true;
    const ownCode = this.#madeFunction && (does('sql:call') || does('sql:execute-function'));
    return does('sql:do') || does('sql:unknown') || ownCode;
  }

  catalogueChanged(): void {
    this.#ports.catalogue.markStale();
    this.#ports.catalogue.refresh().catch(() => {});
  }

  plansOutdated(): void {
    this.#policyGeneration += 1;
    this.#rulesChanged();
  }

  // reply

  ticketPorts(settled: TicketPorts['settled']): TicketPorts {
    const { recorder, clock } = this.#ports;
    const { maxRows, maxBytes } = this.#order.connection.recording;
    return { recorder, clock, masker: this.#masker, maxRows, maxBytes, settled };
  }

  scrub(fields: MessageFields): MessageFields {
    return this.#masker.scrub(undefined, fields);
  }

  scrubText(text: string): string {
    return this.#masker.scrubText(text);
  }

  said(payload: string): void {
    if (this.#said.size < MOST_SAID) this.#said.add(payload);
  }

  scrubSetting(text: string): string {
    return this.#masker.scrubSetting(text);
  }

  scrubPayload(text: string): string {
    return this.#said.has(text) ? this.scrubText(text) : this.#masker.scrubStray(text);
  }

  // finish

  async close(reason: string): Promise<void> {
    await this.log.closed(reason, this.#masker.coverage());
  }

  #cacheFor(scope: Scope): JudgementCache {
    return scope.searchPathUncertain ? this.#uncertainCache : this.#cache;
  }

  #newMasker(): Masker {
    const { connection, principal } = this.#order;
    const { scanner, hashKey } = this.#ports;
    const revealed = reveals(this.#policy, { connection, principal, dataTypes: scanner.types });
    return createMasker({ connection, revealed, scanner, hashKey, parse: parseTree });
  }
}
