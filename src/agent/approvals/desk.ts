// Approvals of this agent as a whole: sessions ask here, windows are kept here, people list and answer here.
import type { ApprovalRow } from '../../model/approval.ts';
import { BrokerError } from '../../model/errors.ts';
import type { ApprovalEvent } from '../../model/session.ts';
import { messageOf } from '../fault.ts';
import type { Caller, FromApprovals, FromWindow, ToApprovals, ToWindow } from '../messages.ts';
import { identityOf } from '../settings.ts';
import { type Answered, type AnswerOrder, answer, findRow } from './answer.ts';
import { endLeftOver } from './left-over.ts';
import { listApprovals } from './listing.ts';
import { Notes } from './notes.ts';
import { Notifier } from './notify.ts';
import type { ApprovalPorts } from './ports.ts';
import type { ApprovalHost } from './routes.ts';
import type { ReaderTerms } from './row.ts';
import { type Room, SessionApprovals, type SessionCase } from './session.ts';
import { Windows } from './windows.ts';

/** Requests of all sessions that may wait at once. */
const MOST = 64;
/** Milliseconds for which a list believes the provider's keys; whoever uses an approval fetches them anew. */
const KEYS_FOR = 60_000;

export class ApprovalDesk implements ApprovalHost {
  readonly #ports: ApprovalPorts;
  readonly #notes: Notes;
  readonly notifier: Notifier;
  readonly windows: Windows;
  #waiting = 0;
  readonly #room: Room = {
    enter: () => {
      if (this.#waiting >= MOST) return false;
      this.#waiting += 1;
      return true;
    },
    leave: () => {
      this.#waiting -= 1;
    },
  };

  constructor(ports: ApprovalPorts) {
    this.#ports = ports;
    this.#notes = new Notes(ports.folder);
    const notifier = new Notifier(ports);
    this.notifier = notifier;
    this.windows = new Windows({
      ports,
      notes: this.#notes,
      notifier,
      terms: (caller) => this.#terms(caller),
    });
  }

  /** Requests that keep the agent from going idle: their people wait for an answer. */
  get waiting(): number {
    return this.#waiting + this.windows.waiting;
  }

  /** Ends what earlier agents left open, and goes on with their windows. Returns how many could not be seen to yet. */
  async recover(): Promise<number> {
    let left = 0;
    for (const note of await this.#notes.left()) {
      try {
        const kept = note.window ? await this.windows.resume(note) : 'over';
        if (kept === 'over') await endLeftOver(this.#ports, this.#notes, note);
      } catch (error) {
        left += 1;
        this.#ports.log.warn({ request: note.id, reason: messageOf(error) }, 'a left-over request waits');
      }
    }
    return left;
  }

  session(given: SessionCase): SessionApprovals {
    return new SessionApprovals({
      ports: this.#ports,
      notes: this.#notes,
      room: this.#room,
      notifier: this.notifier,
      case: given,
    });
  }

  list(wish: FromApprovals, gone: AbortSignal): AsyncIterable<ToApprovals> {
    const { clock, log } = this.#ports;
    const tell = ({ id, what, requester }: ApprovalRow) => {
      const who = requester.email ?? requester.name ?? requester.sub;
      const text = `${what.titles.join('; ')} on ${what.connection}: request ${id}`;
      const record = (event: ApprovalEvent) => log.info({ event }, 'a request was shown');
      void this.notifier.desktop(id, `${who} asks for approval`, text, record);
    };
    return listApprovals({ clock, tell }, ({ caller }) => this.#terms(caller), wish, gone);
  }

  async answer(order: AnswerOrder): Promise<Answered> {
    const person = await this.#ports.person();
    const setting = await this.#ports.setting(order.caller);
    const terms = await this.#terms(order.caller);
    const found = await findRow(terms, order.id, this.#ports.clock.now());
    if (found.row.own && order.answer === 'revoke') return this.#takeBack(found.row);
    return answer(this.#ports, { setting, person, terms, ...found }, order);
  }

  /** One's own request: withdrawn while it waits, its window closed where it is open. */
  async #takeBack({ id, digest }: ApprovalRow): Promise<Answered> {
    const reason =
      'it is your own, and was not made by this agent: end the session or window where it was made';
    if (!(await this.windows.takeBack(id))) throw new BrokerError('request-unanswerable', { id, reason });
    return { key: id, digest };
  }

  window(wish: FromWindow, gone: AbortSignal): AsyncIterable<ToWindow> {
    return this.windows.request(wish, gone);
  }

  /** How this caller reads requests. */
  async #terms(caller: Caller): Promise<ReaderTerms> {
    const { config, policy } = await this.#ports.setting(caller);
    const identity = identityOf(config);
    const own = await this.#ports.person().then(
      ({ user: { iss, sub } }) => ({ iss, sub }),
      () => undefined,
    );
    let keys: ReturnType<ApprovalPorts['keys']> | undefined;
    let fetched = 0;
    return {
      store: await this.#ports.store(config.store),
      storeId: await this.#ports.storeId(config.store),
      identity,
      policy,
      connections: config.connections,
      own,
      keys: () => {
        const now = this.#ports.clock.now();
        if (!keys || now - fetched > KEYS_FOR) {
          fetched = now;
          keys = this.#ports.keys(identity);
          keys.catch(() => {
            keys = undefined;
          });
        }
        return keys;
      },
    };
  }
}
