// Completion for fish, with summaries. Connection and session names are asked of broker itself.
import type { CommandDefinition, CompletionKind } from '../command.ts';
import { type Flag, firstWords, secondWords, type Verb, verbs } from './tree.ts';

const quote = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

const NAMES: Readonly<Record<CompletionKind, string>> = {
  connection: '(broker complete connections 2>/dev/null)',
  session: '(broker complete sessions 2>/dev/null)',
  request: '(broker complete requests 2>/dev/null)',
  file: '',
  folder: '(__fish_complete_directories)',
  none: '',
};

function condition(verb: Verb): string {
  return quote(verb.words.map((word) => `__fish_seen_subcommand_from ${word}`).join('; and '));
}

function value({ takesValue, choices, completes }: Flag): string {
  if (!takesValue) return '';
  if (choices.length > 0) return ` -x -a ${quote(choices.join(' '))}`;
  if (completes === 'file') return ' -r -F';
  return NAMES[completes] ? ` -x -a ${quote(NAMES[completes])}` : ' -x';
}

function flag(verb: Verb, row: Flag): string {
  const names = row.names.map((name) =>
    name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`,
  );
  return `complete -c broker -n ${condition(verb)} ${names.join(' ')}${value(row)} -d ${quote(row.summary)}`;
}

function operand(verb: Verb): string[] {
  const words = verb.choices.length > 0 ? verb.choices.join(' ') : NAMES[verb.completes];
  if (verb.completes === 'file') return [`complete -c broker -n ${condition(verb)} -F`];
  return words ? [`complete -c broker -n ${condition(verb)} -a ${quote(words)}`] : [];
}

export function fishCompletion(commands: readonly CommandDefinition[]): string {
  const all = verbs(commands);
  const first = firstWords(all);
  const rows = first.map(
    ({ word, summary }) => `complete -c broker -n __fish_use_subcommand -a ${word} -d ${quote(summary)}`,
  );
  const second = first.flatMap(({ word }) => {
    const words = secondWords(all, word);
    const none = words.map((each) => each.word).join(' ');
    const seen = `__fish_seen_subcommand_from ${word}; and not __fish_seen_subcommand_from ${none}`;
    return words.map(
      (each) => `complete -c broker -n ${quote(seen)} -a ${each.word} -d ${quote(each.summary)}`,
    );
  });
  const rest = all.flatMap((verb) => [...verb.flags.map((row) => flag(verb, row)), ...operand(verb)]);
  return `# fish completion for broker; made by \`npm run generate\`.\ncomplete -c broker -f\n${[...rows, ...second, ...rest].join('\n')}\n`;
}
