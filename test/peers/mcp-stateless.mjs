// A server of the stateless era, on the official library of version 2. Its folder is given as the argument.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const require = createRequire(join(process.argv[2] ?? '', 'package.json'));
const load = (name) => import(pathToFileURL(require.resolve(name)).href);
const { McpServer, fromJsonSchema } = await load('@modelcontextprotocol/server');
const { serveStdio } = await load('@modelcontextprotocol/server/stdio');

const text = { type: 'object', properties: { message: { type: 'string' } }, required: ['message'] };

function make() {
  const server = new McpServer({ name: 'stateless', version: '1' });
  const echo = async ({ message }) => ({ content: [{ type: 'text', text: message }] });
  server.registerTool('echo', { description: 'says it again', inputSchema: fromJsonSchema(text) }, echo);
  // Policy keeps this one from the bot.
  server.registerTool('get-sum', { description: 'adds', inputSchema: fromJsonSchema(text) }, echo);
  return server;
}

await serveStdio(make);
