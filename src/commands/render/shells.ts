// Shell → its completion script.
import type { CommandDefinition } from '../command.ts';
import { bashCompletion } from './bash.ts';
import { fishCompletion } from './fish.ts';
import { zshCompletion } from './zsh.ts';

const SCRIPTS = { bash: bashCompletion, fish: fishCompletion, zsh: zshCompletion };

/** File name in completions/ and in a package. */
export const SCRIPT_FILES = { bash: 'broker.bash', fish: 'broker.fish', zsh: '_broker' } as const;

export function completionScript(
  shell: keyof typeof SCRIPTS,
  commands: readonly CommandDefinition[],
): string {
  return SCRIPTS[shell](commands);
}
