// What a remote MCP server wants of somebody who has not signed in there: it is greeted as a host would, and listened to.
import type { Web } from '../identity/remote/index.ts';
import { bearerChallenge } from '../protocols/mcp/index.ts';

/** As a server is asked by somebody who is not signed in: it says then what it wants. */
const HELLO = JSON.stringify({
  jsonrpc: '2.0',
  id: 'broker-hello',
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'broker', version: '0' } },
});

export async function whatItWants(asking: Web, server: URL, signal: AbortSignal) {
  const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
  const answered = await asking.ask(server.href, { method: 'POST', body: HELLO, headers, signal });
  const challenge = bearerChallenge(answered.headers.get('www-authenticate') ?? undefined);
  return { open: answered.status !== 401 && answered.status !== 403, challenge };
}
