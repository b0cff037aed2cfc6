// Options that commands about evidence share. Loads nothing: help reads this file.
import type { OptionDefinition } from './command.ts';

export const SPAN_OPTIONS: readonly OptionDefinition[] = [
  { flags: '--since <time>', summary: 'from then on: 30d, 2h, 2026-01-31, or RFC 3339' },
  { flags: '--until <time>', summary: 'up to then' },
];

export const FILTER_OPTIONS: readonly OptionDefinition[] = [
  ...SPAN_OPTIONS,
  { flags: '--user <subject>', summary: 'only sessions of this person (the provider’s subject)' },
  { flags: '--connection <name>', summary: 'only sessions on this connection', completes: 'connection' },
  {
    flags: '--decision <outcome>',
    summary: 'only sessions with such a decision',
    choices: ['allow', 'ask', 'deny'],
  },
];
