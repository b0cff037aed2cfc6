// The team's policy as the agent tells it, and a new version on its way to be signed. Holds no key.
import {
  type AgentClient,
  brokerSettings,
  type Caller,
  type FromPush,
  type SignInPrompt,
  type ToPush,
} from '../agent/client.ts';
import { BrokerError } from '../model/errors.ts';
import type { FrontContext } from './compose.ts';

export type { PublishedVersion } from '../agent/client.ts';

/** As the caller sees the configuration; `store` takes the place of the configured one. */
export function policyCaller({ cwd, home, environment }: FrontContext, store?: string): Caller {
  const settings = {
    ...brokerSettings(environment),
    ...(store === undefined ? {} : { BROKER_STORE: store }),
  };
  return { cwd, home, settings, pid: process.pid };
}

export interface PushTalk {
  show(prompt: SignInPrompt): void | Promise<void>;
  /** Never resolving is fine: the browser may come back by itself. */
  pasted(): Promise<string>;
  readonly signal: AbortSignal;
}

export type PolicyPush = Omit<Extract<FromPush, { type: 'push' }>, 'type'>;
export type Published = Omit<Extract<ToPush, { type: 'published' }>, 'type'>;

/** Resolves once the version stands in the store and counts here. */
export async function sendPush(agent: AgentClient, push: PolicyPush, talk: PushTalk): Promise<Published> {
  const dialogue = agent.push({ type: 'push', ...push }, talk.signal);
  try {
    for await (const message of dialogue) {
      if (message.type === 'published') {
        const { type: _, ...published } = message;
        return published;
      }
      if (message.type !== 'prompt') continue;
      await talk.show(message.prompt);
      if (message.prompt.kind === 'paste')
        void talk.pasted().then((text) => dialogue.send({ type: 'pasted', text }));
    }
  } catch (error) {
    throw talk.signal.aborted ? new BrokerError('interrupted') : error;
  } finally {
    dialogue.close();
  }
  throw new BrokerError('agent-lost');
}
