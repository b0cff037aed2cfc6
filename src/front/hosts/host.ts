// What a row of the hosts shelf is: where an MCP host keeps its servers, and how it words one. Facts only; must never read a file.

/** Which of a host's files: the person's own, the project's, or the person's for one project. */
export type Scope = 'user' | 'project' | 'local';

export interface Machine {
  readonly home: string;
  readonly cwd: string;
  readonly platform: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export interface Place {
  readonly scope: Scope;
  readonly file: string;
  /** Keys that lead to the servers. */
  readonly path: readonly string[];
}

/** How an entry says what is started. */
export interface Shape {
  readonly command: string;
  /** Absent where `command` is the whole list of words. */
  readonly args?: string;
  readonly env: string;
  /** Keys under which a remote server's address may stand. */
  readonly urls: readonly string[];
  /** Keys that say how to speak to a remote server, which broker does itself. */
  readonly remoteOnly: readonly string[];
  /** What `type` says of a server that is started; absent where hosts need no `type`. */
  readonly local?: string;
  /** Members that a new entry has besides. */
  readonly extra?: Readonly<Record<string, string | boolean>>;
  /** Entries are items of a list, each with a `name`. */
  readonly listed?: true;
}

export interface Host {
  readonly id: string;
  readonly title: string;
  readonly format: 'json' | 'yaml' | 'toml';
  readonly shape: Shape;
  places(machine: Machine): readonly Place[];
}

/** What most hosts have in common. */
export const COMMON_SHAPE: Shape = {
  command: 'command',
  args: 'args',
  env: 'env',
  urls: ['url', 'httpUrl', 'serverUrl'],
  remoteOnly: ['headers', 'http_headers', 'env_http_headers', 'bearer_token_env_var'],
  local: 'stdio',
};

/** The folder that programs keep their settings in: XDG, Application Support, AppData. */
export function settingsFolder({ home, platform, environment }: Machine): string {
  if (platform === 'darwin') return `${home}/Library/Application Support`;
  if (platform === 'win32') return environment['APPDATA'] ?? `${home}/AppData/Roaming`;
  const chosen = environment['XDG_CONFIG_HOME'];
  return chosen?.startsWith('/') ? chosen : `${home}/.config`;
}
