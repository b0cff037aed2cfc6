// How a failure looks on a terminal and as JSON. Untrusted text in it is made visible, never interpreted.
import { visible } from '../lib/visible.ts';
import { asBrokerError, type BrokerError } from '../model/errors.ts';

export const toBrokerError = asBrokerError;

/** Two lines for people, or one JSON object for programs; both end in a newline. */
export function renderFailure(error: BrokerError, json: boolean): string {
  if (json) return `${JSON.stringify({ error: error.toJSON() })}\n`;
  const hint = error.hint === '' ? '' : `broker: hint: ${visible(error.hint, { multiline: true })}\n`;
  return `broker: error: ${visible(error.message, { multiline: true })}\n${hint}`;
}
