// Collects findings, counts what it does not list, and forms the verdicts. Must never turn a finding into a note.
import type {
  Completeness,
  CompletenessFinding,
  Integrity,
  IntegrityFinding,
  Note,
  Verification,
} from '../../model/verdict.ts';

/** Findings listed per verdict; the rest are counted. */
const LISTED = 1_000;

/** Worst first. */
const SEVERITY: readonly Completeness[] = [
  'FORK',
  'TRUNCATED',
  'HIDDEN',
  'MISSING',
  'UNFINISHED',
  'UNSEALED',
  'OVERDUE',
];

export class Findings {
  readonly #integrity: IntegrityFinding[] = [];
  readonly #completeness: CompletenessFinding[] = [];
  readonly #notes: Note[] = [];
  #invalid = false;
  #uncorroborated = false;
  readonly #gaps = new Set<Completeness>();
  unlisted = 0;

  integrity(finding: IntegrityFinding): void {
    if (finding.verdict === 'INVALID') this.#invalid = true;
    else this.#uncorroborated = true;
    this.#list(this.#integrity, finding);
  }

  completeness(finding: CompletenessFinding): void {
    this.#gaps.add(finding.verdict);
    this.#list(this.#completeness, finding);
  }

  note(note: Note): void {
    this.#list(this.#notes, note);
  }

  #list<T>(list: T[], item: T): void {
    if (list.length < LISTED) list.push(item);
    else this.unlisted += 1;
  }

  result(): Pick<Verification, 'integrity' | 'completeness' | 'notes' | 'unlisted'> {
    const integrity: Integrity = this.#invalid
      ? 'INVALID'
      : this.#uncorroborated
        ? 'UNCORROBORATED'
        : 'VALID';
    const completeness = SEVERITY.find((each) => this.#gaps.has(each)) ?? 'COMPLETE';
    return {
      integrity: { verdict: integrity, findings: this.#integrity },
      completeness: { verdict: completeness, findings: this.#completeness },
      notes: this.#notes,
      unlisted: this.unlisted,
    };
  }
}

/** Keeps a map that remembers things from growing without end. */
export function forgetOldest<K>(remembered: Map<K, unknown>, most: number): void {
  if (remembered.size <= most) return;
  const [oldest] = remembered.keys();
  if (oldest !== undefined) remembered.delete(oldest);
}
