// Time stamps over signatures, where they are and where they should be. Must never take an authority nobody named for one that was.
import type { X509Certificate } from 'node:crypto';
import { readPins, TimestampError, verifyTimestamp } from '../../lib/rfc3161.ts';
import type { ParsedBundle } from '../../model/bundle.ts';
import type { Predicate } from '../../model/evidence.ts';
import type { Step } from '../../model/verdict.ts';
import type { Findings } from './findings.ts';

/** Statements somebody waits for have none: the next one in the chain vouches for them. */
const UNSTAMPED = new Set<Predicate['kind']>(['open', 'attempt']);
/** Milliseconds between the two clocks that are not worth a word. */
const APART = 300_000;

export class Timestamps {
  readonly #pins: readonly X509Certificate[] | undefined;
  /** Writers whose epoch names an authority, and how many of their statements have no stamp. */
  readonly #absent = new Map<string, { file: string; count: number }>();
  readonly #apart: { readonly file: string; readonly seconds: number }[] = [];
  #unpinned = '';
  count = 0;

  /** PEM of the authorities that count; any will do when absent, and a note says so. */
  constructor(pem: string | undefined) {
    this.#pins = pem === undefined ? undefined : readPins(pem);
  }

  /** What is wrong with the stamp of a statement, when it has one. */
  problem(
    key: string,
    { timestamp, signature, statement }: ParsedBundle,
  ): { readonly step: Step; readonly reason: string } | undefined {
    if (!timestamp) return undefined;
    try {
      const { time, pinned, authority } = verifyTimestamp(timestamp, signature, this.#pins);
      this.count += 1;
      if (!pinned) this.#unpinned ||= authority;
      const apart = time - Date.parse(statement.predicate.clock.wall);
      if (Math.abs(apart) > APART && this.#apart.length < 1000)
        this.#apart.push({ file: key, seconds: Math.round(apart / 1000) });
      return undefined;
    } catch (error) {
      if (error instanceof TimestampError) return { step: 'timestamp', reason: error.message };
      throw error;
    }
  }

  /** In the order of a chain. */
  take(key: string, { timestamp, statement: { predicate } }: ParsedBundle): void {
    const { kind, chain, detail } = predicate;
    if (kind === 'epoch' && typeof detail?.['timestamps'] !== 'string') this.#absent.delete(chain.writer);
    else if (kind === 'epoch' && !this.#absent.has(chain.writer))
      this.#absent.set(chain.writer, { file: key, count: 0 });
    const absent = this.#absent.get(chain.writer);
    if (!absent || timestamp || UNSTAMPED.has(kind)) return;
    if (absent.count === 0) absent.file = key;
    absent.count += 1;
  }

  finish(findings: Findings): void {
    for (const [writer, { file, count }] of this.#absent)
      if (count > 0) {
        const text = `${count} statement${count === 1 ? '' : 's'} of writer ${writer} could not be time-stamped: the next stamp in the chain bounds their time`;
        findings.note({ about: 'unstamped', file, text });
      }
    for (const { file, seconds } of this.#apart) {
      const text = `its time stamp is ${Math.abs(seconds)} s ${seconds > 0 ? 'after' : 'before'} its own clock`;
      findings.note({ about: 'clock', file, text });
    }
    if (this.#unpinned !== '') {
      const text = `time stamps are taken from any authority because nobody said which counts (--tsa): ${this.#unpinned}`;
      findings.note({ about: 'authority-not-pinned', file: '', text });
    }
  }
}
