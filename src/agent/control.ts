// Speaks to the agent over its control socket. Must never send anything to a socket another user could have made.
import type { ClientRequest, IncomingMessage } from 'node:http';
import { request } from 'node:http';
import type { Duplex } from 'node:stream';
import { BrokerError } from '../model/errors.ts';
import { hasCode, messageOf } from './fault.ts';
import type {
  AgentIdentity,
  AgentStatus,
  Caller,
  FromAnswer,
  FromApprovals,
  FromFront,
  FromLogin,
  FromTest,
  FromWindow,
  FrontTerms,
  SessionRow,
  SignInState,
  TermsRequest,
  ToAnswer,
  ToApprovals,
  ToFront,
  ToLogin,
  ToTest,
  ToWindow,
  WireError,
} from './messages.ts';
import { readLines, writeLine } from './ndjson.ts';
import { inspectSocket } from './place.ts';
import type {
  FromRemoteLogin,
  RemotePlace,
  RemoteToken,
  RemoteTokenRequest,
  ToRemoteLogin,
} from './remote-messages.ts';
import type {
  FromPush,
  PoliciesRequest,
  PolicyShown,
  PublishedLog,
  PublishedText,
  ToPush,
} from './team-messages.ts';

/** A stream of lines in both directions; `end` of either side ends it. */
export interface Dialogue<Receive, Send> extends AsyncIterable<Receive> {
  send(message: Send): boolean;
  close(): void;
}

export interface AgentClient {
  /** Who answered. */
  readonly identity: AgentIdentity;
  status(): Promise<AgentStatus>;
  whoami(): Promise<SignInState>;
  login(first: FromLogin, signal: AbortSignal): Dialogue<ToLogin, FromLogin>;
  logout(): Promise<{ readonly was: SignInState }>;
  open(first: FromFront, signal: AbortSignal): Dialogue<ToFront, FromFront>;
  /** What a session would be decided by, without opening one. */
  terms(request: TermsRequest): Promise<FrontTerms>;
  /** What authorizes requests at a remote MCP server. Throws `remote-sign-in` or `remote-scope` when only a person helps. */
  remoteToken(request: RemoteTokenRequest): Promise<RemoteToken>;
  remoteLogin(first: FromRemoteLogin, signal: AbortSignal): Dialogue<ToRemoteLogin, FromRemoteLogin>;
  remoteLogout(place: RemotePlace): Promise<{ readonly was: boolean }>;
  sessions(): Promise<readonly SessionRow[]>;
  /** Lines of the session's journal as they are written, JSON each. */
  tail(session: string, signal: AbortSignal): AsyncIterable<unknown>;
  kill(session: string, reason: string): Promise<void>;
  test(first: FromTest, signal: AbortSignal): Dialogue<ToTest, FromTest>;
  /** What waits for an answer, and what was answered, as it changes. */
  approvals(first: FromApprovals, signal: AbortSignal): AsyncIterable<ToApprovals>;
  /** Signs a person's answer to a request. */
  answer(first: FromAnswer, signal: AbortSignal): Dialogue<ToAnswer, FromAnswer>;
  /** Asks for a window; going away withdraws it, unless it is to stay. */
  window(first: FromWindow, signal: AbortSignal): AsyncIterable<ToWindow>;
  /** What is in force for the caller. Throws `policy-unpublished`. */
  policy(caller: Caller): Promise<PolicyShown>;
  policyLog(request: PoliciesRequest): Promise<PublishedLog>;
  /** The policies of one version; nothing where nothing was published yet. */
  policyText(request: PoliciesRequest): Promise<Partial<PublishedText>>;
  /** Publishes the next version of the team's policy. */
  push(first: FromPush, signal: AbortSignal): Dialogue<ToPush, FromPush>;
  setSecret(name: string, value: string): Promise<void>;
  deleteSecret(name: string): Promise<boolean>;
  /** A secret of an MCP server (`mcp/…`); undefined for every other and for one that is not there. */
  lendSecret(name: string): Promise<string | undefined>;
  secrets(): Promise<readonly string[]>;
  /** Has an `access` statement signed: somebody reads evidence. */
  access(caller: Caller, detail: Readonly<Record<string, unknown>>): Promise<{ readonly key: string }>;
  stop(options?: { readonly now?: boolean }): Promise<void>;
  /** Asks the agent to look through the spool. */
  recover(): Promise<void>;
  /** Asks the agent to take no new sessions and to end with its last one. */
  drain(): Promise<void>;
}

const ANSWER_LIMIT = 4 << 20;

async function readAll(answer: IncomingMessage): Promise<string> {
  let text = '';
  answer.setEncoding('utf8');
  for await (const chunk of answer) {
    text += chunk as string;
    if (text.length > ANSWER_LIMIT)
      throw new BrokerError('agent-unreachable', { reason: 'its answer is too long' });
  }
  return text;
}

function unreachable(error: unknown): BrokerError {
  if (error instanceof BrokerError) return error;
  if (hasCode(error, 'ENOENT') || hasCode(error, 'ECONNREFUSED'))
    return new BrokerError('agent-unreachable', { reason: 'it is not running' }, { cause: error });
  return new BrokerError('agent-unreachable', { reason: messageOf(error) }, { cause: error });
}

function start(socket: string, method: string, path: string, signal?: AbortSignal): ClientRequest {
  if (!inspectSocket(socket)) throw new BrokerError('agent-unreachable', { reason: 'it is not running' });
  return request({
    socketPath: socket,
    method,
    path,
    agent: false,
    headers: { 'content-type': 'application/x-ndjson', host: 'agent' },
    ...(signal ? { signal } : {}),
  });
}

function answerOf(call: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    call.once('response', resolve);
    call.once('error', (error) => reject(unreachable(error)));
  });
}

async function ask<T>(socket: string, method: string, path: string, body?: unknown): Promise<T> {
  const call = start(socket, method, path);
  const answered = answerOf(call);
  call.end(body === undefined ? undefined : JSON.stringify(body));
  const answer = await answered;
  const value = JSON.parse(await readAll(answer)) as T & { error?: WireError };
  if ((answer.statusCode ?? 500) >= 400 && value.error) throw BrokerError.from(value.error);
  return value;
}

/** A line `{type: 'error'}` is thrown as the BrokerError it carries; a stream that breaks throws `agent-lost`. */
async function* lines<T>(answered: Promise<IncomingMessage>): AsyncGenerator<T, void, void> {
  const answer = await answered;
  try {
    for await (const line of readLines<T>(answer, 'agent')) {
      const failed: { type?: string; error?: WireError } = line as object;
      if (failed.type === 'error' && failed.error) throw BrokerError.from(failed.error);
      yield line;
    }
  } catch (error) {
    if (error instanceof BrokerError) throw error;
    throw new BrokerError('agent-lost', {}, { cause: error });
  }
  if (!answer.complete) throw new BrokerError('agent-lost');
}

function converse<Receive, Send>(
  socket: string,
  path: string,
  first: Send | undefined,
  signal: AbortSignal,
): Dialogue<Receive, Send> {
  const call = start(socket, 'POST', path, signal);
  const answered = answerOf(call);
  // The error is thrown where the lines are read; without a reader it must not end the process.
  answered.catch(() => undefined);
  call.on('error', () => undefined);
  call.once('socket', (plug: Duplex) => plug.on('error', () => undefined));
  if (first === undefined) call.end();
  else writeLine(call, first);
  return {
    send: (message) => writeLine(call, message),
    close: () => call.end(),
    [Symbol.asyncIterator]: () => lines<Receive>(answered),
  };
}

/** Speaks to the agent at a socket. Throws `agent-unreachable` when nobody listens there. */
export async function attach(socket: string): Promise<AgentClient> {
  const identity = await ask<AgentIdentity>(socket, 'GET', '/v1/identity');
  const session = (id: string) => `/v1/sessions/${encodeURIComponent(id)}`;
  return {
    identity,
    status: () => ask(socket, 'GET', '/v1/status'),
    whoami: () => ask(socket, 'GET', '/v1/sign-in'),
    login: (first, signal) => converse(socket, '/v1/sign-in', first, signal),
    logout: () => ask(socket, 'DELETE', '/v1/sign-in'),
    open: (first, signal) => converse(socket, '/v1/sessions', first, signal),
    terms: (request) => ask(socket, 'POST', '/v1/terms', request),
    remoteToken: (request) => ask(socket, 'POST', '/v1/remote/token', request),
    remoteLogin: (first, signal) => converse(socket, '/v1/remote/sign-in', first, signal),
    remoteLogout: (place) => ask(socket, 'POST', '/v1/remote/sign-out', place),
    sessions: () => ask(socket, 'GET', '/v1/sessions'),
    tail: (id, signal) => converse(socket, `${session(id)}/tail`, undefined, signal),
    kill: (id, reason) => ask(socket, 'POST', `${session(id)}/kill`, { reason }),
    test: (first, signal) => converse(socket, '/v1/test', first, signal),
    approvals: (first, signal) => converse(socket, '/v1/approvals', first, signal),
    answer: (first, signal) => converse(socket, '/v1/approvals/answer', first, signal),
    window: (first, signal) => converse(socket, '/v1/windows', first, signal),
    policy: (caller) => ask(socket, 'POST', '/v1/policy', { caller }),
    policyLog: (request) => ask(socket, 'POST', '/v1/policy/log', request),
    policyText: (request) => ask(socket, 'POST', '/v1/policy/text', request),
    push: (first, signal) => converse(socket, '/v1/policy/push', first, signal),
    setSecret: (name, value) => ask(socket, 'PUT', `/v1/secrets/${encodeURIComponent(name)}`, { value }),
    deleteSecret: async (name) =>
      (await ask<{ deleted: boolean }>(socket, 'DELETE', `/v1/secrets/${encodeURIComponent(name)}`)).deleted,
    lendSecret: async (name) =>
      (await ask<{ value?: string }>(socket, 'GET', `/v1/secrets/${encodeURIComponent(name)}`)).value,
    secrets: () => ask(socket, 'GET', '/v1/secrets'),
    access: (caller, detail) => ask(socket, 'POST', '/v1/access', { caller, detail }),
    stop: (options) => ask(socket, 'POST', '/v1/stop', { now: options?.now ?? false }),
    recover: () => ask(socket, 'POST', '/v1/recover', {}),
    drain: () => ask(socket, 'POST', '/v1/drain', {}),
  };
}
