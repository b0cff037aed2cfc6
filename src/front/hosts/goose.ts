// Goose: `extensions` in config.yaml, with words of its own for the same things. https://block.github.io/goose/docs/guides/config-files
import { type Host, type Machine, settingsFolder } from './host.ts';

/** On macOS too its settings are below ~/.config. */
function folder(machine: Machine): string {
  if (machine.platform === 'win32') return `${settingsFolder(machine)}/Block/goose/config`;
  return machine.platform === 'darwin' ? `${machine.home}/.config/goose` : `${settingsFolder(machine)}/goose`;
}

export const goose: Host = {
  id: 'goose',
  title: 'Goose',
  format: 'yaml',
  shape: {
    command: 'cmd',
    args: 'args',
    env: 'envs',
    urls: ['uri'],
    remoteOnly: ['headers', 'env_keys'],
    local: 'stdio',
    extra: { type: 'stdio', enabled: true },
  },
  places: (machine) => [{ scope: 'user', file: `${folder(machine)}/config.yaml`, path: ['extensions'] }],
};
