// Cursor: ~/.cursor/mcp.json and .cursor/mcp.json of the project. https://cursor.com/docs/context/mcp
import { COMMON_SHAPE, type Host } from './host.ts';

export const cursor: Host = {
  id: 'cursor',
  title: 'Cursor',
  format: 'json',
  shape: COMMON_SHAPE,
  places: ({ home, cwd }) => [
    { scope: 'user', file: `${home}/.cursor/mcp.json`, path: ['mcpServers'] },
    { scope: 'project', file: `${cwd}/.cursor/mcp.json`, path: ['mcpServers'] },
  ],
};
