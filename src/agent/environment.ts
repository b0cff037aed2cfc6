// Which environment variables each of our processes may see. Must never pass a secret on to a process that does not need it.

export type Environment = Readonly<Record<string, string | undefined>>;

const PLAIN = new Set([
  'HOME',
  'PATH',
  'USER',
  'LOGNAME',
  'LANG',
  'LANGUAGE',
  'TZ',
  'TMPDIR',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'NODE_EXTRA_CA_CERTS',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
]);

/** Variables of the user's session the agent needs: folders, the keychain's bus, the store's own credentials. */
const AGENT_PREFIXES = ['LC_', 'XDG_', 'BROKER_', 'DBUS_', 'GNOME_KEYRING_', 'AWS_'];

/** Where a notification can be shown. */
const DESKTOP = new Set(['DISPLAY', 'WAYLAND_DISPLAY']);

/** What psql and friends would take from our environment and must take from the session instead. */
const CLIENT_PREFIXES = ['BROKER_', 'PG'];
const CLIENT_NAMES = new Set(['DATABASE_URL']);

function pick(environment: Environment, keep: (name: string) => boolean): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment))
    if (value !== undefined && keep(name)) kept[name] = value;
  return kept;
}

/** For the agent: no terminal, no editor, no shell state, nothing of the program that happened to start it, but what it is owed. */
export function agentEnvironment(
  environment: Environment,
  more: readonly string[] = [],
): Record<string, string> {
  return pick(
    environment,
    (name) =>
      PLAIN.has(name) ||
      DESKTOP.has(name) ||
      more.includes(name) ||
      AGENT_PREFIXES.some((prefix) => name.startsWith(prefix)),
  );
}

/** True where the person who started the agent sits at a desktop. */
export function hasDesktop(environment: Environment): boolean {
  return process.platform === 'darwin' || [...DESKTOP].some((name) => Boolean(environment[name]));
}

/** For a worker: enough to resolve names and verify certificates. Orders and credentials come over IPC only. */
export function workerEnvironment(environment: Environment): Record<string, string> {
  return pick(environment, (name) => PLAIN.has(name) || name.startsWith('LC_'));
}

/** For the program a person runs in a session: theirs, without ours and without another server's PG* variables. */
export function childEnvironment(environment: Environment): Record<string, string> {
  return pick(
    environment,
    (name) => !CLIENT_NAMES.has(name) && !CLIENT_PREFIXES.some((prefix) => name.startsWith(prefix)),
  );
}

/** The caller's settings the agent reads the configuration with. */
export function brokerSettings(environment: Environment): Record<string, string> {
  return pick(environment, (name) => name.startsWith('BROKER_'));
}
