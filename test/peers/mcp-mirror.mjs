// An MCP server of both eras that writes down each call as it reached it, byte for byte, and answers with what it got. Its file is the argument.
import { appendFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const [, , file] = process.argv;
let description = 'acts';

const tool = (name, about) => ({ name, description: about, inputSchema: { type: 'object' } });
const say = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);

function called({ name, arguments: given = {}, requestState }) {
  if (name === 'become') {
    description = String(given.description);
    say({ method: 'notifications/tools/list_changed' });
  }
  if (name === 'rounds' && requestState === undefined)
    return { resultType: 'input_required', requestState: given.state };
  const content = [{ type: 'text', text: JSON.stringify(given) }];
  return { resultType: 'complete', content };
}

const ANSWERS = {
  initialize: ({ protocolVersion }) => ({
    protocolVersion,
    capabilities: { tools: { listChanged: true } },
    serverInfo: { name: 'mirror', version: '1' },
  }),
  'server/discover': () => ({
    resultType: 'complete',
    supportedVersions: ['2026-07-28'],
    capabilities: { tools: { listChanged: true } },
    serverInfo: { name: 'mirror', version: '1' },
    ttlMs: 0,
    cacheScope: 'private',
  }),
  'tools/list': () => ({
    resultType: 'complete',
    tools: [tool('act', description), tool('rounds', 'asks twice'), tool('become', 'changes')],
    ttlMs: 0,
    cacheScope: 'private',
  }),
  'tools/call': called,
};

createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params } = JSON.parse(line);
  if (method === 'tools/call') appendFileSync(file, `${line}\n`);
  if (id !== undefined) say({ id, result: ANSWERS[method]?.(params) ?? {} });
});
