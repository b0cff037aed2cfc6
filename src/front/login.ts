// The person's side of `login`: passes on what was pasted and says who is signed in. Sees no token and no key.
import type { Writable } from 'node:stream';
import type { AgentClient, SignInMode, SignInState, ToLogin } from '../agent/client.ts';
import { brokerSettings } from '../agent/client.ts';
import { BrokerError } from '../model/errors.ts';
import { type PromptContext, pastedLine, showPrompt } from './prompt.ts';
import { renderPerson } from './status.ts';

export interface LoginContext extends PromptContext {
  readonly stdout: Writable;
}

async function finish(
  context: LoginContext,
  messages: AsyncIterable<ToLogin>,
  paste: (text: string) => void,
): Promise<SignInState> {
  let reader: ReturnType<typeof pastedLine> | undefined;
  try {
    for await (const message of messages) {
      if (message.type === 'signed-in') return message.signIn;
      if (message.type !== 'prompt') continue;
      await showPrompt(context, message.prompt);
      if (message.prompt.kind !== 'paste') continue;
      reader ??= pastedLine(context);
      void reader.line.then(paste);
    }
  } finally {
    reader?.close();
  }
  throw new BrokerError('agent-lost');
}

export async function runLogin(agent: AgentClient, context: LoginContext, mode: SignInMode): Promise<void> {
  const { cwd, home, environment, signal } = context;
  const caller = { cwd, home, settings: brokerSettings(environment), pid: process.pid };
  const dialogue = agent.login({ type: 'login', mode, caller }, signal);
  try {
    const state = await finish(context, dialogue, (text) => void dialogue.send({ type: 'pasted', text }));
    if (state.state === 'signed-out') throw new BrokerError('not-signed-in');
    context.stdout.write(context.json ? `${JSON.stringify(state)}\n` : renderPerson(state));
  } catch (error) {
    throw signal.aborted ? new BrokerError('interrupted') : error;
  } finally {
    dialogue.close();
  }
}
