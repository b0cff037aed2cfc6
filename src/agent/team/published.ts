// The policy a team published in one store, as it is in force here. Must never let anything else permit, nor forget a newer version.
import { canonical } from '../../lib/canonical.ts';
import type { Config } from '../../model/config.ts';
import { BrokerError } from '../../model/errors.ts';
import { isSigner } from '../../model/publication.ts';
import { messageOf } from '../fault.ts';
import type { PublishedLog, PublishedPolicy, PublishedProblem, PublishedVersion } from '../team-messages.ts';
import { Judge } from './judge.ts';
import { look, type Refused, type Sight } from './look.ts';
import { type Accepted, MemoryFile } from './memory.ts';
import type { TeamPorts } from './ports.ts';

/** Milliseconds a look may take where nothing is in force without it, and where something is. */
const PATIENCE = 15_000;
const WAIT = 2_000;

export interface Team {
  readonly config: Config;
  readonly settings: NonNullable<Config['teamPolicy']>;
}

export function teamOf(config: Config): Team | undefined {
  return config.teamPolicy && { config, settings: config.teamPolicy };
}

interface Looked {
  /** Milliseconds. */
  readonly at: number;
  readonly terms: string;
  readonly sight?: Sight;
  /** Why the store, or a provider, could not be asked. */
  readonly failure?: string;
}

const termsOf = ({ config, settings }: Team): string =>
  canonical([settings.signers, settings.strength, config.identity?.groupsClaim ?? '']);

function counts(accepted: Accepted, { settings }: Team): boolean {
  const weak = accepted.strength === 'session-key' && settings.strength === 'fresh-sign-in';
  return !weak && isSigner(accepted.signer, settings.signers);
}

/** Gives up waiting, not the work. */
async function within<T>(work: Promise<T>, milliseconds: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), milliseconds);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

export class Published {
  readonly #ports: TeamPorts;
  readonly #judge: Judge;
  #memory: Promise<MemoryFile> | undefined;
  #looked: Looked | undefined;
  #looking: Promise<Looked> | undefined;
  #thorough = true;

  constructor(ports: TeamPorts) {
    this.#ports = ports;
    this.#judge = new Judge(ports);
  }

  /** What is in force. Throws `policy-unpublished` where nothing counts, or never did. */
  async inForce(team: Team): Promise<Accepted> {
    const usable = await this.#usable(team).catch(() => undefined);
    // Who has nothing waits for a look that begins now, however short ago the last one was.
    if (usable) await this.#due(team, WAIT);
    else await within(this.look(team), PATIENCE).catch(() => undefined);
    const accepted = await this.#usable(team);
    if (accepted) return accepted;
    const { config } = team;
    throw new BrokerError('policy-unpublished', { store: config.store.url, ...this.#why(team) });
  }

  /** For those who look on. */
  async state(team: Team): Promise<PublishedPolicy> {
    await this.#due(team, WAIT);
    const accepted = await this.#usable(team).catch(() => undefined);
    const { sight, failure, at } = this.#looked ?? {};
    const problems = (sight?.refused ?? []).map(problemOf);
    return {
      store: team.config.store.url,
      ...(accepted ? { version: versionRow(accepted) } : { refused: this.#why(team).reason }),
      problems,
      ...(failure === undefined ? {} : { failure }),
      ...(at === undefined ? {} : { looked: new Date(at).toISOString() }),
    };
  }

  /** Looks now, whatever was seen before. Throws when the store, or a signer's provider, cannot be asked. */
  async look(team: Team): Promise<Sight> {
    // One that is under way may have passed by what was put a moment ago.
    await this.#looking;
    const looked = await this.#look(team);
    if (looked.sight && looked.failure === undefined) return looked.sight;
    throw new BrokerError('store-unreachable', {
      store: team.config.store.url,
      reason: looked.failure ?? '',
    });
  }

  /** What counts after a look now. Throws when the store, or a signer's provider, cannot be asked. */
  async newest(team: Team): Promise<Accepted | undefined> {
    await this.look(team);
    return this.#usable(team);
  }

  /** Every version that counts, from the first: older ones too, as far as their signers' keys are still published. */
  async versions(team: Team): Promise<Pick<PublishedLog, 'versions' | 'problems'>> {
    await this.look(team);
    const accepted = await this.#usable(team);
    const all = await look({ ...(await this.#order(team)), before: undefined, floor: 0, thorough: false });
    const rows = all.chain.map(({ digest, publication, signer, strength }) => {
      const { version, policy, time, reason } = publication;
      const why = reason === undefined ? {} : { reason };
      return versionRow({ version, digest, policy, signer, time, strength, ...why });
    });
    const known = !accepted || rows.some(({ digest }) => digest === accepted.digest);
    const refused = [...all.refused, ...(this.#looked?.sight?.refused ?? [])];
    return {
      versions: known ? rows : [...rows, versionRow(accepted)],
      problems: [...new Map(refused.map((each) => [`${each.key} ${each.step}`, problemOf(each)])).values()],
    };
  }

  /** The version that counts here, if any does. */
  async accepted(team: Team): Promise<Accepted | undefined> {
    return this.#usable(team);
  }

  async #usable(team: Team): Promise<Accepted | undefined> {
    const { accepted } = (await this.#kept(team)).now;
    return accepted && counts(accepted, team) ? accepted : undefined;
  }

  #kept({ config }: Team): Promise<MemoryFile> {
    this.#memory ??= this.#ports
      .storeId(config.store)
      .then((id) => MemoryFile.open(this.#ports.folder, id))
      .catch((error: unknown) => {
        this.#memory = undefined;
        throw error;
      });
    return this.#memory;
  }

  #why(team: Team): { readonly reason: string; readonly mend: string } {
    const { sight, failure } = this.#looked ?? {};
    const last = sight?.refused.at(-1);
    const log = '`broker policy log` says which versions there are';
    if (last) return { reason: `version ${last.version} does not count: ${last.reason}`, mend: log };
    if (failure !== undefined) return { reason: failure, mend: 'check it with `broker doctor --store`' };
    if (sight && sight.chain.length > 0)
      return { reason: 'only versions older than one that was in force here count', mend: log };
    const who = team.settings.signers.map((each) => each.email ?? each.group ?? each.subject).join(', ');
    return { reason: 'nobody published one', mend: `let a signer (${who}) run \`broker policy push\`` };
  }

  async #due(team: Team, patience: number): Promise<void> {
    const { settings } = team;
    const age = this.#ports.clock.now() - (this.#looked?.at ?? Number.NEGATIVE_INFINITY);
    const fresh = this.#looked?.terms === termsOf(team) && age >= 0 && age < settings.interval * 1000;
    if (!fresh) await within(this.#look(team), patience);
  }

  /** One at a time; whoever comes while one is under way gets what it finds. */
  #look(team: Team): Promise<Looked> {
    this.#looking ??= this.#lookNow(team).finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #lookNow(team: Team): Promise<Looked> {
    const terms = termsOf(team);
    let looked: Looked;
    try {
      const sight = await this.#sight(team);
      this.#thorough = false;
      looked = { at: this.#ports.clock.now(), terms, sight };
    } catch (error) {
      const { sight } = this.#looked?.terms === terms ? this.#looked : {};
      const failure = messageOf(error);
      if (failure !== this.#looked?.failure)
        this.#ports.log.warn({ reason: failure }, 'the published policy cannot be looked at');
      looked = { at: this.#ports.clock.now(), terms, failure, ...(sight ? { sight } : {}) };
    }
    this.#looked = looked;
    await this.#tell(team).catch((error: unknown) => {
      this.#ports.log.warn(
        { reason: messageOf(error) },
        'what became of the published policy is not recorded yet',
      );
    });
    return looked;
  }

  async #order({ config, settings }: Team) {
    return {
      store: await this.#ports.store(config.store),
      id: await this.#ports.storeId(config.store),
      team: settings,
      groupsClaim: config.identity?.groupsClaim ?? 'groups',
      judge: this.#judge,
    };
  }

  async #sight(team: Team): Promise<Sight> {
    const { config } = team;
    const memory = await this.#kept(team);
    const { accepted } = memory.now;
    const before = accepted && counts(accepted, team) ? accepted : undefined;
    const floor = before ? 0 : (accepted?.version ?? 0);
    const sight = await look({ ...(await this.#order(team)), before, floor, thorough: this.#thorough });
    const { newest } = sight;
    if (newest && newest.digest !== accepted?.digest) {
      await memory.keep({ accepted: newest });
      const { version, signer } = newest;
      this.#ports.log.info(
        { version, signer: signer.sub, store: config.store.url },
        'published policy accepted',
      );
    }
    return sight;
  }

  /** What came into force and what was refused is signed into the ledger, once; while nobody is signed in it is owed. */
  async #tell(team: Team): Promise<void> {
    const { store } = team.config;
    const memory = await this.#kept(team);
    const accepted = await this.#usable(team);
    const { recorded } = memory.now;
    if (accepted && accepted.version !== recorded) {
      const policy = { digest: accepted.policy, files: accepted.files, published: publishedOf(accepted) };
      await this.#ports.record(store, policy, {
        changed: 'published-policy',
        was: recorded,
        signer: signerOf(accepted),
      });
      await memory.keep({ recorded: accepted.version });
    }
    for (const refused of this.#looked?.sight?.refused ?? []) {
      const name = `${refused.key} ${refused.digest} ${refused.step}`;
      if (memory.now.told.includes(name)) continue;
      const { version, key, digest, step, reason } = refused;
      this.#ports.log.warn(
        { version, key, step, reason },
        'a version of the published policy does not count',
      );
      const detail = { version, key, step, reason, ...(digest === '' ? {} : { digest }) };
      await this.#ports.record(store, undefined, { changed: 'nothing', refused: detail });
      await memory.keep({ told: [...memory.now.told, name] });
    }
  }
}

export function publishedOf({ version, digest }: Pick<Accepted, 'version' | 'digest'>) {
  return { version, digest };
}

function signerOf({ signer: { iss, sub } }: Accepted): { readonly iss: string; readonly sub: string } {
  return { iss, sub };
}

function problemOf({ version, key, step, reason }: Refused): PublishedProblem {
  return { version, key, step, reason };
}

/** One line of `broker policy log`, of what is in force. */
export function versionRow(accepted: Omit<Accepted, 'file' | 'files' | 'key'>): PublishedVersion {
  const { version, digest, policy, signer, time, reason, strength } = accepted;
  const { iss, sub, name, email } = signer;
  return {
    number: version,
    digest,
    policy,
    signer: { iss, sub, ...(name === undefined ? {} : { name }), ...(email === undefined ? {} : { email }) },
    time,
    ...(reason === undefined ? {} : { reason }),
    strength,
  };
}
