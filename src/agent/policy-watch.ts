// Brings changed policy files to the sessions that are open. Must never replace a policy by one that cannot be loaded.
import { canonical } from '../lib/canonical.ts';
import { sha256 } from '../lib/digest.ts';
import type { StoreSettings } from '../model/config.ts';
import { BrokerError } from '../model/errors.ts';
import type { PolicyText } from '../model/session.ts';
import type { PolicyInForce } from './evidence.ts';
import { messageOf } from './fault.ts';
import type { Caller } from './messages.ts';
import type { Log, Setting } from './ports.ts';
import type { Session } from './session.ts';
import type { Sessions } from './sessions.ts';
import type { Watch } from './watch.ts';

/** Milliseconds between looks at the files while a session is open. */
const LOOK = 2000;

export interface PolicyWatchPorts {
  readonly sessions: Sessions;
  readonly log: Log;
  setting(caller: Caller): Promise<Setting>;
  /** Signs that a policy is in force which was not; `was` is the digest of the one before. */
  record(store: StoreSettings, policy: PolicyInForce, was: string): Promise<void>;
}

const digestOf = ({ files }: PolicyText): string => sha256(canonical({ files }));

class PolicyWatch {
  readonly #ports: PolicyWatchPorts;
  readonly #inForce = new WeakMap<Session, string>();
  /** What was last complained about: once is enough. */
  #complaint = '';

  constructor(ports: PolicyWatchPorts) {
    this.#ports = ports;
  }

  async look(): Promise<void> {
    const recorded = new Set<string>();
    for (const session of this.#ports.sessions.each()) {
      if (session.row.state !== 'open') continue;
      try {
        await this.#follow(session, recorded);
        this.#complaint = '';
      } catch (error) {
        this.#complain(session, messageOf(error));
      }
    }
  }

  async #follow(session: Session, recorded: Set<string>): Promise<void> {
    const was = this.#inForce.get(session) ?? digestOf(session.start.setting.policy);
    const { config, policy, published } = await this.#setting(session);
    const digest = digestOf(policy);
    if (digest === was) return;
    const { loadPolicies } = await import('../flow/decide/index.ts');
    await loadPolicies(policy);
    session.obey(policy);
    this.#inForce.set(session, digest);
    this.#ports.log.info({ session: session.id, policy: digest, was }, 'policy changed');
    const change = `${config.store.url} ${was} ${digest}`;
    if (recorded.has(change)) return;
    recorded.add(change);
    const inForce = { digest, files: policy.files, ...(published ? { published } : {}) };
    await this.#ports.record(config.store, inForce, was);
  }

  /** Where a published policy is wanted and none counts, nothing is permitted: that too is a policy, and takes effect. */
  async #setting({ start }: Session): Promise<Setting> {
    try {
      return await this.#ports.setting(start.request.caller);
    } catch (error) {
      if (!(error instanceof BrokerError) || error.code !== 'policy-unpublished') throw error;
      const { NOTHING_PUBLISHED } = await import('./team/desk.ts');
      return { config: start.setting.config, policy: NOTHING_PUBLISHED };
    }
  }

  #complain(session: Session, reason: string): void {
    if (reason === this.#complaint) return;
    this.#complaint = reason;
    this.#ports.log.warn({ session: session.id, reason }, 'the policy of open sessions stays as it was');
  }
}

/** Looks while there is at least one session; without one it schedules nothing. */
export function watchPolicy(ports: PolicyWatchPorts): Watch {
  const watch = new PolicyWatch(ports);
  let timer: NodeJS.Timeout | undefined;
  const look = async () => {
    await watch.look();
    timer = undefined;
    schedule();
  };
  const schedule = () => {
    if (!timer && ports.sessions.size > 0) timer = setTimeout(() => void look(), LOOK).unref();
  };
  return { wake: schedule, stop: () => clearTimeout(timer) };
}
