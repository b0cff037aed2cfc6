// What verification says: three verdicts, never merged, each with its reasons. The words are evidence.md section 3's.

export type Integrity = 'VALID' | 'INVALID' | 'UNCORROBORATED';
export type Completeness =
  | 'COMPLETE'
  | 'MISSING'
  | 'UNFINISHED'
  | 'UNSEALED'
  | 'TRUNCATED'
  | 'FORK'
  | 'HIDDEN'
  | 'OVERDUE';
export type Coverage = 'NOT CHECKED' | 'COVERED' | 'UNCOVERED';

/** The steps of verification, in the order they are taken. */
export const STEPS = [
  'size',
  'json',
  'bundle',
  'payload',
  'predicate',
  'key',
  'store',
  'pk-token',
  'issuer',
  'provider-signature',
  'audience',
  'nonce',
  'signature',
  'identity',
  'validity-at-signing',
  'corroboration',
  'chain',
  'blob',
  'events-format',
  'event-line',
  'events-count',
  'merkle-root',
  'transcript',
  'witness',
  'part',
  'session',
  'seal',
  'timestamp',
  'request',
  'att',
  'request-digest',
  'self',
  'own-key',
  'human',
  'auth-time',
  'window',
  'strength',
  'decision',
  'quorum',
  'consumed',
  'mirror',
  'publication',
  'versions',
  'checkpoint',
  'target-log',
] as const;
export type Step = (typeof STEPS)[number];

export interface Finding<V extends string> {
  readonly verdict: V;
  readonly step: Step;
  /** Key in the store. */
  readonly file: string;
  readonly reason: string;
  readonly session?: string;
}

export type IntegrityFinding = Finding<Exclude<Integrity, 'VALID'>>;
export type CoverageFinding = Finding<'UNCOVERED'>;
export type CompletenessFinding = Finding<Exclude<Completeness, 'COMPLETE'>>;

/** Something an auditor should know that is no fault: a session that is open right now. */
export interface Note {
  readonly about:
    | 'open-session'
    | 'unsealed-tail'
    | 'issuer-not-pinned'
    | 'window'
    | 'damage'
    | 'binding-none'
    | 'clock'
    | 'withheld'
    | 'versions'
    | 'unanswered'
    | 'unmirrored'
    | 'overruled'
    | 'stray'
    | 'unstamped'
    | 'authority-not-pinned'
    | 'publication';
  readonly file: string;
  readonly text: string;
}

export interface SignerSeen {
  readonly iss: string;
  readonly sub: string;
  readonly writer: string;
  readonly statements: number;
}

export interface Verification {
  readonly integrity: { readonly verdict: Integrity; readonly findings: readonly IntegrityFinding[] };
  readonly completeness: {
    readonly verdict: Completeness;
    readonly findings: readonly CompletenessFinding[];
  };
  readonly coverage: {
    readonly verdict: Coverage;
    /** Sessions the targets saw and nobody here recorded; absent when nothing was compared. */
    readonly findings?: readonly CoverageFinding[];
    /** Sessions of the target's log that are here too. */
    readonly matched?: number;
  };
  readonly notes: readonly Note[];
  /** Of the newest statement; absent where stores cannot lock. */
  readonly retention?: { readonly locked: boolean; readonly mode?: string; readonly until?: string };
  /** What was looked at. */
  readonly checked: {
    readonly statements: number;
    readonly sessions: number;
    readonly blobs: number;
    readonly events: number;
    /** Requests with their answers and use, as sessions name them. */
    readonly approvals?: number;
    /** All objects of the store, when every one was looked at. */
    readonly objects?: number;
    /** RFC 3161 time stamps that hold. */
    readonly timestamps?: number;
    /** Published versions of the policy that were in force, and those they follow. */
    readonly policies?: number;
    readonly bytes: number;
  };
  readonly signers: readonly SignerSeen[];
  readonly window: { readonly since?: string; readonly until?: string };
  /** More findings than are listed. */
  readonly unlisted: number;
}

export function verified(result: Verification): boolean {
  const { integrity, completeness, coverage } = result;
  return (
    integrity.verdict === 'VALID' && completeness.verdict === 'COMPLETE' && coverage.verdict !== 'UNCOVERED'
  );
}
