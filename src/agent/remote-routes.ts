// What can be asked of the agent about remote MCP servers. Must never do the work itself.
import { BrokerError } from '../model/errors.ts';
import type { Caller } from './messages.ts';
import type { Remotes } from './remote.ts';
import type { FromRemoteLogin, RemotePlace, RemoteToken, RemoteTokenRequest } from './remote-messages.ts';
import type { Call, LinesCall } from './server.ts';

type CallerOf = (value: unknown) => Caller;
type Body = Readonly<Record<string, unknown>>;

function wrong(reason: string): BrokerError {
  return new BrokerError('protocol-violation', { side: 'control client', reason });
}

function placeOf(body: Body, caller: CallerOf): RemotePlace {
  const { connection, url } = body;
  if (typeof connection !== 'string' || typeof url !== 'string' || !URL.canParse(url))
    throw wrong('it does not say which server');
  return { connection, url, caller: caller(body['caller']) };
}

function challengeOf(value: unknown): RemoteTokenRequest['challenge'] {
  if (typeof value !== 'object' || value === null) return undefined;
  const kept = ['error', 'scope', 'metadata'].flatMap((name) => {
    const text = (value as Body)[name];
    return typeof text === 'string' ? [[name, text] as const] : [];
  });
  return Object.fromEntries(kept);
}

export function remoteToken(remotes: Remotes, call: Call, caller: CallerOf): Promise<RemoteToken> {
  const { refused } = call.body;
  const challenge = challengeOf(call.body['challenge']);
  return remotes.token({
    ...placeOf(call.body, caller),
    ...(typeof refused === 'string' ? { refused } : {}),
    ...(challenge ? { challenge } : {}),
  });
}

export async function remoteSignIn(remotes: Remotes, call: LinesCall, caller: CallerOf): Promise<void> {
  const first = await call.lines.next();
  const message = first.done ? undefined : (first.value as FromRemoteLogin);
  if (message?.type !== 'login') throw wrong('its first line is not a login');
  const pasted = async (): Promise<string> => {
    for (;;) {
      const next = await call.lines.next();
      if (next.done) throw new BrokerError('interrupted');
      const said = next.value as FromRemoteLogin;
      if (said.type === 'pasted') return said.text;
    }
  };
  const mode = message.mode === 'paste' ? 'paste' : 'browser';
  const show = (prompt: unknown) => void call.send({ type: 'prompt', prompt });
  const place = placeOf({ ...message }, caller);
  const remote = await remotes.signIn(place, { mode, show, pasted, signal: call.gone });
  call.send({ type: 'remote', remote });
}

export async function remoteSignOut(
  remotes: Remotes,
  call: Call,
  caller: CallerOf,
): Promise<{ readonly was: boolean }> {
  return { was: await remotes.signOut(placeOf(call.body, caller), AbortSignal.timeout(10_000)) };
}
