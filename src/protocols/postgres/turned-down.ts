// What becomes of a request that may not go on: the server is made to fail in its place. Decides nothing by itself.
import type { Admission } from '../../flow/conversation.ts';
import type { BrokerError } from '../../model/errors.ts';
import type { Link } from './link.ts';
import { otherMeaning } from './meaning.ts';
import { refusal, serverError } from './refusals.ts';

export function refuse(link: Link, error: BrokerError, simple: boolean): true {
  const policy = error.details['policy'];
  link.refuse(refusal(error, 'ERROR', policy === undefined ? undefined : `policy: ${policy}`), simple);
  return true;
}

/** False for what the flow did not let through, and for settings under which we would read texts otherwise than the server. */
export function goesOn(
  link: Link,
  admission: Admission | 'withdrawn',
  simple: boolean,
): admission is Extract<Admission, { kind: 'forward' }> {
  if (admission === 'withdrawn') {
    link.refuse(serverError('57014', 'canceling statement due to user request'), simple);
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
