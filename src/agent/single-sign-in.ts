// A sign-in for one signature only: its key attests what is signed, and is forgotten. Must never become the person's own sign-in.
import type { Clock } from '../lib/clock.ts';
import type { SingleSignIn } from './approvals/ports.ts';
import type { Caller } from './messages.ts';
import type { Settings } from './settings.ts';
import type { LoginTalk } from './sign-in.ts';

/** Milliseconds the provider may take to hear that it is over. */
const FORGET = 5_000;

export interface SingleSignInParts {
  readonly clock: Clock;
  readonly settings: Settings;
}

export function singleSignIn({ clock, settings }: SingleSignInParts) {
  return async (att: string, talk: LoginTalk, caller: Caller): Promise<SingleSignIn> => {
    const { signIn, signOut } = await import('../identity/index.ts');
    const own = await settings.identity(caller);
    const signedIn = await signIn({ ...talk, settings: own, clock, att, maxAge: 0 });
    const { epochSignIn } = await import('./epoch.ts');
    return {
      ...epochSignIn(signedIn),
      forget: async () =>
        void (await signOut(signedIn, { settings: own, clock, signal: AbortSignal.timeout(FORGET) })),
    };
  };
}
