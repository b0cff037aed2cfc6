// Reads the objects of one request and tells whose they are. Must never let an object that nobody signed say anything.
import type { PkIdentity } from '../../identity/pk-verification.ts';
import { sha256 } from '../../lib/digest.ts';
import { preAuthentication, signatureHolds } from '../../lib/dsse.ts';
import type { ApprovalPredicate } from '../../model/approval.ts';
import { type ApprovalKey, approvalFolder, parseApprovalKey } from '../../model/approval-key.ts';
import { APPROVAL_FORM } from '../../model/approval-predicate.ts';
import { BundleError, MAX_STATEMENT, parseSigned, type SignedFile } from '../../model/bundle.ts';
import { BrokerError } from '../../model/errors.ts';
import { PAYLOAD_TYPE, type Subject } from '../../model/evidence.ts';
import { isJwksBlob, PK_TOKEN_BLOB } from '../../model/sealed.ts';
import type { Step } from '../../model/verdict.ts';
import type { Blobs } from './blobs.ts';
import { type Identities, type Known, validityProblem } from './identities.ts';
import type { EvidenceReader } from './source.ts';

/** Objects of one request that are looked at: people answer, so there are few. */
const MOST = 1_024;
/** Requests remembered, since a session and an approver's chain both name them. */
const REMEMBERED = 2_000;

export interface OpenedObject {
  readonly key: string;
  readonly place: ApprovalKey;
  readonly digest: string;
  readonly predicate: ApprovalPredicate;
  readonly subjects: readonly Subject[];
  readonly known: Known;
  readonly identity: PkIdentity;
}

export interface RefusedObject {
  readonly key: string;
  readonly digest: string;
  readonly problem: { readonly step: Step; readonly reason: string };
}

export type ApprovalObject = OpenedObject | RefusedObject;

export function isOpened(object: ApprovalObject): object is OpenedObject {
  return 'predicate' in object;
}

class Unfit extends Error {
  readonly step: Step;

  constructor(step: Step, reason: string) {
    super(reason);
    this.step = step;
  }
}

export class ApprovalFiles {
  readonly #reader: EvidenceReader;
  readonly #blobs: Blobs;
  readonly #identities: Identities;
  readonly #store: string;
  readonly #folders = new Map<string, Promise<readonly ApprovalObject[]>>();

  constructor(reader: EvidenceReader, blobs: Blobs, identities: Identities, store: string) {
    this.#reader = reader;
    this.#blobs = blobs;
    this.#identities = identities;
    this.#store = store;
  }

  /** Every object of a request, each judged alone. */
  folder({ day, id }: { readonly day: string; readonly id: string }): Promise<readonly ApprovalObject[]> {
    const prefix = approvalFolder(day, id);
    let folder = this.#folders.get(prefix);
    if (!folder) {
      folder = this.#read(prefix);
      this.#folders.set(prefix, folder);
      const [oldest] = this.#folders.keys();
      if (this.#folders.size > REMEMBERED && oldest !== undefined) this.#folders.delete(oldest);
    }
    return folder;
  }

  async #read(prefix: string): Promise<ApprovalObject[]> {
    const objects: ApprovalObject[] = [];
    for await (const { key } of this.#reader.list(prefix)) {
      objects.push(await this.#open(key));
      if (objects.length === MOST) break;
    }
    return objects;
  }

  async #open(key: string): Promise<ApprovalObject> {
    let digest = '';
    try {
      const bytes = await this.#reader.get(key, MAX_STATEMENT + 1);
      if (!bytes) throw new Unfit('json', 'it was listed and is gone');
      digest = sha256(bytes);
      const file = parseSigned(bytes, APPROVAL_FORM);
      const { predicate, subject } = file.statement;
      const place = this.#place(key, predicate);
      const known = await this.#judge(file);
      return { key, place, digest, predicate, subjects: subject, known, identity: known.identity };
    } catch (error) {
      return { key, digest, problem: problemOf(error) };
    }
  }

  #place(key: string, predicate: ApprovalPredicate): ApprovalKey {
    const place = parseApprovalKey(key);
    if (predicate.key !== key) throw new Unfit('key', `it was signed to stand at ${predicate.key}`);
    if (!place || place.kind !== predicate.kind) throw new Unfit('key', 'its name and its content differ');
    if (predicate.store !== this.#store) throw new Unfit('store', 'it belongs to another store');
    return place;
  }

  async #judge(file: SignedFile<ApprovalPredicate>): Promise<Known> {
    const { predicate, subject } = file.statement;
    const named = subject.find((each) => each.name === PK_TOKEN_BLOB)?.digest.sha256;
    if (named === undefined || named !== predicate.identity.pkToken)
      throw new Unfit('identity', 'its subjects do not name its PK token');
    const looks = subject.filter((each) => isJwksBlob(each.name)).map((each) => each.digest.sha256);
    const [pkToken, ...jwks] = await Promise.all(
      [named, ...looks].map((each) => this.#blobs.quietText(each)),
    );
    if (typeof pkToken !== 'string' || jwks.some((each) => typeof each !== 'string'))
      throw new Unfit('pk-token', 'its PK token or JWKS is not in the store as it was');
    const judged = await this.#identities.judge(pkToken, jwks as string[]);
    if (!judged.ok) throw new Unfit(judged.step, judged.reason);
    const { known } = judged;
    if (!signatureHolds(preAuthentication(PAYLOAD_TYPE, file.payload), file.signature, known.key))
      throw new Unfit('signature', 'the signature does not hold');
    const { iss, sub, jkt, binding } = predicate.identity;
    const { identity } = known;
    if (iss !== identity.iss || sub !== identity.sub || jkt !== identity.jkt || binding !== identity.binding)
      throw new Unfit('identity', 'it names another person or key than the PK token');
    if (binding !== 'nonce') throw new Unfit('nonce', 'the ID token does not commit to the key that signed');
    const late = validityProblem(predicate, identity);
    if (late) throw new Unfit(late.step, late.reason);
    return known;
  }
}

/** What the object or its reader says against it; anything else is about the store. */
function problemOf(error: unknown): RefusedObject['problem'] {
  if (error instanceof Unfit || error instanceof BundleError)
    return { step: error.step, reason: error.message };
  if (error instanceof BrokerError && error.code === 'not-verified')
    return { step: 'size', reason: String(error.details['reason']) };
  throw error;
}
