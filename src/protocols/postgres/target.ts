// One PostgreSQL server a session may reach: a control connection for the catalogue, and one more for each client.
import type { Catalogue } from '../../model/catalogue.ts';
import type { Connection } from '../../model/connection.ts';
import type { Credential } from '../../model/credential.ts';
import { BrokerError } from '../../model/errors.ts';
import type { OpenOptions, ServeOptions, Serving, Target } from '../protocol.ts';
import { AuthenticationMemory } from './authenticate.ts';
import { cancelUpstream } from './cancel.ts';
import { CatalogueBook } from './catalogue.ts';
import { NAMING } from './catalogue-changes.ts';
import type { CatalogueQuery } from './catalogue-follow.ts';
import type { Address } from './dial.ts';
import { type Backend, Listener } from './listener.ts';
import { ServerError, Upstream, whyNot } from './upstream.ts';

const CONTROL_NAME = 'broker';
/** Start-up parameters by which a client resolves names in its own way. */
const RESOLVING: ReadonlySet<string> = new Set(['role', 'search_path', 'session_authorization']);

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
  /** Clients that connect now resolve names otherwise than the control connection does. */
  #outdated = false;
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

  /** A connection for a client, which has said how it resolves names. */
  async connect(parameters: ReadonlyMap<string, string>): Promise<Upstream> {
    const upstream = await this.#reach(parameters);
    try {
      const [[row] = []] = await upstream.query([`select ${NAMING}`]);
      upstream.naming = row?.[0] ?? undefined;
    } catch (error) {
      upstream.close();
      throw error;
    }
    // The role's or the database's search path is another than when we connected: later conversations have the new one.
    const given = [...parameters.keys()].some((name) => RESOLVING.has(name.toLowerCase()));
    if (!given && upstream.naming !== this.#book.naming) this.#outdated = true;
    return upstream;
  }

  async #reach(parameters: ReadonlyMap<string, string>): Promise<Upstream> {
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
    if (this.#outdated || !this.#control.alive) await this.#renew();
    const control = this.#control;
    return this.#book.read((statements) => control.query(statements));
  }

  /** Another control connection. One that lives is kept where none can be had: what it says differs from what clients see. */
  async #renew(): Promise<void> {
    const old = this.#control;
    try {
      this.#control = await this.#reach(controlParameters(this.database));
    } catch (error) {
      if (old.alive) return;
      throw error;
    }
    old.close();
    this.#outdated = false;
    // Another server may answer here by now, whose transactions are numbered otherwise.
    this.#book.forget();
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
