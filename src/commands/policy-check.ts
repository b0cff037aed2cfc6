// broker policy check: every mistake in the policies, at once, where it stands.
import { EXIT } from '../model/errors.ts';
import type { CommandContext, CommandDefinition } from './command.ts';

async function run(context: CommandContext): Promise<number> {
  const { policyPaths, readPolicies } = await import('./policy-source.ts');
  const text = await readPolicies(await policyPaths(context, context.args));
  const { loadPolicies } = await import('../flow/decide/index.ts');
  const { digest, policies, warnings } = await loadPolicies(text);
  const { visible } = await import('../lib/visible.ts');
  if (!context.json)
    for (const { place, reason } of warnings)
      context.stderr.write(`broker: warning: ${visible(`${place}: ${reason}`)}\n`);
  const files = Object.keys(text.files);
  if (context.json) {
    const listed = [...policies.values()].map(({ id, place, effect, ask, advice }) => ({
      id,
      place,
      effect,
      ...(ask ? { ask } : {}),
      ...(advice ? { advice } : {}),
    }));
    context.stdout.write(`${JSON.stringify({ digest, files, policies: listed, warnings })}\n`);
    return EXIT.done;
  }
  const many = (count: number, one: string, more: string): string => `${count} ${count === 1 ? one : more}`;
  const count = many(policies.size, 'policy', 'policies');
  context.stdout.write(`${count} in ${many(files.length, 'file', 'files')}, no problem\n`);
  if (policies.size === 0)
    context.stderr.write(
      'broker: hint: without a policy nothing is permitted; `broker init` writes a first one\n',
    );
  return EXIT.done;
}

export const policyCheck: CommandDefinition = {
  name: 'policy check',
  group: 'policy',
  summary: 'are the policies right',
  description: [
    'Parses the policies and checks them against what exists: actions, kinds of resources, attributes. Reports every mistake as file:line:column, also rules that could never apply. Exits with 9 when there is one.',
    'Without FILE, the policies the configuration names are checked.',
  ],
  arguments: [
    {
      name: 'FILE',
      summary: 'Cedar files, or folders of them',
      required: false,
      variadic: true,
      completes: 'file',
    },
  ],
  options: [],
  examples: [
    { command: 'broker policy check', explains: 'the policies in force' },
    {
      command: 'broker policy check ./policies',
      explains: 'a folder of policies, in CI say; needs no configuration',
    },
  ],
  run,
};
