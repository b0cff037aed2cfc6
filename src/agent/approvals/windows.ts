// Windows of this agent's person: asked for, open, ended, revoked, and kept over a restart. Must never outlast what was approved.
import { timestamp } from '../../lib/clock.ts';
import { sha256 } from '../../lib/digest.ts';
import { consumedKey, requestKey } from '../../model/approval-key.ts';
import { MAX_STATEMENT } from '../../model/bundle.ts';
import { BrokerError } from '../../model/errors.ts';
import type { ApprovalEvent } from '../../model/session.ts';
import { messageOf } from '../fault.ts';
import type { Caller, FromWindow, ToWindow } from '../messages.ts';
import { identityOf } from '../settings.ts';
import { readStored } from './answer.ts';
import { readConsumed } from './consumed.ts';
import { endOf } from './ends.ts';
import { judge, pkTokenOf, type Rules } from './jury.ts';
import { listApprovals } from './listing.ts';
import type { Note, Notes } from './notes.ts';
import type { Notifier } from './notify.ts';
import { pause } from './pace.ts';
import type { ApprovalPorts } from './ports.ts';
import { type Follower, OwnRequest, type RequestCase } from './request.ts';
import type { ReaderTerms } from './row.ts';
import { draftWindow } from './window-request.ts';

/** Milliseconds between looks at the clock: no timer is trusted over a laptop's sleep. */
const LOOK = 1_000;

export interface OpenWindow {
  readonly id: string;
  readonly connection: string;
  readonly requester: { readonly iss: string; readonly sub: string };
  readonly policies: readonly string[];
  readonly quorum: number;
  /** Milliseconds. */
  readonly ends: number;
  /** What a session that stands on it records. */
  readonly events: readonly ApprovalEvent[];
}

/** Whoever has sessions is told. */
export interface WindowWatcher {
  changed(connection: string): void;
  /** Sessions that stand on it end now. */
  over(id: string, how: 'expired' | 'killed', reason: string): void;
}

interface Kept {
  readonly request: OwnRequest;
  readonly note: Omit<Note, 'version' | 'agent'>;
  window?: OpenWindow;
  consumed?: string;
}

export interface WindowsParts {
  readonly ports: ApprovalPorts;
  readonly notes: Notes;
  readonly notifier: Notifier;
  terms(caller: Caller): Promise<ReaderTerms>;
}

export class Windows {
  readonly #parts: WindowsParts;
  readonly #kept = new Map<string, Kept>();
  readonly #ended = new Map<string, () => void>();
  watcher: WindowWatcher | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: WindowsParts) {
    this.#parts = parts;
  }

  /** Open ones, the longest lasting first. */
  get open(): readonly OpenWindow[] {
    const all = [...this.#kept.values()].flatMap(({ window }) => (window ? [window] : []));
    return all.filter(({ ends }) => ends > this.#parts.ports.clock.now()).sort((a, b) => b.ends - a.ends);
  }

  /** Asked for, and not answered yet. */
  get waiting(): number {
    return [...this.#kept.values()].filter(({ window }) => !window).length;
  }

  async *request(wish: FromWindow, gone: AbortSignal): AsyncGenerator<ToWindow> {
    const { ports, terms } = this.#parts;
    const id = await this.#ask(wish);
    const filter = { caller: wish.caller, id, all: true };
    const own = await terms(wish.caller);
    try {
      for await (const message of listApprovals(
        { clock: ports.clock, tell: () => undefined },
        async () => own,
        filter,
        gone,
      )) {
        if (message.type !== 'row') continue;
        // Approved is what can be used: not before it is spent and open here.
        if (message.row.state === 'approved' && !(await this.#opened(id, gone))) continue;
        yield message;
        if (message.row.state !== 'pending') return;
      }
    } finally {
      // What is open stays open: only a request that nobody waits for any more is withdrawn.
      const kept = this.#kept.get(id);
      if (!wish.stay && !kept?.window) await kept?.request.withdraw();
    }
  }

  async #ask({ connection: name, duration, reason, stay, caller }: FromWindow): Promise<string> {
    const { ports, notes, notifier } = this.#parts;
    const { user } = await ports.person();
    const setting = await ports.setting(caller);
    const connection = setting.config.connections.get(name);
    if (!connection) throw new BrokerError('connection-unknown', { connection: name });
    const { clock } = ports;
    const wish = { connection, user, setting, duration, reason, now: clock.now() };
    const draft = await draftWindow(wish, (seconds) => timestamp(clock.micros() + seconds * 1_000_000));
    const from = { cwd: caller.cwd, home: caller.home };
    const window = { connection: name, stay: stay ?? false, caller: from };
    let id = '';
    const parts = {
      ports,
      notes,
      case: this.#case(setting.config.store, name, from),
      follower: this.#follower(() => id),
    };
    const request = await OwnRequest.put(parts, { ...draft, window });
    id = request.id;
    const { iss, sub } = user;
    const { url, unsafe } = setting.config.store;
    const place = { id, day: request.file.day, request: request.file.digest, store: { url, unsafe } };
    this.#kept.set(id, { request, note: { ...place, requester: { iss, sub }, window } });
    notifier.asked(request.file.predicate, setting.config.approvals, (event) =>
      ports.log.info({ event }, 'a window was asked for'),
    );
    return id;
  }

  #case(address: RequestCase['address'], name: string, from: Pick<Caller, 'cwd' | 'home'>): RequestCase {
    const rules = async (): Promise<Rules> => {
      const setting = await this.#parts.ports.setting({ ...from, settings: {}, pid: process.pid });
      const connection = setting.config.connections.get(name);
      if (!connection) throw new BrokerError('connection-unknown', { connection: name });
      return { identity: identityOf(setting.config), connection, policy: setting.policy };
    };
    return { address, rules, lasts: true };
  }

  #follower(id: () => string): Follower {
    return {
      approved: () => void this.#begin(id()),
      refused: () => this.#forget(id()),
      revoked: (by) => this.#end(id(), 'killed', `the window was revoked by ${by}`),
      record: (event) => this.#parts.ports.log.info({ event }, 'a window'),
    };
  }

  async #begin(id: string): Promise<void> {
    const kept = this.#kept.get(id);
    if (!kept) return;
    const { ports, notes } = this.#parts;
    try {
      const { digest } = await kept.request.use();
      const opened = ports.clock.now();
      this.#show(kept, opened, digest);
      const ends = new Date(kept.window?.ends ?? opened).toISOString();
      const window = { ...kept.note.window, opened: new Date(opened).toISOString(), ends, consumed: digest };
      await notes.write({ ...kept.note, window: window as NonNullable<Note['window']> });
    } catch (error) {
      ports.log.warn({ request: id, reason: messageOf(error) }, 'a window could not be opened');
      this.#forget(id);
    }
  }

  /** From now on it counts. */
  #show(kept: Kept, opened: number, consumed: string): void {
    const { request } = kept;
    const { id, requester, asked } = request.file.predicate;
    const micros = opened * 1000;
    kept.window = {
      id,
      connection: asked.connection,
      requester,
      policies: asked.policies,
      quorum: asked.quorum,
      ends: opened + (asked.duration ?? 0) * 1000,
      events: [
        { type: 'approval.use', data: { ...request.by, waited: 0 } },
        {
          type: 'approval.end',
          data: endOf(request.file, request.counted, { outcome: 'used', consumed, micros }),
        },
      ],
    };
    this.#timer ??= setInterval(() => this.#look(), LOOK).unref();
    this.#ended.get(id)?.();
    this.watcher?.changed(asked.connection);
  }

  #look(): void {
    const now = this.#parts.ports.clock.now();
    for (const [id, { window }] of [...this.#kept])
      if (window && window.ends <= now) this.#end(id, 'expired', 'its window is over');
  }

  #end(id: string, how: 'expired' | 'killed', reason: string): void {
    const kept = this.#kept.get(id);
    if (!kept) return;
    this.#forget(id);
    void kept.request.stop();
    this.watcher?.over(id, how, reason);
    if (kept.window) this.watcher?.changed(kept.window.connection);
  }

  #forget(id: string): void {
    this.#kept.delete(id);
    this.#ended.get(id)?.();
    if (this.open.length > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** True once it is open; false when it is not to be. */
  async #opened(id: string, gone: AbortSignal): Promise<boolean> {
    const done = new Promise<void>((resolve) => this.#ended.set(id, resolve));
    if (this.#kept.has(id) && !this.#kept.get(id)?.window) await Promise.race([done, pause(30_000, gone)]);
    this.#ended.delete(id);
    return this.#kept.get(id)?.window !== undefined;
  }

  /** The person takes their own window back. False when it is none of ours. */
  async takeBack(id: string): Promise<boolean> {
    const kept = this.#kept.get(id);
    if (!kept) return false;
    if (kept.window) this.#end(id, 'killed', 'the window was given back');
    else await kept.request.withdraw();
    return true;
  }

  /** Goes on with what an earlier agent left. Throws when that cannot be told now. */
  async resume(note: Note): Promise<'kept' | 'over'> {
    const { ports, notes } = this.#parts;
    const { window, id, day, store: address } = note;
    const { user } = await ports.person();
    if (!window || user.iss !== note.requester.iss || user.sub !== note.requester.sub) return 'over';
    if (!window.opened && !window.stay) return 'over';
    if (window.ends && Date.parse(window.ends) <= ports.clock.now()) return 'over';
    const store = await ports.store(address);
    const { bytes, predicate } = await readStored({ store }, day, id);
    if (sha256(bytes) !== note.request) return 'over';
    const file = {
      key: requestKey(day, id),
      bytes: Buffer.from(bytes),
      digest: note.request,
      day,
      predicate,
    };
    const own = this.#case(address, window.connection, window.caller);
    const parts = { ports, notes, case: own, follower: this.#follower(() => id) };
    const request = new OwnRequest(parts, file, await ports.signIn());
    const kept: Kept = { request, note };
    if (!window.opened) {
      this.#kept.set(id, kept);
      request.resume();
      return 'kept';
    }
    const used = await store.get(consumedKey(day, id), MAX_STATEMENT);
    const rules = await own.rules();
    const consumed =
      used &&
      (await readConsumed({
        bytes: used,
        pkToken: await pkTokenOf(store, used),
        request: { predicate, digest: note.request },
        identity: rules.identity,
        jwks: await ports.keys(rules.identity),
      }));
    if (!used || consumed?.outcome !== 'used' || sha256(used) !== window.consumed) return 'over';
    const opened = Date.parse(consumed.clock.wall);
    const decisions = await this.#approvals(request, rules, opened);
    if (!decisions) return 'over';
    this.#kept.set(id, kept);
    request.resume(decisions);
    this.#show(kept, opened, window.consumed);
    await notes.write(note);
    return 'kept';
  }

  /** The approvals it was opened with, judged again as of then; undefined when they do not hold any more. */
  async #approvals(request: OwnRequest, rules: Rules, opened: number) {
    const { ports } = this.#parts;
    const { countQuorum } = await import('../../flow/escalate/index.ts');
    const { file } = request;
    const view = await request.view();
    const store = await ports.store(request.address);
    const jkts = [file.predicate.identity.jkt];
    const { accepted } = await judge(ports, { request: file, view, store, rules, jkts, now: opened });
    const { state, decisions } = countQuorum(accepted, file.predicate.asked.quorum);
    if (state !== 'approved') return undefined;
    return accepted.filter(({ digest }) => decisions.some((each) => each.digest === digest));
  }
}
