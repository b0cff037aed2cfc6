// Verifies a store or an exported folder, offline, as a stream. Must never write, and never call a thing valid it did not check.
import { sha256 } from '../../lib/digest.ts';
import { envelopeHolds } from '../../lib/dsse.ts';
import { ordered } from '../../lib/ordered.ts';
import {
  BundleError,
  MAX_STATEMENT,
  type ParsedBundle,
  parseBundle,
  parseStatementKey,
} from '../../model/bundle.ts';
import { BrokerError } from '../../model/errors.ts';
import { PAYLOAD_TYPE, type Predicate } from '../../model/evidence.ts';
import { isJwksBlob, PK_TOKEN_BLOB } from '../../model/sealed.ts';
import type { SignerSeen, Verification } from '../../model/verdict.ts';
import { ApprovalFiles } from './approval-files.ts';
import { type ApprovalFindings, ApprovalLedger, Approvals } from './approvals.ts';
import { Blobs } from './blobs.ts';
import { Chains } from './chains.ts';
import { lookDeep } from './deep.ts';
import { Findings } from './findings.ts';
import { Identities, type IssuerPin, identityProblem, type Known } from './identities.ts';
import { type Outcome, placeProblem, refuse, unreadable } from './outcome.ts';
import { type Checkpoint, coverageOf, type TargetLog } from './outside.ts';
import { Publications } from './publications.ts';
import { type EvidenceReader, type Span, statementEntries } from './source.ts';
import { Timestamps } from './timestamps.ts';
import { findHidden } from './versions.ts';

export type { IssuerPin } from './identities.ts';
export { type SealedLine, sealedEvents, toldInPart } from './log.ts';
export {
  type Checkpoint,
  checkpointText,
  parseCheckpoint,
  type TargetLog,
  TargetLogReader,
} from './outside.ts';
export * from './publication.ts';
export { type EvidenceReader, type Span, withheldOf } from './source.ts';

/** A statement that passed every step of its own; what the whole ledger says comes with the verdicts. */
export interface VerifiedStatement {
  readonly key: string;
  readonly digest: string;
  readonly bytes: Uint8Array;
  readonly bundle: ParsedBundle;
}

export interface VerifyOptions extends Span {
  /** Id of the store, from its v1/store.json. */
  readonly store: string;
  /** Now, milliseconds since the epoch. */
  readonly now: number;
  /** Issuers that count. When absent, whatever issuer a token names is taken, and a note says so. */
  readonly pins?: readonly IssuerPin[];
  /** Files read at once; 16 unless told. */
  readonly width?: number;
  /** How long an open session or an unsealed tail is normal, milliseconds; a day unless told. */
  readonly grace?: number;
  /** Blobs an export says it left out; their absence is a note. */
  readonly withheld?: ReadonlySet<string>;
  /** What the auditor kept of an earlier look. */
  readonly checkpoint?: Checkpoint;
  /** Every object of the store, whoever names it. */
  readonly deep?: boolean;
  /** PEM of the time stamping authorities that count. */
  readonly tsa?: string;
  /** What a target saw of our sessions. */
  readonly targetLog?: TargetLog;
  readonly signal?: AbortSignal;
  onProgress?(statements: number): void;
  /** Every statement that passed, in the order of keys. */
  onStatement?(statement: VerifiedStatement): Promise<void> | void;
}

const DAY = 86_400_000;

class Verifier {
  readonly #reader: EvidenceReader;
  readonly #options: VerifyOptions;
  readonly #findings = new Findings();
  readonly #identities: Identities;
  readonly #blobs: Blobs;
  readonly #chains: Chains;
  readonly #approvals: Approvals;
  readonly #timestamps: Timestamps;
  readonly #approvalLedger = new ApprovalLedger();
  readonly #publications: Publications;
  readonly #signers = new Map<string, SignerSeen>();
  readonly #uncertain = new Map<string, { known: Known; key: string; count: number }>();
  readonly #seen = new Set<string>();
  #objects: number | undefined;
  #statements = 0;
  #sessions = 0;

  constructor(reader: EvidenceReader, options: VerifyOptions) {
    this.#reader = reader;
    this.#options = options;
    this.#identities = new Identities(options.pins);
    this.#timestamps = new Timestamps(options.tsa);
    this.#blobs = new Blobs(reader, options.withheld ?? new Set());
    const files = new ApprovalFiles(reader, this.#blobs, this.#identities, options.store);
    this.#approvals = new Approvals(files, this.#blobs);
    this.#publications = new Publications({
      reader,
      blobs: this.#blobs,
      identities: this.#identities,
      store: options.store,
      findings: this.#findings,
      rely: this.#rely.bind(this),
    });
    this.#chains = new Chains(this.#findings, {
      partialStart: options.since !== undefined,
      partialEnd: options.until !== undefined && options.until < options.now,
      now: options.now,
      grace: options.grace ?? DAY,
    });
  }

  async run(): Promise<Verification> {
    const { signal, width = 16 } = this.#options;
    const entries = statementEntries(this.#reader, this.#options);
    for await (const outcome of ordered(entries, width, (entry) => this.#check(entry.key))) {
      if (signal?.aborted) throw new BrokerError('interrupted');
      await this.#take(outcome);
    }
    await this.#blobs.finish(this.#options);
    for (const [file, reason] of this.#blobs.broken)
      this.#findings.integrity({ verdict: 'INVALID', step: 'blob', file, reason });
    if (this.#blobs.withheld.size > 0) {
      const text = `${this.#blobs.withheld.size} blobs were left out of this export, by its own word`;
      this.#findings.note({ about: 'withheld', file: 'index.json', text });
    }
    if (this.#options.checkpoint) this.#chains.vouch(this.#options.checkpoint);
    this.#chains.finish();
    const { deep = false } = this.#options;
    await findHidden(this.#reader, deep ? {} : this.#options, this.#findings);
    if (deep) this.#objects = await lookDeep(this.#reader, this.#findings, signal);
    await this.#publications.finish();
    const { since = 0, until, now, grace = DAY } = this.#options;
    this.#approvalLedger.finish(this.#findings, since, Math.min(until ?? now, now - grace));
    this.#corroborate();
    this.#timestamps.finish(this.#findings);
    return this.#report();
  }

  /** Everything that concerns one file alone. */
  async #check(key: string): Promise<Outcome> {
    const bytes = await this.#reader.get(key, MAX_STATEMENT + 1).catch(unreadable);
    if (!bytes) return refuse(key, new Uint8Array(), 'json', 'it was listed and is gone');
    if (typeof bytes === 'string')
      return refuse(key, new Uint8Array(), parseStatementKey(key) ? 'size' : 'key', bytes);
    try {
      const bundle = parseBundle(bytes);
      const problem = placeProblem(key, bundle.statement.predicate, this.#options.store);
      if (problem) return { ...refuse(key, bytes, problem.step, problem.reason) };
      return await this.#checkSigned(key, bytes, bundle);
    } catch (error) {
      if (error instanceof BundleError) return refuse(key, bytes, error.step, error.message);
      throw error;
    }
  }

  async #checkSigned(key: string, bytes: Uint8Array, bundle: ParsedBundle): Promise<Outcome> {
    const { predicate, subject } = bundle.statement;
    const named = subject.find((each) => each.name === PK_TOKEN_BLOB)?.digest.sha256;
    if (named === undefined || named !== predicate.identity.pkToken)
      return refuse(key, bytes, 'identity', 'its subjects do not name its PK token');
    const pkToken = await this.#blobs.text(named);
    const jwks = await Promise.all(
      subject.filter((each) => isJwksBlob(each.name)).map((each) => this.#blobs.text(each.digest.sha256)),
    );
    if (pkToken === undefined || jwks.some((text) => text === undefined))
      return refuse(key, bytes, 'pk-token', 'its PK token or JWKS is not in the store as it was');
    const judged = await this.#identities.judge(pkToken, jwks as string[]);
    if (!judged.ok) return refuse(key, bytes, judged.step, judged.reason);
    const { known } = judged;
    if (!(await envelopeHolds(PAYLOAD_TYPE, bundle, known.key)))
      return refuse(key, bytes, 'signature', 'the signature does not hold');
    const problem = identityProblem(predicate, known.identity) ?? this.#timestamps.problem(key, bundle);
    if (problem) return refuse(key, bytes, problem.step, problem.reason);
    if (predicate.kind === 'epoch') this.#identities.sighted(jwks as string[], known.identity);
    const blobs = await this.#blobs.check(key, bundle.statement);
    const approvals = await this.#approvals.check(key, bundle.statement);
    const more = approvals ? { approvals } : {};
    return { key, digest: sha256(bytes), bytes, bundle, known, blobs, ...more };
  }

  async #take(outcome: Outcome): Promise<void> {
    this.#statements += 1;
    this.#options.onProgress?.(this.#statements);
    const { key, digest, bytes, bundle, known, blobs, approvals, problem } = outcome;
    if (problem || !bundle || !known) {
      const { step, reason } = problem ?? { step: 'json' as const, reason: 'unreadable' };
      this.#findings.integrity({ verdict: 'INVALID', step, file: key, reason });
      const parts = parseStatementKey(key);
      if (parts) this.#chains.add({ key, digest, writer: parts.writer, seq: parts.seq });
      return;
    }
    const { predicate } = bundle.statement;
    this.#chains.add({ key, digest, predicate, subject: bundle.statement.subject });
    this.#sign(key, predicate, known);
    this.#timestamps.take(key, bundle);
    this.#publications.name(predicate.policy?.published, key);
    if (predicate.kind === 'session') this.#sessions += 1;
    if (predicate.session && predicate.kind !== 'attempt') this.#seen.add(predicate.session.id);
    for (const finding of blobs?.integrity ?? []) this.#findings.integrity(finding);
    for (const finding of blobs?.completeness ?? []) this.#findings.completeness(finding);
    for (const note of blobs?.notes ?? []) this.#findings.note(note);
    if (approvals) this.#takeApprovals(approvals);
    await this.#options.onStatement?.({ key, digest, bytes, bundle });
  }

  #sign(key: string, { identity, chain, detail }: Predicate, known: Known): void {
    const { iss, sub, binding, pkToken } = identity;
    const before = this.#signers.get(chain.writer);
    // Whoever comes later in a chain does not take over what was signed before.
    this.#signers.set(chain.writer, {
      iss: before?.iss ?? iss,
      sub: before?.sub ?? sub,
      writer: chain.writer,
      statements: (before?.statements ?? 0) + 1,
    });
    if (binding === 'none' && before === undefined)
      this.#findings.note({
        about: 'binding-none',
        file: key,
        text: `the sign-in of ${sub} did not commit to its key`,
      });
    if (detail?.['damage'] !== undefined)
      this.#findings.note({
        about: 'damage',
        file: key,
        text: 'parts of its journal were unreadable when it was sealed',
      });
    this.#rely(key, pkToken, known);
  }

  /** Something rests on an archived provider key: it must be corroborated before the end. */
  #rely(key: string, pkToken: string, known: Known): void {
    const uncertain = this.#uncertain.get(pkToken);
    if (uncertain) uncertain.count += 1;
    else if (known.archived.length > 0) this.#uncertain.set(pkToken, { known, key, count: 1 });
  }

  #takeApprovals(found: ApprovalFindings): void {
    this.#approvalLedger.add(found, this.#findings);
    for (const { key, predicate, known } of found.vouched) this.#rely(key, predicate.identity.pkToken, known);
  }

  #corroborate(): void {
    for (const { known, key, count } of this.#uncertain.values()) {
      if (this.#identities.corroborated(known)) continue;
      const { iss, sub } = known.identity;
      const reason = `the key of ${iss} that vouches for ${sub} is neither pinned nor seen by a second person (${count} statement${count === 1 ? '' : 's'})`;
      this.#findings.integrity({ verdict: 'UNCORROBORATED', step: 'corroboration', file: key, reason });
    }
    if (!this.#options.pins && this.#signers.size > 0) {
      const issuers = [...new Set([...this.#signers.values()].map((each) => each.iss))].join(', ');
      this.#findings.note({
        about: 'issuer-not-pinned',
        file: '',
        text: `taken as issuer because nobody said which counts: ${issuers}`,
      });
    }
  }

  #moreCounts(): { readonly approvals?: number; readonly policies?: number } {
    const { requests } = this.#approvalLedger;
    const { count } = this.#publications;
    return { ...(requests > 0 ? { approvals: requests } : {}), ...(count > 0 ? { policies: count } : {}) };
  }

  #report(): Verification {
    const { since, until } = this.#options;
    return {
      ...this.#findings.result(),
      coverage: coverageOf(this.#options.targetLog, this.#seen, since),
      checked: {
        statements: this.#statements,
        sessions: this.#sessions,
        ...this.#blobs.counts,
        ...this.#moreCounts(),
        ...(this.#timestamps.count > 0 ? { timestamps: this.#timestamps.count } : {}),
        ...(this.#objects === undefined ? {} : { objects: this.#objects }),
      },
      signers: [...this.#signers.values()],
      window: {
        ...(since === undefined ? {} : { since: new Date(since).toISOString() }),
        ...(until === undefined ? {} : { until: new Date(until).toISOString() }),
      },
    };
  }
}

/** Reads every statement of the span and all it vouches for. Throws only when the store cannot be read. */
export function verifyStore(reader: EvidenceReader, options: VerifyOptions): Promise<Verification> {
  return new Verifier(reader, options).run();
}
