// `broker mcp`: a host on stdio, a server behind it, and a connection that opens when somebody needs it. Must never write anything to the
// host but whole messages, and never leave the server running.
import { randomBytes } from 'node:crypto';
import type { Readable, Writable } from 'node:stream';
import { type AgentClient, type BotClaim, childEnvironment } from '../../agent/client.ts';
import { createScanner } from '../../detectors/index.ts';
import type { Calls } from '../../flow/calls.ts';
import { DocumentMasker } from '../../flow/mask/document.ts';
import { timestamp } from '../../lib/clock.ts';
import { visible } from '../../lib/visible.ts';
import { BrokerError } from '../../model/errors.ts';
import {
  type HostInfo,
  INTERVAL,
  isMembers,
  lineOf,
  Relay,
  type Request,
  refusalOf,
} from '../../protocols/mcp/index.ts';
import { type FrontContext, frontPaths, openAgent } from '../compose.ts';
import { signalNumber } from '../program.ts';
import { Access } from './access.ts';
import { botName } from './bot-name.ts';
import { Checkpoint, likeParams } from './checkpoint.ts';
import { DoorListener } from './door.ts';
import { hostGone } from './host-gone.ts';
import { Outgoing } from './outgoing.ts';
import { Pins, pinFolder, serverId } from './pins.ts';
import type { McpServer } from './server.ts';
import { commandOf, identityOf, type McpOrder, programOf, startServer } from './start.ts';
import { Stderr } from './stderr.ts';
import type { Door } from './templates.ts';
import { Tools } from './tools.ts';

export interface McpContext extends FrontContext {
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
}

/** Milliseconds the answers to what the host asked before it went may take. */
const LAST_ANSWERS = 400;
/** Milliseconds for everything after the host went; the agent seals without us. */
const LAST = 1900;
const MOST_PAGES = 64;

class Front {
  readonly #context: McpContext;
  readonly #order: McpOrder;
  readonly #secret = randomBytes(24).toString('base64url');
  readonly #accesses: Access[];
  readonly #doors: DoorListener[] = [];
  readonly #stderr: Stderr;
  readonly #pins: Pins;
  #host: HostInfo | undefined;
  #agent: Promise<AgentClient> | undefined;
  #server!: McpServer;
  #relay!: Relay;
  #tick: NodeJS.Timeout | undefined;
  #outgoing!: Outgoing;

  constructor(context: McpContext, order: McpOrder) {
    this.#context = context;
    this.#order = order;
    this.#stderr = new Stderr(context.stderr);
    this.#accesses = [order.connection, ...order.others].map((connection) => this.#access(connection));
    this.#pins = new Pins(pinFolder(frontPaths(context).state), {
      id: serverId(order.connection, identityOf(order)),
      connection: order.connection,
      program: programOf(order),
    });
  }

  async run(): Promise<number> {
    const doors: Door[] = [];
    // A remote server has no use for a connection of this machine.
    for (const access of this.#order.url === undefined ? this.#accesses : []) {
      const listener = await DoorListener.listen(
        async () => (await access.session()).session.opened.endpoint,
      );
      this.#doors.push(listener);
      doors.push({ connection: access.connection, port: listener.port, secret: this.#secret });
    }
    await this.#startServer(doors);
    this.#outgoing = this.#makeOutgoing();
    this.#relay = this.#makeRelay();
    const left = this.#listen();
    const end = await Promise.race([left, this.#server.ended, this.#outgoing.broken]);
    if (end instanceof Error) {
      await this.#hostLeft();
      throw end;
    }
    return end === 'host' ? this.#hostLeft() : this.#serverEnded();
  }

  async #startServer(doors: readonly Door[]): Promise<void> {
    const parts = { context: this.#context, agent: () => this.#openAgent() };
    this.#server = await startServer(this.#order, doors, { ...parts, say: (line) => this.#stderr.say(line) });
    if (this.#server.stderr) this.#stderr.follow(this.#server.stderr);
  }

  #makeOutgoing(): Outgoing {
    const { stdin, stdout } = this.#context;
    const ways = {
      host: { to: stdout, from: stdin },
      server: { to: this.#server.stdin, from: this.#server.stdout },
    };
    return new Outgoing(ways, () => {
      for (const access of this.#accesses) access.last?.flush();
    });
  }

  #access(connection: string): Access {
    const { reason } = this.#order;
    return new Access({
      connection,
      secret: this.#secret,
      context: this.#context,
      agent: () => this.#openAgent(),
      bot: () => this.#bot(),
      opened: (calls) => this.#opened(calls),
      ...(reason === undefined ? {} : { reason }),
    });
  }

  #openAgent(): Promise<AgentClient> {
    // An agent that was stopped and started again is another one: asked anew each time, which costs a look at its socket.
    this.#agent = openAgent(this.#context);
    return this.#agent;
  }

  #bot(): BotClaim {
    const host = this.#host;
    return {
      name: botName(host?.name ?? ''),
      ...(host ? { client: host.name } : {}),
      ...(host?.version === undefined ? {} : { version: host.version }),
    };
  }

  #opened(calls: Calls): void {
    this.#server.begun?.();
    const host = this.#host;
    const name = host
      ? `${host.name}${host.version === undefined ? '' : ` ${host.version}`}`
      : 'unnamed host';
    calls.connected(name, { server: commandOf(this.#order) });
    if (host) calls.claim({ level: 'P1', subject: 'host', value: name, source: 'clientInfo' });
  }

  #makeRelay(): Relay {
    const [access] = this.#accesses;
    if (!access) throw new BrokerError('bug', { reason: 'no connection' });
    const masker = new DocumentMasker({
      scanner: createScanner(),
      revealed: new Set(),
      strategies: {},
      hashKey: randomBytes(32),
    });
    const tools = new Tools(this.#pins, {
      warn: (code, detail) => {
        access.last?.warn(code, detail);
        this.#stderr.say(detail);
      },
      now: () => timestamp(this.#context.clock.micros()),
    });
    const checkpoint = new Checkpoint({
      access,
      tools,
      server: { command: commandOf(this.#order), id: this.#pins.id },
      patience: this.#order.hold,
      notify: (line) => this.#outgoing.toHost(lineOf(line)),
      masker,
      host: (info) => {
        this.#host ??= info;
      },
      listTools: (like) => this.#listTools(like, tools, access),
      tell: (line) => this.#stderr.say(line),
    });
    return new Relay(checkpoint, {
      host: (line) => this.#outgoing.toHost(line),
      server: (line) => this.#outgoing.toServer(line),
    });
  }

  async #listTools(like: Request, tools: Tools, access: Access): Promise<void> {
    const { calls } = await access.session();
    let cursor: unknown;
    for (let page = 0; page < MOST_PAGES; page++) {
      const id = `broker-${randomBytes(16).toString('hex')}`;
      const params = likeParams(like, cursor === undefined ? {} : { cursor });
      const { result, error } = await this.#relay.ask(id, 'tools/list', params);
      // Nobody can say of a tool whether it is there while the server cannot be asked.
      if (error && this.#server.trouble) throw this.#server.trouble;
      if (!isMembers(result)) return;
      if (page === 0) tools.relisting();
      if (Array.isArray(result['tools'])) tools.entries('tools', result['tools'], calls);
      cursor = result['nextCursor'];
      if (typeof cursor !== 'string') return;
    }
  }

  /** Resolves when the host has gone. */
  #listen(): Promise<'host'> {
    const { stdin, clock } = this.#context;
    this.#server.stdout.on('data', (chunk: Buffer) => {
      this.#relay.pushServer(chunk, clock.now());
      if (this.#relay.holding)
        this.#tick ??= setTimeout(() => {
          this.#tick = undefined;
          this.#relay.tick();
        }, INTERVAL);
    });
    stdin.on('data', (chunk: Buffer) => this.#relay.pushHost(chunk));
    return hostGone(this.#context);
  }

  async #hostLeft(): Promise<number> {
    let late: NodeJS.Timeout | undefined;
    const deadline = new Promise<void>((resolve) => {
      late = setTimeout(resolve, LAST);
    });
    await Promise.race([this.#farewell(), deadline]);
    clearTimeout(late);
    return 0;
  }

  async #farewell(): Promise<void> {
    await this.#lastAnswers();
    for (const door of this.#doors) door.close();
    await this.#server.end();
    this.#relay.end();
    this.#outgoing.flush();
    await this.#closeAll('the host left');
  }

  /** What was asked before the host went may still be answered, and is recorded either way. */
  async #lastAnswers(): Promise<void> {
    const { clock, signal } = this.#context;
    const until = clock.now() + LAST_ANSWERS;
    while (this.#relay.waiting > 0 && !signal.aborted && clock.now() < until)
      await new Promise((resolve) => setTimeout(resolve, 10));
  }

  async #serverEnded(): Promise<number> {
    const { code, signal, failure } = await this.#server.ended;
    const reason = failure?.message ?? (signal ? `by ${signal}` : `with exit code ${code ?? 0}`);
    const error = new BrokerError('mcp-server-ended', { server: programOf(this.#order), reason });
    this.#relay.end((request) => refusalOf(request, error));
    this.#outgoing.flush();
    for (const door of this.#doors) door.close();
    await this.#server.end();
    await this.#closeAll(`the server ended: ${reason}`);
    if (failure) throw error;
    this.#stderr.say(visible(error.message));
    return signal ? 128 + signalNumber(signal) : (code ?? 0);
  }

  async #closeAll(reason: string): Promise<void> {
    clearTimeout(this.#tick);
    await Promise.all(this.#accesses.map((access) => access.close(reason).catch(() => undefined)));
    this.#stderr.close();
  }
}

/** Returns the exit code: 0 when the host left, the server's own when it ended first. */
export function runMcp(context: McpContext, order: McpOrder): Promise<number> {
  return new Front(context, order).run();
}

/** The environment in which a server's program is looked for. */
export function searchPath(context: FrontContext): string | undefined {
  return childEnvironment(context.environment)['PATH'];
}
