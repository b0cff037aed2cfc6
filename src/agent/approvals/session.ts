// The requests of one session: what its worker asks, put before people and answered. Must never grant what was not spent in the store.
import type { ApprovalSettings } from '../../model/config.ts';
import { BrokerError } from '../../model/errors.ts';
import type { FromHeld, ToHeld } from '../../model/session.ts';
import { toBrokerError } from '../fault.ts';
import type { Rules } from './jury.ts';
import type { Notes } from './notes.ts';
import type { Notifier } from './notify.ts';
import type { Address, ApprovalPorts } from './ports.ts';
import { type Follower, OwnRequest } from './request.ts';

export interface SessionCase {
  readonly session: string;
  readonly connection: string;
  readonly address: Address;
  readonly requester: {
    readonly iss: string;
    readonly sub: string;
    readonly name?: string;
    readonly email?: string;
  };
  /** Who else is told. */
  readonly settings: ApprovalSettings | undefined;
  rules(): Promise<Rules>;
  tell(message: ToHeld): void;
}

/** Requests that may wait at once. */
const MOST_PER_SESSION = 16;

/** Counts what waits over all sessions. */
export interface Room {
  /** False when there is none: nothing was taken. */
  enter(): boolean;
  leave(): void;
}

export interface SessionParts {
  readonly ports: ApprovalPorts;
  readonly notes: Notes;
  readonly room: Room;
  readonly notifier: Notifier;
  readonly case: SessionCase;
}

interface Entry {
  request: OwnRequest | undefined;
  /** Taken back before the request stood. */
  withdrawn: boolean;
  over: boolean;
}

export class SessionApprovals {
  readonly #parts: SessionParts;
  readonly #entries = new Map<number, Entry>();
  #waiting = 0;

  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  hear(message: FromHeld): void {
    if (message.type === 'ask') void this.#ask(message);
    else if (message.type === 'use') void this.#use(message.ask);
    else void this.#withdraw(message.ask);
  }

  /** Withdraws what still waits; what was approved for the session ends with it. */
  async close(): Promise<void> {
    const all = [...this.#entries.values()].map(async (entry) => {
      entry.withdrawn = true;
      await entry.request?.stop();
    });
    await Promise.all(all);
  }

  async #ask({ ask, asked, thing }: Extract<FromHeld, { type: 'ask' }>): Promise<void> {
    const { ports, notes, room, notifier } = this.#parts;
    const { session, connection, address, requester, rules, tell, settings } = this.#parts.case;
    const entry: Entry = { request: undefined, withdrawn: false, over: false };
    this.#entries.set(ask, entry);
    const words = { connection, what: asked.titles.join('; '), policy: asked.policies.join(', ') };
    const full = this.#waiting >= MOST_PER_SESSION || !room.enter();
    if (!full) this.#waiting += 1;
    try {
      if (full)
        throw unavailable(words, 'too many requests wait already', 'wait for an answer, or cancel one');
      const strange =
        thing.session !== session ||
        thing.connection !== connection ||
        thing.requester.iss !== requester.iss ||
        thing.requester.sub !== requester.sub;
      if (strange) throw new BrokerError('bug', { reason: 'a worker asked for another session' });
      const { name, email } = requester;
      const shown = { ...(name === undefined ? {} : { name }), ...(email === undefined ? {} : { email }) };
      const lasts = asked.purpose === 'session';
      const follower = this.#follower(ask, entry);
      const parts = { ports, notes, case: { address, rules, lasts }, follower };
      const draft = { asked, thing, requester: shown };
      const request = await OwnRequest.put(parts, draft).catch((error: unknown) => {
        throw worded(words, toBrokerError(error));
      });
      entry.request = request;
      this.#announce(ask, request);
      if (entry.withdrawn) await request.withdraw();
      else
        notifier.asked(request.file.predicate, settings, (event) => tell({ type: 'approval', ask, event }));
    } catch (error) {
      tell({ type: 'not-granted', ask, error: toBrokerError(error).toJSON() });
      if (!full) this.#leave(entry);
    }
  }

  #announce(ask: number, { id, file }: OwnRequest): void {
    const { tell } = this.#parts.case;
    const { asked, expires } = file.predicate;
    const { purpose, reason, policies, quorum, strength = 'fresh-sign-in' } = asked;
    const data = { purpose, reason, policies, quorum, strength, expires };
    const event = { id, day: file.day, request: file.digest, ...data };
    tell({ type: 'approval', ask, event: { type: 'approval.request', data: event } });
    tell({ type: 'asked', ask, id, expires });
  }

  #follower(ask: number, entry: Entry): Follower {
    const { tell } = this.#parts.case;
    return {
      approved: () => tell({ type: 'approved', ask }),
      refused: (error) => {
        tell({ type: 'not-granted', ask, error: error.toJSON() });
        this.#leave(entry);
      },
      revoked: () => tell({ type: 'revoked', ask }),
      record: (event) => tell({ type: 'approval', ask, event }),
    };
  }

  async #use(ask: number): Promise<void> {
    const entry = this.#entries.get(ask);
    const request = entry?.request;
    if (!entry || !request) return;
    try {
      await request.use();
      const { digest, asked } = request.file.predicate;
      const lasts = asked.purpose === 'session';
      this.#parts.case.tell({ type: 'granted', ask, digest, lasts, by: request.by });
      this.#leave(entry);
    } catch {
      // The follower has said why.
    }
  }

  async #withdraw(ask: number): Promise<void> {
    const entry = this.#entries.get(ask);
    if (!entry) return;
    entry.withdrawn = true;
    await entry.request?.withdraw();
  }

  #leave(entry: Entry): void {
    if (entry.over) return;
    entry.over = true;
    this.#waiting -= 1;
    this.#parts.room.leave();
  }
}

type Words = { readonly connection: string; readonly what: string; readonly policy: string };

function unavailable(words: Words, reason: string, mend: string): BrokerError {
  return new BrokerError('approval-unavailable', { ...words, reason, mend });
}

/** Why nobody can be asked, in the words of the statement. */
function worded(words: Words, error: BrokerError): BrokerError {
  if (error.code === 'approval-too-long' || error.code === 'sign-in-unbound') return error;
  return unavailable(words, error.message, error.hint);
}
