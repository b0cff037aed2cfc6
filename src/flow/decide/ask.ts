// The annotations that turn a forbid into a question for a person. Must never weaken a forbid whose terms are not understood.
import type { Annotations } from '@cedar-policy/cedar-wasm/nodejs';
import type { ApprovalStrength } from '../../model/approval.ts';
import type { AskTerms } from '../../model/decision.ts';

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };
const DEFAULT_EXPIRES = 900;
const MAX_EXPIRES = 7 * 86_400;

function seconds(text: string): number | undefined {
  const match = /^([1-9][0-9]{0,5})([smhd])$/.exec(text);
  const value = Number(match?.[1]) * (UNITS[match?.[2] ?? ''] ?? Number.NaN);
  return value <= MAX_EXPIRES ? value : undefined;
}

function quorum(text: string): number | undefined {
  return /^[1-9]$/.test(text) ? Number(text) : undefined;
}

function scope(text: string): AskTerms['scope'] | undefined {
  return text === 'statement' || text === 'session' ? text : undefined;
}

function strength(text: string): ApprovalStrength | undefined {
  return text === 'fresh-sign-in' || text === 'session-key' ? text : undefined;
}

export interface AskReading {
  readonly ask?: AskTerms;
  readonly faults: readonly string[];
}

/** Reads `@ask`, `@quorum`, `@expires`, `@scope` and `@strength` of one policy. */
export function readAsk(annotations: Annotations, effect: 'permit' | 'forbid'): AskReading {
  const { ask: reason, quorum: many, expires: until, scope: reach, strength: proof } = annotations;
  if (reason === undefined) {
    const stray = ['quorum', 'expires', 'scope', 'strength'].filter(
      (name) => annotations[name] !== undefined,
    );
    return { faults: stray.map((name) => `@${name} needs @ask("why a person must look")`) };
  }
  const faults: string[] = [];
  if (effect === 'permit') faults.push('@ask belongs on a forbid: a permit cannot ask');
  if (!reason.trim()) faults.push('@ask needs a reason a person can read');
  const people = many === undefined ? 1 : quorum(many);
  if (people === undefined) faults.push(`@quorum("${many}") is not a number from 1 to 9`);
  const expires = until === undefined ? DEFAULT_EXPIRES : seconds(until);
  if (expires === undefined)
    faults.push(`@expires("${until}") is not a time such as 15m, 2h or 1d, at most 7d`);
  const range = reach === undefined ? 'statement' : scope(reach);
  if (range === undefined) faults.push(`@scope("${reach}") is neither statement nor session`);
  const least = proof === undefined ? 'fresh-sign-in' : strength(proof);
  if (least === undefined) faults.push(`@strength("${proof}") is neither fresh-sign-in nor session-key`);
  if (faults.length > 0 || people === undefined || expires === undefined || !range || !least)
    return { faults };
  return { ask: { reason, quorum: people, expires, scope: range, strength: least }, faults };
}

/** Terms of several questions at once: the most people, the shortest time, the narrowest scope, the strongest answer. */
export function strictestTerms(terms: readonly AskTerms[]): AskTerms {
  return {
    reason: [...new Set(terms.map(({ reason }) => reason))].join('; '),
    quorum: Math.max(...terms.map(({ quorum: people }) => people)),
    expires: Math.min(...terms.map(({ expires }) => expires)),
    scope: terms.every(({ scope: reach }) => reach === 'session') ? 'session' : 'statement',
    strength: terms.every(({ strength: proof }) => proof === 'session-key') ? 'session-key' : 'fresh-sign-in',
  };
}
