// Approvals of this agent as a whole: sessions ask here, windows are kept here, people list and answer here.
import { BrokerError } from '../../model/errors.ts';
import type { Caller, FromApprovals, FromWindow, ToApprovals, ToWindow } from '../messages.ts';
import { identityOf } from '../settings.ts';
import { type Answered, type AnswerOrder, answer, findRow } from './answer.ts';
import { listApprovals } from './listing.ts';
import { Notes } from './notes.ts';
import { SILENT } from './notify.ts';
import type { ApprovalPorts } from './ports.ts';
import type { ApprovalHost } from './routes.ts';
import type { ReaderTerms } from './row.ts';
import { type Room, SessionApprovals, type SessionCase } from './session.ts';

/** Requests of all sessions that may wait at once. */
const MOST = 64;
/** Milliseconds for which a list believes the provider's keys; whoever uses an approval fetches them anew. */
const KEYS_FOR = 60_000;

export class ApprovalDesk implements ApprovalHost {
  readonly #ports: ApprovalPorts;
  readonly #notes: Notes;
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
  }

  session(given: SessionCase): SessionApprovals {
    return new SessionApprovals({
      ports: this.#ports,
      notes: this.#notes,
      room: this.#room,
      notifier: SILENT,
      case: given,
    });
  }

  list(wish: FromApprovals, gone: AbortSignal): AsyncIterable<ToApprovals> {
    return listApprovals(this.#ports, ({ caller }) => this.#terms(caller), wish, gone);
  }

  async answer(order: AnswerOrder): Promise<Answered> {
    const person = await this.#ports.person();
    const setting = await this.#ports.setting(order.caller);
    const terms = await this.#terms(order.caller);
    const found = await findRow(terms, order.id, this.#ports.clock.now());
    return answer(this.#ports, { setting, person, terms, ...found }, order);
  }

  // biome-ignore lint/correctness/useYield: windows come next
  async *window(wish: FromWindow): AsyncGenerator<ToWindow> {
    throw new BrokerError('unsupported', { what: `a window on ${wish.connection}`, mend: 'update broker' });
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
