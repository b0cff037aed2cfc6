// Debian's Glewlwyd on loopback: an OpenID provider nobody here wrote, in C, set up through its own administration interface.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

export interface GlewlwydPeer {
  readonly issuer: string;
  readonly clientId: 'broker-evidence';
  /** The one redirect that is registered. */
  readonly redirectPort: number;
  /** Signs in and consents through the provider's interface, then delivers its answer; the last status. */
  signInOverHttp(url: string): Promise<number>;
  stop(): Promise<void>;
}

const SCHEMA = '/usr/share/doc/glewlwyd/database/init.sqlite3.sql.gz';
const USER = { username: 'alice', password: 'password of alice' };

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function configuration(port: number, database: string): string {
  return `
port=${port}
bind_address="127.0.0.1"
external_url="http://127.0.0.1:${port}"
login_url="login.html"
api_prefix="api"
static_files_path="/usr/share/glewlwyd/webapp/"
log_mode="console"
log_level="WARNING"
cookie_domain=""
cookie_secure=0
session_key="GLEWLWYD2_SESSION_ID"
admin_scope="g_admin"
profile_scope="g_profile"
user_module_path="/usr/lib/glewlwyd/user"
user_middleware_module_path="/usr/lib/glewlwyd/user_middleware"
client_module_path="/usr/lib/glewlwyd/client"
user_auth_scheme_module_path="/usr/lib/glewlwyd/scheme"
plugin_module_path="/usr/lib/glewlwyd/plugin"
use_secure_connection=false
secure_connection_key_file="/dev/null"
secure_connection_pem_file="/dev/null"
secure_connection_ca_file="/dev/null"
hash_algorithm="SHA512"
database={ type="sqlite3" path="${database}" };
`;
}

/** One person's session with the provider's interface. */
class Session {
  readonly #base: string;
  #cookie = '';

  constructor(base: string) {
    this.#base = base;
  }

  async call(method: string, path: string, body?: object): Promise<Response> {
    const response = await fetch(path.startsWith('http') ? path : `${this.#base}/api/${path}`, {
      method,
      redirect: 'manual',
      headers: { 'content-type': 'application/json', cookie: this.#cookie },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const cookies = response.headers.getSetCookie().map((line) => line.split(';')[0] ?? '');
    if (cookies.length > 0) this.#cookie = cookies.join('; ');
    return response;
  }

  async must(method: string, path: string, body?: object): Promise<void> {
    const response = await this.call(method, path, body);
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  }
}

function plugin(issuer: string): object {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    module: 'oidc',
    name: 'oidc',
    display_name: 'OpenID Connect',
    parameters: {
      iss: issuer,
      'oauth-as-iss-id': true,
      'jwt-type': 'ecdsa',
      'jwt-key-size': '256',
      key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
      cert: publicKey.export({ type: 'spki', format: 'pem' }),
      'access-token-duration': 3600,
      'refresh-token-duration': 86_400,
      'code-duration': 600,
      'refresh-token-rolling': true,
      'refresh-token-one-use': 'always',
      'auth-type-code-enabled': true,
      'auth-type-refresh-enabled': true,
      'allow-non-oidc': false,
      'jwks-show': true,
      'subject-type': 'public',
      'pkce-allowed': true,
      'pkce-required': true,
      'pkce-required-public-client': true,
      'pkce-method-plain-allowed': false,
      'name-claim': 'mandatory',
      'email-claim': 'mandatory',
      'introspection-revocation-allowed': true,
      'introspection-revocation-allow-target-client': true,
    },
  };
}

async function setUp(base: string, issuer: string, redirectPort: number): Promise<void> {
  const admin = new Session(base);
  await admin.must('POST', 'auth/', { username: 'admin', password: 'password' });
  await admin.must('POST', 'mod/plugin/', plugin(issuer));
  await admin.must('POST', 'client/', {
    client_id: 'broker-evidence',
    name: 'broker',
    confidential: false,
    enabled: true,
    redirect_uri: [`http://127.0.0.1:${redirectPort}/callback`],
    authorization_type: ['code', 'refresh_token'],
    token_endpoint_auth_method: ['none'],
    scope: [],
  });
  await admin.must('POST', 'user/', {
    ...USER,
    name: 'Alice Example',
    email: 'alice@example.com',
    enabled: true,
    scope: ['openid', 'g_profile'],
  });
}

/** What a person does on its pages: password, consent, then back to the address that asked. */
async function drive(base: string, url: string): Promise<number> {
  const person = new Session(base);
  await person.must('POST', 'auth/', USER);
  await person.must('PUT', 'auth/grant/broker-evidence/', { scope: 'openid' });
  const answer = await person.call('GET', `${url}&g_continue`);
  const location = answer.headers.get('location') ?? '';
  if (!location.includes('/callback'))
    throw new Error(`the provider sent the browser to ${location} (${answer.status})`);
  return (await fetch(location)).status;
}

async function untilUp(child: ChildProcess, base: string, log: () => string): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (
    !(await fetch(`${base}/config`).then(
      (response) => response.ok,
      () => false,
    ))
  ) {
    if (child.exitCode !== null || Date.now() > deadline)
      throw new Error(`Glewlwyd did not start:\n${log()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export async function startGlewlwyd(): Promise<GlewlwydPeer> {
  const folder = mkdtempSync(join(tmpdir(), 'glewlwyd-'));
  const database = join(folder, 'glewlwyd.db');
  execFileSync('sqlite3', [database], { input: gunzipSync(readFileSync(SCHEMA)) });
  const [port, redirectPort] = [await freePort(), await freePort()];
  const base = `http://127.0.0.1:${port}`;
  const issuer = `${base}/api/oidc`;
  writeFileSync(join(folder, 'glewlwyd.conf'), configuration(port, database));
  let log = '';
  const child = spawn('glewlwyd', ['--config-file', join(folder, 'glewlwyd.conf')], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      log = (log + chunk.toString()).slice(-20_000);
    });
  const stop = async () => {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    if (child.exitCode === null && child.kill()) await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await untilUp(child, base, () => log);
    await setUp(base, issuer, redirectPort);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    issuer,
    clientId: 'broker-evidence',
    redirectPort,
    signInOverHttp: (url) => drive(base, url),
    stop,
  };
}
