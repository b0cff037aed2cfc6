// Claude Desktop: one file for the person. https://modelcontextprotocol.io/docs/develop/connect-local-servers
import { COMMON_SHAPE, type Host, settingsFolder } from './host.ts';

export const claudeDesktop: Host = {
  id: 'claude-desktop',
  title: 'Claude Desktop',
  format: 'json',
  shape: COMMON_SHAPE,
  places: (machine) => [
    {
      scope: 'user',
      file: `${settingsFolder(machine)}/Claude/claude_desktop_config.json`,
      path: ['mcpServers'],
    },
  ],
};
