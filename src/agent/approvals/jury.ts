// Checks every answer to one request of ours, with the provider's keys and the policy of this moment. Must never remember a yes.
import type { AcceptedDecision } from '../../flow/escalate/index.ts';
import type { ApprovalStrength, RefusedDecision, RequestPredicate } from '../../model/approval.ts';
import { blobKey } from '../../model/bundle.ts';
import type { IdentitySettings } from '../../model/config.ts';
import type { Connection } from '../../model/connection.ts';
import type { Decision } from '../../model/decision.ts';
import { BrokerError } from '../../model/errors.ts';
import type { User } from '../../model/principal.ts';
import type { PolicyText } from '../../model/session.ts';
import type { Store } from '../../model/store.ts';
import type { FolderView } from './folder.ts';
import type { ApprovalPorts } from './ports.ts';

const MAX_TOKEN = 64 * 1024;

/** By which rules answers are judged; read anew for every look. */
export interface Rules {
  readonly identity: IdentitySettings;
  readonly connection: Connection;
  readonly policy: PolicyText;
}

export interface OwnRequest {
  readonly bytes: Uint8Array;
  readonly predicate: RequestPredicate;
}

export interface Findings {
  readonly accepted: readonly AcceptedDecision[];
  readonly refused: readonly RefusedDecision[];
}

/** May this person approve on the connection? As policy answers for the claims of their own ID token. */
export async function approveRule(
  { connection, policy }: Pick<Rules, 'connection' | 'policy'>,
  { asked }: Pick<RequestPredicate, 'asked'>,
  now: number,
): Promise<(person: User) => Pick<Decision, 'outcome' | 'policies'>> {
  const { decide, loadPolicies } = await import('../../flow/decide/index.ts');
  const set = await loadPolicies(policy);
  const action = { action: 'approve', resource: { type: 'Connection', id: connection.name } } as const;
  const { tables, fingerprint, client, reason } = asked;
  const context = { tables, client, reason, time: now, ...(fingerprint ? { fingerprint } : {}) };
  return (user) => decide(set, { principal: { kind: 'user', user }, connection, actions: [action], context });
}

/** The store's blob that an approval object names as its PK token. */
export async function pkTokenOf(store: Store, bytes: Uint8Array): Promise<string | undefined> {
  const { tokenDigest } = await import('../../flow/escalate/index.ts');
  const digest = tokenDigest(bytes);
  if (digest === undefined) return undefined;
  try {
    const token = await store.get(blobKey(digest), MAX_TOKEN);
    return token && Buffer.from(token).toString('utf8');
  } catch (error) {
    if (error instanceof BrokerError && error.code === 'not-verified') return undefined;
    throw error;
  }
}

export interface Trial {
  readonly request: OwnRequest;
  readonly view: FolderView;
  readonly store: Store;
  readonly rules: Rules;
  /** Every key the requester signs with. */
  readonly jkts: readonly string[];
  /** When the answers are used, milliseconds. */
  readonly now: number;
}

/** Judges all answers from the beginning: what counted a moment ago need not count now. */
export async function judge(ports: Pick<ApprovalPorts, 'keys'>, trial: Trial): Promise<Findings> {
  const { request, view, store, rules, now } = trial;
  const { identity } = rules;
  const { checkDecision } = await import('../../flow/escalate/index.ts');
  const jwks = await ports.keys(identity);
  const mayApprove = await approveRule(rules, request.predicate, now);
  const { iss, sub } = request.predicate.requester;
  const accepted: AcceptedDecision[] = [];
  const refused: RefusedDecision[] = [];
  for (const file of view.decisions) {
    const verdict = await checkDecision({
      request: { ...request, stored: view.request },
      file,
      pkToken: await pkTokenOf(store, file.bytes),
      jwks,
      settings: {
        issuer: identity.issuer,
        audiences: [identity.clientId],
        groupsClaim: identity.groupsClaim,
      },
      requester: { iss, sub, jkts: trial.jkts },
      now,
      mayApprove,
      strengthAllowed: request.predicate.asked.strength ?? 'fresh-sign-in',
    });
    if (verdict.ok) accepted.push(verdict);
    else refused.push({ key: file.key, step: verdict.step, reason: verdict.reason });
  }
  return { accepted, refused };
}

export function weakest(strengths: readonly ApprovalStrength[]): ApprovalStrength {
  return strengths.includes('session-key') ? 'session-key' : 'fresh-sign-in';
}
