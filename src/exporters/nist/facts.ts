// What all events and statements of a span say, counted for the control tests. Must never judge, nor keep more than counts and a few examples.
import { ACTIONS, type ActionId } from '../../model/action.ts';
import type { Predicate } from '../../model/evidence.ts';
import type { Verification } from '../../model/verdict.ts';
import type { ExportedStatement } from '../exporter.ts';
import { type EventValue, members, type StatementTold, Story, text } from '../story.ts';

/** How often something was seen, and where first. */
export class Tally {
  count = 0;
  readonly examples: string[] = [];

  add(example: string): void {
    this.count += 1;
    if (this.examples.length < 5) this.examples.push(example);
  }
}

const NAMES = [
  // Events
  'events',
  'eventsWithoutContent',
  'eventsWithBadTime',
  // Statements
  'statements',
  'withoutDecision',
  'withoutPolicyDigest',
  'refused',
  'refusedAndAnswered',
  'privileged',
  'privilegedWithoutRule',
  'privilegedUntold',
  'changes',
  'changesWithoutRule',
  'asked',
  'askedAndUnapproved',
  'approvalsUsed',
  'approvalsWithoutDecision',
  'revealsBlocked',
  // Sessions
  'sessions',
  'withoutAccount',
  'withoutEvents',
  'withoutPolicy',
  'unended',
  'botsWithoutPerson',
  'terminals',
  'terminalsWithoutRecording',
  'remote',
  'remoteWithoutKey',
  'credentials',
  'standingCredentials',
  'attempts',
  // Sign-ins and the rest of the ledger
  'epochs',
  'unbound',
  'withoutFactors',
  'singleFactor',
  'accesses',
  'damaged',
] as const;

export type FactName = (typeof NAMES)[number];

const CHANGES = new Set(['destroy', 'define', 'administer']);
/** RFC 8176 values that say more than one factor was used, or one that cannot be replayed. */
const FACTORS = new Set([
  'mfa',
  'otp',
  'hwk',
  'swk',
  'fpt',
  'face',
  'iris',
  'sc',
  'pop',
  'tel',
  'sms',
  'webauthn',
]);
/** Credential sources whose secrets end with the session, or soon after. */
const SHORT_LIVED = new Set(['ephemeral-role', 'oidc', 'oidc-token']);
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;

function groupOf(action: string): string {
  return Object.hasOwn(ACTIONS, action) ? ACTIONS[action as ActionId] : 'unknown';
}

function isRemote(address: string): boolean {
  return !/^(\/|127\.|\[?::1\]?|localhost)/.test(address);
}

/** AU-3: what, when, where, source, outcome, who. */
function isWhole(event: EventValue): boolean {
  const [who, where, source, data] = ['who', 'where', 'source', 'data'].map((name) => members(event[name]));
  const outcome = event['type'] !== 'answer' || text(data?.['status']) !== '';
  const named = [
    who?.['iss'],
    who?.['sub'],
    where?.['connection'],
    where?.['address'],
    source?.['host'],
    source?.['user'],
    event['type'],
    event['time'],
  ];
  return outcome && named.every((each) => text(each) !== '');
}

export class Facts {
  readonly #tallies = new Map<FactName, Tally>(NAMES.map((name) => [name, new Tally()]));
  /** Signed files to point at, newest last. */
  readonly evidence: { readonly key: string; readonly sha256: string }[] = [];
  verification: Verification | undefined;
  store = '';
  /** RFC 3339 of the first and last statement. */
  first = '';
  last = '';
  #story = new Story();
  #session: string | undefined;

  of(name: FactName): Tally {
    return this.#tallies.get(name) as Tally;
  }

  count(name: FactName): number {
    return this.of(name).count;
  }

  #see(name: FactName, example: string, when = true): void {
    if (when) this.of(name).add(example);
  }

  statement({ predicate, key, digest, subjects, chosen }: ExportedStatement): void {
    this.#endSession();
    if (!chosen) return;
    const { wall } = predicate.clock;
    if (this.first === '' || wall < this.first) this.first = wall;
    if (wall > this.last) this.last = wall;
    if (predicate.kind === 'session') {
      if (this.evidence.length < 200) this.evidence.push({ key, sha256: digest });
      this.#sealed(
        predicate,
        subjects.map(({ name }) => name),
      );
    }
    if (predicate.kind === 'attempt') this.#see('attempts', key);
    if (predicate.kind === 'access' && predicate.detail?.['failed'] === undefined) this.#see('accesses', key);
    if (predicate.kind === 'epoch') this.#signIn(predicate, key);
  }

  #sealed(predicate: Predicate, blobs: readonly string[]): void {
    const { session, actor, events, policy, detail } = predicate;
    if (!session) return;
    const { id } = session;
    this.#session = id;
    this.#see('sessions', id);
    this.#see('withoutAccount', id, !session.account);
    this.#see('withoutEvents', id, (events?.count ?? 0) === 0);
    this.#see('withoutPolicy', id, !policy);
    this.#see('unended', id, !session.end || !session.closed);
    this.#see('botsWithoutPerson', id, actor.kind === 'bot' && !actor.onBehalfOf);
    this.#see('damaged', id, detail?.['damage'] !== undefined);
    const terminal = session.client === 'connect';
    this.#see('terminals', id, terminal);
    this.#see(
      'terminalsWithoutRecording',
      id,
      terminal && !blobs.some((name) => name.startsWith('transcript')),
    );
    const remote = isRemote(session.address);
    this.#see('remote', id, remote);
    this.#see('remoteWithoutKey', id, remote && !session.fingerprint);
  }

  #signIn({ identity }: Predicate, key: string): void {
    const amr = identity.amr ?? [];
    this.#see('epochs', key);
    this.#see('unbound', key, identity.binding !== 'nonce');
    this.#see('withoutFactors', key, amr.length === 0);
    this.#see('singleFactor', key, amr.length > 0 && !amr.some((each) => FACTORS.has(each)));
  }

  event(event: EventValue): void {
    const where = `${this.#session ?? ''}#${String(event['seq'])}`;
    this.#see('events', where);
    this.#see('eventsWithoutContent', where, !isWhole(event));
    this.#see('eventsWithBadTime', where, !TIME.test(text(event['time'])));
    if (event['type'] === 'credential') {
      const { source, expires } = members(event['data']);
      this.#see('credentials', where);
      this.#see(
        'standingCredentials',
        this.#session ?? where,
        !SHORT_LIVED.has(text(source)) && text(expires) === '',
      );
    }
    for (const told of this.#story.push(event)) this.#told(told);
  }

  #told(told: StatementTold): void {
    const { decision, policies, answer, approval, actions } = told;
    const where = `${this.#session ?? ''}#${told.seq}`;
    const groups = actions.map(({ action }) => groupOf(action));
    this.#see('statements', where);
    this.#see('withoutDecision', where, !['allow', 'ask', 'deny'].includes(decision));
    this.#see('withoutPolicyDigest', where, told.policyDigest === '');
    const ran = answer !== undefined && answer.status !== 'refused' && answer.status !== 'cancelled';
    this.#see('refused', where, decision === 'deny' || answer?.status === 'refused');
    this.#see('refusedAndAnswered', where, decision === 'deny' && ran);
    const ruleless = decision !== 'deny' && policies.length === 0;
    this.#see('privileged', where, groups.includes('administer'));
    this.#see('privilegedWithoutRule', where, groups.includes('administer') && ruleless);
    this.#see(
      'privilegedUntold',
      where,
      groups.includes('administer') && told.text === '' && told.digest === '',
    );
    this.#see(
      'changes',
      where,
      groups.some((group) => CHANGES.has(group)),
    );
    this.#see('changesWithoutRule', where, groups.some((group) => CHANGES.has(group)) && ruleless);
    this.#see('asked', where, decision === 'ask');
    this.#see('askedAndUnapproved', where, decision === 'ask' && ran && approval?.outcome !== 'used');
    this.#see('approvalsUsed', where, approval?.outcome === 'used');
    this.#see(
      'approvalsWithoutDecision',
      where,
      approval?.outcome === 'used' && approval.decisions.length === 0,
    );
    this.#see(
      'revealsBlocked',
      where,
      decision === 'deny' && actions.some(({ action }) => action === 'reveal'),
    );
  }

  #endSession(): void {
    for (const told of this.#story.end()) this.#told(told);
    this.#story = new Story();
    this.#session = undefined;
  }

  finish(verification: Verification): void {
    this.#endSession();
    this.verification = verification;
  }
}
