// Completion for zsh, with summaries. Connection and session names are asked of broker itself.
import type { CommandDefinition, CompletionKind } from '../command.ts';
import { type Flag, firstWords, secondWords, type Verb, verbItself, verbs } from './tree.ts';

/** Text inside a single-quoted _arguments or _describe specification. */
const spec = (text: string) =>
  text.replaceAll("'", "'\\''").replaceAll(':', '\\:').replaceAll('[', '\\[').replaceAll(']', '\\]');

const ACTIONS: Readonly<Record<CompletionKind, string>> = {
  connection: '_broker_connections',
  session: '_broker_sessions',
  request: '_broker_requests',
  file: '_files',
  folder: '_files -/',
  none: ' ',
};

function action(kind: CompletionKind, choices: readonly string[]): string {
  return choices.length > 0 ? `(${choices.map(spec).join(' ')})` : ACTIONS[kind];
}

function flag({ names, summary, takesValue, choices, completes }: Flag): string[] {
  const value = takesValue ? `:value:${action(completes, choices)}` : '';
  return names.map((name) => `'${name}[${spec(summary)}]${value}'`);
}

function verbCase(verb: Verb): string {
  const argument = `'*:argument:${action(verb.completes, verb.choices)}'`;
  const rows = [...verb.flags.flatMap(flag), argument].map((row) => `        ${row}`);
  return `    '${verb.words.join(' ')}')\n      _arguments \\\n${rows.join(' \\\n')} ;;`;
}

const described = (words: readonly { word: string; summary: string }[]) =>
  words.map(({ word, summary }) => `'${word}:${spec(summary)}'`).join(' ');

export function zshCompletion(commands: readonly CommandDefinition[]): string {
  const all = verbs(commands);
  const parents = [
    ...new Set(all.filter(({ words }) => words.length > 1).map(({ words }) => words[0] ?? '')),
  ];
  const second = parents.map((parent) => {
    const names = ACTIONS[verbItself(all, parent)?.completes ?? 'none'];
    const also = names.startsWith('_broker') ? `; names=${names}` : '';
    return `    ${parent}) list=(${described(secondWords(all, parent))})${also} ;;`;
  });
  return `#compdef broker
# zsh completion for broker; made by \`npm run generate\`.
_broker_connections() { local -a names; names=(\${(f)"$(broker complete connections 2>/dev/null)"}); compadd -a names }
_broker_sessions() { local -a names; names=(\${(f)"$(broker complete sessions 2>/dev/null)"}); compadd -a names }
_broker_requests() { local -a names; names=(\${(f)"$(broker complete requests 2>/dev/null)"}); compadd -a names }

_broker() {
  local -a list
  local names=''
  local verb="\${words[2]}"
  if (( CURRENT == 2 )); then
    list=(${described(firstWords(all))})
    _describe 'command' list
    return
  fi
  case "$verb" in
${second.join('\n')}
  esac
  if (( CURRENT == 3 && \${#list} )); then
    _describe 'command' list
    [[ -n "$names" ]] && $names
    return
  fi
  if [[ -n "$names" && -z "\${list[(r)\${words[3]}:*]}" ]]; then list=(); fi
  if (( \${#list} )); then verb="$verb \${words[3]}"; shift words; (( CURRENT-- )); fi
  shift words; (( CURRENT-- ))
  case "$verb" in
${all.map(verbCase).join('\n')}
  esac
}
_broker "$@"
`;
}
