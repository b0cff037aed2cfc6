// The HTTP side of a remote MCP server: one address, asked as often as needed. Must never follow it elsewhere, nor wait for ever to be let in.
import { type IncomingMessage, Agent as PlainAgent, request as plain } from 'node:http';
import { Agent as SecureAgent, request as secure } from 'node:https';
import { failedRequest } from '../../../lib/failed-request.ts';
import { BrokerError } from '../../../model/errors.ts';

export interface Reply {
  readonly status: number;
  readonly type: string;
  readonly body: IncomingMessage;
  header(name: string): string | undefined;
}

export interface Sent {
  readonly method: 'POST' | 'GET' | 'DELETE';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly signal: AbortSignal;
  /** Milliseconds until the answer must have begun; a call may take as long as it takes. */
  readonly patience?: number;
}

/** Milliseconds a connection may take. */
const CONNECT = 15_000;
/** Idle connections are given up before servers do, so that no request is lost on one. */
const IDLE = 4000;
const MOST_SOCKETS = 256;
const MOST_HEADERS = 64 * 1024;

export class Endpoint {
  readonly url: URL;
  readonly #agent: PlainAgent | SecureAgent;

  constructor(url: URL) {
    this.url = url;
    const options = { keepAlive: true, maxSockets: MOST_SOCKETS, timeout: IDLE };
    this.#agent = url.protocol === 'https:' ? new SecureAgent(options) : new PlainAgent(options);
  }

  unreachable(error: unknown): BrokerError {
    if (error instanceof BrokerError) return error;
    return new BrokerError('remote-unreachable', { server: this.url.host, reason: failedRequest(error) });
  }

  refused(reason: string, mend = 'ask who runs the server'): BrokerError {
    return new BrokerError('remote-refused', { server: this.url.host, reason, mend });
  }

  /** The answer's head; its body is the caller's to read. Throws `remote-unreachable`, `remote-refused`. */
  async send(sent: Sent): Promise<Reply> {
    const response = await this.#request(sent).catch((error: unknown) => {
      throw this.unreachable(error);
    });
    const { statusCode: status = 0, headers } = response;
    const header = (name: string): string | undefined => {
      const value = headers[name];
      return Array.isArray(value) ? value.join(', ') : value;
    };
    const coding = header('content-encoding') ?? 'identity';
    const type = (header('content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
    const problem =
      status >= 300 && status < 400
        ? `leads elsewhere, to ${header('location') ?? 'nowhere'}: broker does not follow`
        : coding !== 'identity'
          ? `answers in the coding ${coding}, which was not asked for`
          : undefined;
    if (problem === undefined) return { status, type, body: response, header };
    response.destroy();
    throw this.refused(problem, 'give the address at which it really is');
  }

  close(): void {
    this.#agent.destroy();
  }

  #request({ method, headers, body, signal, patience }: Sent): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const call = (this.url.protocol === 'https:' ? secure : plain)(this.url, {
        method,
        agent: this.#agent,
        signal,
        maxHeaderSize: MOST_HEADERS,
        headers: {
          ...headers,
          'accept-encoding': 'identity',
          ...(body === undefined
            ? {}
            : { 'content-type': 'application/json', 'content-length': body.length }),
        },
      });
      const late = (what: string) => () => call.destroy(new Error(what));
      let timer = setTimeout(late(`no connection within ${CONNECT / 1000} s`), CONNECT);
      const connected = (): void => {
        clearTimeout(timer);
        if (patience !== undefined)
          timer = setTimeout(late(`no answer within ${patience / 1000} s`), patience);
      };
      call.once('socket', (socket) => {
        if (!socket.connecting) connected();
        else socket.once(this.url.protocol === 'https:' ? 'secureConnect' : 'connect', connected);
      });
      call.once('response', (response) => {
        clearTimeout(timer);
        // Whoever reads the body is told; one that nobody reads may break off.
        response.on('error', () => undefined);
        resolve(response);
      });
      call.on('error', (error) => {
        clearTimeout(timer);
        reject(error);
      });
      call.end(body);
    });
  }
}
