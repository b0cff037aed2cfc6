// The person's side of a sign-in at a remote MCP server. Sees no token.
import type { Writable } from 'node:stream';
import {
  type AgentClient,
  brokerSettings,
  type RemotePlace,
  type RemoteState,
  type ToRemoteLogin,
} from '../agent/client.ts';
import { visible } from '../lib/visible.ts';
import { BrokerError } from '../model/errors.ts';
import type { FrontContext } from './compose.ts';
import { remoteUrl } from './mcp/remote/address.ts';
import { type PromptContext, pastedLine, showPrompt } from './prompt.ts';

export interface RemoteLoginContext extends PromptContext {
  readonly stdout: Writable;
}

type WithOptions = FrontContext & { readonly options: Readonly<Record<string, unknown>> };

/** Throws `usage` when the connection has no remote server. */
export async function remotePlace(context: WithOptions, connection: string): Promise<RemotePlace> {
  const url = await remoteUrl(context, connection);
  if (url === undefined)
    throw new BrokerError('usage', {
      reason: `${connection} names no remote MCP server: give --url`,
      command: 'login',
    });
  const { cwd, home, environment } = context;
  const caller = { cwd, home, settings: brokerSettings(environment), pid: process.pid };
  return { connection, url: url.href, caller };
}

function told({ state, server, issuer, scopes = [] }: RemoteState): string {
  if (state === 'open') return `${visible(server)} asks nobody to sign in\n`;
  const rights = scopes.length > 0 ? `, for ${visible(scopes.join(' '))}` : '';
  return `signed in at ${visible(server)} by ${visible(issuer ?? '')}${rights}\n`;
}

async function finish(
  context: RemoteLoginContext,
  messages: AsyncIterable<ToRemoteLogin>,
  paste: (text: string) => void,
): Promise<RemoteState> {
  let reader: ReturnType<typeof pastedLine> | undefined;
  try {
    for await (const message of messages) {
      if (message.type === 'remote') return message.remote;
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

export async function runRemoteLogin(
  agent: AgentClient,
  context: RemoteLoginContext,
  place: RemotePlace,
  mode: 'browser' | 'paste',
): Promise<void> {
  const { signal } = context;
  const dialogue = agent.remoteLogin({ type: 'login', mode, ...place }, signal);
  try {
    const state = await finish(context, dialogue, (text) => void dialogue.send({ type: 'pasted', text }));
    context.stdout.write(context.json ? `${JSON.stringify(state)}\n` : told(state));
  } catch (error) {
    throw signal.aborted ? new BrokerError('interrupted') : error;
  } finally {
    dialogue.close();
  }
}
