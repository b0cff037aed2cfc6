// Stands the identity shelf behind the agent's sign-in. Must never load it before somebody signs in or has been.
import type { SignedIn } from '../identity/index.ts';
import type { Clock } from '../lib/clock.ts';
import type { EvidenceDesk } from './desk.ts';
import type { Log } from './ports.ts';
import type { Settings } from './settings.ts';
import type { SignInPorts } from './sign-in.ts';

/** The keychain's entry for the sign-in itself. */
const ENTRY = 'sign-in';

export interface SignInParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly settings: Settings;
  readonly desk: EvidenceDesk;
}

export function signInPorts({ clock, log, settings, desk }: SignInParts): SignInPorts<SignedIn> {
  const identity = () => import('../identity/index.ts');
  const forLedger = async (signedIn: SignedIn) => (await import('./epoch.ts')).epochSignIn(signedIn);
  const options = async (signal: AbortSignal) => ({ settings: await settings.identity(), clock, signal });
  return {
    clock,
    log,
    load: async () => {
      const text = await (await settings.keychain()).get(ENTRY);
      return text === undefined ? undefined : (await identity()).deserialise(text);
    },
    save: async (signedIn) => (await settings.keychain()).set(ENTRY, (await identity()).serialise(signedIn)),
    forget: async () => void (await (await settings.keychain()).delete(ENTRY)),
    view: async (signedIn) => ({
      user: signedIn.user,
      expires: signedIn.expires,
      renewable: signedIn.evidence.refreshToken !== undefined,
      binding: signedIn.binding,
      key: (await forLedger(signedIn)).signer.identity.jkt,
      notices: signedIn.notices,
    }),
    signIn: async (talk, caller) =>
      (await identity()).signIn({ ...talk, settings: await settings.identity(caller), clock }),
    refresh: async (signedIn, signal) => (await identity()).refresh(signedIn, await options(signal)),
    targetToken: async (signedIn, wish, signal) =>
      (await identity()).targetToken(signedIn, await options(signal), wish),
    revoke: async (signedIn, signal) =>
      void (await (await identity()).signOut(signedIn, await options(signal))),
    epoch: async (signedIn, caller) => {
      const { store } = await settings.config(caller);
      await desk.begin(await forLedger(signedIn), store);
    },
    resume: async (signedIn) => desk.resume(await forLedger(signedIn)),
    close: () => desk.signOut(),
  };
}
