// What is said over the control socket about remote MCP servers. Plain data.
import type { Caller, SignInMode, SignInPrompt, WireError } from './messages.ts';

/** Which server, as a connection reaches it. */
export interface RemotePlace {
  readonly connection: string;
  /** The server's address. */
  readonly url: string;
  readonly caller: Caller;
}

/** Asks for what authorizes one front's requests at one server. */
export interface RemoteTokenRequest extends RemotePlace {
  /** The token that the server did not take, by the name it was handed out with; empty when there was none. */
  readonly refused?: string;
  /** What the server says it wants instead. */
  readonly challenge?: { readonly error?: string; readonly scope?: string; readonly metadata?: string };
}

/** No token: the server has not asked for one yet. */
export interface RemoteToken {
  readonly token?: string;
  /** Names the token without telling it. */
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly expires?: number;
}

export type FromRemoteLogin =
  | ({ readonly type: 'login'; readonly mode: Exclude<SignInMode, 'device'> } & RemotePlace)
  | { readonly type: 'pasted'; readonly text: string };

export type ToRemoteLogin =
  | { readonly type: 'prompt'; readonly prompt: SignInPrompt }
  | { readonly type: 'remote'; readonly remote: RemoteState }
  | { readonly type: 'error'; readonly error: WireError };

export interface RemoteState {
  readonly connection: string;
  readonly server: string;
  readonly state: 'signed-in' | 'open';
  /** Of the authorization server. */
  readonly issuer?: string;
  readonly scopes?: readonly string[];
}
