// Runs one session in its worker: policy first, then the target, then the listener. Never serves what it cannot record.
import { randomBytes } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import { createScanner } from '../../detectors/index.ts';
import { type Preparation, prepare } from '../../flow/admission.ts';
import { Asker } from '../../flow/escalate/index.ts';
import { Pipeline } from '../../flow/pipeline.ts';
import { openRecorder } from '../../flow/record/journal.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Credential } from '../../model/credential.ts';
import { BrokerError } from '../../model/errors.ts';
import type { EventOrigin, Recorder } from '../../model/event.ts';
import { owner } from '../../model/principal.ts';
import type { FromHeld, FromWorker, PolicyText, SessionOrder, ToHeld } from '../../model/session.ts';
import { PROTOCOLS } from '../../protocols/index.ts';
import type { Serving, Target } from '../../protocols/protocol.ts';
import { LiveCatalogue } from './live-catalogue.ts';

/** Characters of a session's reason that those asked are shown. */
const MOST_STATED = 1_000;

export interface WorkerPorts {
  readonly clock: Clock;
  /** The session is over by itself: journal broken, target gone, pipeline failed. */
  failed(error: Error): void;
  activity(statements: number, conversations: number): void;
  /** About statements that wait for people; without it nobody can be asked. */
  tell?(message: FromHeld): void;
}

type Listening = Extract<FromWorker, { type: 'listening' }>;

function origin(order: SessionOrder, target: Target): EventOrigin {
  const person = owner(order.principal);
  const { connection } = order;
  return {
    session: order.id,
    recorder: 'worker',
    who: {
      iss: person.iss,
      sub: person.sub,
      account: target.account,
      ...(order.principal.kind === 'bot' ? { bot: order.principal.bot.id } : {}),
    },
    where: {
      connection: connection.name,
      protocol: connection.type,
      address: connection.host.startsWith('/') ? connection.host : `${connection.host}:${connection.port}`,
      database: target.database,
    },
    source: { host: hostname(), user: userInfo().username, pid: process.pid, tool: order.tool },
  };
}

export class WorkerSession {
  readonly #order: SessionOrder;
  readonly #ports: WorkerPorts;
  readonly #preparation: Preparation;
  #target: Target | undefined;
  #recorder: Recorder | undefined;
  #catalogue: LiveCatalogue | undefined;
  #approvals: Asker | undefined;
  #pipeline: Pipeline | undefined;
  #serving: Serving | undefined;
  #closing: Promise<void> | undefined;

  private constructor(order: SessionOrder, ports: WorkerPorts, preparation: Preparation) {
    this.#order = order;
    this.#ports = ports;
    this.#preparation = preparation;
  }

  /** Loads policy and decides `session:open`. Throws `policy-denied`, `needs-approval` or `policy-invalid`. */
  static async admit(order: SessionOrder, ports: WorkerPorts): Promise<WorkerSession> {
    return new WorkerSession(order, ports, await prepare(order, ports.clock));
  }

  get decision(): Preparation['decision'] {
    return this.#preparation.decision;
  }

  get byWindow(): boolean {
    return this.#preparation.byWindow ?? false;
  }

  /** Reaches the target with the credential and opens the loopback listener. */
  async serve(credential: Credential): Promise<Listening> {
    const { connection, id, port, spool, hashKey } = this.#order;
    const row = PROTOCOLS[connection.type];
    if (!row)
      throw new BrokerError('unsupported', {
        what: `connection type ${connection.type}`,
        mend: 'see the types in `broker connections add --help`',
      });
    const { clock } = this.#ports;
    const protocol = await row();
    if (protocol.clients && !protocol.clients.includes(this.#order.client))
      throw new BrokerError('unsupported', {
        what: `\`broker ${this.#order.client}\` on a connection of type ${connection.type}`,
        mend: `use \`broker ${protocol.clients[0]} ${connection.name}\``,
      });
    const target = await protocol.open({ connection, credential, clock });
    this.#target = target;
    const catalogue = await LiveCatalogue.read(() => target.loadCatalogue());
    this.#catalogue = catalogue;
    this.#recorder = openRecorder({ folder: spool, origin: origin(this.#order, target), clock });
    const { tell } = this.#ports;
    const asking = { ...this.#order, stated: () => this.#stated() };
    this.#approvals = tell && new Asker({ session: asking, recorder: this.#recorder, clock, tell });
    this.#pipeline = new Pipeline({
      order: this.#order,
      preparation: this.#preparation,
      recorder: this.#recorder,
      clock,
      catalogue,
      scanner: createScanner(connection.masking.detectors),
      hashKey: Buffer.from(hashKey, 'base64'),
      failed: (error) => this.#ports.failed(error),
      ...(this.#approvals ? { approver: this.#approvals } : {}),
    });
    this.#serving = await target.serve({
      pipeline: this.#pipeline,
      session: id,
      secret: this.#order.secret ?? randomBytes(24).toString('base64url'),
      port,
      clock,
      onActivity: ({ statements, conversations }) => this.#ports.activity(statements, conversations),
      onFailure: (error) => this.#ports.failed(error),
    });
    catalogue.watch();
    this.#pipeline.opened(credential, this.#serving.endpoint);
    await this.#recorder.sync();
    const { fingerprint, serverVersion } = target;
    return {
      type: 'listening',
      endpoint: this.#serving.endpoint,
      serverVersion,
      ...(fingerprint ? { fingerprint } : {}),
    };
  }

  /** Policy changed: in force from the next statement on. */
  async policy(text: PolicyText): Promise<void> {
    await this.#pipeline?.replacePolicy(text);
  }

  /** Windows opened or ended. */
  grants(names: readonly string[]): void {
    this.#pipeline?.replaceGrants(names);
  }

  /** What the agent says of statements that wait. */
  hear(message: ToHeld): void {
    this.#approvals?.hear(message);
  }

  /** Ends conversations, listener, target and journal, in this order. Safe to call twice. */
  #stated(): string | undefined {
    const { reason } = this.#order;
    return reason && this.#pipeline?.scrubText(reason).toWellFormed().slice(0, MOST_STATED);
  }

  close(reason: string): Promise<void> {
    this.#closing ??= this.#close(reason);
    return this.#closing;
  }

  async #close(reason: string): Promise<void> {
    this.#catalogue?.close();
    await this.#serving?.close(reason);
    await this.#approvals?.close();
    await this.#target?.close();
    await this.#pipeline?.close(reason);
    await this.#recorder?.close();
  }
}
