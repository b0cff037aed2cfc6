// Counts what a session's events say, for the signed summary. Must never trust a shape it has not looked at.
import type { SessionSummary } from '../../model/evidence.ts';
import { type ApprovalsState, type NamedApprovals, SessionApprovals } from '../../model/session-approvals.ts';

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

/** What was counted so far, to be set aside between parts of a session. */
export interface TallyState {
  readonly numbers: Readonly<
    Record<'statements' | 'rows' | 'masked' | 'blocked' | 'allow' | 'ask' | 'deny', number>
  >;
  readonly approvals: ApprovalsState;
  readonly last?: string;
}

export class Tally {
  readonly #numbers = { statements: 0, rows: 0, masked: 0, blocked: 0, allow: 0, ask: 0, deny: 0 };
  readonly #approvals: SessionApprovals;
  /** Time of the last event. */
  last: string | undefined;

  /** Goes on from where `state` was taken. */
  constructor(state?: TallyState) {
    Object.assign(this.#numbers, state?.numbers);
    this.#approvals = new SessionApprovals(state?.approvals);
    this.last = state?.last;
  }

  get state(): TallyState {
    const { last } = this;
    return {
      numbers: { ...this.#numbers },
      approvals: this.#approvals.state,
      ...(last === undefined ? {} : { last }),
    };
  }

  add(type: string, time: string, value: Value): void {
    this.last = time;
    if (type === 'statement') this.#statement(value);
    else if (type === 'answer') {
      this.#numbers.rows += natural(value['rows']);
      this.#numbers.masked += natural(value['masked']);
    } else if (type === 'approval.end') this.#approvals.add(value);
  }

  #statement(value: Value): void {
    this.#numbers.statements += 1;
    const decision = value['decision'];
    if (decision !== 'allow' && decision !== 'ask' && decision !== 'deny') return;
    this.#numbers[decision] += 1;
    const actions = value['actions'];
    if (
      decision === 'deny' &&
      Array.isArray(actions) &&
      actions.some((each: Value) => each?.['action'] === 'reveal')
    )
      this.#numbers.blocked += 1;
  }

  result(): TallyResult {
    const { statements, rows, masked, blocked, allow, ask, deny } = this.#numbers;
    return {
      counts: { statements, allowed: allow, asked: ask, denied: deny, rows },
      decisions: { allow, ask, deny },
      masking: { masked, blocked },
      approvals: this.#approvals.named(),
    };
  }
}
