// broker approvals deny: a person's no, with its reason. The work is in approvals/answer.ts.
import type { CommandDefinition } from './command.ts';

export const approvalsDeny: CommandDefinition = {
  name: 'approvals deny',
  group: 'sessions',
  summary: 'deny a request',
  description: ['Whoever asked is told the reason. Denying takes no new sign-in.'],
  arguments: [
    { name: 'REQUEST', summary: 'its id, or the start of it', required: true, completes: 'request' },
  ],
  options: [{ flags: '--reason <text>', summary: 'why, for the record and for whoever asked' }],
  examples: [
    {
      command: 'broker approvals deny 1jbx2k --reason "after the release"',
      explains: 'the statement fails with this reason',
    },
  ],
  run: async (context) => (await import('./approvals/answer.ts')).run(context, 'deny'),
};
