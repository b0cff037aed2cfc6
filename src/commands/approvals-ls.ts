// broker approvals ls: what waits for an answer. The work is in approvals/list.ts.
import type { CommandDefinition } from './command.ts';

export const approvalsLs: CommandDefinition = {
  name: 'approvals ls',
  group: 'sessions',
  summary: 'list requests for approval',
  description: [
    'Lists what waits for an answer, the oldest first. A request whose signature does not hold is listed as NOT GENUINE and cannot be answered.',
  ],
  arguments: [],
  options: [
    { flags: '--all', summary: 'also what is answered or over' },
    { flags: '--connection <name>', summary: 'only requests on this connection', completes: 'connection' },
    { flags: '--since <time>', summary: 'asked from then on: 30d, 2h, 2026-01-31; two days unless told' },
  ],
  examples: [
    { command: 'broker approvals ls', explains: 'what waits now' },
    { command: 'broker approvals ls --all --since 7d', explains: 'everything of a week' },
    { command: 'broker approvals ls --json', explains: 'one JSON object per line' },
  ],
  run: async (context) => (await import('./approvals/list.ts')).run(context),
};
