// One sign-in of a person at a remote MCP server, from its address to a grant. Keeps nothing itself.
import type { Clock } from '../../lib/clock.ts';
import { BrokerError } from '../../model/errors.ts';
import { type Courier, openCourier, type SignInPrompt } from '../courier.ts';
import type { Arrival } from '../redirect.ts';
import { discoverAuthorization, type Found } from './discovery.ts';
import { granted, keptMetadata, openDesk, type RemoteClient, type RemoteGrant, register } from './grant.ts';
import { Web } from './web.ts';

export interface RemoteSignIn {
  readonly server: URL;
  /** What the server said it wants, in WWW-Authenticate. */
  readonly resourceMetadata?: string;
  readonly wanted: readonly string[];
  /** Of the configuration. A client id that is an https address is a client id metadata document. */
  readonly settings: {
    readonly clientId?: string;
    readonly clientSecret?: string;
    readonly issuer?: string;
    readonly scopes?: readonly string[];
  };
  readonly before?: RemoteGrant;
  readonly mode: 'browser' | 'paste';
  show(prompt: SignInPrompt): void;
  pasted?(): Promise<string>;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly redirectPort: number;
}

/** Milliseconds the person has. */
const DEADLINE = 300_000;

function reasonOf(error: unknown): string {
  let current: unknown = error;
  while (current instanceof Error && current.cause instanceof Error) current = current.cause;
  const { error: code, error_description: why } = error as { error?: unknown; error_description?: unknown };
  if (typeof code === 'string')
    return `it answered ${code}${typeof why === 'string' ? ` (${why.slice(0, 200)})` : ''}`;
  return current instanceof Error ? current.message : String(current);
}

function unusable(server: URL, error: unknown, mend: string): BrokerError {
  if (error instanceof BrokerError) return error;
  return new BrokerError('remote-unusable', { server: server.host, reason: reasonOf(error), mend });
}

/** Least first: what was asked for just now and before, else what the configuration or the resource names. */
function scopesOf({ wanted, before, settings }: RemoteSignIn, found: Found): readonly string[] {
  const asked = [...(before?.scopes ?? []), ...wanted];
  const basis = settings.scopes ?? (asked.length > 0 ? [] : found.scopes);
  const offline = found.metadata.scopes_supported?.includes('offline_access') ? ['offline_access'] : [];
  return [...new Set([...basis, ...asked, ...offline])];
}

async function clientOf(
  order: RemoteSignIn,
  found: Found,
  redirectUri: string,
  web: Web,
): Promise<RemoteClient> {
  const { settings, before, signal } = order;
  const { issuer } = found.metadata;
  const { clientId: id, clientSecret: secret } = settings;
  if (id !== undefined) return { issuer, id, ...(secret === undefined ? {} : { secret }) };
  const known = before?.client;
  if (known?.issuer === issuer && known.registered === redirectUri) return known;
  return register(found, redirectUri, scopesOf(order, found), { web, signal });
}

interface Round {
  readonly order: RemoteSignIn;
  readonly found: Found;
  readonly client: RemoteClient;
  readonly courier: Courier;
  readonly web: Web;
}

async function authorize(
  { order, found, client, courier, web }: Round,
  arrived: (at: Arrival) => void,
): Promise<RemoteGrant> {
  const { metadata, resource } = found;
  const { oidc, config } = await openDesk(metadata, client, web, order.signal);
  const [state, verifier] = [oidc.randomState(), oidc.randomPKCECodeVerifier()];
  const scopes = scopesOf(order, found);
  const url = oidc.buildAuthorizationUrl(config, {
    redirect_uri: courier.redirectUri,
    state,
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    resource,
    ...(scopes.length > 0 ? { scope: scopes.join(' ') } : {}),
    ...(scopes.includes('offline_access') ? { prompt: 'consent' } : {}),
  });
  const arrival = await courier.ask(url, state, 'server');
  arrived(arrival);
  const checks = { pkceCodeVerifier: verifier, expectedState: state };
  const answer = await oidc.authorizationCodeGrant(config, arrival.url, checks, { resource });
  const before: RemoteGrant = { resource, client, metadata: keptMetadata(metadata), scopes };
  return granted(before, answer, order.clock);
}

/** A port that was registered is worth another try; any other will do when it is taken. */
async function courierFor(order: RemoteSignIn): Promise<Courier> {
  const registered = order.before?.client.registered;
  const { mode, show, pasted, signal } = order;
  const open = (redirectPort: number) =>
    openCourier({
      mode,
      redirectPort,
      show: (prompt) => show.call(order, prompt),
      ...(pasted ? { pasted: () => pasted.call(order) } : {}),
      signal,
      deadline: DEADLINE,
    });
  if (order.redirectPort !== 0 || registered === undefined) return open(order.redirectPort);
  return open(Number(new URL(registered).port)).catch(() => open(0));
}

const ASK_ITS_OWNER =
  'ask who runs the server; a client of your own goes into credential.client_id of the connection';

/** Throws `remote-unusable`, `sign-in-failed`, `port-taken`, `interrupted`. */
export async function signInRemote(order: RemoteSignIn): Promise<RemoteGrant> {
  const { server, settings, resourceMetadata, signal } = order;
  const { issuer } = settings;
  const web = await Web.of(server, issuer);
  const found = await discoverAuthorization({
    web,
    server,
    signal,
    ...(resourceMetadata === undefined ? {} : { resourceMetadata }),
    ...(issuer === undefined ? {} : { issuer }),
  }).catch((error: unknown) => {
    throw unusable(server, error, ASK_ITS_OWNER);
  });
  const courier = await courierFor(order);
  let arrival: Arrival | undefined;
  try {
    const client = await clientOf(order, found, courier.redirectUri, web);
    const grant = await authorize({ order, found, client, courier, web }, (at) => {
      arrival = at;
    });
    arrival?.answer({
      tone: 'good',
      title: 'You are signed in',
      text: `At ${server.host}. You can close this window.`,
    });
    return grant;
  } catch (error) {
    const failure = unusable(server, error, `run \`broker login\` again, or ${ASK_ITS_OWNER}`);
    arrival?.answer({ tone: 'bad', title: 'Sign-in failed', text: 'Go back to your terminal: it says why.' });
    throw signal.aborted ? new BrokerError('interrupted') : failure;
  } finally {
    courier.close();
  }
}
