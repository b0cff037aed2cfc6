// Stands the store, the sign-in, the ledger and providers behind a team's policy. Must never load them where no team is configured.
import type { Clock } from '../lib/clock.ts';
import type { Config } from '../model/config.ts';
import type { Predicate } from '../model/evidence.ts';
import type { PolicyText } from '../model/session.ts';
import type { EvidenceDesk } from './desk.ts';
import type { Caller } from './messages.ts';
import type { Log, Person } from './ports.ts';
import type { Settings } from './settings.ts';
import { singleSignIn } from './single-sign-in.ts';
import type { Combined, TeamDesk } from './team/desk.ts';
import type { TeamHost } from './team/routes.ts';
import type { PolicyShown, PublishedPolicy } from './team-messages.ts';

export interface TeamParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly tool: Predicate['tool'];
  readonly folder: string;
  readonly desk: EvidenceDesk;
  readonly settings: Settings;
  person(): Promise<Person>;
}

async function openTeams(parts: TeamParts): Promise<TeamDesk> {
  const { clock, log, tool, folder, desk, settings } = parts;
  const { TeamDesk: Desk } = await import('./team/desk.ts');
  return new Desk({
    clock,
    log,
    tool,
    folder,
    store: async (address) => (await desk.link(address)).confirmed(),
    storeId: async (address) => (await (await desk.link(address)).identity()).id,
    person: () => parts.person(),
    signIn: async () => {
      await parts.person();
      return desk.signIn;
    },
    signInFor: singleSignIn(parts),
    config: (caller?: Caller) => settings.config(caller),
    keys: async (issuer, clientId) =>
      (await import('../identity/index.ts')).currentKeys({ issuer, clientId, clock }),
    record: async (address, policy, detail) =>
      void (await (await desk.ledger(address)).config(policy, detail)),
  });
}

/** Loaded when a configuration first names a team's signers. */
export class Teams {
  readonly #parts: TeamParts;
  #desk: Promise<TeamDesk> | undefined;

  constructor(parts: TeamParts) {
    this.#parts = parts;
    parts.settings.combine = (config, local) => this.#combine(config, local);
  }

  async host(): Promise<TeamHost> {
    return { desk: await this.#open(), shown: (caller) => this.#shown(caller) };
  }

  #open(): Promise<TeamDesk> {
    this.#desk ??= openTeams(this.#parts);
    return this.#desk;
  }

  async #combine(config: Config, local: PolicyText): Promise<Combined> {
    if (!config.teamPolicy) return { policy: local };
    return (await this.#open()).combine(config, local);
  }

  /** What is in force for a caller. */
  async #shown(caller: Caller): Promise<PolicyShown> {
    const desk = await this.#open();
    const setting = await this.#parts.settings.setting(caller);
    const version = setting.published && (await desk.state(caller))?.version;
    return desk.shown(setting.policy, version);
  }

  async state(): Promise<PublishedPolicy | undefined> {
    if (!(await this.#parts.settings.config()).teamPolicy) return undefined;
    return (await this.#open()).state();
  }
}
