// One client connection inside a session: judges, admits and follows what its client sends, in order.
import type { StatementUnit, UnitEffect } from '../model/classification.ts';
import type { BrokerError } from '../model/errors.ts';
import type { ParameterRecord } from '../model/event.ts';
import type {
  Admission,
  Conversation,
  Execution,
  Judged,
  MessageFields,
  Parameter,
  TargetView,
} from './conversation.ts';
import { Definitions } from './definitions.ts';
import { describeParameters, isSteady, type Question } from './escalate/index.ts';
import type { Release } from './held.ts';
import { Judgement } from './judgement.ts';
import { type StatementLine, statementLine } from './lines.ts';
import { NameBook, type NameKind } from './names.ts';
import type { Scope, Spine } from './spine.ts';
import { ExecutionTicket } from './ticket.ts';

/** The payload of NOTIFY, a literal by its grammar. */
function payloadOf({ tree }: StatementUnit): string {
  const { NotifyStmt } = tree as { readonly NotifyStmt?: { readonly payload?: unknown } };
  return typeof NotifyStmt?.payload === 'string' ? NotifyStmt.payload : '';
}

/** The same execution with parameters of its own: those of the call are gone when it returns. */
function keep(execution: Execution): Execution {
  if (!execution.parameters) return execution;
  const own = ({ value, format }: Parameter) => ({ value: value && Buffer.from(value), format });
  return { ...execution, parameters: execution.parameters.map(own) };
}

/** Bound values as they are recorded. */
function parametersFor(
  judgement: Judgement,
  parameters: readonly Parameter[] | undefined,
): readonly ParameterRecord[] | undefined {
  if (!parameters || parameters.length === 0) return undefined;
  return parameters.map(({ value, format }, index) => ({
    format,
    value: value && judgement.shownParameter(index, value, format),
  }));
}

function transactionNow({ hold }: Execution): Partial<Pick<Execution, 'transaction'>> {
  return hold?.transaction === undefined ? {} : { transaction: hold.transaction };
}

export class Exchange implements Conversation {
  readonly id: number;
  readonly #application: string | undefined;
  readonly #spine: Spine;
  readonly #names = new NameBook();
  #searchPathUncertain = false;
  #naming: string | undefined;
  readonly #definitions = new Definitions();
  /** Number of the definitions that a judgement of its own was made by. */
  readonly #judgedBy = new WeakMap<Judgement, number>();
  /** Serial of the last judgement made before code that could rebind names was let through. */
  #distrusted = 0;

  constructor(id: number, spine: Spine, application?: string) {
    this.id = id;
    this.#application = application;
    this.#spine = spine;
  }

  resolves(naming: string | undefined): void {
    this.#naming = naming;
    if (this.#uncertain && !this.#searchPathUncertain) this.#spine.catalogueChanged();
  }

  /** Names may mean something else here than where the catalogue was read. */
  get #uncertain(): boolean {
    return this.#searchPathUncertain || this.#naming !== this.#spine.naming;
  }

  lookThrough(view: TargetView): void {
    this.#definitions.lookThrough(view);
  }

  ready(inTransaction: boolean): void {
    if (this.#definitions.ready(inTransaction)) this.#spine.catalogueChanged();
  }

  judge(text: string): Judgement | Promise<Judgement> {
    const { generation } = this.#spine;
    const see = this.#definitions.see(generation);
    const kept = see && this.#definitions.kept(text, generation);
    if (kept) return kept;
    const judged = this.#spine.judge(text, this.#scope(see));
    if (!(judged instanceof Promise)) return judged;
    const { count } = this.#definitions;
    return judged.then((judgement) => this.#noted(judgement, count));
  }

  #scope(see: Scope['see']): Scope {
    const uncertain = () => this.#uncertain;
    return {
      names: {
        statement: (name) => this.#names.lookup('statement', name),
        portal: (name) => this.#names.lookup('portal', name),
      },
      get searchPathUncertain() {
        return uncertain();
      },
      distrusted: this.#distrusted,
      ...(see ? { see } : {}),
    };
  }

  /** Remembers by which definitions it was judged, where those are the conversation's own. */
  #noted(judgement: Judgement, count: number): Judgement {
    if (!judgement.own) return judgement;
    this.#judgedBy.set(judgement, count);
    if (count === this.#definitions.count) this.#definitions.keep(judgement);
    return judgement;
  }

  #isOutdated(judgement: Judgement): boolean {
    if (judgement.own) return this.#judgedBy.get(judgement) !== this.#definitions.count;
    return judgement.generation !== this.#spine.generation && !judgement.personal;
  }

  refuse(judged: Judged, phase: 'parse' | 'execute' | 'simple'): BrokerError {
    const judgement = this.#own(judged);
    const statement = this.#spine.nextStatement();
    this.#record(judgement, statement, { phase });
    return this.#refused(judgement, statement);
  }

  admit(judged: Judged, execution: Execution): Admission | Promise<Admission> {
    const judgement = this.#own(judged);
    if (this.#isOutdated(judgement)) {
      const again = this.judge(judgement.text);
      if (!(again instanceof Promise)) return this.#admit(again, execution);
      const kept = keep(execution);
      return again.then((fresh) => this.#admit(fresh, kept));
    }
    return this.#admit(judgement, execution);
  }

  #admit(judged: Judgement, execution: Execution): Admission | Promise<Admission> {
    const inTransaction = execution.transaction !== 'I';
    const judgement = this.#spine.decideNow(judged, inTransaction);
    const statement = this.#spine.nextStatement();
    const parameters = parametersFor(judgement, execution.parameters);
    this.#record(judgement, statement, {
      phase: execution.phase,
      inTransaction,
      ...(parameters ? { parameters } : {}),
    });
    if (judgement.decision.outcome === 'allow') return this.#allow(judgement, statement);
    if (judgement.decision.outcome === 'deny')
      return { kind: 'refuse', error: this.#refused(judgement, statement) };
    return this.#ask(judgement, statement, execution, parameters);
  }

  #ask(
    judgement: Judgement,
    statement: number,
    execution: Execution,
    shown: readonly ParameterRecord[] | undefined,
  ): Admission | Promise<Admission> {
    const kept = keep(execution);
    const parameters = describeParameters(kept.parameters);
    const values = shown?.map(({ value }) => value);
    const inTransaction = execution.transaction !== 'I';
    const answer = this.#spine.escalate(judgement, {
      hold: execution.hold,
      look: async () =>
        this.#spine.decideNow(
          await this.judge(judgement.text),
          (execution.hold?.transaction ?? execution.transaction) !== 'I',
        ),
      current: ({ generation }) => generation === this.#spine.generation,
      question: (now): Question => ({
        connection: '',
        conversation: this.id,
        statement,
        text: now.text,
        decision: now.decision,
        actions: now.actions,
        fingerprint: now.classification.fingerprint,
        steady: isSteady(now.actions, now.personal),
        inTransaction,
        ...(this.#application === undefined ? {} : { application: this.#application }),
        parameters,
        shown: { ...now.shown, ...(values ? { parameters: values } : {}) },
      }),
    });
    const released = (release: Release) => this.#released(release, statement, kept);
    return answer instanceof Promise ? answer.then(released) : released(answer);
  }

  #released(release: Release, statement: number, execution: Execution): Admission | Promise<Admission> {
    if (release.kind === 'go') return this.#allow(release.judgement, statement);
    const { error } = release;
    this.#spine.log.refused(this.id, statement, error);
    // Whatever it is now is judged, recorded and asked about by itself, unless nobody waits for it any more.
    if (release.kind === 'changed' && !execution.hold?.signal.aborted)
      return this.#admit(release.judgement, { ...execution, ...transactionNow(execution) });
    return { kind: 'refuse', error };
  }

  #allow(judgement: Judgement, statement: number): Admission {
    let rebinding = false;
    for (const unit of judgement.classification.units) {
      if (unit.effect) this.#begin(unit.effect);
      if (unit.node === 'NotifyStmt') this.#spine.said(payloadOf(unit));
      rebinding = this.#spine.rebinds(unit) || rebinding;
    }
    const suspect = judgement.serial <= this.#distrusted;
    if (rebinding) this.#distrust();
    const ports = this.#spine.ticketPorts((unit, succeeded) => this.#settled(unit, succeeded));
    if (ports.masker.ran(judgement.plans)) this.#spine.plansOutdated();
    const ticket = new ExecutionTicket(judgement, ports, { conversation: this.id, statement, suspect });
    return { kind: 'forward', permit: this.#spine.mint(statement), ticket };
  }

  #begin(effect: UnitEffect): void {
    if (effect.kind === 'search-path') this.#searchPathUncertain = true;
    this.#names.begin(effect);
  }

  #distrust(): void {
    this.#names.forget();
    this.#definitions.changed();
    this.#distrusted = this.#spine.judgements;
  }

  #settled(unit: StatementUnit | undefined, succeeded: boolean): void {
    if (unit?.effect) this.#names.settle(unit.effect, succeeded);
    if (unit && this.#definitions.settled(unit)) this.#spine.catalogueChanged();
  }

  #refused(judgement: Judgement, statement: number): BrokerError {
    const error = this.#spine.refusal(judgement);
    this.#spine.log.refused(this.id, statement, error);
    return error;
  }

  #record(
    judgement: Judgement,
    statement: number,
    line: Omit<StatementLine, 'conversation' | 'statement' | 'decision'>,
  ): void {
    const { outcome: decision } = judgement.decision;
    this.#spine.log.statement(
      statementLine(judgement.parts, { ...line, conversation: this.id, statement, decision }),
    );
  }

  #own(judged: Judged): Judgement {
    if (!(judged instanceof Judgement)) throw new TypeError('judged by another pipeline');
    return judged;
  }

  named(kind: NameKind, name: string, judged: Judged | undefined): void {
    this.#names.set(kind, name, judged?.classification.units[0]);
  }

  scrub(fields: MessageFields): MessageFields {
    return this.#spine.scrub(fields);
  }

  scrubText(text: string): string {
    return this.#spine.scrubText(text);
  }

  scrubPayload(text: string): string {
    return this.#spine.scrubPayload(text);
  }

  scrubSetting(text: string): string {
    return this.#spine.scrubSetting(text);
  }

  event(type: 'cancel' | 'notice', detail: { severity?: string; sqlstate?: string; message?: string }): void {
    if (type === 'cancel') this.#spine.log.cancelled(this.id);
    else this.#spine.log.notice(this.id, detail);
  }

  warn(code: string, detail: string): void {
    this.#spine.log.warning(code, detail);
  }

  flush(): void {
    this.#spine.log.flush();
  }

  close(reason: string): void {
    this.ready(false);
    this.#spine.log.disconnected(this.id, reason);
  }
}
