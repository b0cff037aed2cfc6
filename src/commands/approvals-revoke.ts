// broker approvals revoke: takes back what was approved for longer than one statement. The work is in approvals/answer.ts.
import type { CommandDefinition } from './command.ts';

export const approvalsRevoke: CommandDefinition = {
  name: 'approvals revoke',
  group: 'sessions',
  summary: 'take an approval back',
  description: [
    'Ends a window, or an approval for a whole session, at once: live sessions that stand on it are closed. What has run has run.',
  ],
  arguments: [
    { name: 'REQUEST', summary: 'its id, or the start of it', required: true, completes: 'request' },
  ],
  options: [{ flags: '--reason <text>', summary: 'why, for the record and for whoever asked' }],
  examples: [
    {
      command: 'broker approvals revoke 1jbx2k --reason "the incident is over"',
      explains: 'its sessions end now',
    },
  ],
  run: async (context) => (await import('./approvals/answer.ts')).run(context, 'revoke'),
};
