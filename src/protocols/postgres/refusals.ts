// Words a refusal as PostgreSQL would: ErrorResponse with SQLSTATE, detail and hint. Decides nothing.

import type { BrokerError } from '../../model/errors.ts';
import { FROM_SERVER, fieldsMessage } from './messages.ts';

type Severity = 'ERROR' | 'FATAL';

/** ErrorResponse for a failure of ours. */
export function refusal(error: BrokerError, severity: Severity = 'ERROR', detail?: string): Buffer {
  const fields = new Map([
    ['S', severity],
    ['V', severity],
    ['C', error.row.sqlstate ?? 'XX000'],
    ['M', error.message],
  ]);
  if (detail) fields.set('D', detail);
  fields.set('H', error.hint);
  fields.set('R', `broker:${error.code}`);
  return fieldsMessage(FROM_SERVER.error, fields);
}

/** ErrorResponse in the server's own words, for what it would have said itself. */
export function serverError(sqlstate: string, text: string, hint?: string): Buffer {
  const fields = new Map([
    ['S', 'ERROR'],
    ['V', 'ERROR'],
    ['C', sqlstate],
    ['M', text],
  ]);
  if (hint) fields.set('H', hint);
  return fieldsMessage(FROM_SERVER.error, fields);
}

export function notice(text: string, hint?: string): Buffer {
  const fields = new Map([
    ['S', 'NOTICE'],
    ['V', 'NOTICE'],
    ['C', '00000'],
    ['M', text],
  ]);
  if (hint) fields.set('H', hint);
  return fieldsMessage(FROM_SERVER.notice, fields);
}
