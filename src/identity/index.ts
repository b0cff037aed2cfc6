// What the rest of broker may use of identity: sign in, stay signed in, sign, and judge a PK token.
export { commitment, decodeCic, encodeCic, type PublicJwk, thumbprint } from './cic.ts';
export type { Purpose, SignInPrompt } from './courier.ts';
export { currentKeys } from './current-keys.ts';
export { type Keychain, type KeychainOptions, openKeychain } from './keychain/keychain.ts';
export {
  PK_STEPS,
  type PkCheck,
  type PkIdentity,
  type PkStep,
  type PkVerdict,
  type TrustedIssuer,
  verifyPkToken,
} from './pk-verification.ts';
export { type SignInOptions, signIn } from './sign-in.ts';
export {
  deserialise,
  type JwksSighting,
  type SignedIn,
  serialise,
  type Tokens,
  toSigner,
} from './signed-in.ts';
export {
  refresh,
  signOut,
  type TargetToken,
  type TargetWish,
  type TokenOptions,
  targetToken,
} from './tokens.ts';
