// What an agent that died left behind: sessions are sealed, credentials given back. Must never touch what another live process still writes.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../lib/clock.ts';
import { sameProcess } from '../lib/process.ts';
import type { SessionEnd } from './evidence.ts';
import { messageOf } from './fault.ts';
import { isRun, type SpooledSession, spooled } from './meta.ts';
import { FRONT_DONE } from './place.ts';
import type { Log } from './ports.ts';

export interface RecoveryPorts {
  readonly spool: string;
  readonly log: Log;
  readonly clock: Clock;
  /** Sessions whose worker outlives its agent, since when; kept between rounds. */
  readonly orphans: Map<string, number>;
  /** Sessions this agent runs itself. */
  own(): ReadonlySet<string>;
  /** Gives back what dead agents held; returns how many could not be given back yet. */
  sweepLeases(): Promise<number>;
  /** Seals one that had ended in an orderly way; true when that is done. */
  seal(store: string, folder: string, end: SessionEnd): Promise<boolean>;
  /** Seals the rest as interrupted, except the live ones. */
  recover(live: ReadonlySet<string>): Promise<readonly string[]>;
  /** Removes what a front that was killed left in the runtime folder. */
  sweepRuntime(live: ReadonlySet<string>): void;
}

/** How long a dead agent's worker may take to close its journal, milliseconds. */
const ORPHAN_PATIENCE = 3000;

/** A dead agent's worker ends by itself when its channel breaks; one that hangs is killed: nobody can order it any more. */
function endOrphan(ports: RecoveryPorts, { meta }: SpooledSession): boolean {
  if (!meta.worker || !sameProcess(meta.worker.pid, meta.worker.start)) return false;
  const since = ports.orphans.get(meta.session) ?? ports.clock.now();
  ports.orphans.set(meta.session, since);
  if (ports.clock.now() - since < ORPHAN_PATIENCE) return true;
  process.kill(meta.worker.pid, 'SIGKILL');
  ports.log.warn({ session: meta.session }, 'a left-over worker did not end and was killed');
  return true;
}

/** Until they have ended, a worker may write, and a front that outlives the agent too. */
function isWritten(ports: RecoveryPorts, session: SpooledSession): boolean {
  const { folder, meta } = session;
  if (endOrphan(ports, session)) return true;
  return sameProcess(meta.front.pid, meta.front.start) && !existsSync(join(folder, FRONT_DONE));
}

/** One round. Returns how many sessions wait for another one. */
export async function recoverSpool(ports: RecoveryPorts): Promise<number> {
  const live = new Set(ports.own());
  let waiting = 0;
  for (const session of spooled(ports.spool)) {
    const { folder, meta } = session;
    if (live.has(meta.session)) continue;
    // Ended by an agent that still lives but does not sign: one that drains, or ours after a seal that failed.
    if (isRun(meta) && !meta.end) {
      // Looked at again, in case that agent dies before it can say that it is done.
      live.add(meta.session);
      waiting += 1;
      continue;
    }
    try {
      if (isWritten(ports, session)) throw new Error('its worker or front still writes');
      if (meta.opened && meta.end && !(await ports.seal(meta.store, folder, meta.end))) waiting += 1;
    } catch (error) {
      // Kept whole for the next round.
      live.add(meta.session);
      waiting += 1;
      ports.log.info({ session: meta.session, reason: messageOf(error) }, 'recovery waits');
    }
  }
  ports.sweepRuntime(live);
  const left = await ports.recover(live);
  return waiting + left.length + (await ports.sweepLeases());
}
