// Notifications that come faster than anybody can use them: the newest of each kind is kept, and what was left out is counted.
import type { Notification } from './message.ts';

/** So many of one kind pass at once; then one per interval. */
const BURST = 64;
/** Milliseconds. */
export const INTERVAL = 100;

/** What makes two notifications alike: only the newest of them says anything new. Undefined: each one counts. */
function kindOf({ method, params }: Notification): string | undefined {
  if (method === 'notifications/progress') return `${method} ${JSON.stringify(params['progressToken'])}`;
  if (method === 'notifications/resources/updated') return `${method} ${String(params['uri'])}`;
  if (method.endsWith('/list_changed')) return method;
  if (method === 'notifications/message') return method;
  return method.startsWith('notifications/tasks') ? `${method} ${String(params['taskId'])}` : undefined;
}

interface Bucket {
  left: number;
  /** Milliseconds. */
  since: number;
  held: Notification | undefined;
}

/** Kinds kept apart; beyond this the oldest quiet ones are forgotten. */
const MOST_KINDS = 1024;

export class Flood {
  readonly #buckets = new Map<string, Bucket>();
  /** Notifications left out so far because a newer one of their kind came. */
  dropped = 0;

  /** True when it may pass now; otherwise it is held, or takes the place of the one that was. */
  admit(notification: Notification, now: number): boolean {
    const kind = kindOf(notification);
    if (kind === undefined) return true;
    const bucket = this.#bucket(kind, now);
    bucket.left = Math.min(BURST, bucket.left + Math.floor((now - bucket.since) / INTERVAL));
    if (now - bucket.since >= INTERVAL) bucket.since = now;
    if (bucket.left > 0 && !bucket.held) {
      bucket.left -= 1;
      return true;
    }
    if (bucket.held) this.dropped += 1;
    bucket.held = notification;
    return false;
  }

  /** Whether anything is held: then call `release` after INTERVAL, and before an answer passes. */
  get holding(): boolean {
    for (const { held } of this.#buckets.values()) if (held) return true;
    return false;
  }

  /** The newest of each kind, in the order in which their kinds appeared. */
  release(): Notification[] {
    const newest: Notification[] = [];
    for (const bucket of this.#buckets.values()) {
      if (bucket.held) newest.push(bucket.held);
      bucket.held = undefined;
    }
    return newest;
  }

  #bucket(kind: string, now: number): Bucket {
    const known = this.#buckets.get(kind);
    if (known) return known;
    if (this.#buckets.size >= MOST_KINDS)
      for (const [name, { held }] of this.#buckets) {
        if (held) continue;
        this.#buckets.delete(name);
        break;
      }
    const made: Bucket = { left: BURST, since: now, held: undefined };
    this.#buckets.set(kind, made);
    return made;
  }
}
