// What commands and the agent say to each other about a team's policy. Plain data; a change here is a new version of the agent.
import type { SignInPrompt } from '../identity/index.ts';
import type { ApprovalStrength } from '../model/approval.ts';
import type { User } from '../model/principal.ts';
import type { PolicyText } from '../model/session.ts';
import type { Caller, SignInMode, WireError } from './messages.ts';

/** A published version of a team's policy. */
export interface PublishedVersion {
  readonly number: number;
  /** SHA-256 hex of the signed file, and of the policies. */
  readonly digest: string;
  readonly policy: string;
  readonly signer: Pick<User, 'iss' | 'sub' | 'name' | 'email'>;
  /** RFC 3339. */
  readonly time: string;
  readonly reason?: string;
  readonly strength: ApprovalStrength;
}

/** A version that does not count, and the check that says so. */
export interface PublishedProblem {
  readonly version: number;
  readonly key: string;
  readonly step: string;
  readonly reason: string;
}

/** The policy of the team as it is in force here. */
export interface PublishedPolicy {
  readonly store: string;
  /** Absent when none counts; then nothing is permitted, and `refused` says why. */
  readonly version?: PublishedVersion;
  readonly refused?: string;
  readonly problems: readonly PublishedProblem[];
  /** Why the last look at the store failed. */
  readonly failure?: string;
  /** RFC 3339 of the last look. */
  readonly looked?: string;
}

/** What `broker policy show` and `log` ask for. */
export interface PoliciesRequest {
  readonly caller: Caller;
  /** The policies of this version; of the newest that counts when left out. */
  readonly version?: number;
}

export interface PublishedLog extends PublishedPolicy {
  /** Every version that counts, the oldest first. */
  readonly versions: readonly PublishedVersion[];
}

export interface PublishedText {
  readonly version: PublishedVersion;
  readonly files: PolicyText['files'];
}

/** What is in force for the caller: the published policy and what local files forbid beside it. */
export interface PolicyShown {
  readonly published?: PublishedVersion;
  readonly digest: string;
  readonly policy: PolicyText;
}

export type FromPush =
  | {
      readonly type: 'push';
      readonly files: PolicyText['files'];
      readonly reason?: string;
      /** Number and digest of the version that was shown; 0 and nothing when there was none. */
      readonly base: { readonly version: number; readonly digest: string };
      /** Publish even where nothing changed. */
      readonly again?: boolean;
      readonly mode: SignInMode;
      readonly caller: Caller;
    }
  | { readonly type: 'pasted'; readonly text: string };

export type ToPush =
  | { readonly type: 'prompt'; readonly prompt: SignInPrompt }
  | {
      readonly type: 'published';
      readonly version: PublishedVersion;
      readonly key: string;
      readonly restored: readonly number[];
    }
  | { readonly type: 'error'; readonly error: WireError };
