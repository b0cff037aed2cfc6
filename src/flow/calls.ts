// The spine for calls that are not statements of a database: MCP. Decided, recorded, then passed on; answers masked, recorded, then
// passed on. Must never let anything through that is not on disk.
import type { Clock } from '../lib/clock.ts';
import { sha256 } from '../lib/digest.ts';
import type { Decision } from '../model/decision.ts';
import { BrokerError } from '../model/errors.ts';
import type { EventData, Recorder } from '../model/event.ts';
import type { Scanner } from '../model/masking.ts';
import { CallDecisions, type CallTerms } from './call-decisions.ts';
import { CALLS, type Call, CallWriter, sampleOf, type WrittenCall, wellFormed } from './call-lines.ts';
import { callText } from './call-text.ts';
import { type PolicySet, reveals } from './decide/index.ts';
import type { Question } from './escalate/index.ts';
import { answerLine } from './lines.ts';
import { DocumentMasker, type MaskedDocument } from './mask/document.ts';

/** Characters of a session's reason that those asked are shown. */
const MOST_STATED = 1_000;

export interface CallPorts {
  readonly terms: CallTerms;
  readonly policy: PolicySet;
  readonly scanner: Scanner;
  readonly hashKey: Uint8Array;
  readonly clock: Clock;
  /** Names of the windows that are open. */
  readonly grants?: readonly string[];
}

export interface Ended {
  readonly status: 'ok' | 'error' | 'refused' | 'cancelled' | 'lost';
  readonly message?: string;
  readonly bytes?: number;
  /** Parts of the answer as they were passed on, masked. */
  readonly shown?: readonly string[];
  readonly hidden?: number;
}

/** One call under way. */
export interface OpenCall {
  readonly call: Call;
  readonly written: WrittenCall;
  readonly statement: number;
  readonly decision: Decision;
  /** Calls that ran already when this one began. */
  readonly beside: number;
  readonly started: bigint;
}

/** For who called, and for the record. */
function maskersOf(
  { terms, scanner, hashKey }: CallPorts,
  policy: PolicySet,
): [DocumentMasker, DocumentMasker] {
  const { connection, principal } = terms;
  const revealed = reveals(policy, { connection, principal, dataTypes: scanner.types }).dataTypes;
  const rules = { scanner, strategies: connection.masking.strategies, hashKey };
  const masker = new DocumentMasker({ ...rules, revealed });
  return [masker, revealed.size === 0 ? masker : new DocumentMasker({ ...rules, revealed: new Set() })];
}

export class Calls {
  readonly #ports: CallPorts;
  #masker: DocumentMasker;
  /** What is recorded is for others than the one who may see it: nothing is revealed there. */
  #scribe: DocumentMasker;
  #writer: CallWriter;
  readonly #decisions: CallDecisions;
  #grants: readonly string[];
  readonly #open = new Set<OpenCall>();
  #recorder: Recorder | undefined;
  #statements = 0;

  constructor(ports: CallPorts) {
    this.#ports = ports;
    this.#grants = ports.grants ?? [];
    [this.#masker, this.#scribe] = maskersOf(ports, ports.policy);
    this.#writer = new CallWriter(this.#scribe);
    this.#decisions = new CallDecisions(ports.terms, ports.clock, ports.policy, this.#grants);
  }

  /** From the next call on another policy decides, and what it does not reveal is masked. */
  obey(policy: PolicySet): void {
    this.#decisions.obey(policy);
    [this.#masker, this.#scribe] = maskersOf(this.#ports, policy);
    this.#writer = new CallWriter(this.#scribe);
  }

  /** Windows opened or ended. */
  grant(names: readonly string[]): void {
    this.#grants = names;
    this.#decisions.grant(names);
  }

  get terms(): CallTerms {
    return this.#ports.terms;
  }

  /** Calls under way. */
  get running(): number {
    return this.#open.size;
  }

  /** From now on there is a session: what happens is written down. */
  record(recorder: Recorder): void {
    this.#recorder = recorder;
  }

  /** True when no arguments could make policy allow the call or ask about it. */
  neverAllowed(call: Omit<Call, 'method' | 'arguments'>): boolean {
    return this.#decisions.neverAllowed(call);
  }

  decide(call: Omit<Call, 'method'>): Decision {
    return this.#decisions.decide(call);
  }

  /** Hands what was written down to the kernel: before anything of it is passed on. Throws `journal-failed`. */
  flush(): void {
    this.#recorder?.flush();
  }

  /** Writes the decision down. Throws `journal-failed`. */
  admit(call: Call, decision: Decision): OpenCall {
    this.#statements += 1;
    const rules = { decision, grants: this.#grants };
    const { written, line } = this.#writer.write(this.#statements, call, rules);
    const open: OpenCall = {
      call,
      written,
      statement: this.#statements,
      decision,
      beside: this.#open.size,
      started: this.#ports.clock.monotonic(),
    };
    this.#recorder?.appendCanonical('statement', line);
    this.#open.add(open);
    return open;
  }

  /** What people are asked about a call. `by`: which server answers it, and what its tool is. */
  question({ call, written, statement }: OpenCall, decision: Decision, by: string): Question {
    const rest = call.rest && this.#scribe.mask(call.rest).value;
    const [text, shown] = [callText(call, by), callText({ ...written, ...(rest ? { rest } : {}) }, by)];
    const title = `${written.method}${written.name === undefined ? '' : ` ${written.name}`}`;
    return {
      connection: this.terms.connection.name,
      conversation: CALLS,
      statement,
      text,
      decision,
      actions: [call.use],
      fingerprint: sha256(shown),
      // What is masked could be another thing the next time.
      steady: text === shown,
      inTransaction: false,
      call: true,
      parameters: [],
      shown: { text: shown, titles: [title], actions: [written.use], tables: [] },
    };
  }

  /** One line of at most so many characters, as others may read it. */
  shownLine(text: string, most: number): string {
    const line = wellFormed(this.#scribe.text(text)).replace(/\s+/g, ' ');
    return line.length > most ? `${line.slice(0, most)}…`.toWellFormed() : line;
  }

  /** Why the session was opened, as others may read it. */
  get stated(): string | undefined {
    const { reason } = this.terms;
    return reason === undefined ? undefined : wellFormed(this.#scribe.text(reason)).slice(0, MOST_STATED);
  }

  /** Writes the outcome down. False when it was given up before. Throws `journal-failed`. */
  finish(open: OpenCall, ended: Ended): boolean {
    if (!this.#open.delete(open)) return false;
    const { maxRows, maxBytes } = this.terms.connection.recording;
    const { status, message, bytes = 0, shown = [], hidden = 0 } = ended;
    const micros = Number((this.#ports.clock.monotonic() - open.started) / 1000n);
    const line = answerLine({
      // Those that ran already, and those that began since.
      beside: open.beside + this.#statements - open.statement,
      bytes,
      columns: undefined,
      conversation: CALLS,
      masked: hidden,
      message: message === undefined ? undefined : wellFormed(this.#scribe.text(message)),
      micros,
      rows: shown.length,
      sample: shown.length === 0 ? [] : sampleOf(this.#written(shown.slice(0, maxRows)), maxBytes),
      sqlstate: undefined,
      statement: open.statement,
      status,
      tag: undefined,
    });
    this.#recorder?.appendCanonical('answer', line);
    return true;
  }

  claim(claim: Omit<EventData['claim'], 'conversation'>): void {
    const value = wellFormed(this.#scribe.text(claim.value)).slice(0, 1024);
    this.#recorder?.append('claim', { ...claim, value, conversation: CALLS });
  }

  warn(code: string, detail: string): void {
    this.#recorder?.append('warning', { code, detail: wellFormed(this.#scribe.text(detail)).slice(0, 4096) });
  }

  connected(application: string, parameters: Readonly<Record<string, string>>): void {
    const shown = Object.entries(parameters).map(([name, value]) => [
      name,
      wellFormed(this.#scribe.text(value)),
    ]);
    this.#recorder?.append('client.connect', {
      conversation: CALLS,
      application: wellFormed(this.#scribe.text(application)),
      parameters: Object.fromEntries(shown),
    });
    this.#recorder?.flush();
  }

  mask<T>(value: T, kept?: ReadonlySet<string>): MaskedDocument<T> {
    return this.#masker.mask(value, kept);
  }

  text(text: string): string {
    return this.#masker.text(text);
  }

  /** What a refusal says. */
  refusal(decision: Decision, what: string): BrokerError {
    const connection = this.terms.connection.name;
    const policy = decision.policies.join(', ') || 'default deny';
    const why = `see why with \`broker policy explain ${connection}\``;
    const hint = [...decision.advice, ...decision.errors].join('; ') || why;
    if (decision.outcome === 'ask') return new BrokerError('needs-approval', { connection, what, policy });
    return new BrokerError('policy-denied', { connection, what, policy }, { hint });
  }

  /** Everything that still runs is lost; then the counts of what was hidden. */
  async close(reason: string): Promise<void> {
    for (const open of [...this.#open]) this.finish(open, { status: 'lost', message: reason });
    const columns = this.#masker.coverage();
    if (columns.length > 0) this.#recorder?.append('coverage', { columns });
    this.#recorder?.append('client.disconnect', { conversation: CALLS, reason });
    await this.#recorder?.close();
    this.#recorder = undefined;
  }

  /** Parts of an answer that was shown, as they may be kept. */
  #written(shown: readonly string[]): readonly string[] {
    return this.#scribe === this.#masker ? shown : shown.map((part) => this.#scribe.text(part));
  }
}
