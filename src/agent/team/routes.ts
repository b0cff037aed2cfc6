// How a team's policy is shown and published over the control socket. Must never do the work itself.
import { BrokerError } from '../../model/errors.ts';
import type { PolicyText } from '../../model/session.ts';
import type { Caller } from '../messages.ts';
import type { Call, LinesCall } from '../server.ts';
import type {
  FromPush,
  PoliciesRequest,
  PolicyShown,
  PublishedLog,
  PublishedText,
} from '../team-messages.ts';
import type { TeamDesk } from './desk.ts';
import type { PushOrder } from './push.ts';

export interface TeamHost {
  readonly desk: Pick<TeamDesk, 'log' | 'text' | 'push'>;
  /** What is in force for a caller. */
  shown(caller: Caller): Promise<PolicyShown>;
}

type ReadCaller = (value: unknown) => Caller;

function violation(reason: string): BrokerError {
  return new BrokerError('protocol-violation', { side: 'control client', reason });
}

function requestOf({ body }: Call, caller: ReadCaller): PoliciesRequest {
  const { version } = body;
  if (version !== undefined && !Number.isSafeInteger(version)) throw violation('its version is no number');
  return {
    caller: caller(body['caller']),
    ...(version === undefined ? {} : { version: version as number }),
  };
}

export function policyLog({ desk }: TeamHost, call: Call, caller: ReadCaller): Promise<PublishedLog> {
  return desk.log(requestOf(call, caller));
}

/** Nothing where nothing was published yet. */
export async function policyText(
  { desk }: TeamHost,
  call: Call,
  caller: ReadCaller,
): Promise<Partial<PublishedText>> {
  return (await desk.text(requestOf(call, caller))) ?? {};
}

export function policyShown(host: TeamHost, call: Call, caller: ReadCaller): Promise<PolicyShown> {
  return host.shown(requestOf(call, caller).caller);
}

function isTexts(files: unknown): files is PolicyText['files'] {
  return (
    typeof files === 'object' &&
    files !== null &&
    !Array.isArray(files) &&
    Object.values(files).every((text) => typeof text === 'string')
  );
}

async function orderOf(call: LinesCall, caller: ReadCaller): Promise<PushOrder> {
  const first = await call.lines.next();
  const wish = first.done ? undefined : (first.value as FromPush);
  if (wish?.type !== 'push') throw violation('its first line publishes nothing');
  const { files, reason, base, again = false, mode } = wish;
  if (!isTexts(files)) throw violation('its files are not texts');
  if (reason !== undefined && typeof reason !== 'string') throw violation('its reason is not text');
  if (!Number.isSafeInteger(base?.version) || typeof base.digest !== 'string')
    throw violation('it does not say what was shown');
  const pasted = async (): Promise<string> => {
    for (;;) {
      const next = await call.lines.next();
      if (next.done) throw new BrokerError('interrupted');
      const said = next.value as FromPush;
      if (said.type === 'pasted') return said.text;
    }
  };
  const show = (prompt: unknown) => void call.send({ type: 'prompt', prompt });
  const more = { ...(reason === undefined ? {} : { reason }), again };
  const talk = { mode, show, pasted, signal: call.gone };
  return { files, base, ...more, talk, caller: caller(wish.caller) };
}

export async function pushPolicy({ desk }: TeamHost, call: LinesCall, caller: ReadCaller): Promise<void> {
  const { version, restored, accepted } = await desk.push(await orderOf(call, caller));
  call.send({ type: 'published', version, key: accepted.key, restored });
}
