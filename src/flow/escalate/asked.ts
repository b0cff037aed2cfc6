// A question as the thing that is approved, and as what people are shown of it. Must never show anything that was not masked.
import { randomBytes } from 'node:crypto';
import { timestamp } from '../../lib/clock.ts';
import { sha256 } from '../../lib/digest.ts';
import type { ApprovalPurpose, ApprovedThing, Asked } from '../../model/approval.ts';
import type { AskTerms } from '../../model/decision.ts';
import { owner, type Principal } from '../../model/principal.ts';
import type { Question } from './approver.ts';

/** The session that asks. */
export interface AskingSession {
  readonly id: string;
  readonly principal: Principal;
  /** Which command opened it. */
  readonly client: string;
  /** Why it was opened, masked. */
  stated?(): string | undefined;
}

const DEFAULT_TERMS: AskTerms = {
  reason: 'policy asks',
  quorum: 1,
  expires: 900,
  scope: 'statement',
  strength: 'fresh-sign-in',
};

export const termsOf = ({ decision }: Question): AskTerms => decision.ask ?? DEFAULT_TERMS;

function purposeOf(question: Question): ApprovalPurpose {
  if (termsOf(question).scope === 'session' && question.steady) return 'session';
  return question.call ? 'call' : 'statement';
}

/** `now`: microseconds. */
export function thingOf(question: Question, { principal, id }: AskingSession, now: number): ApprovedThing {
  const { connection, decision, parameters, text } = question;
  const { iss, sub } = owner(principal);
  return {
    purpose: purposeOf(question),
    connection,
    session: id,
    requester: { iss, sub, ...(principal.kind === 'bot' ? { bot: principal.bot.id } : {}) },
    statement: sha256(text),
    parameters,
    policyDigest: decision.policyDigest,
    policies: decision.policies,
    expires: timestamp(now + termsOf(question).expires * 1_000_000),
    nonce: randomBytes(32).toString('hex'),
  };
}

export function askedOf(question: Question, session: AskingSession): Omit<Asked, 'exact'> {
  const { decision, shown } = question;
  const { principal, id, client } = session;
  const { reason, quorum, strength } = termsOf(question);
  const models = principal.kind === 'bot' ? principal.bot.models : [];
  const stated = session.stated?.();
  return {
    purpose: purposeOf(question),
    connection: question.connection,
    session: id,
    statement: question.statement,
    text: shown.text,
    ...(shown.parameters ? { parameters: shown.parameters } : {}),
    titles: shown.titles,
    actions: shown.actions,
    tables: shown.tables,
    fingerprint: question.fingerprint,
    inTransaction: question.inTransaction,
    client,
    ...(question.application ? { application: question.application } : {}),
    ...(stated === undefined ? {} : { stated }),
    ...(models.length > 0 ? { models: models.map(({ model, source }) => `${model} (${source})`) } : {}),
    policies: decision.policies,
    policyDigest: decision.policyDigest,
    reason,
    quorum,
    strength,
  };
}
