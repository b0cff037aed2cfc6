// Prints a running session's events for a person, one line each. What is recorded is masked; what is printed is made visible.
import type { Writable } from 'node:stream';
import type { AgentClient } from '../agent/client.ts';
import { visible } from '../lib/visible.ts';
import type { Event, EventData, EventType } from '../model/event.ts';
import type { FrontContext } from './compose.ts';

export interface TailContext extends FrontContext {
  readonly stdout: Writable;
  readonly json: boolean;
}

type Teller<T extends EventType> = (data: EventData[T]) => string;

/** Words for the events a person follows; any other type is told by its name. */
const TELLERS: { readonly [T in EventType]?: Teller<T> } = {
  statement: ({ conversation, statement, decision, text, digest, policies }) =>
    `${conversation}.${statement} ${decision}${policies.length > 0 ? ` (${policies.join(', ')})` : ''}  ${text ?? `same as ${digest.slice(0, 12)}`}`,
  answer: ({ conversation, statement, status, tag, rows, message }) =>
    `${conversation}.${statement} ${status}  ${tag ?? message ?? ''} ${rows} row${rows === 1 ? '' : 's'}`,
  'session.close': ({ reason }) => reason,
  'client.connect': ({ conversation, application }) => `${conversation}  ${application ?? ''}`,
  'client.refused': ({ reason }) => reason,
  'client.disconnect': ({ conversation, reason }) => `${conversation}  ${reason}`,
  notice: ({ severity, message }) => `${severity}: ${message}`,
  warning: ({ code, detail }) => `${code}: ${detail}`,
};

function tell(event: Event): string {
  const teller = TELLERS[event.type] as ((data: Event['data']) => string) | undefined;
  const text = teller ? teller(event.data) : '';
  return visible(`${event.time.slice(11, 23)} ${event.type.padEnd(17)} ${text}`.trimEnd(), { limit: 400 });
}

export async function tailSession(agent: AgentClient, context: TailContext, session: string): Promise<void> {
  try {
    for await (const line of agent.tail(session, context.signal))
      context.stdout.write(`${context.json ? JSON.stringify(line) : tell(line as Event)}\n`);
  } catch (error) {
    if (!context.signal.aborted) throw error;
  }
}
