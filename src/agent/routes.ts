// What can be asked of the agent: one row per route. Must never do the work itself.
import { BrokerError } from '../model/errors.ts';
import { type ApprovalHost, answer, approvals, window } from './approvals/routes.ts';
import type {
  AgentIdentity,
  AgentStatus,
  BotClaim,
  Caller,
  ConnectionTest,
  FromLogin,
  FromTest,
  FrontTerms,
  SignInPrompt,
  SignInState,
} from './messages.ts';
import type { Ask } from './probe.ts';
import type { Remotes } from './remote.ts';
import { remoteSignIn, remoteSignOut, remoteToken } from './remote-routes.ts';
import type { Call, LinesCall, Route } from './server.ts';
import type { Sessions } from './sessions.ts';
import type { LoginTalk } from './sign-in.ts';
import { tailSegments } from './tail.ts';
import { policyLog, policyShown, policyText, pushPolicy, type TeamHost } from './team/routes.ts';

/** What the routes lead to. */
export interface Host {
  readonly identity: AgentIdentity;
  readonly sessions: Sessions;
  status(): Promise<AgentStatus>;
  signInState(): Promise<SignInState>;
  login(talk: LoginTalk, caller: Caller): Promise<SignInState>;
  logout(): Promise<SignInState>;
  test(connection: string, caller: Caller, environment: Ask): Promise<ConnectionTest>;
  setSecret(name: string, value: string): Promise<void>;
  deleteSecret(name: string): Promise<boolean>;
  /** A secret of an MCP server (`mcp/…`); undefined for every other. */
  lendSecret(name: string): Promise<string | undefined>;
  secrets(): Promise<readonly string[]>;
  /** Signs that somebody reads evidence; the key of the statement. */
  access(caller: Caller, detail: Readonly<Record<string, unknown>>): Promise<string>;
  /** Sign-ins at remote MCP servers. */
  remotes<T>(action: (remotes: Remotes) => Promise<T>): Promise<T>;
  /** The team's policy: shown and published. */
  teams<T>(action: (teams: TeamHost) => Promise<T>): Promise<T>;
  /** Requests for approval: listed, answered, made. */
  approvals<T>(action: (approvals: ApprovalHost) => Promise<T>): Promise<T>;
  /** Resolves once the agent takes no sessions; it ends by itself with its last one. */
  drain(): Promise<void>;
  /** Looks through the spool now: a draining agent has left something there. */
  recover(): void;
  /** Ends now or after the last session; the answer is sent first. */
  stop(now: boolean): void;
}

function text(call: Call, name: string): string {
  const value = call.body[name];
  if (typeof value !== 'string')
    throw new BrokerError('protocol-violation', {
      side: 'control client',
      reason: `${name} is not a string`,
    });
  return value;
}

function caller(value: unknown): Caller {
  const { cwd, home, settings, pid } = (value ?? {}) as Partial<Caller>;
  if (typeof cwd !== 'string' || typeof home !== 'string' || typeof pid !== 'number')
    throw new BrokerError('protocol-violation', {
      side: 'control client',
      reason: 'it does not say who calls',
    });
  return { cwd, home, pid, settings: settings ?? {} };
}

async function login(host: Host, call: LinesCall): Promise<void> {
  const first = await call.lines.next();
  const message = first.done ? undefined : (first.value as FromLogin);
  if (message?.type !== 'login')
    throw new BrokerError('protocol-violation', {
      side: 'control client',
      reason: 'its first line is not a login',
    });
  const pasted = async (): Promise<string> => {
    for (;;) {
      const next = await call.lines.next();
      if (next.done) throw new BrokerError('interrupted');
      const said = next.value as FromLogin;
      if (said.type === 'pasted') return said.text;
    }
  };
  const show = (prompt: SignInPrompt) => void call.send({ type: 'prompt', prompt });
  const signIn = await host.login(
    { mode: message.mode, show, pasted, signal: call.gone },
    caller(message.caller),
  );
  call.send({ type: 'signed-in', signIn });
}

async function test(host: Host, call: LinesCall): Promise<void> {
  const first = await call.lines.next();
  const message = first.done ? undefined : (first.value as FromTest);
  if (message?.type !== 'test')
    throw new BrokerError('protocol-violation', {
      side: 'control client',
      reason: 'its first line is not a test',
    });
  const environment = async (names: readonly string[]): Promise<Readonly<Record<string, string>>> => {
    if (names.length === 0) return {};
    call.send({ type: 'wanted', names });
    const next = await call.lines.next();
    const answer = next.done ? undefined : (next.value as FromTest);
    return answer?.type === 'environment' ? answer.values : {};
  };
  call.send({
    type: 'tested',
    test: await host.test(message.connection, caller(message.caller), environment),
  });
}

function terms(host: Host, call: Call): Promise<FrontTerms> {
  const { bot } = call.body;
  const request = { connection: text(call, 'connection'), client: text(call, 'client') };
  const given = typeof bot === 'object' && bot !== null ? { bot: bot as BotClaim } : {};
  return host.sessions.terms({ ...request, ...given, caller: caller(call.body['caller']) });
}

async function tail(host: Host, call: LinesCall): Promise<void> {
  const session = host.sessions.find(call.parameters[0] ?? '');
  for await (const line of tailSegments(session.folder, session.ended, call.gone)) {
    if (!call.send(line)) return;
    await call.drained();
  }
}

export const ROUTES: readonly Route<Host>[] = [
  { kind: 'json', method: 'GET', path: /^\/v1\/identity$/, run: (host) => host.identity },
  { kind: 'json', method: 'GET', path: /^\/v1\/status$/, run: (host) => host.status() },
  { kind: 'json', method: 'GET', path: /^\/v1\/sign-in$/, run: (host) => host.signInState() },
  { kind: 'lines', method: 'POST', path: /^\/v1\/sign-in$/, run: login },
  {
    kind: 'json',
    method: 'DELETE',
    path: /^\/v1\/sign-in$/,
    run: async (host) => ({ was: await host.logout() }),
  },
  {
    kind: 'json',
    method: 'POST',
    path: /^\/v1\/remote\/token$/,
    run: (host, call) => host.remotes((remotes) => remoteToken(remotes, call, caller)),
  },
  {
    kind: 'lines',
    method: 'POST',
    path: /^\/v1\/remote\/sign-in$/,
    run: (host, call) => host.remotes((remotes) => remoteSignIn(remotes, call, caller)),
  },
  {
    kind: 'json',
    method: 'POST',
    path: /^\/v1\/remote\/sign-out$/,
    run: (host, call) => host.remotes((remotes) => remoteSignOut(remotes, call, caller)),
  },
  { kind: 'json', method: 'GET', path: /^\/v1\/sessions$/, run: (host) => host.sessions.rows() },
  { kind: 'lines', method: 'POST', path: /^\/v1\/sessions$/, run: (host, call) => host.sessions.run(call) },
  { kind: 'json', method: 'POST', path: /^\/v1\/terms$/, run: terms },
  { kind: 'lines', method: 'POST', path: /^\/v1\/sessions\/([^/]+)\/tail$/, run: tail },
  {
    kind: 'json',
    method: 'POST',
    path: /^\/v1\/sessions\/([^/]+)\/kill$/,
    run: (host, call) => {
      host.sessions.find(call.parameters[0] ?? '').end({ end: 'killed', reason: text(call, 'reason') });
    },
  },
  { kind: 'lines', method: 'POST', path: /^\/v1\/test$/, run: test },
  { kind: 'json', method: 'GET', path: /^\/v1\/secrets$/, run: (host) => host.secrets() },
  {
    kind: 'json',
    method: 'GET',
    path: /^\/v1\/secrets\/([^/]+)$/,
    run: async (host, call) => ({ value: await host.lendSecret(call.parameters[0] ?? '') }),
  },
  {
    kind: 'json',
    method: 'PUT',
    path: /^\/v1\/secrets\/([^/]+)$/,
    run: (host, call) => host.setSecret(call.parameters[0] ?? '', text(call, 'value')),
  },
  {
    kind: 'json',
    method: 'DELETE',
    path: /^\/v1\/secrets\/([^/]+)$/,
    run: async (host, call) => ({ deleted: await host.deleteSecret(call.parameters[0] ?? '') }),
  },
  {
    kind: 'json',
    method: 'POST',
    path: /^\/v1\/access$/,
    run: async (host, call) => {
      const { detail } = call.body;
      if (typeof detail !== 'object' || detail === null)
        throw new BrokerError('protocol-violation', {
          side: 'control client',
          reason: 'detail is not an object',
        });
      return { key: await host.access(caller(call.body['caller']), detail as Record<string, unknown>) };
    },
  },
  {
    kind: 'lines',
    method: 'POST',
    path: /^\/v1\/approvals$/,
    run: (host, call) => host.approvals((desk) => approvals(desk, call, caller)),
  },
  {
    kind: 'lines',
    method: 'POST',
    path: /^\/v1\/approvals\/answer$/,
    run: (host, call) => host.approvals((desk) => answer(desk, call, caller)),
  },
  {
    kind: 'lines',
    method: 'POST',
    path: /^\/v1\/windows$/,
    run: (host, call) => host.approvals((desk) => window(desk, call, caller)),
  },
  {
    kind: 'json',
    method: 'POST',
    path: /^\/v1\/policy$/,
    run: (host, call) => host.teams((teams) => policyShown(teams, call, caller)),
  },
  {
    kind: 'json',
    method: 'POST',
    path: /^\/v1\/policy\/log$/,
    run: (host, call) => host.teams((teams) => policyLog(teams, call, caller)),
  },
  {
    kind: 'json',
    method: 'POST',
    path: /^\/v1\/policy\/text$/,
    run: (host, call) => host.teams((teams) => policyText(teams, call, caller)),
  },
  {
    kind: 'lines',
    method: 'POST',
    path: /^\/v1\/policy\/push$/,
    run: (host, call) => host.teams((teams) => pushPolicy(teams, call, caller)),
  },
  { kind: 'json', method: 'POST', path: /^\/v1\/drain$/, run: (host) => host.drain() },
  {
    kind: 'json',
    method: 'POST',
    path: /^\/v1\/stop$/,
    run: (host, call) => host.stop(call.body['now'] === true),
  },
];
