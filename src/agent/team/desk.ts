// The policies that teams published, one per store, as this agent's sessions and commands use them. Must never look before somebody asks.
import { canonical } from '../../lib/canonical.ts';
import { sha256 } from '../../lib/digest.ts';
import type { Config } from '../../model/config.ts';
import { BrokerError } from '../../model/errors.ts';
import type { PublishedRef } from '../../model/publication.ts';
import type { PolicyText } from '../../model/session.ts';
import type { Caller } from '../messages.ts';
import type {
  PoliciesRequest,
  PolicyShown,
  PublishedLog,
  PublishedPolicy,
  PublishedText,
  PublishedVersion,
} from '../team-messages.ts';
import { readPolicies } from './look.ts';
import type { Accepted } from './memory.ts';
import type { TeamPorts } from './ports.ts';
import { Published, publishedOf, type Team, teamOf, versionRow } from './published.ts';
import { type Pushed, type PushOrder, push } from './push.ts';

export interface TeamDeskPorts extends TeamPorts {
  config(caller?: Caller): Promise<Config>;
}

/** The policy of a setting, and which published version is in it. */
export interface Combined {
  readonly policy: PolicyText;
  readonly published?: PublishedRef;
}

function unconfigured(): BrokerError {
  const hint = 'name the people whose policy counts under `team_policy.signers` in broker.yaml';
  return new BrokerError('config-invalid', { count: 1, problems: '  team_policy: is missing' }, { hint });
}

export class TeamDesk {
  readonly #ports: TeamDeskPorts;
  readonly #stores = new Map<string, Published>();

  constructor(ports: TeamDeskPorts) {
    this.#ports = ports;
  }

  /** Local files as they are, or beside what the team published. Throws `policy-unpublished`. */
  async combine(config: Config, local: PolicyText): Promise<Combined> {
    const team = teamOf(config);
    if (!team) return { policy: local };
    const accepted = await this.#of(team).inForce(team);
    const { withPublished } = await import('../../flow/decide/index.ts');
    return { policy: withPublished(policyOf(accepted), local), published: publishedOf(accepted) };
  }

  async state(caller?: Caller): Promise<PublishedPolicy | undefined> {
    const team = teamOf(await this.#ports.config(caller));
    return team && this.#of(team).state(team);
  }

  async log({ caller }: PoliciesRequest): Promise<PublishedLog> {
    const [team, published] = await this.#at(caller);
    const all = await published.versions(team);
    return { ...(await published.state(team)), ...all };
  }

  /** One version's policies; the newest that counts unless told. */
  async text({ caller, version }: PoliciesRequest): Promise<PublishedText | undefined> {
    const [team, published] = await this.#at(caller);
    const accepted = version === undefined ? await published.newest(team) : undefined;
    if (version === undefined) return accepted && { version: versionRow(accepted), files: accepted.files };
    const { versions } = await published.versions(team);
    const row = versions.find(({ number }) => number === version);
    const { store } = team.config;
    if (!row) throw new BrokerError('version-unknown', { version, store: store.url });
    const files = await readPolicies(await this.#ports.store(store), row.policy);
    if (typeof files === 'string')
      throw new BrokerError('not-verified', { what: `version ${version} of the policy`, reason: files });
    return { version: row, files };
  }

  async push(order: PushOrder): Promise<Pushed & { readonly version: PublishedVersion }> {
    const [team, published] = await this.#at(order.caller);
    const pushed = await push({ ports: this.#ports, published, team }, order);
    return { ...pushed, version: versionRow(pushed.accepted) };
  }

  shown(policy: PolicyText, published: PublishedVersion | undefined): PolicyShown {
    const digest = sha256(canonical({ files: policy.files }));
    return { ...(published ? { published } : {}), digest, policy };
  }

  async #at(caller: Caller): Promise<readonly [Team, Published]> {
    const team = teamOf(await this.#ports.config(caller));
    if (!team) throw unconfigured();
    return [team, this.#of(team)];
  }

  #of({ config }: Team): Published {
    const { url } = config.store;
    const known = this.#stores.get(url) ?? new Published(this.#ports);
    this.#stores.set(url, known);
    return known;
  }
}

function policyOf({ version, files }: Accepted): PolicyText {
  const paths = Object.keys(files).map((name) => [name, `published version ${version}, ${name}`]);
  return { files, paths: Object.fromEntries(paths) };
}

/** What open sessions are under while nothing that was published counts: everything is refused, and says why. */
export const NOTHING_PUBLISHED: PolicyText = {
  files: {
    'nothing-published.cedar':
      '@id("no-published-policy")\n@advice("no published policy counts here; see broker status")\nforbid (principal, action, resource);\n',
  },
};
