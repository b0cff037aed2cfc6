// Continue: a list `mcpServers` in config.yaml, each item with its name. https://docs.continue.dev/customize/deep-dives/mcp
import { COMMON_SHAPE, type Host } from './host.ts';

export const continueDev: Host = {
  id: 'continue',
  title: 'Continue',
  format: 'yaml',
  shape: {
    ...COMMON_SHAPE,
    remoteOnly: [...COMMON_SHAPE.remoteOnly, 'requestOptions', 'apiKey'],
    listed: true,
  },
  places: ({ home, environment }) => [
    {
      scope: 'user',
      file: `${environment['CONTINUE_GLOBAL_DIR'] || `${home}/.continue`}/config.yaml`,
      path: ['mcpServers'],
    },
  ],
};
