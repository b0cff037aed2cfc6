// Judges a PK token offline, in the order evidence.md section 1 fixes, and names the step that failed. Never fetches anything.
import { flattenedVerify, importJWK, type JWK } from 'jose';
import { type Cic, commitment, decodeCic, type PublicJwk, thumbprint } from './cic.ts';
import { type CompactJws, decodePkToken, type PkToken, splitCompact } from './pk-token.ts';

/** An issuer the verifier knows, with its archived key sets and our client ids there. */
export interface TrustedIssuer {
  readonly issuer: string;
  readonly jwks: readonly { readonly keys: readonly JWK[] }[];
  readonly audiences: readonly string[];
}

export const PK_STEPS = [
  'format',
  'cic-signature',
  'issuer',
  'provider-signature',
  'audience',
  'nonce',
  'validity-at-signing',
] as const;
export type PkStep = (typeof PK_STEPS)[number];

export interface PkIdentity {
  readonly iss: string;
  readonly sub: string;
  /** Thumbprint of the person's key: what signed statements name. */
  readonly jkt: string;
  readonly jwk: PublicJwk;
  readonly binding: 'nonce' | 'none';
  readonly att?: string;
  /** The provider's key that vouched: its `kid`, and every `kid` a fresh token used. */
  readonly kids: readonly string[];
  /** Milliseconds: the spans in which some ID token of this person was valid. */
  readonly validity: readonly { readonly from: number; readonly until: number }[];
  /** Claims of the original ID token. */
  readonly claims: Readonly<Record<string, unknown>>;
  /** Claims of the refreshed ID token, when the PK token carries one. */
  readonly fresh?: Readonly<Record<string, unknown>>;
}

export type PkVerdict =
  | { readonly ok: true; readonly identity: PkIdentity }
  | { readonly ok: false; readonly step: PkStep; readonly reason: string };

export interface PkCheck {
  readonly trust: readonly TrustedIssuer[];
  /** When the key signed, milliseconds since the epoch; absent skips the last step. */
  readonly at?: number;
  /** Milliseconds of clock difference allowed; one minute unless told. */
  readonly leeway?: number;
}

/** Algorithm → key type. Symmetric algorithms and `none` are not here, so they cannot be chosen. */
const ALGORITHMS: ReadonlyMap<string, string> = new Map([
  ['RS256', 'RSA'],
  ['RS384', 'RSA'],
  ['RS512', 'RSA'],
  ['PS256', 'RSA'],
  ['ES256', 'EC'],
  ['ES384', 'EC'],
  ['EdDSA', 'OKP'],
]);

class Failure extends Error {
  constructor(
    readonly step: PkStep,
    message: string,
  ) {
    super(message);
  }
}

function decodeObject(part: string, step: PkStep, what: string): Record<string, unknown> {
  try {
    const bytes = Buffer.from(part, 'base64url');
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch {
    // Falls through to the one failure below.
  }
  throw new Failure(step, `${what} is not a JSON object`);
}

async function checkCic(token: PkToken): Promise<{ cic: Cic; encoded: string }> {
  const ours = token.signatures[1];
  const encoded = Buffer.from(ours.protected, 'base64url').toString('utf8');
  const cic = decodeCic(encoded);
  if (!cic) throw new Failure('cic-signature', 'the second signature carries no well-formed CIC');
  try {
    const key = await importJWK({ ...cic.jwk }, 'ES256');
    await flattenedVerify({ ...ours, payload: token.payload }, key, { algorithms: ['ES256'] });
  } catch {
    throw new Failure('cic-signature', 'the signature does not fit the key in the CIC');
  }
  return { cic, encoded };
}

function candidates(issuer: TrustedIssuer, alg: string, kid: unknown): JWK[] {
  const kty = ALGORITHMS.get(alg);
  // Archived key sets are other people's bytes: anything may stand in them.
  const keys = issuer.jwks.flatMap((set): readonly JWK[] => (Array.isArray(set.keys) ? set.keys : []));
  const usable = keys.filter(
    (key) => key?.kty === kty && (key.use ?? 'sig') === 'sig' && (key.alg ?? alg) === alg,
  );
  return kid === undefined ? usable : usable.filter((key) => key.kid === kid);
}

/** Checks one provider signature and answers the `kid` that vouched. */
async function checkProvider(
  jws: CompactJws,
  issuer: TrustedIssuer,
  what: string,
): Promise<string | undefined> {
  const header = decodeObject(jws.protected, 'provider-signature', `the header of ${what}`);
  const { alg, kid } = header;
  if (typeof alg !== 'string' || !ALGORITHMS.has(alg))
    throw new Failure(
      'provider-signature',
      `${what} uses algorithm ${JSON.stringify(alg)}, which is not accepted`,
    );
  if (kid !== undefined && typeof kid !== 'string')
    throw new Failure('provider-signature', `${what} has a kid that is not text`);
  const keys = candidates(issuer, alg, kid);
  if (keys.length === 0)
    throw new Failure(
      'provider-signature',
      `no archived key of ${issuer.issuer} has kid ${JSON.stringify(kid)}`,
    );
  for (const key of keys) {
    try {
      await flattenedVerify({ ...jws }, await importJWK(key, alg), { algorithms: [alg] });
      return kid ?? key.kid;
    } catch {
      // Another key may carry the same kid after a rotation; all failing is the failure.
    }
  }
  throw new Failure('provider-signature', `${what} is not signed by ${issuer.issuer}`);
}

/** OIDC Core 3.1.3.7: our client must be the audience, and the authorised party when there are several. */
function checkAudience(claims: Record<string, unknown>, audiences: readonly string[], what: string): void {
  const { aud, azp } = claims;
  const list: unknown[] = Array.isArray(aud) ? aud : [aud];
  const known = (value: unknown) => typeof value === 'string' && audiences.includes(value);
  if (!list.some(known)) throw new Failure('audience', `${what} was issued to ${JSON.stringify(aud)}`);
  if ((azp !== undefined || list.length > 1) && !known(azp))
    throw new Failure('audience', `${what} was issued for the party ${JSON.stringify(azp)}`);
}

function checkNonce(claims: Record<string, unknown>, encoded: string): 'nonce' | 'none' {
  const { nonce } = claims;
  if (nonce === undefined) return 'none';
  if (nonce !== commitment(encoded)) throw new Failure('nonce', 'the nonce does not commit to this key');
  return 'nonce';
}

function span(claims: Record<string, unknown>, what: string): { from: number; until: number } {
  const { iat, exp, nbf } = claims;
  if (typeof iat !== 'number' || typeof exp !== 'number' || !Number.isFinite(iat) || !Number.isFinite(exp))
    throw new Failure('validity-at-signing', `${what} has no iat and exp`);
  return { from: (typeof nbf === 'number' ? Math.max(iat, nbf) : iat) * 1000, until: exp * 1000 };
}

function checkValidity(spans: readonly { from: number; until: number }[], check: PkCheck): void {
  const { at, leeway = 60_000 } = check;
  if (at === undefined) return;
  if (spans.some(({ from, until }) => at >= from - leeway && at <= until + leeway)) return;
  const late = spans.every(({ until }) => at > until + leeway);
  throw new Failure(
    'validity-at-signing',
    late
      ? 'the ID token had expired when this was signed'
      : 'the ID token was not valid when this was signed',
  );
}

function subject(claims: Record<string, unknown>): string {
  const { sub } = claims;
  if (typeof sub !== 'string' || sub === '') throw new Failure('issuer', 'the ID token names no subject');
  return sub;
}

interface Vouched {
  readonly claims: Record<string, unknown>;
  readonly kid: string | undefined;
}

/** A refreshed token: same issuer and subject, same audience, its nonce (if any) the same commitment. */
async function checkFresh(
  jws: string,
  issuer: TrustedIssuer,
  sub: string,
  encoded: string,
): Promise<Vouched> {
  const what = 'the refreshed ID token';
  const parts = splitCompact(jws);
  if (!parts) throw new Failure('format', `${what} is not a compact JWS`);
  const claims = decodeObject(parts.payload, 'format', what);
  if (claims['iss'] !== issuer.issuer || claims['sub'] !== sub)
    throw new Failure('issuer', `${what} is about somebody else`);
  const kid = await checkProvider(parts, issuer, what);
  checkAudience(claims, issuer.audiences, what);
  checkNonce(claims, encoded);
  return { claims, kid };
}

async function judge(text: string, check: PkCheck): Promise<PkIdentity> {
  const token = decodePkToken(text);
  if (!token) throw new Failure('format', 'not a PK token in canonical form');
  const claims = decodeObject(token.payload, 'format', 'the payload');
  const { cic, encoded } = await checkCic(token);
  const issuer = check.trust.find((one) => one.issuer === claims['iss']);
  if (!issuer) throw new Failure('issuer', `the issuer ${JSON.stringify(claims['iss'])} is not known`);
  const sub = subject(claims);
  const original = { ...token.signatures[0], payload: token.payload };
  const kid = await checkProvider(original, issuer, 'the ID token');
  checkAudience(claims, issuer.audiences, 'the ID token');
  const binding = checkNonce(claims, encoded);
  const fresh = token.fresh === undefined ? undefined : await checkFresh(token.fresh, issuer, sub, encoded);
  const validity = [
    span(claims, 'the ID token'),
    ...(fresh ? [span(fresh.claims, 'the refreshed ID token')] : []),
  ];
  checkValidity(validity, check);
  const kids = [kid, fresh?.kid].filter((one) => one !== undefined);
  return {
    iss: issuer.issuer,
    sub,
    jkt: thumbprint(cic.jwk),
    jwk: cic.jwk,
    binding,
    ...(cic.att === undefined ? {} : { att: cic.att }),
    kids: [...new Set(kids)],
    validity,
    claims,
    ...(fresh ? { fresh: fresh.claims } : {}),
  };
}

/** Verifies in the fixed order: CIC signature, issuer, provider signature, audience, nonce, validity at signing. */
export async function verifyPkToken(text: string, check: PkCheck): Promise<PkVerdict> {
  try {
    return { ok: true, identity: await judge(text, check) };
  } catch (error) {
    if (error instanceof Failure) return { ok: false, step: error.step, reason: error.message };
    throw error;
  }
}
