// Options that commands about evidence share. Loads nothing: help reads this file.
import type { OptionDefinition } from './command.ts';

export const SPAN_OPTIONS: readonly OptionDefinition[] = [
  { flags: '--since <time>', summary: 'from then on: 30d, 2h, 2026-01-31, or RFC 3339' },
  { flags: '--until <time>', summary: 'up to then' },
];

/** What the signed summary of a session can answer. */
export const FILTER_OPTIONS: readonly OptionDefinition[] = [
  ...SPAN_OPTIONS,
  { flags: '--user <subject>', summary: 'only sessions of this person (the provider’s subject)' },
  { flags: '--bot <name>', summary: 'only sessions of this bot' },
  { flags: '--connection <name>', summary: 'only sessions on this connection', completes: 'connection' },
  {
    flags: '--decision <outcome>',
    summary: 'only sessions with such a decision',
    choices: ['allow', 'ask', 'deny'],
  },
];

/** What only the events of a session can answer. */
export const CONTENT_OPTIONS: readonly OptionDefinition[] = [
  { flags: '--rule <policy>', summary: 'only sessions in which this policy decided' },
  { flags: '--model <name>', summary: 'only sessions in which this model was claimed' },
  {
    flags: '--data-type <type>',
    summary: 'only sessions whose answers held it: a data type or schema.table.column',
  },
  { flags: '--text <text>', summary: 'only sessions with a statement that contains it' },
];
