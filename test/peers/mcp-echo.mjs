// The smallest MCP server there can be, for benchmarks: what is measured is what stands in front of it.
import { createInterface } from 'node:readline';

const WORDS = 'The quick brown fox jumps over the lazy dog and says nothing of it. ';

createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params } = JSON.parse(line);
  if (id === undefined) return;
  const result =
    method === 'initialize'
      ? {
          protocolVersion: params.protocolVersion,
          capabilities: { tools: {} },
          serverInfo: { name: 'echo', version: '1' },
        }
      : method === 'tools/list'
        ? { tools: [{ name: 'echo', description: 'says something', inputSchema: { type: 'object' } }] }
        : {
            content: [
              {
                type: 'text',
                text:
                  WORDS.repeat(Math.ceil(params.arguments.size / WORDS.length)).slice(
                    0,
                    params.arguments.size,
                  ) + (params.arguments.beside ?? ''),
              },
            ],
          };
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, result })}\n`);
});
