// One PostgreSQL server a session may reach: a control connection for the catalogue, and one more for each client.
import type { Catalogue } from '../../model/catalogue.ts';
import type { Connection } from '../../model/connection.ts';
import type { Credential } from '../../model/credential.ts';
import { BrokerError } from '../../model/errors.ts';
import type { OpenOptions, ServeOptions, Serving, Target } from '../protocol.ts';
import { AuthenticationMemory } from './authenticate.ts';
import { cancelUpstream } from './cancel.ts';
import { CatalogueBook } from './catalogue.ts';
import type { CatalogueQuery } from './catalogue-follow.ts';
import type { Address } from './dial.ts';
import { type Backend, Listener } from './listener.ts';
import { ServerError, Upstream, whyNot } from './upstream.ts';

const CONTROL_NAME = 'broker';

export class PostgresTarget implements Target, Backend {
  readonly serverVersion: string;
  readonly fingerprint?: string;
  readonly account: string;
  readonly database: string;
  readonly connection: string;
  readonly address: string;
  readonly #at: Address;
  readonly #connection: Connection;
  readonly #credential: Credential;
  readonly #memory: AuthenticationMemory;
  #control: Upstream;
  #book = new CatalogueBook();
  /** Protocol 3.2, with its long cancel keys, from PostgreSQL 18 on; older poolers end a connection that asks for it. */
  #minor: 0 | 2;

  private constructor(options: OpenOptions, at: Address, memory: AuthenticationMemory, control: Upstream) {
    this.#connection = options.connection;
    this.#credential = options.credential;
    this.#memory = memory;
    this.#control = control;
    this.#at = at;
    this.connection = options.connection.name;
    this.address = `${at.host}:${at.port}`;
    this.serverVersion = control.parameters.get('server_version') ?? '';
    this.#minor = Number.parseInt(this.serverVersion, 10) >= 18 ? 2 : 0;
    if (control.fingerprint !== undefined) this.fingerprint = control.fingerprint;
    this.account = options.credential.user;
    this.database = options.connection.database ?? options.credential.user;
  }

  /** Throws `target-unreachable` or `target-refused`. */
  static async open(options: OpenOptions): Promise<PostgresTarget> {
    const { connection, credential, signal } = options;
    const at = { host: credential.host ?? connection.host, port: credential.port ?? connection.port };
    const memory = new AuthenticationMemory();
    const database = connection.database ?? credential.user;
    const parameters = controlParameters(database);
    try {
      const control = await Upstream.connect({
        address: at,
        tls: connection.tls,
        credential,
        parameters,
        memory,
        ...(signal ? { signal } : {}),
      });
      return new PostgresTarget(options, at, memory, control);
    } catch (error) {
      const { reached, reason } = whyNot(error);
      const details = { connection: connection.name, address: `${at.host}:${at.port}`, reason };
      throw new BrokerError(reached ? 'target-refused' : 'target-unreachable', details, { cause: error });
    }
  }

  async connect(parameters: ReadonlyMap<string, string>): Promise<Upstream> {
    const options = {
      address: this.#at,
      tls: this.#connection.tls,
      credential: this.#credential,
      parameters,
      memory: this.#memory,
    };
    try {
      return await Upstream.connect({ ...options, minor: this.#minor });
    } catch (error) {
      // What stands in front of a new server may know only the old protocol.
      const old = this.#minor > 0 && error instanceof ServerError && /^(08P01|0A000)$/.test(error.sqlstate);
      if (!old) throw error;
      this.#minor = 0;
      return Upstream.connect(options);
    }
  }

  cancel(upstream: Upstream): Promise<void> {
    return cancelUpstream(
      this.#at,
      this.#connection.tls,
      upstream.cancelKey,
      upstream.fingerprint !== undefined,
    );
  }

  async loadCatalogue(): Promise<Catalogue> {
    if (!this.#control.alive) {
      this.#control = await this.connect(controlParameters(this.database));
      // Another server may answer here by now, whose transactions are numbered otherwise.
      this.#book.forget();
    }
    const control = this.#control;
    return this.#book.read((statements) => control.query(statements));
  }

  seenBy(query: CatalogueQuery): Promise<Catalogue | undefined> {
    return this.#book.seenBy(query);
  }

  serve(options: ServeOptions): Promise<Serving> {
    return Listener.open(this, options);
  }

  async close(): Promise<void> {
    this.#control.close();
  }
}

function controlParameters(database: string): Map<string, string> {
  return new Map([
    ['database', database],
    ['application_name', CONTROL_NAME],
    ['client_encoding', 'UTF8'],
    ['standard_conforming_strings', 'on'],
  ]);
}
