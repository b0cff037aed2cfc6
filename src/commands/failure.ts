// How a failure looks on a terminal and as JSON. Untrusted text in it is made visible, never interpreted.
import { visible } from '../lib/visible.ts';
import { BrokerError } from '../model/errors.ts';

/** Every failure has a row in the table: what has none is our bug. */
export function toBrokerError(error: unknown): BrokerError {
  if (error instanceof BrokerError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new BrokerError('bug', { reason }, { cause: error });
}

/** Two lines for people, or one JSON object for programs; both end in a newline. */
export function renderFailure(error: BrokerError, json: boolean): string {
  if (json) return `${JSON.stringify({ error: error.toJSON() })}\n`;
  const hint = error.hint === '' ? '' : `broker: hint: ${visible(error.hint, { multiline: true })}\n`;
  return `broker: error: ${visible(error.message, { multiline: true })}\n${hint}`;
}
