// One recorded statement, found again by SESSION/NUMBER, with the policy text that decided it. Its records are taken as they are.

import { BrokerError } from '../model/errors.ts';
import { PK_TOKEN_BLOB } from '../model/sealed.ts';
import type { PolicyText } from '../model/session.ts';
import type { Store } from '../model/store.ts';
import type { CommandContext } from './command.ts';
import { blobOf, eventsOf } from './evidence/events.ts';
import { findSession, type ListedStatement, openEvidence } from './evidence.ts';
import { RecordedSession, type RecordedStatement } from './policy-recorded.ts';

export interface Recalled {
  readonly statement: RecordedStatement;
  /** As archived: its digest is what the record of the decision names. */
  readonly policy: PolicyText;
}

const REFERENCE = /^([^/]+)\/(\d{1,15})$/;

async function tokenOf(store: Store, { subjects }: ListedStatement): Promise<string | undefined> {
  const digest = subjects.find(({ name }) => name === PK_TOKEN_BLOB)?.digest.sha256;
  return digest === undefined ? undefined : Buffer.from(await blobOf(store, digest)).toString('utf8');
}

/** The last event of that number: an execution rather than the parse before it. */
async function statementOf(store: Store, found: ListedStatement, number: number) {
  const session = new RecordedSession(found.predicate, await tokenOf(store, found));
  let last: RecordedStatement | undefined;
  for await (const event of eventsOf(store, found)) {
    const read = session.read(event);
    if (read?.statement === number) last = read;
  }
  return last;
}

async function policyOf(store: Store, digest: string): Promise<PolicyText> {
  const { files } = JSON.parse(Buffer.from(await blobOf(store, digest)).toString('utf8')) as PolicyText;
  return { files };
}

export async function recall(context: CommandContext, reference: string): Promise<Recalled> {
  const [, session, number] = REFERENCE.exec(reference) ?? [];
  const command = 'policy explain';
  if (session === undefined)
    throw new BrokerError(
      'usage',
      { reason: `${reference} names no recorded statement, and no statement was given with it`, command },
      { hint: 'write SESSION/NUMBER as `broker policy test --replay` shows it, or a connection and its SQL' },
    );
  const { store } = await openEvidence(context);
  try {
    const found = await findSession(store, session, context.clock.now());
    const statement = await statementOf(store, found, Number(number));
    if (!statement) {
      const reason = `session ${session} has no recorded statement ${number}`;
      const hint = `\`broker sessions show ${session} --json\` lists them`;
      throw new BrokerError('usage', { reason, command }, { hint });
    }
    return { statement, policy: await policyOf(store, statement.was.policyDigest) };
  } finally {
    await store.close();
  }
}
