// A host that writes its lines itself, so that it can say what no library would.
import type { World } from '../peers/world.ts';

export interface Answer {
  readonly id?: unknown;
  readonly method?: string;
  readonly params?: {
    readonly message?: string;
    readonly progressToken?: unknown;
    readonly progress?: number;
  };
  readonly result?: {
    readonly isError?: boolean;
    readonly resultType?: string;
    readonly requestState?: string;
    readonly inputRequests?: Readonly<Record<string, { readonly params?: { readonly message?: string } }>>;
    readonly content?: readonly { readonly text?: string }[];
  };
  readonly error?: { readonly code: number; readonly message: string };
}

export const STATELESS = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'raw-host', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
};

/** What an answer says, whether it is a result or an error. */
export const wordsOf = ({ result, error }: Answer): string =>
  error?.message ?? result?.content?.map(({ text }) => text).join('\n') ?? '';

export class RawHost {
  readonly notes: Answer[] = [];
  readonly #child: ReturnType<World['spawn']>;
  readonly #waiting = new Map<unknown, (answer: Answer) => void>();
  readonly #left: Promise<unknown>;
  #rest = '';
  #ids = 0;

  constructor(world: World, args: readonly string[]) {
    this.#child = world.spawn(['mcp', ...args]);
    this.#left = new Promise((resolve) => this.#child.once('close', resolve));
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      const lines = (this.#rest + text).split('\n');
      this.#rest = lines.pop() ?? '';
      for (const line of lines) this.#heard(JSON.parse(line) as Answer);
    });
    this.#child.stderr?.resume();
  }

  /** The members after `jsonrpc` and `id`, as text. */
  ask(members: string): Promise<Answer> & { readonly id: number } {
    this.#ids += 1;
    const id = this.#ids;
    const answered = new Promise<Answer>((resolve) => this.#waiting.set(id, resolve));
    this.send(`{"jsonrpc":"2.0","id":${id},${members}}`);
    return Object.assign(answered, { id });
  }

  call(name: string, given: string, more = ''): ReturnType<RawHost['ask']> {
    return this.ask(`"method":"tools/call","params":{"name":"${name}","arguments":${given}${more}}`);
  }

  /** The same in the stateless era. */
  state(name: string, given: string, token?: string, meta: object = {}): ReturnType<RawHost['ask']> {
    const state = token === undefined ? '' : `,"requestState":${JSON.stringify(token)}`;
    return this.call(name, given, `${state},"_meta":${JSON.stringify({ ...STATELESS, ...meta })}`);
  }

  async initialize(): Promise<void> {
    const info = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'raw-host' } };
    await this.ask(`"method":"initialize","params":${JSON.stringify(info)}`);
    this.send('{"jsonrpc":"2.0","method":"notifications/initialized"}');
  }

  send(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  async close(): Promise<void> {
    this.#child.stdin?.end();
    await this.#left;
  }

  #heard(answer: Answer): void {
    const settle = this.#waiting.get(answer.id);
    if (!settle || answer.method !== undefined) this.notes.push(answer);
    else settle(answer);
    this.#waiting.delete(answer.id);
  }
}
