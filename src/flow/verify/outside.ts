// What an auditor brings from outside the store: an earlier checkpoint, a target's own log. Must never take a word of the store for either.
import { isSha256 } from '../../lib/digest.ts';
import type { Predicate } from '../../model/evidence.ts';
import type { CoverageFinding, Verification } from '../../model/verdict.ts';

const FORMAT = 'urn:access-broker:checkpoint:v1';

/** The newest statement of each writer at some time, kept where the store's people cannot reach it. */
export interface Checkpoint {
  /** Where it lies, for findings. */
  readonly file: string;
  readonly store: string;
  readonly heads: Predicate['seen'];
}

/** One line of text; `heads` sorted by writer. */
export function checkpointText(store: string, time: string, heads: Predicate['seen']): string {
  const sorted = [...heads].sort((a, b) => (a.writer < b.writer ? -1 : 1));
  return `${JSON.stringify({ format: FORMAT, store, time, heads: sorted })}\n`;
}

export function parseCheckpoint(file: string, text: string): Checkpoint | undefined {
  try {
    const { format, store, heads } = JSON.parse(text) as Record<string, unknown>;
    if (format !== FORMAT || typeof store !== 'string' || !Array.isArray(heads)) return undefined;
    const whole = heads.every(
      (each) => typeof each?.writer === 'string' && Number.isSafeInteger(each?.seq) && isSha256(each?.head),
    );
    return whole ? { file, store, heads: heads as Predicate['seen'] } : undefined;
  } catch {
    return undefined;
  }
}

/** What a target says of one session of ours. */
export interface TargetSession {
  readonly session: string;
  /** As the log spells it. */
  readonly first: string;
  lines: number;
}

export interface TargetLog {
  readonly file: string;
  readonly sessions: ReadonlyMap<string, TargetSession>;
  /** Lines that named a session of ours. */
  readonly lines: number;
}

/** Our name for a session stands at the end of what the client calls itself. */
const OURS = /(?:^| )broker\/([A-Za-z0-9][A-Za-z0-9_-]{0,63})$/;
/** `application_name` of PostgreSQL's csvlog (20.8.4), counted from 0. */
const CSV_APPLICATION = 22;
const MOST_PENDING = 8 * 2 ** 20;

/** PostgreSQL's csvlog or jsonlog, line by line; a quoted field may hold line feeds. */
export class TargetLogReader {
  readonly #sessions = new Map<string, TargetSession>();
  #pending = '';
  #lines = 0;

  push(line: string): void {
    if (this.#pending === '' && line.startsWith('{')) {
      this.#json(line);
      return;
    }
    const record = this.#pending === '' ? line : `${this.#pending}\n${line}`;
    const open = (record.split('"').length - 1) % 2 === 1;
    if (open && record.length < MOST_PENDING) {
      this.#pending = record;
      return;
    }
    this.#pending = '';
    const fields = record.match(/(?:^|,)(?:"(?:[^"]|"")*"|[^,]*)/g) ?? [];
    const field = (index: number) =>
      (fields[index] ?? '')
        .replace(/^,/, '')
        .replace(/^"([\s\S]*)"$/, '$1')
        .replaceAll('""', '"');
    this.#see(field(CSV_APPLICATION), field(0));
  }

  #json(line: string): void {
    try {
      const { application_name: name, timestamp } = JSON.parse(line) as Record<string, unknown>;
      this.#see(String(name ?? ''), String(timestamp ?? ''));
    } catch {
      // Not a line of such a log: it names no session.
    }
  }

  #see(application: string, time: string): void {
    const [, session] = OURS.exec(application) ?? [];
    if (session === undefined) return;
    this.#lines += 1;
    const seen = this.#sessions.get(session) ?? { session, first: time, lines: 0 };
    seen.lines += 1;
    this.#sessions.set(session, seen);
  }

  result(file: string): TargetLog {
    return { file, sessions: this.#sessions, lines: this.#lines };
  }
}

/** COVERED when every session the target saw is in the ledger. A session seen only before the span is not asked for. */
export function coverageOf(
  log: TargetLog | undefined,
  known: ReadonlySet<string>,
  since: number | undefined,
): Verification['coverage'] {
  if (!log) return { verdict: 'NOT CHECKED' };
  const findings: CoverageFinding[] = [];
  let matched = 0;
  for (const { session, first, lines } of log.sessions.values()) {
    if (known.has(session)) matched += 1;
    else if (since === undefined || !(Date.parse(first) < since))
      findings.push({
        verdict: 'UNCOVERED',
        step: 'target-log',
        file: log.file,
        session,
        reason: `the target saw session ${session} ${lines} times, first at ${first}, and it is not here`,
      });
  }
  return { verdict: findings.length === 0 ? 'COVERED' : 'UNCOVERED', findings, matched };
}
