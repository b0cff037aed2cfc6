// Hands a person's answer to the agent, which signs it after whatever sign-in it takes. Holds no key; must name the request that was shown.
import type { AgentClient, FromAnswer, SignInPrompt, ToAnswer } from '../agent/client.ts';
import { BrokerError } from '../model/errors.ts';
import { callerOf } from './approvals.ts';
import type { FrontContext } from './compose.ts';

export type Order = Pick<
  Extract<FromAnswer, { type: 'answer' }>,
  'id' | 'digest' | 'answer' | 'reason' | 'strength' | 'mode'
>;

/** The person's side while an answer is signed. */
export interface AnswerTalk {
  show(prompt: SignInPrompt): void | Promise<void>;
  /** Never resolving is fine: the browser may come back by itself. */
  pasted(): Promise<string>;
  readonly signal: AbortSignal;
}

export type Answered = Omit<Extract<ToAnswer, { type: 'answered' }>, 'type'>;

/** Resolves once the answer stands in the store. */
export async function sendAnswer(
  agent: AgentClient,
  context: FrontContext,
  order: Order,
  talk: AnswerTalk,
): Promise<Answered> {
  const dialogue = agent.answer({ type: 'answer', ...order, caller: callerOf(context) }, talk.signal);
  try {
    for await (const message of dialogue) {
      if (message.type === 'answered') return { key: message.key, digest: message.digest };
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
