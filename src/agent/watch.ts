// Ends sessions whose credential or sign-in is over. Must never trust a timer alone: a laptop that slept wakes up late.

import type { Clock } from '../lib/clock.ts';
import { BrokerError } from '../model/errors.ts';
import type { Person } from './ports.ts';
import type { Sessions } from './sessions.ts';

/** Wall-clock checks while sessions run; an expiry nearer than this gets a timer of its own. */
const LOOK = 20_000;

/** A sign-in signs nothing after its end: sessions stop this much earlier, so that they can still be sealed. */
const SEAL_TIME = 10_000;
const RENEW_TIME = 4000;

export interface Watch {
  /** Looks again now; called when sessions come or go. */
  wake(): void;
  stop(): void;
}

async function endExpired(sessions: Sessions, person: () => Promise<Person>, now: number): Promise<number> {
  let next = Number.POSITIVE_INFINITY;
  for (const session of sessions.each()) {
    if (session.expires <= now) session.end({ end: 'expired', reason: 'the credential expired' });
    else next = Math.min(next, session.expires);
  }
  try {
    const until = (await person()).expires - SEAL_TIME;
    if (until <= now)
      throw new BrokerError('sign-in-expired', { at: new Date(until + SEAL_TIME).toISOString() });
    // A little earlier first: what can still be renewed then is.
    next = Math.min(next, until - RENEW_TIME > now ? until - RENEW_TIME : until);
  } catch (error) {
    const reason = error instanceof BrokerError ? error.message : 'the sign-in could not be renewed';
    for (const session of sessions.each()) session.end({ end: 'expired', reason });
  }
  return next;
}

/** Watches while there is at least one session; without one it schedules nothing. */
export function watchExpiry(sessions: Sessions, person: () => Promise<Person>, clock: Clock): Watch {
  let timer: NodeJS.Timeout | undefined;
  let looking = false;
  const look = async () => {
    clearTimeout(timer);
    timer = undefined;
    if (looking || sessions.size === 0) return;
    looking = true;
    const next = await endExpired(sessions, person, clock.now());
    looking = false;
    const wait = Math.max(100, Math.min(LOOK, next - clock.now()));
    timer = setTimeout(() => void look(), wait).unref();
  };
  return { wake: () => void look(), stop: () => clearTimeout(timer) };
}
