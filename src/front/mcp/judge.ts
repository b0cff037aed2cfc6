// What becomes of a host's request: decided, written down, held until people have answered. Must never pass what is not decided.
import type { Call } from '../../flow/call-lines.ts';
import { callText, checkNumbers } from '../../flow/call-text.ts';
import type { Calls, OpenCall } from '../../flow/calls.ts';
import { jcs } from '../../lib/jcs.ts';
import type { Decision } from '../../model/decision.ts';
import { BrokerError } from '../../model/errors.ts';
import { FORWARD, type Request, refusalOf, type Underway, type Verdict } from '../../protocols/mcp/index.ts';
import type { Access, Live } from './access.ts';
import { claimsOf } from './claims.ts';
import type { HeldCalls, Release } from './held-calls.ts';
import { callOf } from './methods.ts';
import type { Tools } from './tools.ts';
import { canInform, progressLine, resumedRequest, waitsLine } from './waiting.ts';

export interface JudgePorts {
  readonly access: Access;
  readonly tools: Tools;
  /** How the server is started, for people; and what makes it the same one. */
  readonly server: { readonly command: string; readonly id: string };
  /** Milliseconds a call waits for people before its host is told to come back. */
  readonly patience: number;
  /** All pages of the server's tools, so that they are known. */
  listTools(like: Request): Promise<void>;
  /** A message of broker itself. */
  notify(line: Buffer): void;
  /** Told to the person. */
  tell(line: string): void;
}

/** A call that was let through and has no answer yet. */
export interface Running {
  readonly calls: Calls;
  readonly open: OpenCall;
}

export interface Judged {
  readonly verdict: Verdict;
  readonly running?: Running;
}

interface Case {
  /** As the host sent it; answers go to it. */
  readonly request: Request;
  /** What it says: another than the request's where that goes on from an earlier one. */
  readonly said: Request;
  readonly call: Call;
  readonly calls: Calls;
  readonly held: HeldCalls;
  readonly gone: Underway<Running>;
}

/** Characters of the server's command that people are shown: its id stands for all of it. */
const MOST_COMMAND = 200;

/** Milliseconds between notifications that a call waits. */
const PROGRESS = 10_000;

export function refuse(request: Request, error: BrokerError): Verdict {
  return { kind: 'answer', bytes: refusalOf(request, error) };
}

function toError(error: unknown): BrokerError {
  return error instanceof BrokerError ? error : new BrokerError('bug', { reason: String(error) });
}

const nameOf = ({ method, name }: Call): string => (name === undefined ? method : `${method} ${name}`);

export class Judge {
  readonly #ports: JudgePorts;
  #listing: Promise<void> | undefined;

  constructor(ports: JudgePorts) {
    this.#ports = ports;
  }

  async list(request: Request): Promise<Verdict> {
    const { access } = this.#ports;
    const calls = await access.terms();
    const resource = { type: 'Connection', id: access.connection } as const;
    const decision = calls.decide({ use: { action: 'mcp:list', resource } });
    if (decision.outcome === 'allow') return FORWARD;
    return refuse(request, calls.refusal(decision, request.method));
  }

  /** Decided, where nothing has to be waited for and policy allows it; undefined for everything else. */
  atOnce(request: Request): Judged | undefined {
    const { access, tools } = this.#ports;
    const { ready } = access;
    if (!ready || this.#listing || request.params['requestState'] !== undefined) return undefined;
    const call = this.#read(request);
    const { method, name = '' } = call;
    if (method === 'tools/call' && tools.problem(access.connection, name)) return undefined;
    const decision = ready.calls.decide(call);
    return decision.outcome === 'allow' ? this.#through(request, call, ready.calls, decision) : undefined;
  }

  #through(request: Request, call: Call, calls: Calls, decision: Decision): Judged {
    const open = calls.admit(call, decision);
    for (const claim of claimsOf(request.params)) calls.claim({ ...claim, statement: open.statement });
    return { verdict: FORWARD, running: { calls, open } };
  }

  async call(request: Request, gone: Underway<Running>): Promise<Judged> {
    const { access } = this.#ports;
    this.#read(request);
    const live = await access.session();
    const said = this.#said(request, live);
    const call = this.#read(said);
    await this.#refresh(said, call);
    if (gone.signal.aborted) return { verdict: { kind: 'drop' } };
    const { calls, held } = live;
    return this.#judge({ request, said, call, calls, held, gone });
  }

  /** What is known of the tool is what the server says of it now. */
  async #refresh(said: Request, { method, name = '' }: Call): Promise<void> {
    if (method !== 'tools/call') return;
    const { tools, listTools } = this.#ports;
    if (!tools.isCurrent(name))
      this.#listing ??= listTools(said).finally(() => {
        this.#listing = undefined;
      });
    await this.#listing;
  }

  #read({ method, params }: Request): Call {
    const call = callOf(this.#ports.access.connection, method, params);
    if (call) return call;
    const reason = `${method} does not say what it is about`;
    throw new BrokerError('protocol-violation', { side: 'host', reason });
  }

  /** What the request says, which goes on from an earlier one where it bears our requestState. */
  #said(request: Request, { held, calls }: Live): Request {
    const first = held.resumed(request.params['requestState']);
    if (first === undefined) return request;
    const said = resumedRequest(request, first.params);
    const call = this.#read(said);
    if (callText(call, this.#by(call, calls)) === first.text) return said;
    throw new BrokerError('call-state-unknown', { reason: 'says something else' });
  }

  async #judge(matter: Case): Promise<Judged> {
    const { request, said, call, calls } = matter;
    const decision = calls.decide(call);
    const open = calls.admit(call, decision);
    for (const claim of claimsOf(said.params)) calls.claim({ ...claim, statement: open.statement });
    try {
      this.#refuse(matter, decision);
      if (decision.outcome === 'ask') return await this.#ask(matter, open, decision);
    } catch (error) {
      const refusal = toError(error);
      const status = matter.gone.signal.aborted ? 'cancelled' : 'refused';
      calls.finish(open, { status, message: refusal.message });
      return { verdict: refuse(request, refusal) };
    }
    const verdict: Verdict = said === request ? FORWARD : { kind: 'forward', bytes: said.bytes };
    return { verdict, running: { calls, open } };
  }

  /** Holds the call until people have answered for exactly what it says. */
  async #ask(matter: Case, open: OpenCall, decision: Decision): Promise<Judged> {
    const { request, said, call, calls, held, gone } = matter;
    const { access, patience, tell } = this.#ports;
    checkNumbers(request.bytes.toString('utf8'), access.connection, nameOf(open.written));
    const progress = new Progress(said, this.#ports);
    try {
      const release = await held.hold({
        statement: open.statement,
        params: said.params,
        decision,
        refresh: () => this.#refresh(said, call),
        look: () => {
          const now = calls.decide(call);
          this.#refuse(matter, now);
          return now;
        },
        question: (now) => calls.question(open, now, this.#by(call, calls)),
        gone: gone.signal,
        limit: patience,
        tell: canInform(said),
        stands: (waiting, hint) => {
          tell(`${waiting}; ${hint}`);
          progress.begin(waiting);
        },
      });
      return await this.#released(release, matter, open);
    } finally {
      progress.end();
    }
  }

  async #released(release: Release, matter: Case, open: OpenCall): Promise<Judged> {
    const { request, said, calls } = matter;
    const { decision, written } = open;
    // Passed on as it was shown, members in the same order: what other readers could take for something else is gone.
    if (release.kind === 'go')
      return { verdict: { kind: 'forward', bytes: Buffer.from(jcs(said.value)) }, running: { calls, open } };
    const words = { connection: this.#ports.access.connection, what: nameOf(written) };
    const policy = decision.policies.join(', ');
    if (release.kind === 'changed') {
      const reason = 'the rules changed while it waited';
      throwAway(calls, open, new BrokerError('approval-overtaken', { ...words, policy, reason }));
      return this.#judge(matter);
    }
    const { words: waiting, id } = release.waiting;
    const pending = new BrokerError('approval-pending', { ...words, policy, waiting, id });
    throwAway(calls, open, pending);
    return { verdict: { kind: 'answer', bytes: waitsLine(request, release.waiting, pending) } };
  }

  /** Which server answers, and what its tool was when it was listed. */
  #by({ method, name }: Call, calls: Calls): string {
    const { server, tools } = this.#ports;
    const command = calls.shownLine(server.command, MOST_COMMAND);
    const definition = method === 'tools/call' ? tools.definition(name ?? '') : undefined;
    const tool = definition === undefined ? '' : `\n-- tool definition ${definition}`;
    return `-- server ${server.id}: ${command}${tool}`;
  }

  /** Throws what refuses the call whatever people say of it. */
  #refuse({ call, calls }: Case, decision: Decision): void {
    const { access, tools } = this.#ports;
    const problem =
      call.method === 'tools/call' ? tools.problem(access.connection, call.name ?? '') : undefined;
    if (problem) throw problem;
    if (decision.outcome === 'deny') throw calls.refusal(decision, nameOf(call));
  }
}

function throwAway(calls: Calls, open: OpenCall, error: BrokerError): void {
  calls.finish(open, { status: 'refused', message: error.message });
}

/** Tells a host that wants to know, again and again, that a call of it still waits. */
class Progress {
  readonly #request: Request;
  readonly #ports: JudgePorts;
  #timer: NodeJS.Timeout | undefined;
  #steps = 0;

  constructor(request: Request, ports: JudgePorts) {
    this.#request = request;
    this.#ports = ports;
  }

  begin(words: string): void {
    const tell = (): void => {
      this.#steps += 1;
      const line = progressLine(this.#request, this.#steps, words);
      if (line) this.#ports.notify(line);
    };
    clearInterval(this.#timer);
    this.#timer = setInterval(tell, PROGRESS);
    tell();
  }

  end(): void {
    clearInterval(this.#timer);
  }
}
