// What a chain leaves open at its end: sessions without an end, a tail without a seal, silence. Must never take silence for an end.
import type { Findings } from './findings.ts';
import type { OpenSessions } from './open-sessions.ts';

export interface ChainOptions {
  /** The span does not begin with the store: a chain may begin anywhere, and sessions may have been opened before. */
  readonly partialStart: boolean;
  /** The span ends before now: sessions may end and seals may come after it. */
  readonly partialEnd: boolean;
  readonly now: number;
  /** Milliseconds an open session or an unsealed tail is normal. */
  readonly grace: number;
}

/** A chain as it was read to its end. */
export interface ChainEnd {
  readonly id: string;
  readonly last: { readonly key: string; readonly seq: number; readonly refused: boolean } | undefined;
  readonly loggedOut: boolean;
  readonly sealed: boolean;
  /** Newest clock of its statements. */
  readonly time: string;
  readonly open: OpenSessions;
  /** Seconds within which its epoch promises to be heard of again. */
  readonly within: number | undefined;
}

/** Milliseconds that an upload may take beyond what an epoch promises. */
const LATE = 600_000;

function isOld(time: string, { now, grace }: ChainOptions): boolean {
  return now - Date.parse(time) > grace;
}

/** Longer ago than the writer promised to be silent. */
function isOverdue({ within }: ChainEnd, time: string, { now }: ChainOptions): boolean {
  return within !== undefined && now - Date.parse(time) > within * 1000 + LATE;
}

function unfinished(end: ChainEnd, findings: Findings, options: ChainOptions): void {
  for (const [session, { key, opened, heard }] of end.open.entries()) {
    const about = { step: 'session', file: key, session } as const;
    const lost = end.loggedOut || isOld(heard, options);
    if (options.partialEnd || !(lost || isOverdue(end, heard, options))) {
      const text = `session ${session}, opened ${opened}, is still open or not uploaded yet: its record is not here yet`;
      findings.note({ about: 'open-session', file: key, text });
    } else if (lost) {
      const reason = `session ${session} was opened ${opened} and never sealed`;
      findings.completeness({ verdict: 'UNFINISHED', reason, ...about });
    } else {
      const reason = `session ${session} was last heard of ${heard}; its writer promised word within ${end.within} s`;
      findings.completeness({ verdict: 'OVERDUE', reason, ...about });
    }
  }
}

function unsealed(end: ChainEnd, findings: Findings, options: ChainOptions): void {
  const { last, sealed, time, id, within } = end;
  if (!last || sealed || last.refused || options.partialEnd) return;
  const about = { step: 'seal', file: last.key } as const;
  if (isOld(time, options)) {
    const reason = `writer ${id} ends without a seal: newer statements could be gone without a trace`;
    findings.completeness({ verdict: 'UNSEALED', reason, ...about });
  } else if (isOverdue(end, time, options)) {
    const reason = `writer ${id} has not sealed since ${time}; it promised word within ${within} s`;
    findings.completeness({ verdict: 'OVERDUE', reason, ...about });
  } else {
    const text = `writer ${id} is at work: nothing vouches yet for the end of its chain, after number ${last.seq}`;
    findings.note({ about: 'unsealed-tail', file: last.key, text });
  }
}

export function openEnds(end: ChainEnd, findings: Findings, options: ChainOptions): void {
  unfinished(end, findings, options);
  unsealed(end, findings, options);
}
