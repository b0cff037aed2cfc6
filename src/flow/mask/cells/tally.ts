// Counts what masks did: per tagged column, per data type, and of unknown origin. Seen cells are counted by the row.
import type { CoverageRow } from '../../../model/event.ts';
import type { CoverageReason, MaskingCounts, ResultMask } from '../../../model/masking.ts';
import type { MaskerCounts } from '../types.ts';

/** Subject of values whose origin cannot be told. */
export const UNKNOWN_ORIGIN = '(unknown)';

/** Untagged columns that have a row of their own; the rest share one. */
const MOST_SUBJECTS = 512;
const OTHERS = '(other columns)';

/** A column of a result that is shown without a look, and why. */
export interface Skipped {
  readonly subject: string;
  readonly why: CoverageReason;
}

interface Covered {
  readonly subjects: readonly string[];
  readonly skipped: readonly { readonly counts: MaskingCounts; readonly why: CoverageReason }[];
}

const count = (counts: MaskingCounts, why: CoverageReason, cells: number): void => {
  counts.why.set(why, (counts.why.get(why) ?? 0) + cells);
};

export class Tally {
  readonly #rows = new Map<string, MaskingCounts>();
  readonly #subjects = new WeakMap<ResultMask, Covered>();
  #seen = 0;
  #masked = 0;

  /** The counts of a subject, to be kept by whoever counts often. */
  of(subject: string): MaskingCounts {
    let counts = this.#rows.get(subject);
    if (counts) return counts;
    counts = { seen: 0, lineage: 0, content: 0, unknown: 0, unmaskable: 0, skipped: 0, why: new Map() };
    this.#rows.set(subject, counts);
    return counts;
  }

  masked(): void {
    this.#masked += 1;
  }

  /** Says whose cells each row of the mask shows. */
  covers(mask: ResultMask, subjects: readonly string[], skipped: readonly Skipped[] = []): ResultMask {
    const counted = skipped.map(({ subject, why }) => {
      const known = this.#rows.has(subject) || this.#rows.size < MOST_SUBJECTS;
      return { counts: this.of(known ? subject : OTHERS), why };
    });
    this.#subjects.set(mask, { subjects, skipped: counted });
    return mask;
  }

  /** A value of this data type was masked whole, for this reason. */
  unmaskable(type: string, why: CoverageReason): void {
    this.whole(this.of(type), why);
  }

  whole(counts: MaskingCounts, why: CoverageReason): void {
    counts.unmaskable += 1;
    count(counts, why, 1);
  }

  saw(mask: ResultMask, rows: number): void {
    const covered = this.#subjects.get(mask);
    if (!covered || rows === 0) return;
    const { subjects } = covered;
    for (const { counts, why } of covered.skipped) {
      counts.seen += rows;
      counts.skipped += rows;
      count(counts, why, rows);
    }
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
      .filter(
        ([, counts]) => counts.seen + counts.lineage + counts.content + counts.unknown + counts.skipped > 0,
      )
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([subject, counts]) => ({
        subject,
        lineage: counts.lineage,
        content: counts.content,
        unknown: counts.unknown,
        ...(counts.unmaskable > 0 ? { unmaskable: counts.unmaskable } : {}),
        ...(counts.skipped > 0 ? { skipped: counts.skipped } : {}),
        ...(counts.why.size > 0 ? { why: Object.fromEntries([...counts.why].sort()) } : {}),
        // A column of several sources counts once per source; what was masked was also seen.
        seen: Math.max(counts.seen, counts.lineage + counts.content + counts.unknown),
      }));
  }
}
