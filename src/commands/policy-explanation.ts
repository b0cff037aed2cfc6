// How an explained decision looks: to people, and as JSON. Untrusted text is made visible.
import type { Answer } from '../flow/decide/index.ts';
import { visible } from '../lib/visible.ts';
import type { Classification } from '../model/classification.ts';
import type { Decision, Outcome } from '../model/decision.ts';

export interface Explained {
  readonly classification: Classification;
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

export function renderExplanation({ classification, decision, answers }: Explained, fancy: boolean): string {
  const several = new Set(answers.map(({ principal }) => principal.type)).size > 1;
  const titles = classification.units.map(({ title }) => title).join('; ');
  const head = `${coloured(decision.outcome, 0, fancy)}: ${visible(titles)}\n`;
  const fault = classification.parseError
    ? `  the grammar says: ${visible(classification.parseError)}\n`
    : '';
  const rows = answers.map((answer) => answerRow(answer, several, fancy)).join('');
  return `${head}${fault}${why(decision)}\n${rows}${rules(answers, decision)}`;
}

export function toJson({ classification, decision, answers }: Explained): object {
  const { units, parseError, fingerprint } = classification;
  return {
    decision,
    fingerprint,
    ...(parseError === undefined ? {} : { parseError }),
    statements: units.map(({ tree: _tree, effect: _effect, answers: _answers, ...unit }) => unit),
    answers: answers.map(({ principal, use, outcome, policies, errors }) => ({
      principal,
      ...use,
      outcome,
      policies: policies.map(({ id, place, text }) => ({ id, place, text })),
      errors,
    })),
  };
}
