// The columns of tables: ledger, sessions, statements, with what kind of value each holds. Pure; must never hold a raw value of a target.
import { called, calledApprovers } from './approver.ts';
import type { ExportedStatement } from './exporter.ts';
import type { StatementTold } from './story.ts';

export type Kind = 'text' | 'integer' | 'time' | 'list';
export type Value = string | number | readonly string[] | undefined;
export type Column<T> = readonly [name: string, kind: Kind, of: (row: T) => Value];

export type Told = { readonly statement: ExportedStatement; readonly told: StatementTold };

export const LEDGER: readonly Column<ExportedStatement>[] = [
  ['time', 'time', ({ predicate }) => predicate.clock.wall],
  ['kind', 'text', ({ predicate }) => predicate.kind],
  ['writer', 'text', ({ predicate }) => predicate.chain.writer],
  ['number', 'integer', ({ predicate }) => predicate.chain.seq],
  ['epoch', 'integer', ({ predicate }) => predicate.chain.epoch],
  ['issuer', 'text', ({ predicate }) => predicate.identity.iss],
  ['subject', 'text', ({ predicate }) => predicate.identity.sub],
  ['person', 'text', ({ person }) => person && called(person)],
  ['actor_kind', 'text', ({ predicate }) => predicate.actor.kind],
  ['actor', 'text', ({ predicate }) => predicate.actor.name],
  ['session', 'text', ({ predicate }) => predicate.session?.id],
  ['connection', 'text', ({ predicate }) => predicate.session?.connection],
  ['sha256', 'text', ({ digest }) => digest],
  ['previous', 'text', ({ predicate }) => predicate.chain.prev],
  ['file', 'text', ({ key }) => key],
];

export const SESSIONS: readonly Column<ExportedStatement>[] = [
  ['session', 'text', ({ predicate }) => predicate.session?.id],
  ['connection', 'text', ({ predicate }) => predicate.session?.connection],
  ['protocol', 'text', ({ predicate }) => predicate.session?.protocol],
  ['address', 'text', ({ predicate }) => predicate.session?.address],
  ['database', 'text', ({ predicate }) => predicate.session?.database],
  ['issuer', 'text', ({ predicate }) => predicate.identity.iss],
  ['subject', 'text', ({ predicate }) => predicate.identity.sub],
  ['person', 'text', ({ person }) => person && called(person)],
  ['actor_kind', 'text', ({ predicate }) => predicate.actor.kind],
  ['actor', 'text', ({ predicate }) => predicate.actor.name],
  ['account', 'text', ({ predicate }) => predicate.session?.account],
  ['opened', 'time', ({ predicate }) => predicate.session?.opened],
  ['closed', 'time', ({ predicate }) => predicate.session?.closed],
  ['end', 'text', ({ predicate }) => predicate.session?.end],
  ['exit', 'integer', ({ predicate }) => predicate.session?.exit],
  ['statements', 'integer', ({ predicate }) => predicate.session?.counts?.statements],
  ['allowed', 'integer', ({ predicate }) => predicate.session?.counts?.allowed],
  ['asked', 'integer', ({ predicate }) => predicate.session?.counts?.asked],
  ['denied', 'integer', ({ predicate }) => predicate.session?.counts?.denied],
  ['rows', 'integer', ({ predicate }) => predicate.session?.counts?.rows],
  ['masked', 'integer', ({ predicate }) => Number(predicate.masking?.['masked'] ?? 0)],
  ['blocked', 'integer', ({ predicate }) => Number(predicate.masking?.['blocked'] ?? 0)],
  ['approvals', 'integer', ({ predicate }) => predicate.approvals?.length ?? 0],
  ['approvers', 'list', ({ approvers }) => [...new Set([...(approvers?.values() ?? [])].map(called))]],
  ['events', 'integer', ({ predicate }) => predicate.events?.count],
  ['events_root', 'text', ({ predicate }) => predicate.events?.merkleRoot],
  ['file', 'text', ({ key }) => key],
];

export const STATEMENTS: readonly Column<Told>[] = [
  ['time', 'time', ({ told }) => told.time],
  ['session', 'text', ({ statement }) => statement.predicate.session?.id],
  ['connection', 'text', ({ statement }) => statement.predicate.session?.connection],
  ['database', 'text', ({ statement }) => statement.predicate.session?.database],
  ['subject', 'text', ({ statement }) => statement.predicate.identity.sub],
  ['person', 'text', ({ statement }) => statement.person && called(statement.person)],
  ['actor_kind', 'text', ({ statement }) => statement.predicate.actor.kind],
  ['actor', 'text', ({ statement }) => statement.predicate.actor.name],
  ['conversation', 'integer', ({ told }) => told.conversation],
  ['statement', 'integer', ({ told }) => told.statement],
  ['event', 'integer', ({ told }) => told.seq],
  ['decision', 'text', ({ told }) => told.decision],
  ['policies', 'list', ({ told }) => told.policies],
  ['policy_digest', 'text', ({ told }) => told.policyDigest],
  ['actions', 'list', ({ told }) => told.actions.map(({ action, resource }) => `${action} ${resource}`)],
  ['text', 'text', ({ told }) => told.text],
  ['text_sha256', 'text', ({ told }) => told.digest],
  [
    'parameters',
    'text',
    ({ told }) => (told.parameters.length > 0 ? JSON.stringify(told.parameters) : undefined),
  ],
  ['approval', 'text', ({ told }) => told.approval?.id],
  ['approval_outcome', 'text', ({ told }) => told.approval?.outcome],
  ['approval_strength', 'text', ({ told }) => told.approval?.strength],
  [
    'approvers',
    'list',
    ({ statement, told }) => calledApprovers(statement.approvers, told.approval?.decisions ?? []),
  ],
  ['approval_waited_us', 'integer', ({ told }) => told.approval?.waited],
  ['answered', 'time', ({ told }) => told.answer?.time],
  ['status', 'text', ({ told }) => told.answer?.status],
  ['tag', 'text', ({ told }) => told.answer?.tag],
  ['sqlstate', 'text', ({ told }) => told.answer?.sqlstate],
  ['message', 'text', ({ told }) => told.answer?.message],
  ['rows', 'integer', ({ told }) => told.answer?.rows],
  ['bytes', 'integer', ({ told }) => told.answer?.bytes],
  ['duration_us', 'integer', ({ told }) => told.answer?.micros],
  ['masked', 'integer', ({ told }) => told.answer?.masked],
];
