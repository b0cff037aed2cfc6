// Whose key signed, by the PK token and the provider's archived keys. Must never take an archived key for a pinned one.

import type { KeyObject } from 'node:crypto';
import { type PkIdentity, type PkVerdict, verifyPkToken } from '../../identity/pk-verification.ts';
import { canonical } from '../../lib/canonical.ts';
import { sha256 } from '../../lib/digest.ts';
import { publicKey } from '../../lib/dsse.ts';
import type { Predicate } from '../../model/evidence.ts';
import type { Step } from '../../model/verdict.ts';
import { forgetOldest } from './findings.ts';

type KeySet = { readonly keys: readonly Readonly<Record<string, unknown>>[] };

/** What the auditor brings along: which issuer and client count, and the provider's keys as the auditor sees them. */
export interface IssuerPin {
  readonly issuer: string;
  readonly audiences: readonly string[];
  /** JWKS text the auditor fetched or kept; absent when it cannot be had. */
  readonly jwks?: string;
}

export interface Known {
  readonly identity: PkIdentity;
  readonly key: KeyObject;
  /** The provider's keys that vouch, as fingerprints; empty when pinned. */
  readonly archived: readonly string[];
}

export type Judgement =
  | { readonly ok: true; readonly known: Known }
  | { readonly ok: false; readonly step: Step; readonly reason: string };

const STEP: Readonly<Record<string, Step>> = { format: 'pk-token', 'cic-signature': 'pk-token' };
const LEEWAY = 60_000;
/** Sign-ins remembered: a day has that many in a large company. */
const JUDGED = 10_000;

function keySet(text: string): KeySet | undefined {
  try {
    const { keys } = JSON.parse(text) as { keys?: unknown };
    const whole = Array.isArray(keys) && keys.every((key) => typeof key === 'object' && key !== null);
    return whole && keys.length <= 100 ? { keys: keys as KeySet['keys'] } : undefined;
  } catch {
    return undefined;
  }
}

/** Issuer and audience that a token claims, to be used where the auditor pinned none. */
function claimed(pkToken: string): IssuerPin | undefined {
  try {
    const { payload } = JSON.parse(pkToken) as { payload: string };
    const { iss, aud, azp } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<
      string,
      unknown
    >;
    const audiences = [aud, azp].flat().filter((each): each is string => typeof each === 'string');
    return typeof iss === 'string' ? { issuer: iss, audiences } : undefined;
  } catch {
    return undefined;
  }
}

/** `kid` of the provider's signature over the ID token. */
function kidOf(pkToken: string): unknown {
  try {
    const { signatures } = JSON.parse(pkToken) as { signatures: { protected: string }[] };
    return JSON.parse(Buffer.from(signatures[0]?.protected ?? '', 'base64url').toString()).kid;
  } catch {
    return undefined;
  }
}

function names(jwks: string | undefined, kid: unknown): boolean {
  return (
    jwks !== undefined && kid !== undefined && (keySet(jwks)?.keys ?? []).some((key) => key['kid'] === kid)
  );
}

/** A provider key apart from its decorations. */
export function fingerprint(key: Readonly<Record<string, unknown>>): string {
  const { kty, n, e, crv, x, y } = key;
  return sha256(canonical({ kty, n, e, crv, x, y }));
}

export class Identities {
  readonly #pins: readonly IssuerPin[] | undefined;
  readonly #judged = new Map<string, Promise<Judgement>>();
  /** Provider key → subjects whose epochs saw it published. */
  readonly #sightings = new Map<string, Set<string>>();

  constructor(pins: readonly IssuerPin[] | undefined) {
    this.#pins = pins;
  }

  /** Judges a token once, however many statements name it. */
  judge(pkToken: string, jwks: readonly string[]): Promise<Judgement> {
    const id = sha256(canonical([pkToken, ...jwks]));
    let judged = this.#judged.get(id);
    if (!judged) {
      judged = this.#judge(pkToken, jwks);
      this.#judged.set(id, judged);
      forgetOldest(this.#judged, JUDGED);
    }
    return judged;
  }

  async #judge(pkToken: string, jwks: readonly string[]): Promise<Judgement> {
    const trusted = this.#pins ?? [claimed(pkToken)].filter((pin) => pin !== undefined);
    const pinned = await this.#verify(pkToken, trusted, (pin) => (pin.jwks ? [pin.jwks] : []));
    if (pinned.ok) return accepted(pinned.identity, []);
    // The auditor's own copy has a key of this name and it does not fit: no archived copy may overrule that.
    if (pinned.step === 'provider-signature' && trusted.some((pin) => names(pin.jwks, kidOf(pkToken))))
      return { ok: false, step: 'provider-signature', reason: pinned.reason };
    const verdict = await this.#verify(pkToken, trusted, () => jwks);
    if (!verdict.ok)
      return { ok: false, step: STEP[verdict.step] ?? (verdict.step as Step), reason: verdict.reason };
    const { kids } = verdict.identity;
    const archived = jwks
      .flatMap((text) => keySet(text)?.keys ?? [])
      .filter((key) => kids.length === 0 || kids.includes(key['kid'] as string))
      .map(fingerprint);
    return accepted(verdict.identity, archived);
  }

  #verify(
    pkToken: string,
    trusted: readonly IssuerPin[],
    keys: (pin: IssuerPin) => readonly string[],
  ): Promise<PkVerdict> {
    const trust = trusted.map((pin) => ({
      issuer: pin.issuer,
      audiences: pin.audiences,
      jwks: keys(pin).flatMap((text) => keySet(text) ?? []),
    }));
    return verifyPkToken(pkToken, { trust: trust as never });
  }

  /** An epoch of this person saw these provider keys. */
  sighted(jwks: readonly string[], identity: PkIdentity): void {
    for (const text of jwks)
      for (const key of keySet(text)?.keys ?? []) {
        const subjects = this.#sightings.get(fingerprint(key)) ?? new Set();
        this.#sightings.set(fingerprint(key), subjects.add(`${identity.iss}\0${identity.sub}`));
      }
  }

  /** After all epochs were read: whether the provider's key is pinned, or was seen by two different people. */
  corroborated(known: Known): boolean {
    if (known.archived.length === 0) return true;
    return known.archived.some((key) => (this.#sightings.get(key)?.size ?? 0) >= 2);
  }
}

function accepted(identity: PkIdentity, archived: readonly string[]): Judgement {
  return { ok: true, known: { identity, key: publicKey(identity.jwk), archived } };
}

/** Why a predicate's identity is not the token's, or the key was not valid when it signed. */
export function identityProblem(
  predicate: Predicate,
  identity: PkIdentity,
): { step: Step; reason: string } | undefined {
  const { iss, sub, jkt, binding } = predicate.identity;
  if (iss !== identity.iss || sub !== identity.sub)
    return { step: 'identity', reason: 'it names another person than the PK token' };
  if (jkt !== identity.jkt) return { step: 'identity', reason: 'it names another key than the PK token' };
  if (binding !== identity.binding)
    return { step: 'identity', reason: `it claims binding ${binding}, the token has ${identity.binding}` };
  if (identity.att !== undefined)
    return { step: 'identity', reason: 'its key was made for one approval, not for a ledger' };
  return validityProblem(predicate, identity);
}

/** The key signed while some ID token of its sign-in was valid. */
export function validityProblem(
  predicate: Pick<Predicate, 'clock'>,
  identity: PkIdentity,
): { step: Step; reason: string } | undefined {
  const at = Date.parse(predicate.clock.wall);
  if (identity.validity.some(({ from, until }) => at >= from - LEEWAY && at <= until + LEEWAY))
    return undefined;
  return { step: 'validity-at-signing', reason: 'no ID token of this key was valid when it signed' };
}
