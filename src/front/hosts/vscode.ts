// VS Code: mcp.json in the profile and in .vscode/; `inputs` stay where they are. https://code.visualstudio.com/docs/copilot/reference/mcp-configuration
import { COMMON_SHAPE, type Host, settingsFolder } from './host.ts';

export const vscode: Host = {
  id: 'vscode',
  title: 'VS Code',
  format: 'json',
  shape: COMMON_SHAPE,
  places: (machine) => [
    { scope: 'user', file: `${settingsFolder(machine)}/Code/User/mcp.json`, path: ['servers'] },
    { scope: 'project', file: `${machine.cwd}/.vscode/mcp.json`, path: ['servers'] },
  ],
};
