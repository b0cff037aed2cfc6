// Decides what passes between host and server, in policy's terms, and writes it down. Must never pass what is not decided, nor show what
// is not masked.
import type { Calls } from '../../flow/calls.ts';
import type { DocumentMasker } from '../../flow/mask/document.ts';
import { BrokerError } from '../../model/errors.ts';
import {
  encode,
  eraOf,
  FORWARD,
  type Guard,
  type HostInfo,
  hostInfo,
  isMembers,
  type Members,
  type Notification,
  type Request,
  type Response,
  refusalOf,
  type Underway,
  type Verdict,
} from '../../protocols/mcp/index.ts';
import { Judge, type Judged, type JudgePorts, type Running, refuse } from './judge.ts';
import { callOf, rowOf } from './methods.ts';
import { partsOf } from './parts.ts';

/** The protocol's own members: they are handed back as they came, or they mean nothing to anybody else. */
const KEPT: ReadonlySet<string> = new Set(
  `nextCursor cursor progressToken requestId requestState resultType cacheScope ttlMs protocolVersion supportedVersions
  capabilities taskId progress total level`.split(/\s+/),
);

export interface CheckpointPorts extends JudgePorts {
  /** Masks as long as nothing is known of the connection. */
  readonly masker: DocumentMasker;
  /** The host has said who it is. */
  host(info: HostInfo): void;
}

function toError(error: unknown): BrokerError {
  if (error instanceof BrokerError) return error;
  return new BrokerError('bug', { reason: error instanceof Error ? error.message : String(error) });
}

export class Checkpoint implements Guard<Running> {
  readonly #ports: CheckpointPorts;
  readonly #judge: Judge;
  /** Requests of the server by their own objects, until the host has answered. */
  readonly #asked = new WeakMap<Request, Running>();

  constructor(ports: CheckpointPorts) {
    this.#ports = ports;
    this.#judge = new Judge(ports);
  }

  request(request: Request, underway: Underway<Running>): Verdict | Promise<Verdict> {
    const { method, params } = request;
    const info = hostInfo(method, params);
    if (info) this.#ports.host(info);
    const row = rowOf(method, params);
    if (row.kind === 'free') return FORWARD;
    try {
      const judged = row.kind === 'list' ? this.#judge.list(request) : this.#call(request, underway);
      if (!(judged instanceof Promise)) return judged;
      return judged.catch((error: unknown) => refuse(request, toError(error)));
    } catch (error) {
      return refuse(request, toError(error));
    }
  }

  fromHost(message: Notification | Response, about: Request | undefined): Verdict {
    const running = about && this.#asked.get(about);
    if (running && message.kind === 'response') this.#hostAnswered(message, running);
    return FORWARD;
  }

  answer(response: Response, about: Request, { matter: running }: Underway<Running>): Verdict {
    try {
      return this.#answered(response, about, running);
    } catch (error) {
      if (running) this.#give(running);
      return { kind: 'forward', bytes: refusalOf(about, toError(error)) };
    }
  }

  async fromServer(request: Request): Promise<Verdict> {
    if (request.method === 'ping') return FORWARD;
    const { access } = this.#ports;
    const call = callOf(access.connection, request.method, request.params);
    try {
      if (!call)
        throw new BrokerError('protocol-violation', { side: 'server', reason: 'its request names nothing' });
      const calls = access.last ?? (await access.terms());
      const decision = calls.decide(call);
      const open = calls.admit(call, decision);
      if (decision.outcome !== 'allow') {
        const error = calls.refusal(decision, `${request.method} by the server`);
        calls.finish(open, { status: 'refused', message: error.message });
        return refuse(request, error);
      }
      this.#asked.set(request, { calls, open });
      return this.#masked(request, request.params);
    } catch (error) {
      return refuse(request, toError(error));
    }
  }

  notice(notification: Notification): Verdict {
    if (notification.method === 'notifications/tools/list_changed') this.#ports.tools.changed();
    return this.#masked(notification, notification.params);
  }

  outsize(_: Request, length: number, { matter: running }: Underway<Running>): void {
    const message = `its answer has ${length} bytes: too many to pass on`;
    running?.calls.finish(running.open, { status: 'error', message, bytes: length });
  }

  dropped(side: 'host' | 'server', reason: string): void {
    this.#ports.access.last?.warn(`mcp-${side}-line`, reason);
    this.#ports.tell(`a line of the ${side} was refused: ${reason}`);
  }

  #call(request: Request, underway: Underway<Running>): Verdict | Promise<Verdict> {
    const settled = ({ verdict, running }: Judged): Verdict => {
      underway.matter = running;
      return verdict;
    };
    const now = this.#judge.atOnce(request);
    return now ? settled(now) : this.#judge.call(request, underway).then(settled);
  }

  #answered(response: Response, about: Request, running: Running | undefined): Verdict {
    const { result, error, value, bytes } = response;
    const masker = running?.calls ?? this.#ports.access.last ?? this.#ports.masker;
    if (error) {
      const masked = masker.mask(error);
      this.#end(running, {
        status: 'error',
        message: masked.value.message,
        hidden: masked.hidden,
        bytes: bytes.length,
      });
      if (masked.hidden === 0) return FORWARD;
      return { kind: 'forward', bytes: encode({ ...value, error: masked.value }) };
    }
    const governed = this.#governed(about, result ?? {});
    const masked = masker.mask(this.#filtered(about, governed), KEPT);
    const shown = this.#private(masked.value);
    const failed = shown['isError'] === true;
    const parts = running ? partsOf(shown, running.calls.terms.connection.recording) : [];
    this.#end(running, {
      status: failed ? 'error' : 'ok',
      bytes: bytes.length,
      shown: parts,
      hidden: masked.hidden,
    });
    return shown === result ? FORWARD : { kind: 'forward', bytes: encode({ ...value, result: shown }) };
  }

  /** Throws when the call was given up before: what cannot be recorded any more is not shown. */
  #end(running: Running | undefined, ended: Parameters<Calls['finish']>[1]): void {
    if (running && !running.calls.finish(running.open, ended)) throw new BrokerError('agent-lost');
  }

  #give({ calls, open }: Running): void {
    try {
      calls.finish(open, { status: 'lost' });
    } catch {
      // The journal is broken: that is what is being told.
    }
  }

  /** What the server wants of the host in the stateless era stands in its result. Throws what refuses it. */
  #governed(about: Request, result: Members): Members {
    const { inputRequests } = result;
    if (!isMembers(inputRequests)) return result;
    const calls = this.#ports.access.last;
    for (const wanted of Object.values(inputRequests)) {
      const { method, params } = isMembers(wanted) ? wanted : {};
      const call = callOf(this.#ports.access.connection, String(method), isMembers(params) ? params : {});
      const decision = call && calls?.decide(call);
      if (calls && decision?.outcome === 'allow') continue;
      throw decision && calls
        ? calls.refusal(decision, `${String(method)} by the server`)
        : new BrokerError('protocol-violation', {
            side: 'server',
            reason: `${about.method} asks for nothing known`,
          });
    }
    return result;
  }

  #filtered(about: Request, result: Members): Members {
    const row = rowOf(about.method, about.params);
    const calls = this.#ports.access.last;
    if (row.kind !== 'list' || !calls) return result;
    const page = result[row.members];
    if (!Array.isArray(page)) return result;
    const entries = this.#ports.tools.entries(row.members, page, calls);
    const same = entries.length === page.length && entries.every((entry, index) => entry === page[index]);
    return same ? result : { ...result, [row.members]: entries };
  }

  /** What one person may see is nobody else's to keep. */
  #private(result: Members): Members {
    return result['cacheScope'] === 'public' ? { ...result, cacheScope: 'private' } : result;
  }

  #masked(message: Request | Notification, params: Members): Verdict {
    const masker = this.#ports.access.last ?? this.#ports.masker;
    const masked = masker.mask(params, KEPT);
    if (masked.hidden === 0) return FORWARD;
    return { kind: 'forward', bytes: encode({ ...message.value, params: masked.value }) };
  }

  #hostAnswered({ result, error, bytes }: Response, { calls, open }: Running): void {
    const model = result?.['model'];
    if (typeof model === 'string')
      calls.claim({
        level: 'P2',
        subject: 'model',
        value: model,
        source: 'sampling response',
        statement: open.statement,
      });
    const status = error ? 'error' : 'ok';
    calls.finish(open, { status, bytes: bytes.length, ...(error ? { message: error.message } : {}) });
  }
}

/** Requests that the front makes in its own name, of the same era as the host's. */
export function likeParams(request: Request, more: Members): Members {
  const { _meta: meta } = request.params;
  if (eraOf(request.params) === 'handshake' || !isMembers(meta)) return more;
  const { progressToken: _, ...kept } = meta;
  return { ...more, _meta: kept };
}
