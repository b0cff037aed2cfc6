// A remote MCP server as a worker knows it: the calls pass the front, so there is nothing to reach and nothing to listen on from here.
import type { Catalogue } from '../../model/catalogue.ts';
import type { OpenOptions, Protocol, Target } from '../protocol.ts';

/** Nothing can be named in SQL where there is no SQL. */
const NOTHING: Catalogue = {
  version: 1,
  serverVersion: 0,
  searchPath: [],
  relations: new Map(),
  relationByName: new Map(),
  functionsByName: new Map(),
  types: new Map(),
};

function targetOf({ credential }: OpenOptions): Target {
  return {
    serverVersion: 'not asked',
    account: credential.user,
    database: '',
    loadCatalogue: async () => NOTHING,
    serve: async ({ secret }) => ({
      endpoint: { host: '127.0.0.1', port: 0, user: credential.user, database: '', secret },
      close: async () => undefined,
    }),
    close: async () => undefined,
  };
}

export const mcp: Protocol = {
  id: 'mcp',
  clients: ['mcp', 'test'],
  open: async (options) => targetOf(options),
};
