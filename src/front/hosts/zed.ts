// Zed: `context_servers` in settings.json, which has comments and trailing commas. https://zed.dev/docs/ai/mcp
import { COMMON_SHAPE, type Host, type Machine, settingsFolder } from './host.ts';

/** On macOS too its settings are below ~/.config. */
function folder(machine: Machine): string {
  if (machine.platform === 'darwin') return `${machine.home}/.config/zed`;
  return `${settingsFolder(machine)}/${machine.platform === 'win32' ? 'Zed' : 'zed'}`;
}

export const zed: Host = {
  id: 'zed',
  title: 'Zed',
  format: 'json',
  shape: COMMON_SHAPE,
  places: (machine) => [
    { scope: 'user', file: `${folder(machine)}/settings.json`, path: ['context_servers'] },
    { scope: 'project', file: `${machine.cwd}/.zed/settings.json`, path: ['context_servers'] },
  ],
};
