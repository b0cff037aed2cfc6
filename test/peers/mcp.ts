// Foreign MCP servers and clients.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { installed } from './registry.ts';

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

export interface McpPeers {
  /** Where they are installed. */
  readonly folder: string;
  /** Arguments for node that start a server. */
  server(name: keyof typeof PACKAGES): string;
  /** Imports one of the packages' modules. */
  load<T>(specifier: string): Promise<T>;
}

/** Wants Node 22, which the registry has as a package. */
const INSPECTOR = { '@modelcontextprotocol/inspector': '2.12.0', node: '22.23.3' } as const;

/** What starts the inspector's command line. */
export async function inspectorCli(): Promise<readonly [string, ...string[]]> {
  const modules = join(await installed('mcp-inspector', INSPECTOR, { scripts: true }), 'node_modules');
  const launcher = join(
    modules,
    '@modelcontextprotocol',
    'inspector',
    'clients',
    'launcher',
    'build',
    'index.js',
  );
  return [join(modules, '.bin', 'node'), launcher, '--cli'];
}

/** Takes as long as the registry does the first time: give the hook that calls it five minutes. */
export async function mcpPeers(): Promise<McpPeers> {
  const folder = await installed('mcp-peers', PACKAGES);
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
