// Reads a request as its approver must: only one that its requester signed is put before a person as theirs. Never fetches anything.
import { toUser } from '../../identity/claims.ts';
import type { TrustedIssuer } from '../../identity/pk-verification.ts';
import type { RequestPredicate } from '../../model/approval.ts';
import { holdSignature, place, type StoredFile, vouch } from './opened.ts';
import { type ApRefusal, Refused, refusable } from './refusal.ts';

export interface RequestReading {
  /** Id of the store it was found in. */
  readonly store: string;
  /** The blob that `tokenDigest` names, as the store gave it. */
  readonly pkToken: string | undefined;
  /** The configured issuer with its keys as fetched now. */
  readonly trust: readonly TrustedIssuer[];
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export interface GenuineRequest {
  readonly ok: true;
  readonly predicate: RequestPredicate;
  /** SHA-256 hex of the file: what an answer names. */
  readonly digest: string;
  readonly day: string;
  /** Name and e-mail as the provider gives them, whatever the request says. */
  readonly requester: RequestPredicate['requester'];
}

/** A request whose signature, PK token, key, person, place and time all hold, or the first thing that does not. */
export function readRequest(
  file: StoredFile,
  { store, pkToken, trust, now }: RequestReading,
): Promise<GenuineRequest | ApRefusal> {
  return refusable(async () => {
    const placed = place(file, 'request', store);
    const { predicate, digest, place: at } = placed;
    const { id, clock } = predicate;
    if (at.id !== id || at.day !== clock.wall.slice(0, 10))
      throw new Refused('key', 'it stands under another id or day than it was signed for');
    const known = await vouch(placed, pkToken, trust);
    if (known.att !== undefined) throw new Refused('att', 'its key was made for one decision, not to ask');
    holdSignature(placed, known, now);
    const { email, name } = toUser(known.claims, { groupsClaim: '' });
    const { iss, sub, bot } = predicate.requester;
    const requester = {
      iss,
      sub,
      ...(name === undefined ? {} : { name }),
      ...(email === undefined ? {} : { email }),
      ...(bot === undefined ? {} : { bot }),
    };
    return { ok: true, predicate, digest, day: at.day, requester };
  });
}
