// Stands the store, the sign-in, the ledger and the provider behind approvals. Must never load them before somebody asks or answers.

import { readdirSync } from 'node:fs';
import type { Clock } from '../lib/clock.ts';
import type { Predicate } from '../model/evidence.ts';
import type { User } from '../model/principal.ts';
import type { ApprovalDesk } from './approvals/desk.ts';
import type { OpenWindow } from './approvals/windows.ts';
import type { EvidenceDesk } from './desk.ts';
import type { WindowRow } from './messages.ts';
import type { Log, Person } from './ports.ts';
import { secretEntry } from './secrets.ts';
import type { Session } from './session.ts';
import type { Settings } from './settings.ts';
import { singleSignIn } from './single-sign-in.ts';

export interface ApprovalParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly tool: Predicate['tool'];
  readonly folder: string;
  readonly desk: EvidenceDesk;
  readonly settings: Settings;
  person(): Promise<Person>;
  sessions(): Iterable<Session>;
  readonly desktop: boolean;
}

async function openApprovals(parts: ApprovalParts): Promise<ApprovalDesk> {
  const { clock, log, tool, folder, desk, settings } = parts;
  const { ApprovalDesk: Desk } = await import('./approvals/desk.ts');
  const identity = () => import('../identity/index.ts');
  const approvals = new Desk({
    clock,
    log,
    tool,
    folder,
    store: async (address) => (await desk.link(address)).confirmed(),
    storeId: async (address) => (await (await desk.link(address)).identity()).id,
    person: () => parts.person(),
    setting: (caller) => settings.setting(caller),
    signIn: async () => {
      await parts.person();
      return desk.signIn;
    },
    signInFor: singleSignIn(parts),
    secret: async (name) => (await settings.keychain()).get(secretEntry(name)),
    desktop: parts.desktop,
    mirror: async (address, detail) => void (await (await desk.ledger(address)).approve(detail)),
    keys: async ({ issuer, clientId }) => (await identity()).currentKeys({ issuer, clientId, clock }),
  });
  approvals.windows.watcher = {
    changed: (connection) => {
      for (const session of parts.sessions())
        if (session.row.connection === connection) void session.regrant();
    },
    over: (id, end, reason) => {
      for (const session of parts.sessions()) if (session.window === id) session.end({ end, reason });
    },
  };
  return approvals;
}

/** An earlier agent left requests or windows. */
function hasNotes(folder: string): boolean {
  try {
    return readdirSync(folder).length > 0;
  } catch {
    return false;
  }
}

/** Approvals, loaded when somebody first asks or answers, or an earlier agent left some. */
export class Approvals {
  readonly #parts: ApprovalParts;
  #desk: Promise<ApprovalDesk> | undefined;
  #recovering: Promise<number> | undefined;

  constructor(parts: ApprovalParts) {
    this.#parts = parts;
  }

  desk(): Promise<ApprovalDesk> {
    this.#desk ??= openApprovals(this.#parts);
    return this.#desk;
  }

  /** Returns how many left-over requests could not be seen to yet. */
  recover(): Promise<number> {
    if (!this.#desk && !hasNotes(this.#parts.folder)) return Promise.resolve(0);
    this.#recovering ??= this.desk()
      .then((desk) => desk.recover())
      .finally(() => {
        this.#recovering = undefined;
      });
    return this.#recovering;
  }

  /** A person's own open windows on a connection; those that an earlier agent left too. */
  async windows(connection: string, { iss, sub }: User): Promise<readonly OpenWindow[]> {
    if (!this.#desk || this.#recovering) await this.recover().catch(() => undefined);
    const open = (await this.#desk)?.windows.open ?? [];
    return open.filter(
      ({ requester, ...each }) =>
        each.connection === connection && requester.iss === iss && requester.sub === sub,
    );
  }

  /** For those who look on. */
  async status(): Promise<{ readonly open: readonly WindowRow[]; readonly waiting: number }> {
    const desk = await this.#desk;
    const open = (desk?.windows.open ?? []).map(({ id, connection, ends }) => ({
      id,
      connection,
      ends: new Date(ends).toISOString(),
    }));
    return { open, waiting: desk?.waiting ?? 0 };
  }
}
