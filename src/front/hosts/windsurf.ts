// Windsurf: one file for the person; remote servers have `serverUrl`. https://docs.windsurf.com/windsurf/cascade/mcp
import { COMMON_SHAPE, type Host } from './host.ts';

export const windsurf: Host = {
  id: 'windsurf',
  title: 'Windsurf',
  format: 'json',
  shape: COMMON_SHAPE,
  places: ({ home }) => [
    { scope: 'user', file: `${home}/.codeium/windsurf/mcp_config.json`, path: ['mcpServers'] },
  ],
};
