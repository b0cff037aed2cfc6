// Counts what a session's events say, for the signed summary. Must never trust a shape it has not looked at.
import type { SessionSummary } from '../../model/evidence.ts';
import { type NamedApprovals, SessionApprovals } from '../../model/session-approvals.ts';

export interface TallyResult {
  readonly counts: NonNullable<SessionSummary['counts']>;
  /** `allow`, `ask`, `deny` → how often. */
  readonly decisions: Readonly<Record<string, number>>;
  readonly masking: { readonly masked: number; readonly blocked: number };
  readonly approvals: NamedApprovals;
}

type Value = Readonly<Record<string, unknown>>;

function natural(value: unknown): number {
  return Number.isSafeInteger(value) && (value as number) > 0 ? (value as number) : 0;
}

export class Tally {
  #statements = 0;
  #rows = 0;
  #masked = 0;
  #blocked = 0;
  readonly #outcomes = { allow: 0, ask: 0, deny: 0 };
  readonly #approvals = new SessionApprovals();
  /** Time of the last event. */
  last: string | undefined;

  add(type: string, time: string, value: Value): void {
    this.last = time;
    if (type === 'statement') this.#statement(value);
    else if (type === 'answer') {
      this.#rows += natural(value['rows']);
      this.#masked += natural(value['masked']);
    } else if (type === 'approval.end') this.#approvals.add(value);
  }

  #statement(value: Value): void {
    this.#statements += 1;
    const decision = value['decision'];
    if (decision !== 'allow' && decision !== 'ask' && decision !== 'deny') return;
    this.#outcomes[decision] += 1;
    const actions = value['actions'];
    if (
      decision === 'deny' &&
      Array.isArray(actions) &&
      actions.some((each: Value) => each?.['action'] === 'reveal')
    )
      this.#blocked += 1;
  }

  result(): TallyResult {
    const { allow, ask, deny } = this.#outcomes;
    return {
      counts: { statements: this.#statements, allowed: allow, asked: ask, denied: deny, rows: this.#rows },
      decisions: { allow, ask, deny },
      masking: { masked: this.#masked, blocked: this.#blocked },
      approvals: this.#approvals.named(),
    };
  }
}
