// Who decides about messages: the relay knows the protocol, the guard knows the rules. Types only, and the two plain verdicts.
import type { Notification, Request, Response } from './message.ts';

/** What happens to one message. `bytes` go in its place; an answer goes back to whoever asked. */
export type Verdict =
  | { readonly kind: 'forward'; readonly bytes?: Buffer }
  | { readonly kind: 'answer'; readonly bytes: Buffer }
  | { readonly kind: 'drop' };

export const FORWARD: Verdict = { kind: 'forward' };
export const DROP: Verdict = { kind: 'drop' };

/** A request of the host that has no answer yet. `M`: what the guard knows of one. */
export interface Underway<M> {
  /** Aborted when the host cancels its request or goes; before it was forwarded nothing has happened. */
  readonly signal: AbortSignal;
  matter: M | undefined;
}

/** Who decides about messages: the relay knows the protocol, the guard knows the rules. */
export interface Guard<M = unknown> {
  /** May take as long as a person needs; the request waits meanwhile, others pass. */
  request(request: Request, underway: Underway<M>): Verdict | Promise<Verdict>;
  /** Something of the host that needs no answer, or the answer to a request of the server. */
  fromHost(message: Notification | Response, about: Request | undefined): Verdict;
  /** The server's answer to `about`. */
  answer(response: Response, about: Request, underway: Underway<M>): Verdict;
  /** A request, and a notification, of the server. */
  fromServer(message: Request): Verdict | Promise<Verdict>;
  notice(message: Notification): Verdict;
  /** The server's answer was too long to pass. */
  outsize(about: Request, length: number, underway: Underway<M>): void;
  /** Something was dropped or refused; told to the person, never to host or server. */
  dropped(side: 'host' | 'server', reason: string): void;
}
