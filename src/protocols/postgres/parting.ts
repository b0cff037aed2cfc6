// How two joined connections end: the client hears why, the server is told politely, and neither lingers.
import { BrokerError } from '../../model/errors.ts';
import { FROM_CLIENT, message } from './messages.ts';
import { refusal } from './refusals.ts';
import type { Wire } from './wire.ts';

/** How long a peer is given to take our last words. */
const LINGER = 2_000;
export const TERMINATE = message(FROM_CLIENT.terminate);

/** Every failure has a row in the table: what has none is our bug. */
export function errorOf(cause: unknown): BrokerError {
  if (cause instanceof BrokerError) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new BrokerError('bug', { reason }, { cause });
}

/** `error` is said to the client when it can still hear one, between two messages. */
export function part(client: Wire, server: Wire, error: BrokerError | undefined, hears: boolean): void {
  if (error && hears) client.end(refusal(error, 'FATAL'));
  else client.end();
  server.end(TERMINATE);
  setTimeout(() => server.destroy(), error ? 0 : LINGER).unref();
  setTimeout(() => client.destroy(), LINGER).unref();
  client.resume();
  server.resume();
}
