// How an explained decision looks: to people, and as JSON. Untrusted text is made visible.
import type { Answer } from '../flow/decide/index.ts';
import { visible } from '../lib/visible.ts';
import type { Classification } from '../model/classification.ts';
import type { Decision, Outcome } from '../model/decision.ts';
import type { RecordedStatement } from './policy-recorded.ts';

export interface Explained {
  readonly classification: Classification;
  readonly decision: Decision;
  readonly answers: readonly Answer[];
}

/** A recorded statement, decided again. */
export interface Recounted {
  readonly statement: RecordedStatement;
  readonly decision: Decision;
  readonly answers: readonly Answer[];
}

const COLOURS: Readonly<Record<Outcome, string>> = { allow: '32', ask: '33', deny: '31' };

function coloured(outcome: Outcome, width: number, fancy: boolean): string {
  const text = outcome.padEnd(width);
  return fancy ? `\u001b[${COLOURS[outcome]}m${text}\u001b[0m` : text;
}

function answerRow({ principal, use, outcome, policies }: Answer, several: boolean, fancy: boolean): string {
  const rules = policies.map(({ id }) => id).join(', ') || 'no policy permits it';
  const who = several ? `${principal.type.toLowerCase()} ` : '';
  const what = visible(`${use.action} on ${use.resource.type} ${use.resource.id}`);
  return `  ${coloured(outcome, 5, fancy)}  ${who}${what}  (${visible(rules)})\n`;
}

/** Each rule once, as it is written. */
function rules(answers: readonly Answer[], decision: Decision): string {
  const named = new Set(decision.policies);
  const found = new Map(answers.flatMap(({ policies }) => policies).map((policy) => [policy.id, policy]));
  const shown = [...found.values()].filter(({ id }) => named.has(id));
  return shown
    .map(({ place, text }) => {
      const lines = visible(text, { multiline: true }).split('\n');
      return `\n${visible(place)}\n${lines.map((line) => `    ${line}`).join('\n')}\n`;
    })
    .join('');
}

function why({ outcome, policies, ask, advice, errors }: Decision): string {
  const lines = [
    ...(outcome === 'deny' && policies.length === 0 && errors.length === 0 ? ['no policy permits it'] : []),
    ...(ask
      ? [`${ask.quorum === 1 ? 'one person' : `${ask.quorum} people`} must approve: ${ask.reason}`]
      : []),
    ...advice.map((text) => `advice: ${text}`),
    ...errors.map((text) => `error: ${text}`),
  ];
  return lines.map((line) => `  ${visible(line)}\n`).join('');
}

function reasons({ decision, answers }: Pick<Explained, 'decision' | 'answers'>, fancy: boolean): string {
  const several = new Set(answers.map(({ principal }) => principal.type)).size > 1;
  const rows = answers.map((answer) => answerRow(answer, several, fancy)).join('');
  return `${why(decision)}\n${rows}${rules(answers, decision)}`;
}

export function renderExplanation(explained: Explained, fancy: boolean): string {
  const { classification, decision } = explained;
  const titles = classification.units.map(({ title }) => title).join('; ');
  const head = `${coloured(decision.outcome, 0, fancy)}: ${visible(titles)}\n`;
  const fault = classification.parseError
    ? `  the grammar says: ${visible(classification.parseError)}\n`
    : '';
  return `${head}${fault}${reasons(explained, fancy)}`;
}

/** Who asked, from where, and what was answered then. */
function record({ statement, decision }: Recounted): string {
  const { session, time, was, request, text } = statement;
  const { principal, connection } = request;
  const user = principal.kind === 'user' ? principal.user : principal.onBehalfOf;
  const who = principal.kind === 'bot' ? `${principal.bot.id} for ${user.sub}` : user.sub;
  const then = `${was.decision} (${was.policies.join(', ') || 'no policy permits it'})`;
  const lines = [
    ...(text === undefined ? [] : visible(text, { multiline: true }).split('\n')),
    visible(`${session}/${statement.statement}  ${time}  ${who}  ${connection.name}`),
    visible(`answered then: ${then}${was.decision === decision.outcome ? '' : ', which this is not'}`),
  ];
  return lines.map((line) => `  ${line}\n`).join('');
}

export function renderRecounted(recounted: Recounted, fancy: boolean): string {
  const { decision, statement } = recounted;
  const about = statement.approximate ? ' (approximate: not all it was asked with was recorded)' : '';
  return `${coloured(decision.outcome, 0, fancy)}${about}\n${record(recounted)}${reasons(recounted, fancy)}`;
}

const plain = (answers: readonly Answer[]): object[] =>
  answers.map(({ principal, use, outcome, policies, errors }) => ({
    principal,
    ...use,
    outcome,
    policies: policies.map(({ id, place, text }) => ({ id, place, text })),
    errors,
  }));

export function recountedToJson({ statement, decision, answers }: Recounted): object {
  const { session, time, text, was, request, approximate } = statement;
  return {
    session,
    statement: statement.statement,
    time,
    ...(text === undefined ? {} : { text }),
    connection: request.connection.name,
    was: { outcome: was.decision, policies: was.policies, policyDigest: was.policyDigest },
    decision,
    answers: plain(answers),
    approximate,
  };
}

export function toJson({ classification, decision, answers }: Explained): object {
  const { units, parseError, fingerprint } = classification;
  return {
    decision,
    fingerprint,
    ...(parseError === undefined ? {} : { parseError }),
    statements: units.map(({ tree: _tree, effect: _effect, answers: _answers, ...unit }) => unit),
    answers: plain(answers),
  };
}
