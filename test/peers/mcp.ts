// Foreign MCP servers and clients, installed once from the registry into a cache of their own: none of them is a dependency of broker.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

/** Package → version. */
const PACKAGES = {
  '@modelcontextprotocol/sdk': '1.32.2',
  '@modelcontextprotocol/client': '2.4.0',
  '@modelcontextprotocol/server': '2.4.0',
  '@modelcontextprotocol/server-everything': '2026.8.31',
  '@modelcontextprotocol/server-filesystem': '2026.8.31',
  '@modelcontextprotocol/server-memory': '2026.8.31',
  '@modelcontextprotocol/server-postgres': '0.6.2',
  '@bytebase/dbhub': '1.4.0',
} as const;

const CACHE = new URL('../../node_modules/.cache', import.meta.url).pathname;

export interface McpPeers {
  /** Where they are installed. */
  readonly folder: string;
  /** Arguments for node that start a server. */
  server(name: keyof typeof PACKAGES): string;
  /** Imports one of the packages' modules. */
  load<T>(specifier: string): Promise<T>;
}

async function install(folder: string): Promise<void> {
  const draft = `${folder}.${process.pid}`;
  mkdirSync(draft, { recursive: true });
  writeFileSync(join(draft, 'package.json'), JSON.stringify({ private: true, dependencies: PACKAGES }));
  const args = ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];
  await promisify(execFile)('npm', args, { cwd: draft, timeout: 280_000 });
  try {
    renameSync(draft, folder);
  } catch (error) {
    // Another test file was faster.
    if (!existsSync(folder)) throw error;
    rmSync(draft, { recursive: true, force: true });
  }
}

/** Takes as long as the registry does the first time: give the hook that calls it five minutes. */
export async function mcpPeers(): Promise<McpPeers> {
  const key = Object.entries(PACKAGES)
    .map(([name, version]) => `${name.replace(/\W+/g, '')}${version}`)
    .join('-');
  const folder = join(CACHE, `mcp-peers-${Buffer.from(key).toString('base64url').slice(-24)}`);
  if (!existsSync(folder)) await install(folder);
  const require = createRequire(join(folder, 'package.json'));
  return {
    folder,
    server: (name) => {
      const manifest = join(folder, 'node_modules', name, 'package.json');
      const { bin } = require(manifest) as { bin: string | Record<string, string> };
      const file = typeof bin === 'string' ? bin : (Object.values(bin)[0] ?? '');
      return join(folder, 'node_modules', name, file);
    },
    load: async (specifier) => (await import(pathToFileURL(require.resolve(specifier)).href)) as never,
  };
}
