// What evidence is in the words of OCSF 1.8.0. Pure; must never name a class or an outcome the evidence does not show.
import { type Approvers, approversOf } from './approver.ts';
import type { ExportedStatement } from './exporter.ts';
import {
  actor,
  database,
  endpoint,
  event,
  type Members,
  millis,
  type Shape,
  source,
  user,
} from './ocsf-parts.ts';
import { type EventValue, members, type StatementTold, text } from './story.ts';

/** Datastore Activity (6005): what a statement does, strongest first. */
const ACTIVITY: readonly (readonly [actions: RegExp, activity: number])[] = [
  [/^sql:(drop|truncate|delete|delete-all)$/, 7],
  [/^sql:(update|update-all|merge|alter|comment|grant|role|set-meaning|alter-system)$/, 2],
  [/^sql:(create|create-temporary|create-function|extension)$/, 6],
  [/^sql:(insert|copy-in|large-object|copy-file)$/, 5],
  [/^sql:(select|copy-out|cursor|explain)$/, 4],
  [/^sql:show$/, 1],
];
const OTHER = 99;

function signIn(statement: ExportedStatement, activity: 1 | 2): string {
  const { predicate, key } = statement;
  const { identity, clock } = predicate;
  const shape: Shape = {
    category: 3,
    class: 3002,
    activity,
    time: clock.wall,
    status: 'success',
    message: activity === 1 ? 'signed in: a new key signs' : 'signed out: the key signs no more',
  };
  return event(statement, key, shape, {
    user: user(predicate),
    actor: actor(predicate),
    auth_protocol_id: 4,
    service: { name: identity.iss },
    is_remote: true,
    ...(identity.amr ? { is_mfa: identity.amr.includes('mfa') } : {}),
    unmapped: {
      binding: identity.binding,
      jkt: identity.jkt,
      ...(identity.acr ? { acr: identity.acr } : {}),
    },
  });
}

function connect(statement: ExportedStatement): string {
  const { predicate, key } = statement;
  const { session, detail, kind } = predicate;
  const refused = kind === 'attempt';
  const time = session?.opened ?? predicate.clock.wall;
  const policies = Array.isArray(detail?.['policies']) ? (detail['policies'] as string[]) : [];
  const shape: Shape = {
    category: 6,
    class: 6005,
    activity: 3,
    time,
    status: refused ? 'failure' : 'success',
    severity: refused ? 'low' : 'informational',
    message: refused
      ? `session refused: ${String(detail?.['code'] ?? '')}`
      : `session ${session?.end ?? 'open'}`,
  };
  return event(statement, key, shape, {
    actor: actor(predicate),
    src_endpoint: source(),
    ...database(predicate),
    action_id: refused ? 2 : 1,
    disposition_id: refused ? 2 : 1,
    ...(policies.length > 0 ? { policy: { name: policies.join(', '), is_applied: true } } : {}),
    start_time: millis(time),
    ...(session?.closed
      ? { end_time: millis(session.closed), duration: millis(session.closed) - millis(time) }
      : {}),
    unmapped: {
      end: session?.end,
      counts: session?.counts,
      masking: predicate.masking,
      events: predicate.events,
      enforcement: predicate.enforcement,
    },
  });
}

function accessed(statement: ExportedStatement): string {
  const { predicate, key } = statement;
  const failed = predicate.detail?.['failed'] !== undefined;
  const shape: Shape = {
    category: 6,
    class: 6003,
    activity: 2,
    time: predicate.clock.wall,
    status: failed ? 'failure' : 'success',
    message: failed ? 'an export of evidence came to nothing' : 'evidence was exported',
  };
  return event(statement, key, shape, {
    actor: actor(predicate),
    api: { operation: 'export', request: { uid: key, data: predicate.detail ?? {} } },
    src_endpoint: source(),
    action_id: 1,
  });
}

/** What somebody answered to a request, as their own chain repeats it. */
function answered(statement: ExportedStatement): string {
  const { predicate, key } = statement;
  const { id = '', answer = 'answer', strength = '' } = predicate.detail ?? {};
  const shape: Shape = {
    category: 6,
    class: 6003,
    activity: OTHER,
    time: predicate.clock.wall,
    status: 'success',
    message: `${String(answer)} of the request ${String(id)}`,
  };
  return event(statement, key, shape, {
    actor: actor(predicate),
    activity_name: String(answer),
    api: { operation: String(answer), request: { uid: String(id), data: predicate.detail ?? {} } },
    src_endpoint: source(),
    action_id: 1,
    unmapped: { strength },
  });
}

/** The account a session was given on its target. */
export function granted(statement: ExportedStatement, value: EventValue): string {
  const data = members(value['data']);
  const { predicate, key } = statement;
  const shape: Shape = {
    category: 3,
    class: 3003,
    activity: 1,
    time: text(value['time']),
    status: 'success',
    message: `${text(data['label'])} given for the session`,
  };
  return event(statement, `${key}#${String(value['seq'])}`, shape, {
    user: user(predicate),
    actor: actor(predicate),
    privileges: [text(data['account'])],
    session: {
      uid: predicate.session?.id,
      issuer: predicate.identity.iss,
      ...(data['expires'] ? { expiration_time: millis(text(data['expires'])) } : {}),
    },
    ...(predicate.session ? { dst_endpoint: endpoint(predicate.session.address) } : {}),
  });
}

function activityOf({ actions }: StatementTold): number {
  return ACTIVITY.find(([pattern]) => actions.some(({ action }) => pattern.test(action)))?.[1] ?? OTHER;
}

function outcomeOf({ decision, answer }: StatementTold): {
  status: Shape['status'];
  allowed: boolean | undefined;
} {
  if (decision === 'deny' || answer?.status === 'refused') return { status: 'failure', allowed: false };
  if (!answer) return { status: 'unknown', allowed: decision === 'allow' ? true : undefined };
  return { status: answer.status === 'ok' ? 'success' : 'failure', allowed: true };
}

/** People as OCSF's object `user` has them. */
function whoApproved(approvers: Approvers | undefined, decisions: readonly string[]): Members[] {
  return approversOf(approvers, decisions).map(({ iss, sub, name, email }) => ({
    uid: sub,
    domain: iss,
    type_id: 1,
    ...(name === undefined ? {} : { full_name: name }),
    ...(email === undefined ? {} : { email_addr: email }),
  }));
}

/** Members that both classes of statements share. */
function judged(
  { predicate, approvers }: ExportedStatement,
  told: StatementTold,
  allowed: boolean | undefined,
): Members {
  const { answer, approval } = told;
  const tables = told.actions.filter(({ type }) => type === 'Table').map(({ resource }) => resource);
  return {
    actor: actor(predicate),
    src_endpoint: source(),
    ...(predicate.session
      ? { dst_endpoint: { ...endpoint(predicate.session.address), svc_name: predicate.session.connection } }
      : {}),
    action_id: allowed === undefined ? 0 : allowed ? 1 : 2,
    disposition_id: allowed === undefined ? 0 : allowed ? (told.decision === 'ask' ? 8 : 1) : 2,
    policy: {
      name: told.policies.join(', ') || 'default deny',
      is_applied: true,
      version: told.policyDigest,
    },
    ...(told.policies.length > 0
      ? { authorizations: told.policies.map((name) => ({ decision: told.decision, policy: { name } })) }
      : {}),
    ...(answer ? { duration: Math.round(answer.micros / 1000), count: 1 } : {}),
    ...(answer?.sqlstate ? { status_code: answer.sqlstate } : {}),
    ...(answer?.message ? { status_detail: answer.message } : {}),
    unmapped: {
      actions: told.actions,
      tables,
      ...(answer ? { rows: answer.rows, bytes: answer.bytes, masked: answer.masked, tag: answer.tag } : {}),
      ...(approval
        ? { approval: { ...approval, approvers: whoApproved(approvers, approval.decisions) } }
        : {}),
    },
  };
}

export function ran(statement: ExportedStatement, told: StatementTold): string {
  const { predicate, key } = statement;
  const { status, allowed } = outcomeOf(told);
  const call =
    told.actions.some(({ action }) => !/^(sql:|reveal$)/.test(action)) ||
    predicate.session?.protocol === 'mcp';
  const activity = activityOf(told);
  const shape: Shape = {
    category: 6,
    class: call ? 6003 : 6005,
    activity: call ? OTHER : activity,
    time: told.time,
    status,
    severity: allowed === false ? 'low' : 'informational',
    message: `${told.decision}: ${told.actions.map(({ action, resource }) => `${action} ${resource}`).join(', ') || told.phase}`,
  };
  const table = told.actions.find(({ type }) => type === 'Table')?.resource;
  const what = call
    ? {
        activity_name: told.phase,
        api: {
          operation: told.actions[0]?.action ?? told.phase,
          request: { uid: told.digest, data: { text: told.text } },
        },
      }
    : {
        ...(activity === OTHER ? { activity_name: told.actions[0]?.action ?? 'unknown' } : {}),
        ...database(predicate),
        ...(table ? { table: { name: table } } : {}),
        query_info: {
          query_string: told.text || `sha256:${told.digest}`,
          uid: told.digest,
          ...(told.answer ? { bytes: told.answer.bytes } : {}),
        },
      };
  return event(statement, `${key}#${told.seq}`, shape, { ...judged(statement, told, allowed), ...what });
}

/** What one signed statement says by itself. */
export function signed(statement: ExportedStatement): string {
  const { kind, detail } = statement.predicate;
  if (kind === 'epoch') return signIn(statement, 1);
  if (kind === 'seal') return detail?.['reason'] === 'logout' ? signIn(statement, 2) : '';
  if (kind === 'session' || kind === 'attempt') return connect(statement);
  if (kind === 'approve') return answered(statement);
  return kind === 'access' ? accessed(statement) : '';
}
