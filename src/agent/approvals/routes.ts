// How requests are listed, answered and made over the control socket. Must never do the work itself.
import { BrokerError } from '../../model/errors.ts';
import type { Caller, FromAnswer, FromApprovals, FromWindow, ToApprovals, ToWindow } from '../messages.ts';
import type { LinesCall } from '../server.ts';
import type { Answered, AnswerOrder } from './answer.ts';

export interface ApprovalHost {
  /** Rows as they come and change, until `gone`. */
  list(wish: FromApprovals, gone: AbortSignal): AsyncIterable<ToApprovals>;
  answer(order: AnswerOrder): Promise<Answered>;
  /** A request for a window, as it changes, until it is answered or over. */
  window(wish: FromWindow, gone: AbortSignal): AsyncIterable<ToWindow>;
}

type ReadCaller = (value: unknown) => Caller;

function violation(reason: string): BrokerError {
  return new BrokerError('protocol-violation', { side: 'control client', reason });
}

async function firstLine<T>(call: LinesCall): Promise<T> {
  const first = await call.lines.next();
  if (first.done || typeof first.value !== 'object' || first.value === null)
    throw violation('its first line does not say what it wants');
  return first.value as T;
}

async function pass(call: LinesCall, messages: AsyncIterable<unknown>): Promise<void> {
  for await (const message of messages) {
    if (!call.send(message)) return;
    await call.drained();
  }
}

export async function approvals(host: ApprovalHost, call: LinesCall, caller: ReadCaller): Promise<void> {
  const wish = await firstLine<FromApprovals>(call);
  await pass(call, host.list({ ...wish, caller: caller(wish.caller) }, call.gone));
}

const ANSWERS = ['approve', 'deny', 'revoke'];
const STRENGTHS = ['fresh-sign-in', 'session-key'];

export async function answer(host: ApprovalHost, call: LinesCall, caller: ReadCaller): Promise<void> {
  const wish = await firstLine<FromAnswer>(call);
  if (wish.type !== 'answer') throw violation('its first line is not an answer');
  const { id, digest, reason, strength, mode } = wish;
  if (typeof id !== 'string' || typeof digest !== 'string') throw violation('it names no request');
  if (!ANSWERS.includes(wish.answer) || !STRENGTHS.includes(strength)) throw violation('its answer is none');
  if (reason !== undefined && typeof reason !== 'string') throw violation('its reason is not text');
  const pasted = async (): Promise<string> => {
    for (;;) {
      const next = await call.lines.next();
      if (next.done) throw new BrokerError('interrupted');
      const said = next.value as FromAnswer;
      if (said.type === 'pasted') return said.text;
    }
  };
  const talk = {
    mode,
    show: (prompt: unknown) => void call.send({ type: 'prompt', prompt }),
    pasted,
    signal: call.gone,
  };
  const answered = await host.answer({
    id,
    digest,
    answer: wish.answer,
    ...(reason ? { reason } : {}),
    strength,
    talk,
    caller: caller(wish.caller),
  });
  call.send({ type: 'answered', ...answered });
}

export async function window(host: ApprovalHost, call: LinesCall, caller: ReadCaller): Promise<void> {
  const wish = await firstLine<FromWindow>(call);
  const { connection, duration, reason } = wish;
  if (typeof connection !== 'string' || typeof reason !== 'string') throw violation('it names no connection');
  if (!Number.isSafeInteger(duration) || duration < 1) throw violation('it does not say for how long');
  await pass(call, host.window({ ...wish, caller: caller(wish.caller) }, call.gone));
}
