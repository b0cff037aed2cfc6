// broker policy fmt: policies in Cedar's own layout. Comments between policies stay as they are; a file with a mistake is not touched.
import { BrokerError, EXIT } from '../model/errors.ts';
import type { CommandContext, CommandDefinition } from './command.ts';

async function readAll(stream: AsyncIterable<unknown>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk as Uint8Array));
  return Buffer.concat(chunks).toString('utf8');
}

async function formatFile(context: CommandContext, path: string): Promise<boolean> {
  const { readFile } = await import('node:fs/promises');
  const { writeAtomic } = await import('../lib/atomic-file.ts');
  const { formatPolicies } = await import('../flow/decide/index.ts');
  const text = await readFile(path, 'utf8');
  const formatted = await formatPolicies(path, text);
  if (formatted === text) return false;
  if (context.options['check'] !== true) await writeAtomic(path, formatted);
  return true;
}

async function run(context: CommandContext): Promise<number> {
  const { args, options, stdout, stdin, json } = context;
  if (args.includes('-')) {
    if (args.length > 1) throw new BrokerError('usage', { reason: '- stands alone', command: 'policy fmt' });
    const { formatPolicies } = await import('../flow/decide/index.ts');
    const text = await readAll(stdin);
    const formatted = await formatPolicies('stdin', text);
    if (options['check'] === true) return formatted === text ? EXIT.done : EXIT.configuration;
    stdout.write(formatted);
    return EXIT.done;
  }
  const { policyPaths, readPolicies } = await import('./policy-source.ts');
  const { files, paths = {} } = await readPolicies(await policyPaths(context, args));
  const { visible } = await import('../lib/visible.ts');
  const changed: string[] = [];
  for (const name of Object.keys(files).sort()) {
    const path = paths[name] ?? name;
    if (await formatFile(context, path)) changed.push(path);
  }
  if (json) stdout.write(`${JSON.stringify({ changed })}\n`);
  else for (const path of changed) stdout.write(`${visible(path)}\n`);
  return options['check'] === true && changed.length > 0 ? EXIT.configuration : EXIT.done;
}

export const policyFmt: CommandDefinition = {
  name: 'policy fmt',
  group: 'policy',
  summary: 'lay policies out alike',
  description: [
    'Writes each policy in the layout of Cedar’s own formatter and prints the names of the files that changed. Comments between policies stay as they are.',
    'With --check nothing is written, and the exit code is 9 when a file would change. A file with a syntax error is left as it is, and the error is shown.',
  ],
  arguments: [
    {
      name: 'FILE',
      summary:
        'Cedar files, or folders of them; - reads standard input; those of the configuration when left out',
      required: false,
      variadic: true,
      completes: 'file',
    },
  ],
  options: [{ flags: '--check', summary: 'write nothing; say what would change' }],
  examples: [
    { command: 'broker policy fmt ./policies', explains: 'a folder of policies' },
    { command: 'broker policy fmt --check', explains: 'the policies in force, in CI say' },
  ],
  run,
};
