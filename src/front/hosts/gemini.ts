// Gemini CLI: settings.json of the person and of the project. https://github.com/google-gemini/gemini-cli/blob/main/docs/tools/mcp-server.md
import { COMMON_SHAPE, type Host } from './host.ts';

export const gemini: Host = {
  id: 'gemini',
  title: 'Gemini CLI',
  format: 'json',
  shape: COMMON_SHAPE,
  places: ({ home, cwd, environment }) => [
    {
      scope: 'user',
      file: `${environment['GEMINI_CLI_HOME'] || home}/.gemini/settings.json`,
      path: ['mcpServers'],
    },
    { scope: 'project', file: `${cwd}/.gemini/settings.json`, path: ['mcpServers'] },
  ],
};
