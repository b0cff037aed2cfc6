// One client connection inside a session: judges, admits and follows what its client sends, in order.
import type { StatementUnit, UnitEffect } from '../model/classification.ts';
import type { BrokerError } from '../model/errors.ts';
import type { ParameterRecord } from '../model/event.ts';
import type { Admission, Conversation, Execution, Judged, MessageFields, Parameter } from './conversation.ts';
import { Judgement } from './judgement.ts';
import { type StatementLine, statementLine } from './lines.ts';
import { shownParameter } from './mask/index.ts';
import { NameBook, type NameKind } from './names.ts';
import type { Spine } from './spine.ts';
import { ExecutionTicket } from './ticket.ts';

/** The payload of NOTIFY, a literal by its grammar. */
function payloadOf({ tree }: StatementUnit): string {
  const { NotifyStmt } = tree as { readonly NotifyStmt?: { readonly payload?: unknown } };
  return typeof NotifyStmt?.payload === 'string' ? NotifyStmt.payload : '';
}

export class Exchange implements Conversation {
  readonly id: number;
  readonly #spine: Spine;
  readonly #names = new NameBook();
  #searchPathUncertain = false;
  #changedCatalogue = false;
  /** Serial of the last judgement made before code that could rebind names was let through. */
  #distrusted = 0;

  constructor(id: number, spine: Spine) {
    this.id = id;
    this.#spine = spine;
  }

  judge(text: string): Judgement | Promise<Judgement> {
    return this.#spine.judge(text, {
      names: {
        statement: (name) => this.#names.lookup('statement', name),
        portal: (name) => this.#names.lookup('portal', name),
      },
      searchPathUncertain: this.#searchPathUncertain,
      distrusted: this.#distrusted,
    });
  }

  refuse(judged: Judged, phase: 'parse' | 'execute' | 'simple'): BrokerError {
    const judgement = this.#own(judged);
    const statement = this.#spine.nextStatement();
    this.#record(judgement, statement, { phase });
    return this.#refused(judgement, statement);
  }

  admit(judged: Judged, execution: Execution): Admission | Promise<Admission> {
    const judgement = this.#own(judged);
    if (judgement.generation !== this.#spine.generation && !judgement.personal) {
      const again = this.judge(judgement.text);
      return again instanceof Promise
        ? again.then((fresh) => this.#admit(fresh, execution))
        : this.#admit(again, execution);
    }
    return this.#admit(judgement, execution);
  }

  #admit(judged: Judgement, execution: Execution): Admission | Promise<Admission> {
    const judgement = this.#spine.decideNow(judged, execution.transaction !== 'I');
    const statement = this.#spine.nextStatement();
    const parameters = this.#parameters(execution.parameters);
    const inTransaction = execution.transaction !== 'I';
    this.#record(judgement, statement, {
      phase: execution.phase,
      inTransaction,
      ...(parameters ? { parameters } : {}),
    });
    if (judgement.decision.outcome === 'allow') return this.#allow(judgement, statement);
    if (judgement.decision.outcome === 'deny')
      return { kind: 'refuse', error: this.#refused(judgement, statement) };
    const answer = this.#spine.escalate(judgement, statement);
    return answer instanceof Promise
      ? answer.then((error) => this.#answered(judgement, statement, error))
      : this.#answered(judgement, statement, answer);
  }

  #answered(judgement: Judgement, statement: number, error: BrokerError | undefined): Admission {
    if (!error) return this.#allow(judgement, statement);
    this.#spine.log.refused(this.id, statement, error);
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
    const ticket = new ExecutionTicket(judgement, ports, { conversation: this.id, statement, suspect });
    return { kind: 'forward', permit: this.#spine.mint(statement), ticket };
  }

  #begin(effect: UnitEffect): void {
    if (effect.kind === 'search-path') this.#searchPathUncertain = true;
    this.#names.begin(effect);
  }

  #distrust(): void {
    this.#names.forget();
    this.#distrusted = this.#spine.judgements;
  }

  #settled(unit: StatementUnit | undefined, succeeded: boolean): void {
    if (unit?.effect) this.#names.settle(unit.effect, succeeded);
    if (unit?.changesCatalogue) this.#changedCatalogue = true;
    // What a transaction changed is there for others after COMMIT, and gone after ROLLBACK: either way, read again.
    const ends = unit?.node === 'TransactionStmt' && this.#changedCatalogue;
    if (unit?.changesCatalogue || ends) this.#spine.catalogueChanged();
    if (ends) this.#changedCatalogue = false;
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

  #parameters(parameters: readonly Parameter[] | undefined): readonly ParameterRecord[] | undefined {
    if (!parameters || parameters.length === 0) return undefined;
    const mask = (text: string) => this.#spine.scrubText(text);
    return parameters.map(({ value, format }) => ({
      format,
      value: value && shownParameter(value, format, mask),
    }));
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
    this.#spine.log.disconnected(this.id, reason);
  }
}
