// One signed file: a Sigstore bundle v0.3 around a DSSE envelope around an in-toto Statement. Must accept one spelling only.
import { CanonicalError, canonical, type Json, parseCanonicalBytes } from '../lib/canonical.ts';
import { isSha256 } from '../lib/digest.ts';
import {
  BUNDLE_MEDIA_TYPE,
  type InTotoStatement,
  PAYLOAD_TYPE,
  type Predicate,
  STATEMENT_TYPE,
  type StatementKind,
  type Subject,
} from './evidence.ts';
import { predicateProblem } from './predicate.ts';

export const PREDICATE_TYPE = 'urn:access-broker:predicate:v1';
/** A statement file is refused beyond this. */
export const MAX_STATEMENT = 64 * 1024;
export const NO_PREVIOUS = '0'.repeat(64);

const KINDS: readonly StatementKind[] = [
  'epoch',
  'open',
  'part',
  'session',
  'attempt',
  'approve',
  'seal',
  'access',
  'config',
];

export interface StatementKey {
  readonly day: string;
  readonly writer: string;
  readonly seq: number;
  readonly kind: StatementKind;
}

const KEY =
  /^v1\/stmt\/day=(\d{4}-\d{2}-\d{2})\/writer=([a-z2-7]{16})\/(\d{10})-([a-z]{4,8})\.sigstore\.json$/;

/** `v1/stmt/day=YYYY-MM-DD/writer=<wid>/<seq:10d>-<kind>.sigstore.json` */
export function statementKey(parts: StatementKey): string {
  return `v1/stmt/day=${parts.day}/writer=${parts.writer}/${statementFile(parts.seq, parts.kind)}`;
}

export function statementFile(seq: number, kind: StatementKind): string {
  return `${String(seq).padStart(10, '0')}-${kind}.sigstore.json`;
}

export function parseStatementKey(key: string): StatementKey | undefined {
  const [, day, writer, seq, kind] = KEY.exec(key) ?? [];
  const known = KINDS.find((each) => each === kind);
  return day && writer && seq && known ? { day, writer, seq: Number(seq), kind: known } : undefined;
}

export function blobKey(digest: string): string {
  return `v1/blob/sha256/${digest.slice(0, 2)}/${digest}`;
}

/** A time stamp is refused beyond this. */
const MAX_TIMESTAMP = 16 * 1024;

/** The file's bytes for a signed payload; `timestamp` is an RFC 3161 token over the signature's bytes. */
export function encodeBundle(
  payload: Uint8Array,
  signature: Uint8Array,
  jkt: string,
  timestamp?: Uint8Array,
): Buffer {
  const signedTimestamp = timestamp && Buffer.from(timestamp).toString('base64');
  const text = canonical({
    dsseEnvelope: {
      payload: Buffer.from(payload).toString('base64'),
      payloadType: PAYLOAD_TYPE,
      signatures: [{ keyid: jkt, sig: Buffer.from(signature).toString('base64') }],
    },
    mediaType: BUNDLE_MEDIA_TYPE,
    verificationMaterial: {
      publicKey: { hint: jkt },
      ...(signedTimestamp ? { timestampVerificationData: { rfc3161Timestamps: [{ signedTimestamp }] } } : {}),
    },
  });
  return Buffer.from(text, 'utf8');
}

/** What a signed file may say: one predicate type and the shape of its predicate. */
export interface PredicateForm<P> {
  readonly type: string;
  /** The first thing wrong with a predicate, or undefined; then it is a P. */
  problem(value: unknown): string | undefined;
  /** Never there: ties the form to its type. */
  readonly shape?: P;
}

export const LEDGER_FORM: PredicateForm<Predicate> = { type: PREDICATE_TYPE, problem: predicateProblem };

export interface SignedFile<P> {
  readonly payload: Buffer;
  readonly signature: Buffer;
  readonly keyid: string;
  /** RFC 3161 token over the signature's bytes, unjudged. */
  readonly timestamp?: Buffer;
  readonly statement: {
    readonly _type: typeof STATEMENT_TYPE;
    readonly subject: readonly Subject[];
    readonly predicateType: string;
    readonly predicate: P;
  };
}

export interface ParsedBundle extends SignedFile<Predicate> {
  readonly statement: InTotoStatement;
}

/** Which step refused a file: `size`, `json`, `bundle`, `payload` or `predicate`. */
export class BundleError extends Error {
  readonly step: 'size' | 'json' | 'bundle' | 'payload' | 'predicate';

  constructor(step: BundleError['step'], reason: string) {
    super(reason);
    this.name = 'BundleError';
    this.step = step;
  }
}

type Members = Readonly<Record<string, Json>>;

function members(value: Json | undefined, names: readonly string[], what: string): Members {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new BundleError('bundle', `${what} is not an object`);
  const found = Object.keys(value).join(' ');
  if (found !== names.join(' ')) throw new BundleError('bundle', `${what} has members ${found || '(none)'}`);
  return value as Members;
}

function base64(value: Json | undefined, what: string): Buffer {
  if (typeof value !== 'string') throw new BundleError('bundle', `${what} is not text`);
  const bytes = Buffer.from(value, 'base64');
  if (bytes.toString('base64') !== value) throw new BundleError('bundle', `${what} is not canonical base64`);
  return bytes;
}

function json(bytes: Uint8Array, step: 'json' | 'payload'): Json {
  try {
    return parseCanonicalBytes(bytes, MAX_STATEMENT);
  } catch (error) {
    if (error instanceof CanonicalError) throw new BundleError(step, error.message);
    throw error;
  }
}

function timestampOf(material: Members): { readonly timestamp?: Buffer } {
  const data = material['timestampVerificationData'];
  if (data === undefined) return {};
  const { rfc3161Timestamps: all } = members(data, ['rfc3161Timestamps'], 'timestampVerificationData');
  if (!Array.isArray(all) || all.length !== 1)
    throw new BundleError('bundle', 'there must be one time stamp');
  const { signedTimestamp } = members(all[0] as Json, ['signedTimestamp'], 'the time stamp');
  const timestamp = base64(signedTimestamp, 'signedTimestamp');
  if (timestamp.length === 0 || timestamp.length > MAX_TIMESTAMP)
    throw new BundleError('bundle', 'the time stamp has no plausible length');
  return { timestamp };
}

function envelope(file: Json): Pick<SignedFile<unknown>, 'payload' | 'signature' | 'keyid' | 'timestamp'> {
  const outer = members(file, ['dsseEnvelope', 'mediaType', 'verificationMaterial'], 'the bundle');
  if (outer['mediaType'] !== BUNDLE_MEDIA_TYPE)
    throw new BundleError('bundle', 'not a bundle of version 0.3');
  const dsse = members(outer['dsseEnvelope'], ['payload', 'payloadType', 'signatures'], 'dsseEnvelope');
  if (dsse['payloadType'] !== PAYLOAD_TYPE) throw new BundleError('bundle', 'payloadType is not in-toto');
  const signatures = dsse['signatures'];
  if (!Array.isArray(signatures) || signatures.length !== 1)
    throw new BundleError('bundle', 'there must be exactly one signature');
  const signature = members(signatures[0] as Json, ['keyid', 'sig'], 'the signature');
  const given = outer['verificationMaterial'] as Members | null | undefined;
  const stamped =
    typeof given === 'object' && given !== null && Object.hasOwn(given, 'timestampVerificationData');
  const material = members(
    given as Json | undefined,
    ['publicKey', ...(stamped ? ['timestampVerificationData'] : [])],
    'verificationMaterial',
  );
  const key = members(material['publicKey'], ['hint'], 'publicKey');
  if (typeof signature['keyid'] !== 'string' || signature['keyid'] !== key['hint'])
    throw new BundleError('bundle', 'keyid and hint differ');
  return {
    payload: base64(dsse['payload'], 'payload'),
    signature: base64(signature['sig'], 'sig'),
    keyid: signature['keyid'],
    ...timestampOf(material),
  };
}

function statement<P>(payload: Json, form: PredicateForm<P>): SignedFile<P>['statement'] {
  const { _type, subject, predicateType, predicate } = members(
    payload,
    ['_type', 'predicate', 'predicateType', 'subject'],
    'the statement',
  );
  if (_type !== STATEMENT_TYPE) throw new BundleError('payload', 'not an in-toto Statement v1');
  if (predicateType !== form.type) throw new BundleError('payload', 'another predicateType');
  if (!Array.isArray(subject) || subject.length > 64) throw new BundleError('payload', 'no list of subjects');
  const names = new Set<string>();
  for (const each of subject as readonly Json[]) {
    const { name, digest } = members(each, ['digest', 'name'], 'a subject');
    const { sha256 } = members(digest, ['sha256'], 'a digest');
    if (typeof name !== 'string' || !/^[a-z0-9][a-z0-9.-]{0,63}$/.test(name) || !isSha256(sha256))
      throw new BundleError('payload', 'a subject has no plain name or no sha256');
    if (names.has(name)) throw new BundleError('payload', `two subjects are named ${name}`);
    names.add(name);
  }
  const problem = form.problem(predicate);
  if (problem) throw new BundleError('predicate', problem);
  return payload as unknown as SignedFile<P>['statement'];
}

/** Reads a signed file of one form. Says nothing about who signed it. Throws BundleError. */
export function parseSigned<P>(bytes: Uint8Array, form: PredicateForm<P>): SignedFile<P> {
  if (bytes.byteLength > MAX_STATEMENT) throw new BundleError('size', `longer than ${MAX_STATEMENT} bytes`);
  const parts = envelope(json(bytes, 'json'));
  return { ...parts, statement: statement(json(parts.payload, 'payload'), form) };
}

/** Reads a statement file of the ledger. Throws BundleError. */
export function parseBundle(bytes: Uint8Array): ParsedBundle {
  return parseSigned(bytes, LEDGER_FORM) as ParsedBundle;
}
