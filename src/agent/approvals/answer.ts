// A person's answer to somebody else's request: shown, signed in for, signed, put, repeated in their own chain. The key is then forgotten.
import { randomBytes } from 'node:crypto';
import { attOf, buildDecision, type RequestPlace } from '../../flow/escalate/index.ts';
import { timestamp } from '../../lib/clock.ts';
import type { ApprovalDecision, ApprovalRow, ApprovalStrength } from '../../model/approval.ts';
import { requestKey } from '../../model/approval-key.ts';
import { APPROVAL_FORM } from '../../model/approval-predicate.ts';
import { MAX_STATEMENT, parseSigned } from '../../model/bundle.ts';
import { BrokerError } from '../../model/errors.ts';
import type { EpochSignIn } from '../evidence.ts';
import { messageOf } from '../fault.ts';
import type { Caller } from '../messages.ts';
import type { Person, Setting } from '../ports.ts';
import type { LoginTalk } from '../sign-in.ts';
import { Board } from './board.ts';
import { approveRule, judge } from './jury.ts';
import type { ApprovalPorts } from './ports.ts';
import { connectionOf, type ReaderTerms } from './row.ts';
import { inTime, prepareSigning, putOnce } from './signing.ts';

export interface AnswerOrder {
  readonly id: string;
  /** Of the request that was shown. */
  readonly digest: string;
  readonly answer: ApprovalDecision['answer'];
  readonly reason?: string;
  readonly strength: ApprovalStrength;
  readonly talk: LoginTalk;
  readonly caller: Caller;
}

export interface Answered {
  readonly key: string;
  readonly digest: string;
}

/** One who answers: their sign-in, their configuration, and the request as they see it. */
interface Desk {
  readonly ports: ApprovalPorts;
  readonly setting: Setting;
  readonly person: Person;
  readonly terms: ReaderTerms;
  readonly row: ApprovalRow;
  readonly day: string;
}

/** The request an id names, whatever became of it. Raises request-unknown, request-ambiguous. */
export async function findRow(
  terms: ReaderTerms,
  id: string,
  now: number,
): Promise<{ readonly row: ApprovalRow; readonly day: string }> {
  const board = new Board(terms, { id, all: true, since: 8 * 86_400_000 });
  const rows: ApprovalRow[] = [];
  for await (const row of board.look(now)) rows.push(row);
  const exact = rows.find((row) => row.id === id);
  const [row] = exact ? [exact] : rows;
  const day = row && board.dayOf(row.id);
  if (!row || !day || id === '') throw new BrokerError('request-unknown', { id });
  if (!exact && rows.length > 1)
    throw new BrokerError('request-ambiguous', { id, found: rows.map((each) => each.id).join(', ') });
  return { row, day };
}

function unanswerable(id: string, reason: string): BrokerError {
  return new BrokerError('request-unanswerable', { id, reason });
}

/** What nobody needs to sign in again for to hear that it cannot be. */
async function checkAnswerable(
  { row, setting, person, terms, ports }: Desk,
  order: AnswerOrder,
): Promise<void> {
  const { id } = row;
  if (!row.genuine) throw unanswerable(id, row.problem ?? 'it is not genuine');
  if (row.own) throw unanswerable(id, 'it is your own: somebody else must answer');
  if (row.digest !== order.digest) throw unanswerable(id, 'it is not the request that was shown');
  const open = row.state === 'pending' || (order.answer === 'revoke' && row.state === 'approved');
  if (!open) throw new BrokerError('request-over', { id, state: row.state });
  const weak = order.answer === 'approve' && order.strength === 'session-key';
  if (weak && row.what.strength !== 'session-key')
    throw unanswerable(id, 'approving it takes a fresh sign-in');
  const connection = connectionOf(terms, row.what.connection);
  const asked = { asked: row.what };
  const rule = await approveRule({ connection, policy: setting.policy }, asked, ports.clock.now());
  const { outcome, policies } = rule(person.user);
  if (outcome === 'allow') return;
  const policy = policies.join(', ') || 'default deny';
  const what = 'your answer to this request';
  throw new BrokerError('policy-denied', { connection: connection.name, what, policy });
}

async function withSigner<T>(
  { ports, person }: Desk,
  order: AnswerOrder,
  decision: ApprovalDecision,
  action: (signIn: EpochSignIn) => Promise<T>,
): Promise<T> {
  if (order.strength === 'session-key') return action(await ports.signIn());
  const single = await ports.signInFor(attOf(decision), order.talk, order.caller);
  try {
    const { iss, sub } = single.signer.identity;
    if (iss === person.user.iss && sub === person.user.sub) return await action(single);
    const reason = `you are signed in as ${person.user.sub} and came back as ${sub}`;
    throw new BrokerError('sign-in-failed', { reason, mend: `sign in as ${person.user.sub}` });
  } finally {
    single.forget().catch((error: unknown) => {
      ports.log.warn({ reason: messageOf(error) }, 'the provider could not be told that a sign-in is over');
    });
  }
}

export async function readStored({ store }: Pick<ReaderTerms, 'store'>, day: string, id: string) {
  const bytes = await store.get(requestKey(day, id), MAX_STATEMENT);
  const predicate = bytes && parseSigned(bytes, APPROVAL_FORM).statement.predicate;
  if (!bytes || predicate?.kind !== 'request') throw new BrokerError('request-unknown', { id });
  return { bytes, predicate };
}

/** Signs and puts, once it has passed every check that the requester's agent will make. */
async function put(desk: Desk, order: AnswerOrder, decision: ApprovalDecision, signIn: EpochSignIn) {
  const { ports, setting, terms, row, day } = desk;
  const { store: address } = setting.config;
  return inTime(address, async () => {
    const signing = await prepareSigning(ports, address, signIn);
    const place: RequestPlace = { day, id: row.id, digest: row.digest };
    const file = buildDecision(signing, { request: place, decision, strength: order.strength });
    const request = await readStored(terms, day, row.id);
    const { refused } = await judge(terms, {
      request,
      view: { request: request.bytes, decisions: [file], consumed: undefined },
      store: terms.store,
      rules: { ...setting, identity: terms.identity, connection: connectionOf(terms, row.what.connection) },
      jkts: [request.predicate.identity.jkt],
      now: ports.clock.now(),
    });
    const [problem] = refused;
    if (problem) throw unanswerable(row.id, `your answer would not count: ${problem.reason}`);
    if ((await putOnce(terms.store, file)) === 'taken')
      throw unanswerable(row.id, 'something else stands in the place of your answer');
    return file;
  });
}

/** Raises request-unknown, request-ambiguous, request-unanswerable, request-over, policy-denied and what a sign-in may. */
export async function answer(
  ports: ApprovalPorts,
  found: Omit<Desk, 'ports'>,
  order: AnswerOrder,
): Promise<Answered> {
  const desk = { ports, ...found };
  const { row, day, terms } = desk;
  await checkAnswerable(desk, order);
  const decision: ApprovalDecision = {
    request: row.digest,
    store: terms.storeId,
    id: row.id,
    answer: order.answer,
    ...(order.reason === undefined ? {} : { reason: order.reason }),
    time: timestamp(ports.clock.micros()),
    nonce: randomBytes(32).toString('hex'),
  };
  const file = await withSigner(desk, order, decision, (signIn) => put(desk, order, decision, signIn));
  await ports.mirror(desk.setting.config.store, {
    id: row.id,
    day,
    request: row.digest,
    decision: file.digest,
    answer: order.answer,
    strength: order.strength,
  });
  return { key: file.key, digest: file.digest };
}
