// The token of a remote MCP server as the front uses it: asked of the agent when needed, kept in memory only, given to that server only.
import { type AgentClient, brokerSettings, type RemoteToken } from '../../../agent/client.ts';
import { bearerChallenge } from '../../../protocols/mcp/index.ts';
import type { FrontContext } from '../../compose.ts';
import type { Reply } from './endpoint.ts';

export interface AuthorizationPorts {
  readonly connection: string;
  readonly url: URL;
  readonly context: FrontContext;
  agent(): Promise<AgentClient>;
}

/** Milliseconds before its end from which on a token is asked for anew. */
const EARLY = 20_000;
/** A server that goes on to refuse is believed. */
const TRIES = 2;

type Headers = Readonly<Record<string, string>>;

export class Authorization {
  readonly #ports: AuthorizationPorts;
  #token: RemoteToken | undefined;

  constructor(ports: AuthorizationPorts) {
    this.#ports = ports;
  }

  /** Sends with a token, and again with another where that one is refused. Throws `remote-sign-in`, `remote-scope`. */
  async authorized(send: (headers: Headers) => Promise<Reply>): Promise<Reply> {
    let reply = await send(await this.#headers());
    for (let tries = 0; tries < TRIES; tries++) {
      const challenge = bearerChallenge(reply.header('www-authenticate'));
      const scope = reply.status === 403 && challenge?.error === 'insufficient_scope';
      if (reply.status !== 401 && !scope) return reply;
      reply.body.destroy();
      const refused = this.#token?.name ?? '';
      this.#token = undefined;
      this.#token = await this.#ask({ refused, ...(challenge ? { challenge } : {}) });
      reply = await send(await this.#headers());
    }
    return reply;
  }

  /** The next request asks anew whose token it may use. */
  forget(): void {
    this.#token = undefined;
  }

  /** Forgets what it knows: somebody may have signed in. True when there is a token now. */
  async again(): Promise<boolean> {
    this.#token = await this.#ask({});
    return this.#token.token !== undefined;
  }

  async #headers(): Promise<Headers> {
    const soon = this.#ports.context.clock.now() + EARLY;
    if (!this.#token || (this.#token.expires ?? Number.POSITIVE_INFINITY) < soon)
      this.#token = await this.#ask({});
    const { token } = this.#token;
    return token === undefined ? {} : { authorization: `Bearer ${token}` };
  }

  async #ask(more: object): Promise<RemoteToken> {
    const { connection, url, context } = this.#ports;
    const { cwd, home, environment } = context;
    const caller = { cwd, home, settings: brokerSettings(environment), pid: process.pid };
    return (await this.#ports.agent()).remoteToken({ connection, url: url.href, caller, ...more });
  }
}
