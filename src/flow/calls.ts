// The spine for calls that are not statements of a database: MCP. Decided, recorded, then passed on; answers masked, recorded, then
// passed on. Must never let anything through that is not on disk.
import { canonical } from '../lib/canonical.ts';
import type { Clock } from '../lib/clock.ts';
import { sha256 } from '../lib/digest.ts';
import { jcsDigest } from '../lib/jcs.ts';
import type { ActionUse } from '../model/action.ts';
import type { Connection } from '../model/connection.ts';
import type { Decision } from '../model/decision.ts';
import { BrokerError } from '../model/errors.ts';
import type { EventData, Recorder } from '../model/event.ts';
import type { Scanner } from '../model/masking.ts';
import type { Principal } from '../model/principal.ts';
import { callArguments, decide, type PolicySet, reveals } from './decide/index.ts';
import { mentionedContext } from './decide/mentions.ts';
import type { LoadedPolicy } from './decide/policies.ts';
import { DocumentMasker, type MaskedDocument } from './mask/document.ts';

/** Calls are numbered by their own recorder; conversations of the database start at 1. */
export const CALLS = 0;

/** Characters of a call's text that are kept. */
const MAX_TEXT = 64 * 1024;

export interface CallTerms {
  readonly connection: Connection;
  readonly principal: Principal;
  /** Which command: `mcp`. */
  readonly client: string;
}

export interface CallPorts {
  readonly terms: CallTerms;
  readonly policy: PolicySet;
  readonly scanner: Scanner;
  readonly hashKey: Uint8Array;
  readonly clock: Clock;
}

export interface Call {
  readonly method: string;
  /** The tool, prompt or resource; absent for what names none. */
  readonly name?: string;
  readonly use: ActionUse;
  readonly arguments?: Readonly<Record<string, unknown>>;
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
  readonly statement: number;
  readonly decision: Decision;
  /** Calls that ran at any time together with this one: what ran beneath it cannot be told from what ran beneath them. */
  beside: number;
  readonly started: bigint;
}

/** Text with half a surrogate pair cannot be recorded. */
const wellFormed = (text: string): string => text.toWellFormed();

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
  #policy: PolicySet;
  #masker: DocumentMasker;
  /** What is recorded is for others than the one who may see it: nothing is revealed there. */
  #scribe: DocumentMasker;
  readonly #open = new Set<OpenCall>();
  #recorder: Recorder | undefined;
  #statements = 0;

  constructor(ports: CallPorts) {
    this.#ports = ports;
    this.#policy = ports.policy;
    [this.#masker, this.#scribe] = maskersOf(ports, ports.policy);
  }

  /** From the next call on another policy decides, and what it does not reveal is masked. */
  obey(policy: PolicySet): void {
    this.#policy = policy;
    [this.#masker, this.#scribe] = maskersOf(this.#ports, policy);
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
    const decision = this.decide(call);
    if (decision.outcome !== 'deny' || decision.errors.length > 0) return false;
    const { policies } = this.#policy;
    const reads = (policy: LoadedPolicy): boolean => {
      const mentioned = mentionedContext([policy.json]);
      return mentioned === 'all' || mentioned.has('arguments');
    };
    const determining = decision.policies
      .map((id) => policies.get(id))
      .filter((policy) => policy !== undefined);
    if (determining.some((policy) => !reads(policy))) return true;
    // Nothing permitted it, or what forbade it looked at arguments: others may be judged otherwise.
    return (
      determining.length === 0 && ![...policies.values()].some((one) => one.effect === 'permit' && reads(one))
    );
  }

  decide(call: Omit<Call, 'method'>): Decision {
    const { terms, clock } = this.#ports;
    const { connection, principal, client } = terms;
    return decide(this.#policy, {
      principal,
      connection,
      actions: [call.use],
      context: {
        client,
        models: principal.kind === 'bot' ? principal.bot.models.map(({ model }) => model) : [],
        tool: call.use.resource.type === 'Tool' ? (call.name ?? '') : '',
        arguments: callArguments(call.arguments),
        time: clock.now(),
      },
    });
  }

  /** Hands what was written down to the kernel: before anything of it is passed on. Throws `journal-failed`. */
  flush(): void {
    this.#recorder?.flush();
  }

  /** Writes the decision down. Throws `journal-failed`. */
  admit(call: Call, decision: Decision): OpenCall {
    this.#statements += 1;
    const open: OpenCall = {
      call,
      statement: this.#statements,
      decision,
      beside: this.#open.size,
      started: this.#ports.clock.monotonic(),
    };
    this.#recorder?.append('statement', this.#statementOf(open));
    for (const other of this.#open) other.beside += 1;
    this.#open.add(open);
    return open;
  }

  /** Writes the outcome down. False when it was given up before. Throws `journal-failed`. */
  finish(open: OpenCall, ended: Ended): boolean {
    if (!this.#open.delete(open)) return false;
    const { maxRows, maxBytes } = this.terms.connection.recording;
    const { status, message, bytes = 0, shown = [], hidden = 0 } = ended;
    const micros = Number((this.#ports.clock.monotonic() - open.started) / 1000n);
    this.#recorder?.append('answer', {
      conversation: CALLS,
      statement: open.statement,
      status,
      rows: shown.length,
      bytes,
      micros,
      ...(message === undefined ? {} : { message: wellFormed(this.#scribe.text(message)) }),
      ...(shown.length === 0 ? {} : { sample: sampleOf(this.#written(shown.slice(0, maxRows)), maxBytes) }),
      ...(hidden === 0 ? {} : { masked: hidden }),
      ...(open.beside === 0 ? {} : { beside: open.beside }),
    });
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

  #statementOf({ call, statement, decision }: OpenCall): EventData['statement'] {
    const { method, name, use } = call;
    const masked = call.arguments && this.#scribe.mask(call.arguments).value;
    const given = masked ? ` ${JSON.stringify(masked)}` : '';
    const digest = masked ? { arguments: jcsDigest(masked) } : {};
    const shown = name === undefined ? undefined : wellFormed(this.#scribe.text(name));
    const whole = wellFormed(`${method}${shown === undefined ? '' : ` ${shown}`}${given}`);
    const text = whole.length > MAX_TEXT ? `${whole.slice(0, MAX_TEXT)}…`.toWellFormed() : whole;
    const id = wellFormed(this.#scribe.text(use.resource.id));
    return {
      conversation: CALLS,
      statement,
      phase: 'call',
      call: { method, ...(shown === undefined ? {} : { name: shown }), ...digest },
      text,
      digest: sha256(whole),
      actions: [{ action: use.action, resource: { type: use.resource.type, id } }],
      decision: decision.outcome,
      policies: decision.policies,
      policyDigest: decision.policyDigest,
      fingerprint: sha256(canonical([method, shown ?? ''])),
    };
  }
}

/** One row per part, together no more than the connection keeps of an answer. */
function sampleOf(shown: readonly string[], maxBytes: number): (readonly string[])[] {
  let left = maxBytes;
  const rows: string[][] = [];
  for (const part of shown) {
    if (left <= 0) break;
    const cut = part.length > left ? `${part.slice(0, left)}…` : part;
    left -= cut.length;
    rows.push([wellFormed(cut)]);
  }
  return rows;
}
