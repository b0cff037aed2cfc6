// Builds the commander program from the command table. Knows the shape of commands, none of their insides.
import { Argument, Command, CommanderError, Option } from 'commander';
import { nearest } from '../lib/nearest.ts';
import { BrokerError } from '../model/errors.ts';
import { COMMON_OPTIONS, type CommandContext, type CommandDefinition } from './command.ts';

export interface Invocation {
  readonly definition: CommandDefinition;
  readonly args: readonly string[];
  readonly options: CommandContext['options'];
}

export interface Writers {
  out(text: string): void;
  err(text: string): void;
}

/** What is typed before anything can run: a verb to run, or text that was printed already. */
export type Parsed = { readonly kind: 'run'; readonly invocation: Invocation } | { readonly kind: 'printed' };

export const GROUP_TITLES: Readonly<Record<CommandDefinition['group'], string>> = {
  start: 'Getting started:',
  sessions: 'Using connections:',
  evidence: 'Evidence:',
  policy: 'Policy and masking:',
  machine: 'This machine:',
};

const GROUP_ORDER = Object.keys(GROUP_TITLES) as readonly CommandDefinition['group'][];

/** Verbs that hold other verbs, e.g. `sessions`. */
export const PARENTS: Readonly<
  Record<string, { readonly summary: string; readonly group: CommandDefinition['group'] }>
> = {
  agent: { summary: 'the background process that holds keys and opens sessions', group: 'machine' },
  approvals: { summary: 'what waits for a person, and people’s answers', group: 'sessions' },
  config: { summary: 'where each setting comes from, and whether it is right', group: 'machine' },
  connections: { summary: 'targets you may reach', group: 'sessions' },
  mask: { summary: 'what would be hidden', group: 'policy' },
  mcp: { summary: 'stand between an MCP host and an MCP server', group: 'sessions' },
  policy: { summary: 'who may do what', group: 'policy' },
  secrets: { summary: 'passwords kept in the keychain for targets', group: 'machine' },
  sessions: { summary: 'sessions, live and past', group: 'evidence' },
  tools: { summary: 'tools of MCP servers, and which of them are trusted', group: 'policy' },
};

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

function examples(definition: CommandDefinition): string {
  const rows = definition.examples.map(({ command, explains }) => `  $ ${command}\n      ${explains}\n`);
  return rows.length > 0 ? `\nExamples:\n${rows.join('')}` : '';
}

function addArguments(command: Command, definition: CommandDefinition): void {
  for (const { name, summary, required, variadic, choices } of definition.arguments) {
    const shown = `${name}${variadic ? '...' : ''}`;
    const argument = new Argument(required ? `<${shown}>` : `[${shown}]`, summary);
    command.addArgument(choices ? argument.choices([...choices]) : argument);
  }
}

function addOptions(command: Command, definition: CommandDefinition): void {
  for (const { flags, summary, default: value, choices } of [...definition.options, ...COMMON_OPTIONS]) {
    const option = new Option(flags, summary);
    if (value !== undefined) option.default(value);
    if (choices) option.choices([...choices]);
    command.addOption(option);
  }
}

function leaf(definition: CommandDefinition, run: (invocation: Invocation) => void): Command {
  const command = new Command(definition.name.split(' ').at(-1) ?? definition.name);
  command
    .summary(definition.summary)
    .description((definition.description ?? [sentence(definition.summary)]).join('\n\n'));
  addArguments(command, definition);
  addOptions(command, definition);
  command.addHelpText('after', examples(definition));
  command.action(() => {
    run({ definition, args: command.args, options: command.opts() });
  });
  return command;
}

/** A verb as lists show it: its words and operands; that it has options goes without saying. */
function subcommandTerm(command: Command): string {
  const operands = command.registeredArguments.map((argument) => {
    const shown = `${argument.name()}${argument.variadic ? '...' : ''}`;
    return argument.required ? shown : `[${shown}]`;
  });
  return [command.name(), ...operands].join(' ');
}

function prepare(command: Command, writers: Writers): Command {
  return command
    .exitOverride()
    .configureOutput({ writeOut: writers.out, writeErr: () => undefined })
    .showSuggestionAfterError(false)
    .helpCommand(false)
    .helpOption('-h, --help', 'show this help')
    .configureHelp({ showGlobalOptions: false, subcommandTerm });
}

export function buildProgram(
  commands: readonly CommandDefinition[],
  version: string,
  writers: Writers,
  run: (invocation: Invocation) => void,
): Command {
  const program = prepare(new Command('broker'), writers).enablePositionalOptions();
  program.description(
    'Stands between people, AI agents and production: judges, masks, records and signs what runs.',
  );
  program.version(version, '-V, --version', 'print the version');
  program.usage('<command> [options]');
  const parents = new Map<string, Command>();
  const sorted = [...commands].sort((a, b) => GROUP_ORDER.indexOf(a.group) - GROUP_ORDER.indexOf(b.group));
  for (const definition of sorted) {
    const [first = '', second] = definition.name.split(' ');
    const command = prepare(leaf(definition, run), writers);
    if (second === undefined) {
      // What follows NAME is the verb's own; a word that names a verb below it is that verb.
      if (PARENTS[first]) parents.set(first, command.enablePositionalOptions());
      command.helpGroup(GROUP_TITLES[definition.group]);
      program.addCommand(command, { hidden: definition.hidden ?? false });
      continue;
    }
    let parent = parents.get(first);
    if (!parent) {
      parent = prepare(new Command(first), writers);
      const { summary = '', group = definition.group } = PARENTS[first] ?? {};
      parent
        .summary(summary)
        .description(sentence(summary))
        .helpGroup(GROUP_TITLES[group])
        .usage('<command> [options]');
      parents.set(first, parent);
      program.addCommand(parent);
    }
    parent.addCommand(command, { hidden: definition.hidden ?? false });
  }
  program.addHelpText('after', '\nRun `broker <command> --help` for more, or `man broker`.\n');
  return program;
}

/** commander's words as ours: `SHELL cannot be tcsh: there are bash, zsh, fish`. */
function reworded(message: string): string {
  return message
    .replace(/^error: /, '')
    .replaceAll('\n', ' ')
    .replace(/\.$/, '')
    .replace(/^missing required argument '(.+)'$/, '$1 is missing')
    .replace(/^option '.*?(--[a-z-]+).*' argument missing$/, '$1 needs a value')
    .replace(
      /^command-argument value '(.*)' is invalid for argument '(.+)'\. Allowed choices are (.+)$/,
      '$2 cannot be $1: there are $3',
    )
    .replace(
      /^option '.*?(--[a-z-]+).*' argument '(.*)' is invalid\. Allowed choices are (.+)$/,
      '$1 cannot be $2: there are $3',
    );
}

/** The option that was probably meant, as a whole hint. */
function nearestOption(reason: string, typed: CommandDefinition | undefined): { hint?: string } {
  const unknown = /^unknown option '(--[^'=]+)/.exec(reason)?.[1];
  if (!unknown) return {};
  const known = [...(typed?.options ?? []), ...COMMON_OPTIONS].flatMap(
    ({ flags }) => flags.match(/--[a-z-]+/g) ?? [],
  );
  const meant = nearest(unknown, [...known, '--help']);
  return meant ? { hint: `did you mean \`${meant}\`?` } : {};
}

/** commander's complaint as ours, with the verb it was about and a near miss. */
function usageError(
  error: CommanderError,
  argv: readonly string[],
  commands: readonly CommandDefinition[],
): BrokerError {
  const words = argv.filter((word) => !word.startsWith('-'));
  const typed = commands.find(({ name }) => name === words.slice(0, 2).join(' ') || name === words[0]);
  const reason = reworded(error.message);
  const details = { reason, command: typed?.name ?? '' };
  if (error.code !== 'commander.unknownCommand')
    return new BrokerError('usage', details, nearestOption(reason, typed));
  const parent = words[0] && PARENTS[words[0]] && words.length > 1 ? words[0] : undefined;
  const unknown = (parent ? words[1] : words[0]) ?? '';
  const known = commands
    .map(({ name }) => name.split(' '))
    .flatMap(([a = '', b]) => (parent ? (a === parent && b ? [b] : []) : [a]));
  const meant = nearest(unknown, [...new Set(known)]);
  const all = `broker ${parent ? `${parent} ` : ''}`;
  return new BrokerError(
    'usage',
    { reason: `there is no command ${all.slice('broker '.length)}${unknown}`, command: parent ?? '' },
    { hint: meant ? `did you mean \`${all}${meant}\`?` : `see \`${all}--help\`` },
  );
}

/** Throws BrokerError `usage`. */
export async function parseArguments(
  argv: readonly string[],
  commands: readonly CommandDefinition[],
  version: string,
  writers: Writers,
): Promise<Parsed> {
  let invocation: Invocation | undefined;
  // Only the verb that was typed, if it is one: the others would take longer to describe than it takes to run.
  const typed = commands.filter(({ name }) => name.split(' ')[0] === argv[0]);
  const program = buildProgram(typed.length > 0 ? typed : commands, version, writers, (found) => {
    invocation = found;
  });
  try {
    if (argv.length === 0) program.outputHelp();
    else await program.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (['commander.helpDisplayed', 'commander.version', 'commander.help'].includes(error.code)) {
      const parent = argv.find((word) => !word.startsWith('-')) ?? '';
      if (error.code === 'commander.help' && PARENTS[parent])
        writers.out(program.commands.find((command) => command.name() === parent)?.helpInformation() ?? '');
      return { kind: 'printed' };
    }
    throw usageError(error, argv, commands);
  }
  return invocation ? { kind: 'run', invocation } : { kind: 'printed' };
}
