// Codex CLI: tables below `mcp_servers` in config.toml; a project's file counts once it is trusted. https://developers.openai.com/codex/mcp
import { COMMON_SHAPE, type Host } from './host.ts';

const { local: _, ...shape } = COMMON_SHAPE;

export const codex: Host = {
  id: 'codex',
  title: 'Codex CLI',
  format: 'toml',
  shape,
  places: ({ home, cwd, environment }) => [
    {
      scope: 'user',
      file: `${environment['CODEX_HOME'] || `${home}/.codex`}/config.toml`,
      path: ['mcp_servers'],
    },
    { scope: 'project', file: `${cwd}/.codex/config.toml`, path: ['mcp_servers'] },
  ],
};
