// broker request: asks for a window in which sessions may be opened. The work is in approvals/window.ts.
import type { CommandDefinition } from './command.ts';

export const request: CommandDefinition = {
  name: 'request',
  group: 'sessions',
  summary: 'ask for a time in which you may open sessions',
  description: [
    'Puts a request before the people who may approve it and waits for their answer; Ctrl-C withdraws it. The window begins with the approval. When it ends, or is revoked, sessions that stand on it end too.',
    'The exit code is 0 when it was approved, 3 when it was denied, 5 when nobody answered in time, and with --no-wait 8.',
  ],
  arguments: [{ name: 'NAME', summary: 'the connection', required: true, completes: 'connection' }],
  options: [
    { flags: '--for <time>', summary: 'how long, from 1m to 24h', default: '30m' },
    { flags: '--reason <text>', summary: 'why; the people who approve read it' },
    { flags: '--no-wait', summary: 'print the request’s id and do not wait' },
  ],
  examples: [
    {
      command: 'broker request prod-db --for 30m --reason "ticket 4711: stuck order"',
      explains: 'waits until somebody answers',
    },
    {
      command: 'broker request prod-db --for 2h --reason "migration" --no-wait',
      explains: 'prints the id; see `broker approvals show`',
    },
  ],
  run: async (context) => (await import('./approvals/window.ts')).run(context),
};
