// Published versions of a team's policy, held against the statements that say they were in force. Must never excuse a version that was.
import { sha256 } from '../../lib/digest.ts';
import { preAuthentication, signatureHolds } from '../../lib/dsse.ts';
import { BundleError, MAX_STATEMENT, parseSigned, type SignedFile } from '../../model/bundle.ts';
import { BrokerError } from '../../model/errors.ts';
import { PAYLOAD_TYPE } from '../../model/evidence.ts';
import {
  PUBLICATION_FORM,
  PUBLICATIONS_PREFIX,
  type PublicationPredicate,
  type PublishedRef,
  placedProblem,
  publicationKey,
  strengthOfSignerProblem,
  versionOf,
} from '../../model/publication.ts';
import { isJwksBlob, PK_TOKEN_BLOB } from '../../model/sealed.ts';
import type { Step } from '../../model/verdict.ts';
import type { Blobs } from './blobs.ts';
import type { Findings } from './findings.ts';
import { type Identities, type Known, validityProblem } from './identities.ts';
import type { EvidenceReader } from './source.ts';

/** Versions that are looked at: people publish, so there are few. */
const MOST = 20_000;
const MAX_POLICIES = 8 * 2 ** 20;

interface Version {
  readonly key: string;
  readonly digest: string;
  readonly predicate?: PublicationPredicate;
  readonly known?: Known;
  readonly problem?: { readonly step: Step; readonly reason: string };
}

class Unfit extends Error {
  readonly step: Step;

  constructor(step: Step, reason: string) {
    super(reason);
    this.step = step;
  }
}

export interface PublicationsOrder {
  readonly reader: EvidenceReader;
  readonly blobs: Blobs;
  readonly identities: Identities;
  /** Id of the store. */
  readonly store: string;
  readonly findings: Findings;
  /** A version rests on this key. */
  rely(key: string, pkToken: string, known: Known): void;
}

export class Publications {
  readonly #order: PublicationsOrder;
  /** `version digest` → the statement that named it first. */
  readonly #named = new Map<string, { readonly ref: PublishedRef; readonly by: string }>();
  count = 0;

  constructor(order: PublicationsOrder) {
    this.#order = order;
  }

  /** A statement says that this version was in force. */
  name(ref: PublishedRef | undefined, by: string): void {
    if (ref && !this.#named.has(`${ref.version} ${ref.digest}`))
      this.#named.set(`${ref.version} ${ref.digest}`, { ref, by });
  }

  /** Once every statement was read. */
  async finish(): Promise<void> {
    const versions = await this.#read();
    const wanted = [...this.#named.values()];
    const done = new Set<string>();
    for (let next = wanted.pop(); next; next = wanted.pop()) {
      const { ref, by } = next;
      if (done.has(`${ref.version} ${ref.digest}`)) continue;
      done.add(`${ref.version} ${ref.digest}`);
      const found = await this.#held(versions.get(ref.version), ref, by);
      if (!found) continue;
      this.count += 1;
      const { previous } = found.publication;
      if (previous.version > 0) wanted.push({ ref: previous, by: found.key });
    }
    for (const { key, digest, problem } of versions.values()) {
      if (!problem || done.has(`${versionOf(key)} ${digest}`)) continue;
      const text = `${key} counts for nothing, and nothing was decided by it: ${problem.reason}`;
      this.#order.findings.note({ about: 'publication', file: key, text });
    }
  }

  /** The version that was named, as it was; what is missing or altered is reported. */
  async #held(
    found: Version | undefined,
    { version, digest }: PublishedRef,
    by: string,
  ): Promise<PublicationPredicate | undefined> {
    const { findings, blobs } = this.#order;
    const file = publicationKey(version);
    const invalid = (step: Step, reason: string) =>
      void findings.integrity({ verdict: 'INVALID', step, file, reason });
    if (!found) {
      if (blobs.mayMiss(digest)) return undefined;
      const reason = `version ${version} of the policy, which ${by} names, is not there`;
      findings.completeness({ verdict: 'MISSING', step: 'publication', file, reason });
      return undefined;
    }
    if (found.digest !== digest) invalid('publication', `it is not the version that ${by} names, ${digest}`);
    else if (found.problem) invalid(found.problem.step, found.problem.reason);
    if (found.digest !== digest || !found.predicate || !found.known) return undefined;
    const { publication, identity, key } = found.predicate;
    this.#order.rely(key, identity.pkToken, found.known);
    if (blobs.mayMiss(publication.policy)) return found.predicate;
    const text = await blobs.largeText(publication.policy, MAX_POLICIES);
    if (text === undefined) {
      const reason = `the policies of version ${version} are not in the store as they were signed`;
      findings.completeness({ verdict: 'MISSING', step: 'publication', file, reason });
    }
    return found.predicate;
  }

  async #read(): Promise<Map<number, Version>> {
    const versions = new Map<number, Version>();
    for await (const { key } of this.#order.reader.list(PUBLICATIONS_PREFIX)) {
      const version = versionOf(key);
      if (version !== undefined) versions.set(version, await this.#open(key));
      if (versions.size === MOST) break;
    }
    return versions;
  }

  async #open(key: string): Promise<Version> {
    let digest = '';
    try {
      const bytes = await this.#order.reader.get(key, MAX_STATEMENT + 1);
      if (!bytes) throw new Unfit('json', 'it was listed and is gone');
      digest = sha256(bytes);
      const file = parseSigned(bytes, PUBLICATION_FORM);
      const { predicate } = file.statement;
      const misplaced = placedProblem(key, file.statement, this.#order.store);
      if (misplaced) throw new Unfit(misplaced.step as Step, misplaced.reason);
      return { key, digest, predicate, known: await this.#judge(file) };
    } catch (error) {
      return { key, digest, problem: problemOf(error) };
    }
  }

  async #judge(file: SignedFile<PublicationPredicate>): Promise<Known> {
    const { predicate, subject } = file.statement;
    const { blobs, identities } = this.#order;
    const named = subject.find((each) => each.name === PK_TOKEN_BLOB)?.digest.sha256;
    if (named === undefined || named !== predicate.identity.pkToken)
      throw new Unfit('identity', 'its subjects do not name its PK token');
    const looks = subject.filter((each) => isJwksBlob(each.name)).map((each) => each.digest.sha256);
    const [pkToken, ...jwks] = await Promise.all([named, ...looks].map((each) => blobs.quietText(each)));
    if (typeof pkToken !== 'string' || jwks.some((each) => typeof each !== 'string'))
      throw new Unfit('pk-token', 'its PK token or JWKS is not in the store as it was');
    const judged = await identities.judge(pkToken, jwks as string[]);
    if (!judged.ok) throw new Unfit(judged.step, judged.reason);
    const { identity, key } = judged.known;
    if (!signatureHolds(preAuthentication(PAYLOAD_TYPE, file.payload), file.signature, key))
      throw new Unfit('signature', 'the signature does not hold');
    const { iss, sub, jkt, binding } = predicate.identity;
    if (iss !== identity.iss || sub !== identity.sub || jkt !== identity.jkt || binding !== identity.binding)
      throw new Unfit('identity', 'it names another person or key than the PK token');
    if (binding !== 'nonce') throw new Unfit('nonce', 'the ID token does not commit to the key that signed');
    const wrong =
      validityProblem(predicate, identity) ?? strengthOfSignerProblem(predicate, identity, undefined);
    if (wrong) throw new Unfit(wrong.step as Step, wrong.reason);
    return judged.known;
  }
}

function problemOf(error: unknown): { step: Step; reason: string } {
  if (error instanceof Unfit) return { step: error.step, reason: error.message };
  if (error instanceof BundleError) return { step: error.step, reason: error.message };
  if (error instanceof BrokerError && error.code === 'not-verified')
    return { step: 'size', reason: String(error.details['reason']) };
  throw error;
}
