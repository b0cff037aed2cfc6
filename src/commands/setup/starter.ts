// What `broker init` asks and writes: a configuration, a policy, and the folder they live in. Must never overwrite anything.
import { rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { loadConfig } from '../../config/load.ts';
import { paths } from '../../config/paths.ts';
import { firstProblem } from '../../config/schema.ts';
import { type StarterAnswers, starterConfig } from '../../config/starter.ts';
import { STARTER_FILE, STARTER_NAMES, type StarterNames, starterPolicy } from '../../flow/decide/starter.ts';
import { makeFolder, writeOnce } from '../../lib/atomic-file.ts';
import { visible } from '../../lib/visible.ts';
import { BrokerError, EXIT } from '../../model/errors.ts';
import type { CommandContext } from '../command.ts';

type Answers = StarterAnswers & StarterNames;

interface Question {
  readonly option: keyof Answers;
  readonly flag: string;
  readonly ask: string;
  readonly otherwise?: string;
  /** The settings this answer makes, for the schema to judge. */
  readonly settings?: (answer: string) => unknown;
}

const QUESTIONS: readonly Question[] = [
  {
    option: 'issuer',
    flag: '--issuer',
    ask: 'issuer URL of your identity provider (empty: later)',
    settings: (issuer) => ({ identity: { issuer, client_id: 'x' } }),
  },
  {
    option: 'clientId',
    flag: '--client-id',
    ask: 'client id registered there for broker',
    otherwise: 'broker',
  },
  {
    option: 'store',
    flag: '--store',
    ask: 'store for evidence, file:/folder or s3://bucket/prefix (empty: here)',
    settings: (url) => ({ store: { url } }),
  },
  {
    option: 'people',
    flag: '--people',
    ask: 'group of those who will use it',
    otherwise: STARTER_NAMES.people,
  },
];

function usage(reason: string): BrokerError {
  return new BrokerError('usage', { reason, command: 'init' });
}

function fromFlags({ options }: CommandContext): Partial<Record<keyof Answers, string>> {
  const names = ['issuer', 'clientId', 'targetClientId', 'store', 'people', 'approvers', 'auditors'] as const;
  const given = names.map((name) => [name, options[name]] as const);
  return Object.fromEntries(given.filter(([, value]) => typeof value === 'string' && value !== ''));
}

async function ask(context: CommandContext, known: Partial<Record<keyof Answers, string>>): Promise<void> {
  const terminal = createInterface({ input: context.stdin, output: context.stderr });
  try {
    for (const { option, ask: text, otherwise, settings } of QUESTIONS) {
      if (known[option] !== undefined || (option === 'clientId' && known.issuer === undefined)) continue;
      for (;;) {
        const shown = otherwise === undefined ? `${text}: ` : `${text} [${otherwise}]: `;
        const answer = (await terminal.question(shown, { signal: context.signal })).trim();
        const problem = answer === '' ? undefined : firstProblem(settings?.(answer) ?? {});
        if (problem === undefined) {
          if (answer !== '') known[option] = answer;
          break;
        }
        context.stderr.write(`  ${visible(problem)}\n`);
      }
    }
  } catch (error) {
    throw context.signal.aborted ? new BrokerError('interrupted') : error;
  } finally {
    terminal.close();
  }
}

async function write(path: string, text: string): Promise<'created' | 'exists'> {
  try {
    await makeFolder(dirname(path));
    return await writeOnce(path, text);
  } catch (error) {
    throw usage(`${path} cannot be written: ${(error as NodeJS.ErrnoException).code ?? String(error)}`);
  }
}

function judge(answers: Partial<Record<keyof Answers, string>>): void {
  for (const { option, flag, settings } of QUESTIONS) {
    const value = answers[option];
    const problem = value === undefined ? undefined : firstProblem(settings?.(value) ?? {});
    if (problem !== undefined) throw usage(`${flag} ${problem}`);
  }
  if (answers.issuer === undefined && (answers.clientId ?? answers.targetClientId) !== undefined)
    throw usage('--client-id and --target-client-id need --issuer');
}

function report(
  context: CommandContext,
  config: string,
  policy: string,
  kept: boolean,
  signIn: boolean,
): void {
  const next = [
    ...(signIn ? [] : [`name your identity provider in ${config}`]),
    'broker connections add NAME --host … --database …',
    ...(signIn ? ['broker login'] : []),
    'broker doctor',
  ];
  if (context.json) {
    context.stdout.write(`${JSON.stringify({ config, policy, policyKept: kept, next })}\n`);
    return;
  }
  context.stdout.write(`wrote ${visible(config)}\n`);
  context.stdout.write(`${kept ? 'kept' : 'wrote'} ${visible(policy)}\n\nnext:\n`);
  for (const step of next) context.stdout.write(`  ${visible(step)}\n`);
}

/** Throws `usage` when there is a configuration already. */
export async function initialise(context: CommandContext): Promise<number> {
  const config = paths(context.home, context.environment).config;
  const policy = join(dirname(config), STARTER_FILE);
  const answers = fromFlags(context);
  judge(answers);
  const taken = () =>
    new BrokerError(
      'usage',
      { reason: `there is a configuration already: ${config}`, command: 'init' },
      { hint: 'look at it with `broker config show --origin`; nothing was changed' },
    );
  if (await stat(config).catch(() => undefined)) throw taken();
  if (context.mayAsk) await ask(context, answers);
  const kept = (await write(policy, starterPolicy({ ...STARTER_NAMES, ...answers }))) === 'exists';
  if ((await write(config, starterConfig(answers, STARTER_FILE))) === 'exists') {
    if (!kept) await rm(policy, { force: true });
    throw taken();
  }
  await loadConfig(context);
  report(context, config, policy, kept, answers.issuer !== undefined);
  return EXIT.done;
}
