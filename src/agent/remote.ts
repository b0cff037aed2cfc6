// Sign-ins at remote MCP servers: kept in the keychain, renewed when needed, handed out one access token at a time. Must never hand out a
// refresh token, nor a token of one server for another.
import type { RemoteGrant } from '../identity/remote/index.ts';
import type { Clock } from '../lib/clock.ts';
import { sha256 } from '../lib/digest.ts';
import type { Connection } from '../model/connection.ts';
import type { Lease } from '../model/credential.ts';
import { BrokerError } from '../model/errors.ts';
import { messageOf } from './fault.ts';
import { sessionId } from './id.ts';
import type { Caller, SignInMode, SignInPrompt } from './messages.ts';
import type { LeaseContext, Log, Person, Setting } from './ports.ts';
import { whatItWants } from './remote-challenge.ts';
import type { RemotePlace, RemoteState, RemoteToken, RemoteTokenRequest } from './remote-messages.ts';
import { type SecretKeeper, secretEntry } from './secrets.ts';

export interface RemotePorts {
  readonly clock: Clock;
  readonly log: Log;
  keychain(): Promise<SecretKeeper>;
  setting(caller: Caller): Promise<Pick<Setting, 'config'>>;
  person(): Promise<Person>;
  obtain(context: LeaseContext): Promise<Lease>;
}

export interface RemoteTalk {
  readonly mode: Exclude<SignInMode, 'device'>;
  show(prompt: SignInPrompt): void;
  pasted(): Promise<string>;
  readonly signal: AbortSignal;
}

/** What is kept of one server: a grant, and what it asked for since. */
interface Kept {
  readonly grant?: RemoteGrant;
  readonly metadata?: string;
  readonly wanted?: readonly string[];
}

interface Place {
  readonly connection: Connection;
  readonly server: URL;
  readonly entry: string;
  /** `iss|sub`; nobody has signed in with the identity provider when absent. */
  readonly person: string | undefined;
  /** What `broker login` is given. */
  readonly login: string;
  readonly redirectPort: number;
}

/** Milliseconds a token must still live to be worth handing out. */
const WORTH = 30_000;
const PATIENCE = 20_000;

const web = async (): Promise<typeof import('../identity/remote/index.ts')> =>
  import('../identity/remote/index.ts');

const nameOf = (token: string): string => sha256(token).slice(0, 16);

function settingsOf({ credential }: Connection) {
  const text = (name: string) =>
    typeof credential[name] === 'string' ? { [name]: credential[name] as string } : {};
  const { scopes } = credential;
  return {
    ...text('clientId'),
    ...text('clientSecret'),
    ...text('issuer'),
    ...(Array.isArray(scopes) ? { scopes: scopes.map(String) } : {}),
  } as { clientId?: string; clientSecret?: string; issuer?: string; scopes?: readonly string[] };
}

/** A connection that is not a remote server can be used with one whose address the command gives. */
function ownSettings(connection: Connection) {
  return connection.type === 'mcp' && connection.credential.source === 'oauth' ? settingsOf(connection) : {};
}

export class Remotes {
  readonly #ports: RemotePorts;
  /** One at a time for each: a refresh token is spent by its use, and what is kept is read, changed and kept again. */
  readonly #queues = new Map<string, Promise<unknown>>();

  constructor(ports: RemotePorts) {
    this.#ports = ports;
  }

  async token(request: RemoteTokenRequest): Promise<RemoteToken> {
    const place = await this.#place(request);
    const { connection } = place;
    if (connection.type === 'mcp' && connection.credential.source !== 'oauth')
      return this.#byCredential(place, request.refused);
    if (place.person === undefined) {
      if (request.refused === undefined) return { name: '' };
      throw new BrokerError('not-signed-in');
    }
    return this.#alone(place, () => this.#byGrant(place, request));
  }

  async #byGrant(place: Place, { refused, challenge }: RemoteTokenRequest): Promise<RemoteToken> {
    const { connection, server } = place;
    const kept = await this.#kept(place);
    const scopes = challenge?.scope?.split(' ').filter(Boolean) ?? [];
    if (challenge && (challenge.metadata !== undefined || scopes.length > 0))
      await this.#remember(place, {
        ...kept,
        ...(challenge.metadata ? { metadata: challenge.metadata } : {}),
        wanted: scopes,
      });
    const grant = await this.#current(
      place,
      kept.grant,
      challenge?.error === 'insufficient_scope' ? undefined : refused,
    );
    const token = grant?.accessToken;
    if (token !== undefined && nameOf(token) !== refused)
      return {
        token,
        name: nameOf(token),
        ...(grant?.expires === undefined ? {} : { expires: grant.expires }),
      };
    if (refused === undefined) return { name: '' };
    const about = { server: server.host, login: place.login };
    if (token !== undefined && challenge?.error === 'insufficient_scope')
      throw new BrokerError('remote-scope', {
        ...about,
        scopes: scopes.join(' ') || 'it does not say which',
      });
    const reason = kept.grant === undefined ? 'nobody has signed in there' : 'the sign-in there is over';
    throw new BrokerError('remote-sign-in', { ...about, connection: connection.name, reason });
  }

  async signIn(request: RemotePlace, talk: RemoteTalk): Promise<RemoteState> {
    // Throws what keeps a person from being known: a grant is theirs.
    await this.#ports.person();
    const place = await this.#place(request);
    const { connection, server, redirectPort } = place;
    const about = { connection: connection.name, server: server.href };
    if (connection.type === 'mcp' && connection.credential.source !== 'oauth')
      throw new BrokerError('remote-unusable', {
        server: server.host,
        reason: `the connection takes its credential from ${connection.credential.source}`,
        mend: 'nothing is to be done: `broker mcp` uses it by itself',
      });
    const { signInRemote, Web } = await web();
    const { clientSecret, ...settings } = ownSettings(connection);
    const secret =
      clientSecret === undefined
        ? undefined
        : await (await this.#ports.keychain()).get(secretEntry(clientSecret));
    const kept = await this.#kept(place);
    const asking = await Web.of(server, settings.issuer);
    const { open, challenge } = await whatItWants(asking, server, talk.signal).catch((error: unknown) => {
      throw new BrokerError('remote-unreachable', { server: server.host, reason: messageOf(error) });
    });
    if (open && kept.wanted === undefined) return { ...about, state: 'open' };
    const metadata = challenge?.metadata ?? kept.metadata;
    const grant = await signInRemote({
      ...talk,
      pasted: () => talk.pasted(),
      show: (prompt) => talk.show(prompt),
      server,
      redirectPort,
      clock: this.#ports.clock,
      settings: { ...settings, ...(secret === undefined ? {} : { clientSecret: secret }) },
      wanted: [...(challenge?.scope?.split(' ').filter(Boolean) ?? []), ...(kept.wanted ?? [])],
      ...(metadata === undefined ? {} : { resourceMetadata: metadata }),
      ...(kept.grant === undefined ? {} : { before: kept.grant }),
    });
    await this.#alone(place, () => this.#remember(place, { grant }));
    this.#ports.log.info(
      { connection: connection.name, server: server.host },
      'signed in at a remote server',
    );
    return { ...about, state: 'signed-in', issuer: grant.client.issuer, scopes: grant.scopes };
  }

  /** True when there was a sign-in to forget. */
  async signOut(request: RemotePlace, signal: AbortSignal): Promise<boolean> {
    const place = await this.#place(request);
    const grant = await this.#alone(place, async () => {
      const kept = await this.#kept(place);
      await (await this.#ports.keychain()).delete(place.entry);
      return kept.grant;
    });
    if (!grant) return false;
    const { revokeGrant, Web } = await web();
    const asking = await Web.of(place.server, ownSettings(place.connection).issuer);
    await revokeGrant(grant, asking, signal).catch((error: unknown) =>
      this.#ports.log.warn({ reason: messageOf(error) }, 'a remote sign-in could not be revoked'),
    );
    return true;
  }

  async #place({ connection: name, url, caller }: RemotePlace): Promise<Place> {
    const { config } = await this.#ports.setting(caller);
    const connection = config.connections.get(name);
    if (!connection) throw new BrokerError('connection-unknown', { connection: name });
    const user = await this.#ports.person().then(
      (signedIn) => signedIn.user,
      () => undefined,
    );
    const person = user && `${user.iss}|${user.sub}`;
    const server = new URL(url);
    server.hash = '';
    if (connection.url !== undefined && connection.url !== server.href)
      throw new BrokerError('usage', {
        reason: `${name} is the server at ${connection.url}`,
        command: 'mcp',
      });
    return {
      connection,
      server,
      // What one person was granted is no other's, though they share a machine.
      entry: `remote/${sha256(`${person ?? ''}\n${name}\n${server.href}`).slice(0, 24)}`,
      person,
      login:
        connection.url !== undefined ? name : `${name} --url ${server.search === '' ? server.href : '…'}`,
      redirectPort: config.identity?.redirectPort ?? 0,
    };
  }

  /** A credential of another source: a token a person keeps, of the identity provider, of a program. */
  async #byCredential({ connection, server }: Place, refused: string | undefined): Promise<RemoteToken> {
    const { user } = await this.#ports.person();
    const session = sessionId(this.#ports.clock.now());
    const context = { connection, user, session, environment: {}, signal: AbortSignal.timeout(PATIENCE) };
    const { credential } = await this.#ports.obtain(context);
    const { secret, expires } = credential;
    const token = secret.kind === 'bearer' ? secret.token : secret.kind === 'password' ? secret.password : '';
    if (token !== '' && nameOf(token) !== refused)
      return { token, name: nameOf(token), ...(expires === undefined ? {} : { expires }) };
    throw new BrokerError('remote-refused', {
      server: server.host,
      reason: 'does not take the credential of this connection',
      mend: `check credential in \`broker connections show ${connection.name}\``,
    });
  }

  /** The grant as it can be used now: renewed when its token is over or was refused. */
  async #current(
    place: Place,
    grant: RemoteGrant | undefined,
    refused: string | undefined,
  ): Promise<RemoteGrant | undefined> {
    if (!grant) return undefined;
    const { accessToken: token, expires = Number.POSITIVE_INFINITY } = grant;
    const good = token !== undefined && expires > this.#ports.clock.now() + WORTH;
    if (good && nameOf(token) !== refused) return grant;
    return this.#renew(place, grant);
  }

  async #renew(place: Place, grant: RemoteGrant): Promise<RemoteGrant | undefined> {
    const { refreshGrant, Web } = await web();
    const { clock } = this.#ports;
    const about = {
      web: await Web.of(place.server, ownSettings(place.connection).issuer),
      clock,
      signal: AbortSignal.timeout(PATIENCE),
    };
    const renewed = await refreshGrant(grant, about).catch((error: unknown) => {
      throw new BrokerError('remote-unreachable', { server: grant.client.issuer, reason: messageOf(error) });
    });
    const { accessToken: _, refreshToken: __, ...spent } = grant;
    await this.#remember(place, { ...(await this.#kept(place)), grant: renewed ?? spent });
    return renewed;
  }

  /** After whatever else concerns the same entry. */
  async #alone<T>({ entry }: Place, work: () => Promise<T>): Promise<T> {
    const before = this.#queues.get(entry) ?? Promise.resolve();
    const mine = before.then(work, work);
    const settled = mine.catch(() => undefined);
    this.#queues.set(entry, settled);
    void settled.then(() => {
      if (this.#queues.get(entry) === settled) this.#queues.delete(entry);
    });
    return mine;
  }

  async #kept({ entry }: Place): Promise<Kept> {
    const text = await (await this.#ports.keychain()).get(entry);
    return text === undefined ? {} : (JSON.parse(text) as Kept);
  }

  async #remember({ entry }: Place, kept: Kept): Promise<void> {
    await (await this.#ports.keychain()).set(entry, JSON.stringify(kept));
  }
}
