// Man pages from the command table and the error table. Pure: the same tables give the same bytes.
import { ERRORS, EXIT } from '../../model/errors.ts';
import { COMMON_OPTIONS, type CommandDefinition } from '../command.ts';
import { GROUP_TITLES, PARENTS } from '../program.ts';

export interface Variable {
  readonly name: string;
  readonly summary: string;
}

const EXIT_MEANINGS: Readonly<Record<keyof typeof EXIT, string>> = {
  done: 'done; finding nothing is not a failure',
  bug: 'a bug in broker; the message says how to report it',
  usage: 'wrong usage',
  refused: 'refused by policy or by an approver',
  signIn: 'sign-in needed',
  expired: 'approval expired',
  notVerified: 'a bundle or ledger did not verify',
  unreachable: 'target, agent or store not reachable',
  waiting: 'waiting for approval',
  configuration: 'configuration or policy file invalid',
  launcher: 'connect, exec: our own failure; otherwise the exit code of the client passes through',
  interrupted: 'interrupted',
};

const FILES: readonly Variable[] = [
  {
    name: '~/.config/broker/broker.yaml',
    summary: 'your configuration: identity provider, store, policy, connections',
  },
  {
    name: '/etc/broker/broker.yaml',
    summary: 'the configuration of everybody on this machine; yours is laid over it',
  },
  {
    name: '.broker.yaml',
    summary:
      'in a project’s folder or above: may protect more columns and describe connections, nothing else',
  },
  {
    name: '~/.local/state/broker/',
    summary: 'journals of open sessions, what waits for upload, the agent’s log',
  },
];

/** What newer formatters would turn into typographic marks, in words that are to be copied. */
const ASCII: Readonly<Record<string, string>> = { "'": '\\(aq', '^': '\\(ha', '~': '\\(ti' };

/** Text for roff: backslashes, leading dots, hyphens and quotes that must stay what they are. */
function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/['^~]/g, (mark) => ASCII[mark] ?? mark)
    .replace(/^\./gm, '\\&.')
    .replace(
      /[^\u0000-\u007f]/gu,
      (mark) => `\\[u${(mark.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}]`,
    )
    .replace(/`([^`]*)`/g, '\\fB$1\\fR');
}

const sentence = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
const placeholders = (text: string) => text.replace(/\{(\w+)\}/g, (_, name: string) => name.toUpperCase());
const heading = (title: string) => `.SH ${title}`;
const item = (term: string, text: string) => `.TP\n${term}\n${roff(text)}`;
const bold = (text: string) => `\\fB${roff(text)}\\fR`;
const page = (name: string, version: string) =>
  // Ragged right and no hyphenation: options and commands must be findable and copied whole.
  `.TH ${name.toUpperCase().replaceAll(' ', '\\-')} 1 "" "broker ${version}" "broker manual"\n.nh\n.ad l`;

function synopsis(definition: CommandDefinition): string {
  const operands = definition.arguments.map(({ name, required, variadic }) => {
    const shown = `\\fI${roff(name)}\\fR${variadic ? ' ...' : ''}`;
    return required ? shown : `[${shown}]`;
  });
  return [`.B broker ${roff(definition.name)}`, `[options] ${operands.join(' ')}`.trim()].join('\n');
}

function operands(definition: CommandDefinition): string[] {
  if (definition.arguments.length === 0) return [];
  const rows = definition.arguments.map(({ name, summary, choices }) =>
    item(`\\fI${roff(name)}\\fR`, choices ? `${summary} (${choices.join(', ')})` : summary),
  );
  return [heading('ARGUMENTS'), ...rows];
}

function options(definition: CommandDefinition): string[] {
  const rows = [...definition.options, ...COMMON_OPTIONS].map(
    ({ flags, summary, choices, default: value }) => {
      const more = [
        ...(choices ? [`one of ${choices.join(', ')}`] : []),
        ...(value ? [`default ${value}`] : []),
      ];
      return item(bold(flags), more.length > 0 ? `${summary} (${more.join('; ')})` : summary);
    },
  );
  return [heading('OPTIONS'), ...rows];
}

function examples(definition: CommandDefinition): string[] {
  if (definition.examples.length === 0) return [];
  // Never filled: a command is copied as it stands.
  const rows = definition.examples.map(({ command, explains }) => {
    const lines = command.split('\n').map(bold).join('\n');
    return `.PP\n.nf\n${lines}\n.fi\n.RS\n${roff(explains)}\n.RE`;
  });
  return [heading('EXAMPLES'), ...rows];
}

/** `broker-sessions-ls.1` for `sessions ls`. */
export function pageName(definition: CommandDefinition): string {
  return `broker-${definition.name.replaceAll(' ', '-')}.1`;
}

export function commandPage(definition: CommandDefinition, version: string): string {
  const description = (definition.description ?? [sentence(definition.summary)]).map(roff).join('\n.PP\n');
  const parts = [
    page(`broker ${definition.name}`, version),
    heading('NAME'),
    `broker\\-${roff(definition.name.replaceAll(' ', '-'))} \\- ${roff(definition.summary)}`,
    heading('SYNOPSIS'),
    synopsis(definition),
    heading('DESCRIPTION'),
    description,
    ...operands(definition),
    ...options(definition),
    ...examples(definition),
    heading('SEE ALSO'),
    '.BR broker (1)',
  ];
  return `${parts.join('\n')}\n`;
}

function verbs(commands: readonly CommandDefinition[]): string[] {
  return Object.entries(GROUP_TITLES).flatMap(([group, title]) => {
    const rows = commands
      .filter((command) => (PARENTS[command.name.split(' ')[0] ?? '']?.group ?? command.group) === group)
      .map((command) => item(`${bold(`broker ${command.name}`)}`, command.summary));
    return rows.length > 0 ? [`.SS ${roff(title.replace(/:$/, ''))}`, ...rows] : [];
  });
}

export function mainPage(
  commands: readonly CommandDefinition[],
  version: string,
  variables: readonly Variable[],
): string {
  const shown = commands.filter(({ hidden }) => !hidden);
  const exits = Object.entries(EXIT).map(([name, code]) =>
    item(bold(String(code)), EXIT_MEANINGS[name as keyof typeof EXIT]),
  );
  const errors = Object.entries(ERRORS).map(([code, { exit, summary, hint }]) => {
    const [what = ''] = placeholders(summary).split('\n');
    const mend = hint === '{mend}' ? '' : ` (${placeholders(hint)})`;
    return item(bold(code), `exit ${exit}: ${what}${mend}`);
  });
  const parts = [
    page('broker', version),
    heading('NAME'),
    'broker \\- access broker for people and AI agents',
    heading('SYNOPSIS'),
    '.B broker\n\\fIcommand\\fR [options]',
    heading('DESCRIPTION'),
    roff(
      '`broker` opens an authenticated loopback proxy for each session on a connection, judges every statement by Cedar policy, masks sensitive values, records what happened and uploads signed bundles that anyone can verify.',
    ),
    heading('COMMANDS'),
    ...verbs(shown),
    heading('ENVIRONMENT'),
    ...variables.map(({ name, summary }) => item(bold(name), summary)),
    heading('FILES'),
    ...FILES.map(({ name, summary }) => item(bold(name), summary)),
    heading('EXIT STATUS'),
    ...exits,
    heading('ERRORS'),
    roff('With `--json` every error carries one of these codes.'),
    ...errors,
    heading('SEE ALSO'),
    shown.map((definition) => `.BR ${roff(pageName(definition).replace(/\.1$/, ''))} (1)`).join(',\n'),
  ];
  return `${parts.join('\n')}\n`;
}
