// broker report: control tests over evidence. The work is in evidence/report.ts.
import type { CommandDefinition } from './command.ts';
import { SPAN_OPTIONS } from './evidence-options.ts';

export const report: CommandDefinition = {
  name: 'report',
  group: 'evidence',
  summary: 'test a framework’s controls against all events',
  description: [
    'Reads and verifies the evidence of a span and runs one test for each control objective: satisfied, not satisfied, or not assessable, each with its reasons. Not assessable means that no data can show it: a person has to judge.',
    'The same results are written by `broker export --format oscal`. Exits 6 when the evidence is not VALID and COMPLETE.',
  ],
  arguments: [],
  options: [
    {
      flags: '--framework <name>',
      summary: 'which controls',
      default: 'nist-800-53',
      choices: ['nist-800-53'],
    },
    ...SPAN_OPTIONS,
    { flags: '--offline', summary: 'do not ask the identity provider for its keys' },
  ],
  examples: [
    { command: 'broker report --framework nist-800-53 --since 30d', explains: 'the last month' },
    { command: 'broker report --since 90d --json', explains: 'a quarter, for a program' },
  ],
  run: async (context) => (await import('./evidence/report.ts')).run(context),
};
