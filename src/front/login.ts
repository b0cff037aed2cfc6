// The person's side of a sign-in: shows what to open, opens it, passes on what was pasted. Sees no token and no key.
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { AgentClient, SignInMode, SignInPrompt, SignInState, ToLogin } from '../agent/client.ts';
import { brokerSettings } from '../agent/client.ts';
import { openBrowser } from '../identity/browser.ts';
import { visible } from '../lib/visible.ts';
import { BrokerError } from '../model/errors.ts';
import type { FrontContext } from './compose.ts';
import { renderPerson } from './status.ts';

export interface LoginContext extends FrontContext {
  readonly stdin: Readable & { isTTY?: boolean };
  readonly stdout: Writable;
  readonly stderr: Writable & { isTTY?: boolean };
  readonly json: boolean;
}

/** Resolves with the first line; never when there is none. */
function pastedLine(context: LoginContext): { line: Promise<string>; close(): void } {
  const reader = createInterface({ input: context.stdin, terminal: false });
  const line = new Promise<string>((resolve) => reader.once('line', resolve));
  return { line, close: () => reader.close() };
}

async function show(context: LoginContext, prompt: SignInPrompt): Promise<void> {
  const tell = (text: string) => void context.stderr.write(`${text}\n`);
  if (context.json) tell(JSON.stringify({ prompt }));
  if (prompt.kind === 'device') {
    if (!context.json)
      tell(`broker: open ${visible(prompt.url)} on any device and enter the code ${visible(prompt.code)}`);
    return;
  }
  const opened = prompt.kind === 'browser' && (await openBrowser(prompt.url, context.environment));
  if (context.json) return;
  if (opened) tell('broker: sign in in the browser window that has opened');
  else tell(`broker: open this address in a browser:\n\n  ${visible(prompt.url)}\n`);
  if (prompt.kind === 'paste')
    tell('broker: if the browser cannot come back here, paste the address it ends on:');
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
      await show(context, message.prompt);
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
