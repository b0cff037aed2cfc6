// What becomes of a request that may not go on: the server is made to fail in its place. Decides nothing by itself.
import type { Admission } from '../../flow/conversation.ts';
import type { BrokerError } from '../../model/errors.ts';
import type { Withdrawn } from './gate.ts';
import type { Link } from './link.ts';
import { otherMeaning } from './meaning.ts';
import { refusal, serverError } from './refusals.ts';

export function refuse(link: Link, error: BrokerError, simple: boolean): true {
  const policy = error.details['policy'];
  link.refuse(refusal(error, 'ERROR', policy === undefined ? undefined : `policy: ${policy}`), simple);
  return true;
}

/** As the server says it: SQLSTATE, message, and our hint. */
const WORDS: Readonly<Record<Withdrawn, readonly [sqlstate: string, text: string, hint?: string]>> = {
  cancelled: ['57014', 'canceling statement due to user request'],
  'timed out': [
    '57014',
    'canceling statement due to statement timeout',
    'it was waiting for approval, which counts: raise statement_timeout, or set it to 0, before a statement that people are asked about',
  ],
  overtaken: ['25P02', 'current transaction is aborted, commands ignored until end of transaction block'],
};

/** False for what the flow did not let through, and for settings under which we would read texts otherwise than the server. */
export function goesOn(
  link: Link,
  admission: Admission | Withdrawn,
  simple: boolean,
): admission is Extract<Admission, { kind: 'forward' }> {
  if (typeof admission === 'string') {
    link.refuse(serverError(...WORDS[admission]), simple);
    return false;
  }
  if (admission.kind === 'refuse') return !refuse(link, admission.error, simple);
  const { ticket } = admission;
  const error = otherMeaning(ticket.judged);
  if (!error) return true;
  const { message, row } = error;
  ticket.finish({ status: 'refused', sqlstate: row.sqlstate ?? 'XX000', message });
  return !refuse(link, error, simple);
}
