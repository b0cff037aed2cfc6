// What one relay is made of. Types only.
import type { BrokerError } from '../../model/errors.ts';
import type { Link } from './link.ts';
import type { Turn } from './turn.ts';
import type { Wire } from './wire.ts';

export interface RelayParts {
  readonly client: Wire;
  readonly server: Wire;
  readonly link: Link;
  /** Shared by a session's conversations. */
  readonly turn: Turn;
  /** Words the loss of the server's connection. */
  lost(reason: string): BrokerError;
  /** The conversation is over; called once. */
  over(reason: string, error: Error | undefined): void;
}
