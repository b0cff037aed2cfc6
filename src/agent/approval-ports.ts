// Stands the store, the sign-in, the ledger and the provider behind approvals. Must never load them before somebody asks or answers.
import type { Clock } from '../lib/clock.ts';
import type { Predicate } from '../model/evidence.ts';
import type { ApprovalDesk } from './approvals/desk.ts';
import type { EvidenceDesk } from './desk.ts';
import type { Log, Person } from './ports.ts';
import type { Settings } from './settings.ts';

/** Milliseconds the provider may take to hear that a sign-in for one decision is over. */
const FORGET = 5_000;

export interface ApprovalParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly tool: Predicate['tool'];
  readonly folder: string;
  readonly desk: EvidenceDesk;
  readonly settings: Settings;
  person(): Promise<Person>;
}

export async function openApprovals(parts: ApprovalParts): Promise<ApprovalDesk> {
  const { clock, log, tool, folder, desk, settings } = parts;
  const { ApprovalDesk: Desk } = await import('./approvals/desk.ts');
  const identity = () => import('../identity/index.ts');
  return new Desk({
    clock,
    log,
    tool,
    folder,
    store: async (address) => (await desk.link(address)).confirmed(),
    storeId: async (address) => (await (await desk.link(address)).identity()).id,
    person: () => parts.person(),
    setting: (caller) => settings.setting(caller),
    signIn: async () => {
      await parts.person();
      return desk.signIn;
    },
    signInFor: async (att, talk, caller) => {
      const { signIn, signOut } = await identity();
      const own = await settings.identity(caller);
      const signedIn = await signIn({ ...talk, settings: own, clock, att, maxAge: 0 });
      const { epochSignIn } = await import('./epoch.ts');
      return {
        ...epochSignIn(signedIn),
        forget: async () =>
          void (await signOut(signedIn, { settings: own, clock, signal: AbortSignal.timeout(FORGET) })),
      };
    },
    mirror: async (address, detail) => void (await (await desk.ledger(address)).approve(detail)),
    keys: async ({ issuer, clientId }) => (await identity()).currentKeys({ issuer, clientId, clock }),
  });
}
