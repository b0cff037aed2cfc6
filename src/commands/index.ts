// The command table: one import and one row per verb. Help, man pages, completions and parsing all read it.
import type { CommandDefinition } from './command.ts';

export const COMMANDS: readonly CommandDefinition[] = [];
