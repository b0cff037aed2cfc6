// Completion for bash. Connection and session names are asked of broker itself, so they are never stale.
import type { CommandDefinition, CompletionKind } from '../command.ts';
import { firstWords, secondWords, type Verb, verbItself, verbs } from './tree.ts';

const quote = (words: readonly string[]) => `'${words.join(' ').replaceAll("'", "'\\''")}'`;

const NAMES: Readonly<Record<CompletionKind, string>> = {
  connection: '$(broker complete connections 2>/dev/null)',
  session: '$(broker complete sessions 2>/dev/null)',
  request: '$(broker complete requests 2>/dev/null)',
  file: '',
  folder: '',
  none: '',
};

function reply(kind: CompletionKind, choices: readonly string[]): string {
  if (choices.length > 0) return `COMPREPLY=($(compgen -W ${quote(choices)} -- "$cur"))`;
  if (kind === 'file') return 'COMPREPLY=($(compgen -f -- "$cur"))';
  if (kind === 'folder') return 'COMPREPLY=($(compgen -d -- "$cur"))';
  return NAMES[kind] ? `COMPREPLY=($(compgen -W "${NAMES[kind]}" -- "$cur"))` : 'COMPREPLY=()';
}

function values(verb: Verb): string[] {
  const rows = verb.flags
    .filter(
      ({ takesValue, choices, completes }) => takesValue && (choices.length > 0 || completes !== 'none'),
    )
    .map(
      ({ names, choices, completes }) =>
        `        ${names.join('|')}) ${reply(completes, choices)}; return ;;`,
    );
  return rows.length > 0 ? ['      case "$prev" in', ...rows, '      esac'] : [];
}

function branch(verb: Verb): string {
  const flags = verb.flags.flatMap(({ names }) => names);
  return [
    `    ${quote(verb.words)})`,
    ...values(verb),
    `      if [[ "$cur" == -* ]]; then COMPREPLY=($(compgen -W ${quote(flags)} -- "$cur"))`,
    `      else ${reply(verb.completes, verb.choices)}; fi ;;`,
  ].join('\n');
}

export function bashCompletion(commands: readonly CommandDefinition[]): string {
  const all = verbs(commands);
  const parents = [
    ...new Set(all.filter(({ words }) => words.length > 1).map(({ words }) => words[0] ?? '')),
  ];
  const second = parents.map((parent) => {
    const words = secondWords(all, parent).map(({ word }) => word);
    const itself = verbItself(all, parent);
    const names =
      itself && NAMES[itself.completes] ? ` $(compgen -W "${NAMES[itself.completes]}" -- "$cur")` : '';
    return `    ${parent}) COMPREPLY=($(compgen -W ${quote(words)} -- "$cur")${names}); return ;;`;
  });
  const pure = parents.filter((parent) => !verbItself(all, parent));
  const both = parents
    .filter((parent) => verbItself(all, parent))
    .map((parent) => {
      const words = secondWords(all, parent).map(({ word }) => word);
      return `    ${parent}) case "\${COMP_WORDS[2]}" in ${words.join('|')}) verb="$verb \${COMP_WORDS[2]}" ;; esac ;;`;
    });
  return `# bash completion for broker; made by \`npm run generate\`.
_broker() {
  local cur prev verb
  cur="\${COMP_WORDS[COMP_CWORD]}"
  prev="\${COMP_WORDS[COMP_CWORD-1]}"
  if (( COMP_CWORD == 1 )); then
    COMPREPLY=($(compgen -W ${quote([...firstWords(all).map(({ word }) => word), '--help', '--version'])} -- "$cur"))
    return
  fi
  verb="\${COMP_WORDS[1]}"
  if (( COMP_CWORD == 2 )); then
    case "$verb" in
${second.join('\n')}
    esac
  fi
  case "$verb" in
${[`    ${pure.join('|')}) verb="$verb \${COMP_WORDS[2]}" ;;`, ...both].join('\n')}
  esac
  case "$verb" in
${all.map(branch).join('\n')}
  esac
}
complete -o default -F _broker broker
`;
}
