// What the host said when it began, kept so that a server that forgot it can be told again; and what it is told while nobody has signed in. Pure.
import type { BrokerError } from '../../../model/errors.ts';
import {
  encode,
  isMembers,
  type Members,
  type Notification,
  parseMessage,
  type Request,
  type Response,
} from '../../../protocols/mcp/index.ts';

/** Requests whose effect is the session's: method → what makes two of them the same. */
const LASTING: Readonly<Record<string, (params: Members) => string>> = {
  'logging/setLevel': () => 'level',
  'resources/subscribe': ({ uri }) => `resource ${String(uri)}`,
};
const MOST = 1024;

/** Lists that may have changed meanwhile: capability → what the host is told. */
const LISTS: Readonly<Record<string, string>> = {
  tools: 'notifications/tools/list_changed',
  prompts: 'notifications/prompts/list_changed',
  resources: 'notifications/resources/list_changed',
};

function read<K extends 'request' | 'notification'>(value: Members, kind: K) {
  const parsed = parseMessage(encode(value), 'host');
  if (!parsed.ok || parsed.message.kind !== kind) throw new TypeError(`not a ${kind}`);
  return parsed.message as Extract<typeof parsed.message, { kind: K }>;
}

export class Greeting {
  hello: Request | undefined;
  thanks: Notification | undefined;
  /** The first answer, which is what the host goes by. */
  answer: Response | undefined;
  readonly #lasting = new Map<string, Request>();

  /** Of a request that was answered. */
  remember(message: Request): void {
    const { method, params } = message;
    if (method === 'resources/unsubscribe') this.#lasting.delete(`resource ${String(params['uri'])}`);
    const key = LASTING[method]?.(params);
    if (key !== undefined && this.#lasting.size < MOST) this.#lasting.set(key, message);
  }

  again(id: string): Request | undefined {
    return this.hello && read({ ...this.hello.value, id }, 'request');
  }

  ownThanks(): Notification {
    return read({ jsonrpc: '2.0', method: 'notifications/initialized' }, 'notification');
  }

  remembered(id: () => string): Request[] {
    return [...this.#lasting.values()].map(({ value }) => read({ ...value, id: id() }, 'request'));
  }

  /** What the host is told after the server was greeted again; of `all` lists when it was greeted in the server's place. */
  changes(all: boolean): Buffer[] {
    const capabilities = this.answer?.result?.['capabilities'];
    const declared = isMembers(capabilities) ? capabilities : {};
    return Object.entries(LISTS).flatMap(([name, method]) => {
      const of = declared[name];
      return all || (isMembers(of) && of['listChanged'] === true) ? [encode({ jsonrpc: '2.0', method })] : [];
    });
  }
}

const CHANGING = { listChanged: true };

/** The answer to a host's greeting while the server takes nobody who has not signed in. */
export function standIn({ params }: Request, error: BrokerError): Members {
  return {
    protocolVersion: params['protocolVersion'],
    capabilities: { tools: CHANGING, prompts: CHANGING, resources: CHANGING },
    serverInfo: { name: 'broker', version: '0' },
    instructions: `${error.message}. ${error.hint}.`,
  };
}
