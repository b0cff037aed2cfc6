// The configuration once validated and layered. config/ makes it; everything else only reads it.
import type { ApprovalStrength } from './approval.ts';
import type { Connection } from './connection.ts';
import type { PolicySigner } from './publication.ts';

export interface IdentitySettings {
  /** Issuer URL; https, or http on loopback only. */
  readonly issuer: string;
  /** Client for evidence: no target trusts its tokens. */
  readonly clientId: string;
  /** Client whose tokens targets accept; absent when no target takes tokens. */
  readonly targetClientId?: string;
  readonly scopes: readonly string[];
  readonly groupsClaim: string;
  /** Fixed loopback redirect port, for providers that want one registered; 0 picks any. */
  readonly redirectPort: number;
}

export interface StoreSettings {
  /** `file:/path` or `s3://bucket/prefix?endpoint=…&region=…`. */
  readonly url: string;
  /** Accept a store the probe calls unsafe; recorded. */
  readonly unsafe: boolean;
  /** Refuse sessions while the store cannot be reached; otherwise they are spooled. */
  readonly requireOnline: boolean;
  /** Refuse sessions while something has waited for upload longer than this many seconds; 0 never. */
  readonly maxBacklog: number;
  /** Time stamping authority (RFC 3161) asked about signatures. */
  readonly timestampUrl?: string;
  /** How long objects are locked in a bucket with Object Lock; the bucket's own default when absent. */
  readonly retention?: { readonly days: number; readonly mode: 'governance' | 'compliance' };
}

export interface AgentSettings {
  /** Seconds without sessions or requests before the agent stops. */
  readonly idle: number;
  /** Keep one worker forked ahead. */
  readonly spare: boolean;
}

export interface BotSettings {
  /** Groups in policy's sense; a bot never has its owner's. */
  readonly groups: readonly string[];
}

/** Where requests for approval are told of, beside the store. */
export interface ApprovalSettings {
  readonly webhooks: readonly {
    readonly url: string;
    /** Name of the keychain entry that the signature is made with. */
    readonly secret: string;
  }[];
  /** Show notifications on the desktop, where there is one. */
  readonly desktop: boolean;
}

/** Policy from the store: only what a pinned signer published permits anything. */
export interface TeamPolicySettings {
  readonly signers: readonly PolicySigner[];
  /** The weakest signature that counts. */
  readonly strength: ApprovalStrength;
  /** Seconds between looks at the store while something is open. */
  readonly interval: number;
}

export interface Config {
  readonly identity?: IdentitySettings;
  readonly store: StoreSettings;
  readonly keychain: 'auto' | 'system' | 'file';
  /** Files and folders of Cedar policies, absolute. */
  readonly policy: readonly string[];
  readonly teamPolicy?: TeamPolicySettings;
  readonly connections: ReadonlyMap<string, Connection>;
  readonly agent: AgentSettings;
  readonly approvals?: ApprovalSettings;
  /** Bots by name: what `broker mcp` and `broker run` act as. */
  readonly bots: ReadonlyMap<string, BotSettings>;
}

export type Layer = 'default' | 'system' | 'user' | 'project' | 'environment' | 'flag';

/** Where one value came from: dotted path → layer and place. */
export interface Origin {
  readonly layer: Layer;
  /** `file:line:column`, the variable's name, or the flag. */
  readonly place: string;
}

export interface Problem {
  /** `file:line:column`, or the variable or flag. */
  readonly place: string;
  /** Dotted path of the value, e.g. `connections.prod-db.port`. */
  readonly path: string;
  readonly reason: string;
}
