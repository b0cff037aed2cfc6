// Makes parts of open sessions and keeps what epochs promise, by the clock. Must never trust a timer alone: a laptop that slept wakes up late.
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../lib/clock.ts';
import { SEGMENT_NAME } from '../model/segment.ts';
import type { EvidenceDesk } from './desk.ts';
import { messageOf } from './fault.ts';
import type { Log } from './ports.ts';
import type { Session } from './session.ts';
import type { Sessions } from './sessions.ts';
import type { Watch } from './watch.ts';

/** Milliseconds between looks at the journals of open sessions. */
const LOOK = 5_000;

export interface UpkeepPorts {
  readonly clock: Clock;
  readonly log: Log;
  readonly sessions: Pick<Sessions, 'size' | 'each'>;
  readonly desk: Pick<EvidenceDesk, 'part' | 'keep'>;
  /** Another agent owns the ledger. */
  draining(): boolean;
}

/** Bytes of all journal segments; what a session is still to be asked for counts as nothing. */
async function journalBytes(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => []);
  const sizes = names
    .filter((name) => SEGMENT_NAME.test(name))
    .map((name) =>
      stat(join(folder, name)).then(
        ({ size }) => size,
        () => 0,
      ),
    );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

/** What of each session is in a part, and since when nothing is. */
class Parts {
  readonly #ports: UpkeepPorts;
  readonly #taken = new WeakMap<Session, { bytes: number; time: number }>();

  constructor(ports: UpkeepPorts) {
    this.#ports = ports;
  }

  async look(): Promise<void> {
    for (const session of this.#ports.sessions.each()) {
      if (session.row.state !== 'open') continue;
      try {
        await this.#lookAt(session);
      } catch (error) {
        this.#ports.log.warn({ session: session.id, reason: messageOf(error) }, 'no part could be made');
      }
    }
  }

  async #lookAt(session: Session): Promise<void> {
    const now = this.#ports.clock.now();
    const taken = this.#taken.get(session) ?? { bytes: 0, time: now };
    this.#taken.set(session, taken);
    const bytes = await journalBytes(session.folder);
    const fresh = { bytes: bytes - taken.bytes, since: now - taken.time };
    const { url } = session.start.setting.config.store;
    if (await this.#ports.desk.part(url, session.folder, fresh))
      this.#taken.set(session, { bytes, time: now });
  }
}

/** Looks at journals while there are sessions, at chains always. */
export function watchUpkeep(ports: UpkeepPorts): Watch {
  const parts = new Parts(ports);
  let partTimer: NodeJS.Timeout | undefined;
  let keepTimer: NodeJS.Timeout | undefined;
  const wakeParts = () => {
    if (!partTimer && ports.sessions.size > 0 && !ports.draining())
      partTimer = setTimeout(() => void lookParts(), LOOK).unref();
  };
  const lookParts = async () => {
    if (!ports.draining()) await parts.look();
    partTimer = undefined;
    wakeParts();
  };
  const lookChains = async () => {
    const wait = ports.draining() ? 60_000 : await ports.desk.keep().catch(() => 60_000);
    keepTimer = setTimeout(() => void lookChains(), wait).unref();
  };
  keepTimer = setTimeout(() => void lookChains(), LOOK).unref();
  return {
    wake: wakeParts,
    stop: () => {
      clearTimeout(partTimer);
      clearTimeout(keepTimer);
    },
  };
}
