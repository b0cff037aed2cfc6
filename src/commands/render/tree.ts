// The command table as completion scripts need it: words at each level, options of each verb. Pure.
import { COMMON_OPTIONS, type CommandDefinition, type CompletionKind } from '../command.ts';
import { PARENTS } from '../program.ts';

export interface Flag {
  /** `--since` or `-o`. */
  readonly names: readonly string[];
  readonly summary: string;
  readonly takesValue: boolean;
  readonly choices: readonly string[];
  readonly completes: CompletionKind;
}

export interface Verb {
  /** Words after `broker`. */
  readonly words: readonly string[];
  readonly summary: string;
  readonly flags: readonly Flag[];
  readonly choices: readonly string[];
  readonly completes: CompletionKind;
}

function toFlag({ flags, summary, choices, completes }: CommandDefinition['options'][number]): Flag {
  const names = flags.split(/[ ,|]+/).filter((word) => word.startsWith('-'));
  const takesValue = /[<[]/.test(flags);
  return { names, summary, takesValue, choices: choices ?? [], completes: completes ?? 'none' };
}

const COMMON: readonly Flag[] = [...COMMON_OPTIONS, { flags: '--help', summary: 'show help' }].map(toFlag);

export function verbs(commands: readonly CommandDefinition[]): readonly Verb[] {
  return commands
    .filter(({ hidden }) => !hidden)
    .map((command) => ({
      words: command.name.split(' '),
      summary: command.summary,
      flags: [...command.options.map(toFlag), ...COMMON],
      choices: command.arguments[0]?.choices ?? [],
      completes: command.arguments[0]?.completes ?? 'none',
    }));
}

export interface Word {
  readonly word: string;
  readonly summary: string;
}

/** What can follow `broker`. */
export function firstWords(all: readonly Verb[]): readonly Word[] {
  const single = all
    .filter(({ words }) => words.length === 1)
    .map(({ words, summary }) => ({ word: words[0] ?? '', summary }));
  const alone = new Set(single.map(({ word }) => word));
  const parents = [
    ...new Set(all.filter(({ words }) => words.length > 1).map(({ words }) => words[0] ?? '')),
  ].filter((word) => !alone.has(word));
  const held = parents.map((word) => ({ word, summary: PARENTS[word]?.summary ?? '' }));
  return [...single, ...held].sort((a, b) => (a.word < b.word ? -1 : 1));
}

/** The verb that is only `word`, where other verbs are below it too: `broker mcp NAME`, `broker mcp ls`. */
export function verbItself(all: readonly Verb[], word: string): Verb | undefined {
  return all.find(({ words }) => words.length === 1 && words[0] === word);
}

/** What can follow `broker WORD`. */
export function secondWords(all: readonly Verb[], first: string): readonly Word[] {
  return all
    .filter(({ words }) => words[0] === first && words.length === 2)
    .map(({ words, summary }) => ({ word: words[1] ?? '', summary }));
}
