// What a team's policy needs from the rest of the agent. Types only; compose.ts decides who stands behind them.

import type { Address, ApprovalPorts } from '../approvals/ports.ts';
import type { PolicyInForce } from '../evidence.ts';

type Shared = Pick<
  ApprovalPorts,
  'clock' | 'log' | 'tool' | 'store' | 'storeId' | 'signIn' | 'person' | 'signInFor'
>;

export type { Address };

export interface TeamPorts extends Shared {
  /** Folder in which versions that counted are remembered. */
  readonly folder: string;
  /** A provider's keys, fetched now. */
  keys(issuer: string, clientId: string): Promise<{ readonly keys: readonly { readonly kty?: string }[] }>;
  /** Signs a `config` statement. Throws `not-signed-in`, `sign-in-expired`. */
  record(
    address: Address,
    policy: PolicyInForce | undefined,
    detail: Readonly<Record<string, unknown>>,
  ): Promise<void>;
}
