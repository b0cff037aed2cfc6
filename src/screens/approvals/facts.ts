// What a person is told about a request, as names and values. Pure; values are as they came: whoever prints them makes them safe.
import { formatSpan } from '../../lib/when.ts';
import type {
  ApprovalDecision,
  ApprovalRow,
  ApprovalState,
  ApprovalStrength,
  CheckedDecision,
} from '../../model/approval.ts';

export interface Fact {
  readonly name: string;
  readonly value: string;
  /** Something is wrong, or must not be overlooked. */
  readonly alarm?: true;
}

/** The words for states, as lists and boards use them. */
export const STATES: Readonly<Record<ApprovalState, string>> = {
  pending: 'waiting',
  approved: 'approved',
  denied: 'denied',
  expired: 'expired',
  withdrawn: 'withdrawn',
  spent: 'used',
  revoked: 'revoked',
};

type Named = { readonly sub: string; readonly name?: string; readonly email?: string };

/** A verified e-mail address or the subject; never the name alone, which people choose for themselves. */
export function shortPerson({ email, sub }: Named): string {
  return email ?? sub;
}

function longPerson(person: Named & { readonly iss: string }): string {
  const name = person.name === undefined ? '' : ` (${person.name})`;
  return `${shortPerson(person)}${name}, subject ${person.sub} of ${person.iss}`;
}

/** Who is in a list: the bot where one acts. */
export function actorOf({ requester }: ApprovalRow): string {
  return requester.bot === undefined ? shortPerson(requester) : requester.bot;
}

/** What is asked for in one line. */
export function titleOf({ what }: ApprovalRow): string {
  if (what.purpose !== 'window') return what.titles.join('; ') || what.text;
  return `window of ${formatSpan((what.duration ?? 0) * 1000)}`;
}

const SCOPES: Readonly<Record<ApprovalRow['what']['purpose'], (what: ApprovalRow['what']) => string>> = {
  statement: () => 'this statement, once',
  session: ({ fingerprint }) =>
    `every statement of this shape in this session${fingerprint ? ` (fingerprint ${fingerprint})` : ''}`,
  call: () => 'this call, once',
  window: ({ connection, duration = 0 }) =>
    `sessions on ${connection} for ${formatSpan(duration * 1000)} from the approval on`,
};

export function scopeOf({ what }: ApprovalRow): string {
  return SCOPES[what.purpose](what);
}

/** Distinct people who approved. */
export function approvalsOf({ decisions }: ApprovalRow): number {
  const people = decisions
    .filter(({ answer }) => answer === 'approve')
    .map(({ iss, sub }) => JSON.stringify([iss, sub]));
  return new Set(people).size;
}

/** How an answer has to be signed. Denying and revoking open nothing: the key of the sign-in is enough. */
export function strengthOf({ what }: ApprovalRow, answer: ApprovalDecision['answer']): ApprovalStrength {
  return answer === 'approve' ? (what.strength ?? 'fresh-sign-in') : 'session-key';
}

/** Milliseconds until nobody can answer any more; 0 when it is over. */
export function leftOf({ state, expires }: ApprovalRow, now: number): number {
  const open = state === 'pending' || state === 'approved';
  return open ? Math.max(0, Date.parse(expires) - now) : 0;
}

const clock = (time: string) => `${time.slice(0, 19).replace('T', ' ')} UTC`;

function decisionLine(decision: CheckedDecision): string {
  const { answer, strength, reason, time } = decision;
  const words = { approve: 'approved', deny: 'denied', revoke: 'revoked' }[answer];
  const how = strength === 'fresh-sign-in' ? 'with a fresh sign-in' : 'with the key of the sign-in';
  return `${words} by ${longPerson(decision)}, ${how}, ${clock(time)}${reason === undefined ? '' : `: ${reason}`}`;
}

const some = (name: string, values: readonly string[] | undefined): Fact[] =>
  values && values.length > 0 ? [{ name, value: values.join(', ') }] : [];

function where({ what }: ApprovalRow): string {
  const session = what.session === undefined ? [] : [`session ${what.session}`];
  const statement = what.statement === undefined ? [] : [`statement ${what.statement}`];
  const transaction = what.inTransaction ? ['in a transaction'] : [];
  return [what.connection, ...session, ...statement, ...transaction].join(', ');
}

function who(row: ApprovalRow): Fact[] {
  const { requester } = row;
  if (requester.bot === undefined) return [{ name: 'who', value: longPerson(requester) }];
  return [
    { name: 'who', value: `bot ${requester.bot}` },
    { name: 'on behalf of', value: longPerson(requester) },
  ];
}

/** Why the session was opened, in the words of whoever opened it. */
const stated = ({ what }: ApprovalRow): Fact[] =>
  some('they say', what.stated === undefined ? [] : [what.stated]);

function warnings(row: ApprovalRow): Fact[] {
  const found: Fact[] = [];
  if (!row.genuine)
    found.push({ name: 'NOT GENUINE', value: row.problem ?? 'its signature does not hold', alarm: true });
  if (row.own)
    found.push({ name: 'yours', value: 'you asked for this, so somebody else answers', alarm: true });
  return found;
}

/** Which rule asks, why, and how many have said yes. A window's reason is what is read below. */
function policyLine(row: ApprovalRow): string {
  const { policies, purpose, reason, quorum } = row.what;
  const why = purpose === 'window' ? '' : `: ${reason}`;
  return `${approvalsOf(row)} of ${quorum} approved; ${policies.join(', ')}${why}`;
}

/** The few a person needs while reading the statement. */
export function shortFacts(row: ApprovalRow, before?: string): readonly Fact[] {
  const { what } = row;
  return [
    ...warnings(row),
    ...who(row),
    ...some('model', what.models),
    { name: 'where', value: where(row) },
    { name: 'what', value: `${titleOf(row)}: ${scopeOf(row)}` },
    ...some('tables', what.tables),
    { name: 'policy', value: policyLine(row) },
    ...stated(row),
    ...(before === undefined ? [] : [{ name: 'before', value: before }]),
  ];
}

export function strengthWords(row: ApprovalRow): string {
  return strengthOf(row, 'approve') === 'fresh-sign-in'
    ? 'takes a fresh sign-in'
    : 'takes no new sign-in: the key of the one there is will do';
}

/** Whether the statement that is shown is the one that runs, letter for letter. */
function wording({ what }: ApprovalRow): string {
  if (what.purpose === 'window') return 'a window has no statement';
  return what.exact
    ? 'exactly as it runs'
    : 'as it runs, but for values that are masked here; the digest is that of the real ones';
}

/** Everything known of it. */
export function allFacts(row: ApprovalRow, now: number, before?: string): readonly Fact[] {
  const { what, expires, asked, digest, decisions, rejected, state } = row;
  const left = leftOf(row, now);
  return [
    ...warnings(row),
    { name: 'request', value: row.id },
    { name: 'state', value: left > 0 ? `${STATES[state]}, ${formatSpan(left)} left` : STATES[state] },
    ...who(row),
    ...some('model', what.models),
    { name: 'client', value: what.application ? `${what.client}, ${what.application}` : what.client },
    { name: 'where', value: where(row) },
    { name: 'what', value: titleOf(row) },
    { name: 'applies to', value: scopeOf(row) },
    ...some('tables', what.tables),
    ...some(
      'actions',
      what.actions.map(({ action, resource }) => `${action} on ${resource.type} ${resource.id}`),
    ),
    { name: 'policy', value: `${what.policies.join(', ')} (policy text ${what.policyDigest})` },
    { name: 'reason', value: what.reason },
    ...stated(row),
    { name: 'quorum', value: `${approvalsOf(row)} of ${what.quorum}` },
    { name: 'approval', value: strengthWords(row) },
    ...(before === undefined ? [] : [{ name: 'before', value: before }]),
    { name: 'asked', value: clock(asked) },
    { name: 'until', value: clock(expires) },
    { name: 'wording', value: wording(row) },
    { name: 'digest', value: digest },
    ...decisions.map((decision) => ({ name: 'answer', value: decisionLine(decision) })),
    ...rejected.map(({ key, step, reason }) => ({
      name: 'not counted',
      value: `${key}: ${step}: ${reason}`,
      alarm: true as const,
    })),
  ];
}
