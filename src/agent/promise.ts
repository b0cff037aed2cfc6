// What an agent promises of its chain in every epoch, and what it must sign to keep it. Pure.
import type { Head } from './chain.ts';

/** Seconds: an open end, or an open session, is heard of again within them. Otherwise verification says OVERDUE. */
export const WITHIN = 14_400;
/** Milliseconds of silence after which the promise is renewed. */
const QUIET = (WITHIN * 1000) / 2;
/** A key that ends seals what it signed shortly before: afterwards it cannot. */
const LAST_WORD = 8_000;

export interface SealDue {
  readonly reason: 'day' | 'expiring' | 'quiet';
  readonly more: Readonly<Record<string, unknown>>;
}

/** Why the chain must be sealed now, if it must. */
export function sealDue(head: Head, now: number, validUntil = Number.POSITIVE_INFINITY): SealDue | undefined {
  const { last, open } = head;
  if (!last) return undefined;
  const unsealed = last.kind !== 'seal';
  const day = last.wall.slice(0, 10);
  if (unsealed && day < new Date(now).toISOString().slice(0, 10)) return { reason: 'day', more: { day } };
  if (unsealed && now >= validUntil - LAST_WORD) return { reason: 'expiring', more: {} };
  const silent = now - Date.parse(last.wall) >= QUIET;
  return silent && (unsealed || open.length > 0) ? { reason: 'quiet', more: {} } : undefined;
}

/** When to look again, milliseconds: each minute, and just before the key ends. */
export function nextLook(now: number, validUntil = Number.POSITIVE_INFINITY): number {
  const end = validUntil - LAST_WORD + 1000 - now;
  return end > 0 ? Math.min(60_000, end) : 60_000;
}
