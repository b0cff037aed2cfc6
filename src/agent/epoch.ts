// What the ledger needs of a sign-in. Must never pass a token on.
import { type SignedIn, toSigner } from '../identity/index.ts';
import type { EpochSignIn } from './evidence.ts';

export function epochSignIn(signedIn: SignedIn): EpochSignIn {
  return {
    signer: toSigner(signedIn),
    pkToken: signedIn.pkToken,
    sightings: signedIn.sightings,
    validUntil: signedIn.expires,
  };
}
