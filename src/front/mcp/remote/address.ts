// Where the remote MCP server of a connection is: as the configuration says, or as the command does. Must never accept one that sends tokens in
// the open.
import { loadConfig } from '../../../config/load.ts';
import { BrokerError } from '../../../model/errors.ts';
import type { FrontContext } from '../../compose.ts';

const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', 'localhost', '[::1]']);

function checked(given: string): URL {
  const url = URL.canParse(given) ? new URL(given) : undefined;
  const loopback = url !== undefined && LOOPBACK.has(url.hostname);
  const bare = url?.username === '' && url.password === '';
  if (url && bare && (url.protocol === 'https:' || (url.protocol === 'http:' && loopback))) {
    url.hash = '';
    return url;
  }
  const reason = '--url must be an https:// address without a password (http:// only on loopback)';
  throw new BrokerError('usage', { reason, command: 'mcp' });
}

/** Undefined when the server is not a remote one. Throws `usage`; whether the connection exists is for the agent to say. */
export async function remoteUrl(
  context: FrontContext & { readonly options: Readonly<Record<string, unknown>> },
  connection: string,
): Promise<URL | undefined> {
  const given = context.options['url'];
  if (typeof given === 'string') return checked(given);
  // Without a readable configuration the first call says what is wrong with it, where the host can show it.
  const { config } = await loadConfig(context).catch(() => ({ config: undefined }));
  const known = config?.connections.get(connection)?.url;
  return known === undefined ? undefined : new URL(known);
}
