// Counts what masks did: per tagged column, per data type, and of unknown origin. Seen cells are counted by the row.
import type { CoverageRow } from '../../../model/event.ts';
import type { MaskingCounts, ResultMask } from '../../../model/masking.ts';
import type { MaskerCounts } from '../types.ts';

/** Subject of values whose origin cannot be told. */
export const UNKNOWN_ORIGIN = '(unknown)';

export class Tally {
  readonly #rows = new Map<string, MaskingCounts>();
  readonly #subjects = new WeakMap<ResultMask, readonly string[]>();
  #seen = 0;
  #masked = 0;

  /** The counts of a subject, to be kept by whoever counts often. */
  of(subject: string): MaskingCounts {
    let counts = this.#rows.get(subject);
    if (counts) return counts;
    counts = { seen: 0, lineage: 0, content: 0, unknown: 0 };
    this.#rows.set(subject, counts);
    return counts;
  }

  masked(): void {
    this.#masked += 1;
  }

  /** Says whose cells each row of the mask shows. */
  covers(mask: ResultMask, subjects: readonly string[]): ResultMask {
    this.#subjects.set(mask, subjects);
    return mask;
  }

  saw(mask: ResultMask, rows: number): void {
    const subjects = this.#subjects.get(mask);
    if (!subjects) return;
    for (const subject of subjects) this.of(subject).seen += rows;
    this.#seen += rows * subjects.length;
  }

  take(): MaskerCounts {
    const counts = { seen: this.#seen, masked: this.#masked };
    this.#seen = 0;
    this.#masked = 0;
    return counts;
  }

  coverage(): CoverageRow[] {
    return [...this.#rows]
      .filter(([, counts]) => counts.seen + counts.lineage + counts.content + counts.unknown > 0)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([subject, counts]) => ({
        subject,
        ...counts,
        // A column of several sources counts once per source; what was masked was also seen.
        seen: Math.max(counts.seen, counts.lineage + counts.content + counts.unknown),
      }));
  }
}
