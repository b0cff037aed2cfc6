// Claude Code: user and local servers in ~/.claude.json, the project's in .mcp.json. https://code.claude.com/docs/en/mcp
import { COMMON_SHAPE, type Host } from './host.ts';

export const claudeCode: Host = {
  id: 'claude-code',
  title: 'Claude Code',
  format: 'json',
  shape: COMMON_SHAPE,
  places: ({ home, cwd, environment }) => {
    const file = `${environment['CLAUDE_CONFIG_DIR'] || home}/.claude.json`;
    return [
      { scope: 'user', file, path: ['mcpServers'] },
      { scope: 'project', file: `${cwd}/.mcp.json`, path: ['mcpServers'] },
      { scope: 'local', file, path: ['projects', cwd, 'mcpServers'] },
    ];
  },
};
