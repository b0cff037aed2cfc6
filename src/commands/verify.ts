// broker verify: check evidence. The work is in evidence/verify.ts, loaded when the verb is typed.
import type { CommandDefinition } from './command.ts';
import { SPAN_OPTIONS } from './evidence-options.ts';

export const verify: CommandDefinition = {
  name: 'verify',
  group: 'evidence',
  summary: 'check that evidence is unaltered and complete',
  description: [
    'Reads every signed statement of the store, or of an exported FOLDER, with every blob and event it vouches for, and gives three verdicts that are never merged: INTEGRITY, COMPLETENESS and COVERAGE.',
    'The provider’s keys are fetched from the configured issuer; with --offline, or when it cannot be reached, keys archived in the store count only when two different people saw them.',
    'COVERAGE is checked against the log of a target: sessions call themselves `broker/SESSION` there (application_name).',
    'Exits 6 on anything but VALID and COMPLETE, and on UNCOVERED.',
  ],
  arguments: [
    {
      name: 'FOLDER',
      summary: 'an exported folder; the configured store when absent',
      required: false,
      completes: 'folder',
    },
  ],
  options: [
    ...SPAN_OPTIONS,
    {
      flags: '--checkpoint <file>',
      summary: 'what `broker export --checkpoint` kept outside the store: it must still agree',
      completes: 'file',
    },
    {
      flags: '--target-log <file>',
      summary: 'a target’s own log (PostgreSQL csvlog or jsonlog), to find sessions that are not here',
      completes: 'file',
    },
    {
      flags: '--tsa <file>',
      summary: 'certificates (PEM) of the time stamping authorities that count',
      completes: 'file',
    },
    {
      flags: '--deep',
      summary: 'every object of the store, also those that no statement of the span names',
    },
    { flags: '--offline', summary: 'do not ask the identity provider for its keys' },
  ],
  examples: [
    { command: 'broker verify', explains: 'check the whole store' },
    { command: 'broker verify --since 1d --json', explains: 'check the last day, for a program' },
    { command: 'broker verify ./evidence', explains: 'check an exported folder' },
    {
      command: 'broker verify --target-log postgresql.csv',
      explains: 'look for sessions that only the target saw',
    },
  ],
  run: async (context) => (await import('./evidence/verify.ts')).run(context),
};
