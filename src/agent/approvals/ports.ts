// What approvals need from the rest of the agent. Types only; compose.ts decides who stands behind them.
import type { Clock } from '../../lib/clock.ts';
import type { ApproveDetail } from '../../model/approval.ts';
import type { IdentitySettings, StoreSettings } from '../../model/config.ts';
import type { Predicate } from '../../model/evidence.ts';
import type { Store } from '../../model/store.ts';
import type { EpochSignIn } from '../evidence.ts';
import type { Caller } from '../messages.ts';
import type { Log, Person, Setting } from '../ports.ts';
import type { LoginTalk } from '../sign-in.ts';

export type Address = Pick<StoreSettings, 'url' | 'unsafe'>;

export interface SingleSignIn extends EpochSignIn {
  forget(): Promise<void>;
}

export interface ApprovalPorts {
  readonly clock: Clock;
  readonly log: Log;
  readonly tool: Predicate['tool'];
  /** Folder in which requests of ours are remembered across a crash. */
  readonly folder: string;
  /** The store, once it has shown that it is the one it was. */
  store(address: Address): Promise<Store>;
  storeId(address: Address): Promise<string>;
  /** What signs now, renewed when that is due. Throws `not-signed-in`, `sign-in-expired`. */
  signIn(): Promise<EpochSignIn>;
  /** Who is signed in. Throws `not-signed-in`, `sign-in-expired`. */
  person(): Promise<Person>;
  setting(caller: Caller): Promise<Setting>;
  /** A sign-in for one decision only: its key attests `att`. `forget` tells the provider that its tokens are not needed. */
  signInFor(att: string, talk: LoginTalk, caller: Caller): Promise<SingleSignIn>;
  /** Repeats a decision in the approver's own chain. */
  mirror(address: Address, detail: ApproveDetail): Promise<void>;
  /** The value of a keychain entry of the person's own. */
  secret(name: string): Promise<string | undefined>;
  /** There is a desktop to show something on. */
  readonly desktop: boolean;
  /** The provider's keys, fetched now. */
  keys(identity: IdentitySettings): Promise<{ readonly keys: readonly { readonly kty?: string }[] }>;
}
