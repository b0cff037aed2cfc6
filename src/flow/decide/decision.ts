// Several answers → one decision: deny over ask over allow. Pure.
import { type Decision, type Outcome, STRICTNESS } from '../../model/decision.ts';
import { strictestTerms } from './ask.ts';
import type { Answer } from './authorise.ts';

const sorted = (values: readonly string[]): string[] => [...new Set(values)].sort();

const strictest = (outcomes: readonly Outcome[]): Outcome =>
  outcomes.reduce((worst, outcome) => (STRICTNESS[outcome] > STRICTNESS[worst] ? outcome : worst), 'allow');

export function refusal(policyDigest: string, errors: readonly string[]): Decision {
  return { outcome: 'deny', policies: [], policyDigest, advice: [], errors };
}

/** Where a forbid stands, the questions beside it determined nothing: without it they would have asked. */
function decisive(answer: Answer): Answer['policies'] {
  return answer.outcome === 'deny' ? answer.policies.filter(({ ask }) => !ask) : answer.policies;
}

/** The decision over all answers; the policies named are those of the answers that were as strict as the whole. */
export function toDecision(answers: readonly Answer[], policyDigest: string): Decision {
  if (answers.length === 0) return refusal(policyDigest, ['nothing was asked']);
  const outcome = strictest(answers.map((answer) => answer.outcome));
  const determining = answers.filter((answer) => answer.outcome === outcome);
  const policies = determining.flatMap(decisive);
  const terms = policies.map(({ ask }) => ask).filter((ask) => ask !== undefined);
  return {
    outcome,
    policies: sorted(policies.map(({ id }) => id)),
    policyDigest,
    advice: sorted(policies.map(({ advice }) => advice).filter((advice) => advice !== undefined)),
    ...(outcome === 'ask' ? { ask: strictestTerms(terms) } : {}),
    errors: sorted(answers.flatMap((answer) => answer.errors)),
  };
}

/** The decision over the units of one text: refused whole if any is refused. Throws when there is none. */
export function combineDecisions(decisions: readonly Decision[]): Decision {
  const [first] = decisions;
  if (!first) throw new Error('there is no decision to combine');
  if (decisions.length === 1) return first;
  const outcome = strictest(decisions.map((decision) => decision.outcome));
  const determining = decisions.filter((decision) => decision.outcome === outcome);
  const terms = determining.map(({ ask }) => ask).filter((ask) => ask !== undefined);
  return {
    outcome,
    policies: sorted(determining.flatMap(({ policies }) => policies)),
    policyDigest: first.policyDigest,
    advice: sorted(determining.flatMap(({ advice }) => advice)),
    ...(outcome === 'ask' ? { ask: strictestTerms(terms) } : {}),
    errors: sorted(decisions.flatMap(({ errors }) => errors)),
  };
}
