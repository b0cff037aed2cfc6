// Cline in VS Code: a file in the extension's own storage. https://docs.cline.bot/mcp/configuring-mcp-servers
import { COMMON_SHAPE, type Host, settingsFolder } from './host.ts';

export const cline: Host = {
  id: 'cline',
  title: 'Cline',
  format: 'json',
  shape: COMMON_SHAPE,
  places: (machine) => [
    {
      scope: 'user',
      file: `${settingsFolder(machine)}/Code/User/globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json`,
      path: ['mcpServers'],
    },
  ],
};
