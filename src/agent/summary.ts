// How evidence, listings and the front are told about a session. Pure; must never contain the session secret except for its front.
import type { Connection } from '../model/connection.ts';
import type { Credential } from '../model/credential.ts';
import type { BrokerError } from '../model/errors.ts';
import type { SessionSummary } from '../model/evidence.ts';
import { owner, type Principal } from '../model/principal.ts';
import type { FromWorker, PolicyText, SessionOrder, ToHeld } from '../model/session.ts';
import type { SessionCase } from './approvals/session.ts';
import type { Actor, AttemptOrder, PolicyInForce } from './evidence.ts';
import type { OpenedSession, OpenRequest, SessionRow } from './messages.ts';
import type { SessionStart, Setting } from './ports.ts';
import { identityOf } from './settings.ts';

export type Admitted = Extract<FromWorker, { type: 'admitted' }>;
export type Listening = Extract<FromWorker, { type: 'listening' }>;

/** What is known of a session so far. */
export interface Known {
  readonly id: string;
  readonly connection: Connection;
  readonly principal: Principal;
  readonly client: string;
  /** RFC 3339. */
  readonly opened: string;
  readonly policy: PolicyText;
  readonly spool: string;
  readonly credential?: Credential | undefined;
  readonly admitted?: Admitted | undefined;
  readonly listening?: Listening | undefined;
}

/** `host:port`, or the folder of a unix socket. */
export function addressOf(connection: Connection): string {
  return connection.host.startsWith('/') ? connection.host : `${connection.host}:${connection.port}`;
}

export function actorOf(principal: Principal): Actor {
  const person = owner(principal);
  const name = person.name ?? person.sub;
  if (principal.kind === 'user') return { kind: 'human', name };
  const { id, version } = principal.bot;
  return { kind: 'bot', name: id, ...(version === undefined ? {} : { version }), onBehalfOf: name };
}

export function summarise(known: Known): Omit<SessionSummary, 'closed' | 'end' | 'exit' | 'counts'> {
  const { connection, credential, listening } = known;
  const database = listening?.endpoint.database ?? connection.database;
  return {
    id: known.id,
    connection: connection.name,
    protocol: connection.type,
    address: addressOf(connection),
    ...(database === undefined ? {} : { database }),
    ...(listening?.fingerprint ? { fingerprint: listening.fingerprint } : {}),
    client: known.client,
    credential: credential?.label ?? connection.credential.source,
    ...(credential ? { account: credential.user } : {}),
    opened: known.opened,
  };
}

export function policyOf({ policy, published }: Setting, digest: string): PolicyInForce {
  return { digest, files: policy.files, ...(published ? { published } : {}) };
}

export function attemptOf(known: Known, failure: BrokerError): AttemptOrder {
  const policies = String(failure.details['policy'] ?? '');
  const { admitted } = known;
  return {
    session: { ...summarise(known), end: 'failed' },
    actor: actorOf(known.principal),
    ...(admitted ? { policy: { digest: admitted.policyDigest, files: known.policy.files } } : {}),
    code: failure.code,
    policies: policies === '' ? [] : policies.split(', '),
  };
}

export function openedOf(known: Known, admitted: Admitted, listening: Listening): OpenedSession {
  const expires = known.credential?.expires;
  return {
    id: known.id,
    connection: known.connection.name,
    protocol: known.connection.type,
    address: addressOf(known.connection),
    endpoint: listening.endpoint,
    database: listening.endpoint.database,
    spool: known.spool,
    prompts: known.connection.recording.prompts ?? 'digest',
    user: owner(known.principal),
    account: known.credential?.user ?? '',
    serverVersion: listening.serverVersion,
    ...(expires === undefined ? {} : { expires: new Date(expires).toISOString() }),
    policies: admitted.policies,
    policyDigest: admitted.policyDigest,
  };
}

/** One line of `broker sessions`. `expires` in milliseconds. */
export function rowOf(
  { id, connection, client, opened, listening }: Known,
  now: Pick<SessionRow, 'state' | 'statements' | 'conversations' | 'pid'> & { readonly expires: number },
): SessionRow {
  const { expires, state, ...counts } = now;
  return {
    id,
    connection: connection.name,
    protocol: connection.type,
    client,
    state,
    opened,
    ...(Number.isFinite(expires) ? { expires: new Date(expires).toISOString() } : {}),
    ...(listening ? { port: listening.endpoint.port } : {}),
    ...counts,
  };
}

/** What of its order is the request's. */
export function orderOf(
  { id, connection, principal, policy, client, spool }: Known,
  { reason, secret, port }: OpenRequest,
): Omit<SessionOrder, 'hashKey' | 'tool'> {
  return {
    id,
    connection,
    principal,
    policy,
    client,
    spool,
    port,
    ...(reason === undefined ? {} : { reason }),
    ...(secret === undefined ? {} : { secret }),
  };
}

/** What people are told of the session whose statements they are asked about. */
export function heldCase(
  { id, setting, person }: Pick<SessionStart, 'id' | 'setting' | 'person'>,
  connection: Connection,
  held: { readonly policy: PolicyText | undefined },
  tell: (message: ToHeld) => void,
): SessionCase {
  const { iss, sub, name, email } = person.user;
  return {
    session: id,
    connection: connection.name,
    address: setting.config.store,
    requester: {
      iss,
      sub,
      ...(name === undefined ? {} : { name }),
      ...(email === undefined ? {} : { email }),
    },
    settings: setting.config.approvals,
    rules: async () => ({
      identity: identityOf(setting.config),
      connection,
      policy: held.policy ?? setting.policy,
    }),
    tell,
  };
}
