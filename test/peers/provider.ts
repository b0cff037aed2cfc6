// A real OpenID provider (oidc-provider) on loopback: accounts, clients, device flow, refresh, token exchange, key rotation.
import { createPrivateKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer, type RequestListener } from 'node:http';
import type { Configuration, KoaContextWithOIDC, Provider } from 'oidc-provider';
import { type Browser, openBrowser, type Visit } from './browser.ts';
import { createStorage } from './provider-storage.ts';
import { addTokenExchange, EXCHANGE, type Jwk } from './token-exchange.ts';

export interface Account {
  readonly groups?: readonly string[];
  readonly email?: string;
  /** True unless told. */
  readonly emailVerified?: boolean;
  readonly name?: string;
}

export interface ProviderOptions {
  /** Accounts by login, which is also their `sub`. */
  readonly accounts?: Readonly<Record<string, Account>>;
  /** 0 picks one. */
  readonly port?: number;
  /** Lives in seconds. */
  readonly ttl?: {
    readonly idToken?: number;
    readonly accessToken?: number;
    readonly refreshToken?: number;
    readonly code?: number;
    readonly device?: number;
  };
  /** False: the target client needs consent of its own, so a silent authorization is refused. */
  readonly targetConsented?: boolean;
  /** False: there is no token exchange. */
  readonly exchange?: boolean;
  /** Clients may register themselves (RFC 7591). */
  readonly registration?: boolean;
  /** Drops the nonce in the device flow, as most providers do; true unless told. */
  readonly deviceDropsNonce?: boolean;
}

export interface ProviderPeer {
  readonly issuer: string;
  readonly evidenceClientId: 'broker-evidence';
  readonly targetClientId: 'broker-target';
  /** Audience of the target client's access tokens, which are JWTs. */
  readonly targetAudience: 'urn:example:database';
  /** Drives sign-in and consent as a browser would, and delivers the answer to whoever listens; the last page. */
  signInOverHttp(url: string, account: string): Promise<Visit>;
  /** The same without delivering: the address the provider sends the browser to. */
  redirectOverHttp(url: string, account: string): Promise<string>;
  /** Clicks "cancel" and delivers the refusal. */
  denyOverHttp(url: string, account: string): Promise<Visit>;
  /** Enters a device code (the complete URL) and approves it. */
  approveDevice(url: string, account: string): Promise<Visit>;
  /** A browser that keeps its cookies between visits. */
  browser(): Browser;
  /** Signs with a new key from now on; the old one stays published unless dropped. */
  rotateKeys(options?: { readonly drop?: boolean }): Promise<void>;
  /** Ends every session and grant of everybody. */
  forgetEverything(): Promise<void>;
  stop(): Promise<void>;
}

const AUDIENCE = 'urn:example:database';
const DEFAULT_ACCOUNTS: Readonly<Record<string, Account>> = {
  alice: { groups: ['developers'], email: 'alice@example.com', name: 'Alice Example' },
  dana: { groups: ['dba', 'developers'], email: 'dana@example.com', name: 'Dana Example' },
};

function makeJwk(): Jwk {
  // Read back from its encoding, as src/identity/key.ts says why.
  const { privateKey: pem } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  return {
    ...createPrivateKey(pem).export({ format: 'jwk' }),
    use: 'sig',
    alg: 'RS256',
    kid: randomBytes(6).toString('hex'),
  };
}

/** The library greets development settings with console noise; nothing of it concerns a test. */
async function quietly<T>(work: () => T | Promise<T>): Promise<T> {
  const { info, warn } = console;
  console.info = () => {};
  console.warn = () => {};
  try {
    return await work();
  } finally {
    Object.assign(console, { info, warn });
  }
}

function clients(exchange: boolean): NonNullable<Configuration['clients']> {
  const native = {
    application_type: 'native' as const,
    token_endpoint_auth_method: 'none' as const,
    redirect_uris: ['http://127.0.0.1/callback'],
    response_types: ['code' as const],
  };
  const device = 'urn:ietf:params:oauth:grant-type:device_code';
  return [
    { ...native, client_id: 'broker-evidence', grant_types: ['authorization_code', 'refresh_token', device] },
    {
      ...native,
      client_id: 'broker-target',
      grant_types: ['authorization_code', 'refresh_token', device, ...(exchange ? [EXCHANGE] : [])],
    },
  ];
}

function findAccount(accounts: Readonly<Record<string, Account>>) {
  return async (_: KoaContextWithOIDC, sub: string) => {
    const account = Object.hasOwn(accounts, sub) ? accounts[sub] : undefined;
    if (!account) return undefined;
    const { groups = [], email, emailVerified = true, name } = account;
    return {
      accountId: sub,
      claims: async () => ({ sub, groups: [...groups], email, email_verified: email && emailVerified, name }),
    };
  };
}

/** A first-party client is not asked for consent: its grant is there already. */
async function firstPartyGrant(ctx: KoaContextWithOIDC) {
  const { client, session, provider, result, params } = ctx.oidc;
  const { accountId } = session ?? {};
  const grantId = result?.consent?.grantId ?? (client && session?.grantIdFor(client.clientId));
  if (grantId) return provider.Grant.find(grantId);
  if (client?.clientId !== 'broker-target' || accountId === undefined) return undefined;
  const grant = new provider.Grant({ accountId, clientId: client.clientId });
  grant.addOIDCScope(String(params?.['scope'] ?? 'openid'));
  grant.addResourceScope(AUDIENCE, 'connect');
  await grant.save();
  return grant;
}

function page(ctx: KoaContextWithOIDC, title: string, form: string): void {
  const button = '<button type="submit">Continue</button></form>';
  ctx.body = `<!doctype html><title>${title}</title><h1>${title}</h1>${form.replace('</form>', button)}`;
}

function configuration(options: ProviderOptions, keys: Jwk[]): Configuration {
  const { ttl = {}, accounts = DEFAULT_ACCOUNTS } = options;
  return {
    clients: clients(options.exchange !== false),
    jwks: { keys: keys as never },
    cookies: { keys: [randomBytes(16).toString('hex')] },
    scopes: ['openid', 'offline_access', 'email', 'profile', 'groups', 'connect'],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'], groups: ['groups'] },
    conformIdTokenClaims: false,
    findAccount: findAccount(accounts),
    ...(options.targetConsented === false ? {} : { loadExistingGrant: firstPartyGrant }),
    issueRefreshToken: async (_, client, source) =>
      client.grantTypeAllowed('refresh_token') &&
      (source.scopes.has('offline_access') || client.clientId === 'broker-target'),
    ttl: {
      IdToken: ttl.idToken ?? 3600,
      AccessToken: ttl.accessToken ?? 3600,
      RefreshToken: ttl.refreshToken ?? 86_400,
      AuthorizationCode: ttl.code ?? 60,
      DeviceCode: ttl.device ?? 600,
      Grant: 86_400,
      Session: 86_400,
      Interaction: 3600,
    },
    features: {
      deviceFlow: {
        enabled: true,
        mask: '****-****',
        userCodeInputSource: async (ctx, form) => page(ctx, 'Enter the code', form),
        userCodeConfirmSource: async (ctx, form) => page(ctx, 'Confirm the device', form),
        successSource: async (ctx) => page(ctx, 'The device is signed in', ''),
      },
      registration: { enabled: options.registration === true },
      revocation: { enabled: true, allowedPolicy: async () => true },
      devInteractions: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: async (_, client) => (client.clientId === 'broker-target' ? AUDIENCE : []),
        useGrantedResource: async () => true,
        getResourceServerInfo: async (_, resource) => ({
          scope: 'connect mcp:read mcp:write',
          audience: resource,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
  };
}

/** RFC 8693, as far as a client that swaps its own token for another audience needs it. */
function dropNonceOfDevices(provider: Provider): void {
  provider.use(async (ctx, next) => {
    await next();
    if (ctx.oidc?.route !== 'device_authorization') return;
    const code = ctx.oidc.entities.DeviceCode as unknown as {
      params?: Record<string, unknown>;
      save(): Promise<string>;
    };
    if (code?.params) {
      delete code.params['nonce'];
      await code.save();
    }
  });
}

async function makeProvider(
  issuer: string,
  options: ProviderOptions,
  keys: Jwk[],
  adapter: ReturnType<typeof createStorage>,
): Promise<Provider> {
  return quietly(async () => {
    const { Provider: Library, interactionPolicy } = await import('oidc-provider');
    const policy = interactionPolicy.base();
    // RFC 8252 section 8.6: native clients are not trusted silently, unless who runs the provider says so.
    if (options.targetConsented !== false) policy.get('consent')?.checks.remove('native_client_prompt');
    const provider = new Library(issuer, {
      ...configuration(options, keys),
      interactions: { policy },
      adapter,
    });
    if (options.exchange !== false) addTokenExchange(provider, AUDIENCE, () => keys);
    if (options.deviceDropsNonce !== false) dropNonceOfDevices(provider);
    return provider;
  });
}

async function listen(port: number, handler: () => RequestListener) {
  const server = createServer((request, response) => handler()(request, response));
  await new Promise<void>((resolve, reject) =>
    server.once('error', reject).listen(port, '127.0.0.1', resolve),
  );
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { server, issuer: `http://127.0.0.1:${address.port}` };
}

export async function startProvider(options: ProviderOptions = {}): Promise<ProviderPeer> {
  let handler: RequestListener = (_, response) => void response.writeHead(503).end();
  const { server, issuer } = await listen(options.port ?? 0, () => handler);
  let keys = [makeJwk()];
  let storage = createStorage();
  const renew = async () => {
    handler = (await makeProvider(issuer, options, keys, storage)).callback();
  };
  await renew();
  const outside = (url: string) => !url.startsWith(`${issuer}/`);
  const person = (account: string) => ({ login: account, password: `password of ${account}` });
  return {
    issuer,
    evidenceClientId: 'broker-evidence',
    targetClientId: 'broker-target',
    targetAudience: AUDIENCE,
    signInOverHttp: (url, account) => openBrowser().visit(url, person(account)),
    redirectOverHttp: async (url, account) => {
      const visit = await openBrowser().visit(url, person(account), outside);
      if (visit.location === undefined)
        throw new Error(`the provider sent the browser nowhere:\n${visit.text}`);
      return visit.location;
    },
    denyOverHttp: (url, account) => openBrowser().visit(url, { ...person(account), cancel: true }),
    approveDevice: (url, account) => openBrowser().visit(url, person(account)),
    browser: openBrowser,
    rotateKeys: async ({ drop = false } = {}) => {
      keys = [makeJwk(), ...(drop ? [] : keys)];
      await renew();
    },
    forgetEverything: async () => {
      storage = createStorage();
      await renew();
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
