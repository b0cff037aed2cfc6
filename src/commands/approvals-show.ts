// broker approvals show: one request, whole.
import { EXIT } from '../model/errors.ts';
import type { CommandDefinition } from './command.ts';

export const approvalsShow: CommandDefinition = {
  name: 'approvals show',
  group: 'sessions',
  summary: 'show everything about a request',
  description: [
    'Prints who asks, on whose behalf, for what and why, every answer and every answer that did not count, and the whole statement with line numbers. Characters that would not show are written as codes, and counted.',
  ],
  arguments: [
    { name: 'REQUEST', summary: 'its id, or the start of it', required: true, completes: 'request' },
  ],
  options: [],
  examples: [
    { command: 'broker approvals show 1jbx2k', explains: 'to read it before answering' },
    { command: 'broker approvals show 1jbx2k --json | jq -r .digest', explains: 'what --digest takes' },
  ],
  run: async (context) => {
    const { openAgent } = await import('../front/compose.ts');
    const { findApproval } = await import('../front/approvals.ts');
    const { requestPage } = await import('../screens/approvals/page.ts');
    const { visibleJson } = await import('../lib/visible.ts');
    const [id = ''] = context.args;
    const row = await findApproval(await openAgent(context), context, id);
    const { stdout, json, clock } = context;
    stdout.write(json ? `${visibleJson(row)}\n` : requestPage(row, clock.now(), stdout.columns || undefined));
    return EXIT.done;
  },
};
