// Why cells were masked whole or not looked at, in words. Pure; must never drop a reason it has no words for.
import type { CoverageReason } from '../model/masking.ts';

const REASONS: Readonly<Record<CoverageReason, string>> = {
  type: 'holds no text',
  revealed: 'may be seen',
  off: 'no detector is on',
  form: 'became NULL',
  depth: 'wrapped too deep',
};

const isReason = (word: string): word is CoverageReason => Object.hasOwn(REASONS, word);

/** `holds no text 3, became NULL 1`. */
export function reasonsTold(why: unknown): string {
  if (typeof why !== 'object' || why === null) return '';
  return Object.entries(why)
    .map(([reason, cells]) => `${isReason(reason) ? REASONS[reason] : reason} ${String(cells)}`)
    .join(', ');
}
