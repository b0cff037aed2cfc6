// OpenCode: `mcp` in opencode.json or opencode.jsonc; the command is one list. https://opencode.ai/docs/mcp-servers
import { type Host, type Place, settingsFolder } from './host.ts';

export const opencode: Host = {
  id: 'opencode',
  title: 'OpenCode',
  format: 'json',
  shape: {
    command: 'command',
    env: 'environment',
    urls: ['url'],
    remoteOnly: ['headers', 'oauth'],
    local: 'local',
    extra: { type: 'local', enabled: true },
  },
  places: (machine) => {
    // Also on macOS its settings are below ~/.config, and on Windows below the home.
    const base = settingsFolder({ ...machine, platform: 'linux' });
    const files = (scope: Place['scope'], folder: string): Place[] =>
      ['opencode.json', 'opencode.jsonc'].map((name) => ({
        scope,
        file: `${folder}/${name}`,
        path: ['mcp'],
      }));
    return [...files('user', `${base}/opencode`), ...files('project', machine.cwd)];
  },
};
