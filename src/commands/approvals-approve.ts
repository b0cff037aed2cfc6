// broker approvals approve: a person's yes, signed after a fresh sign-in. The work is in approvals/answer.ts.
import type { CommandDefinition } from './command.ts';

export const approvalsApprove: CommandDefinition = {
  name: 'approvals approve',
  group: 'sessions',
  summary: 'approve a request',
  description: [
    'Shows the request whole and asks. Then you sign in again: that sign-in commits to this answer and to nothing else. Where the policy says @strength("session-key"), the sign-in you have is enough.',
    'A script has to name what it read: --yes works only together with --digest.',
  ],
  arguments: [
    { name: 'REQUEST', summary: 'its id, or the start of it', required: true, completes: 'request' },
  ],
  options: [
    { flags: '--reason <text>', summary: 'a word for the record' },
    { flags: '--yes', summary: 'do not ask; needs --digest' },
    { flags: '--digest <hex>', summary: 'only if the request has this digest, as `show` prints it' },
    { flags: '--no-browser', summary: 'print the address instead of opening it' },
    { flags: '--device', summary: 'sign in on another device with a code' },
  ],
  examples: [
    { command: 'broker approvals approve 1jbx2k', explains: 'read it, say yes, sign in' },
    { command: 'broker approvals approve 1jbx2k --no-browser', explains: 'the same over ssh' },
  ],
  run: async (context) => (await import('./approvals/answer.ts')).run(context, 'approve'),
};
