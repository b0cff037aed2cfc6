// broker policy test: examples beside the policies say what must be allowed, asked or refused; this says whether it is.
import { EXIT } from '../model/errors.ts';
import type { CommandContext, CommandDefinition } from './command.ts';
import { SPAN_OPTIONS } from './evidence-options.ts';

async function run(context: CommandContext): Promise<number> {
  if (context.options['replay'] === true) return (await import('./policy-replay.ts')).replayPolicies(context);
  const { policyPaths, readPolicies } = await import('./policy-source.ts');
  const { runExamples } = await import('./policy-examples.ts');
  const { loadPolicies } = await import('../flow/decide/index.ts');
  const { visible } = await import('../lib/visible.ts');
  const paths = await policyPaths(context, context.args);
  const set = await loadPolicies(await readPolicies(paths));
  const results = await runExamples(context, paths, set);
  const failed = results.filter(({ problem }) => problem !== undefined);
  const { report } = context.options;
  if (report === 'tap' || report === 'junit') {
    const reports = await import('./policy-test-report.ts');
    context.stdout.write(reports[report](results));
    return failed.length > 0 ? EXIT.configuration : EXIT.done;
  }
  const touched = new Set(results.flatMap((result) => result.touched ?? []));
  const untouched = [...set.policies.keys()].filter((id) => !touched.has(id)).sort();
  if (context.json) {
    context.stdout.write(
      `${JSON.stringify({ passed: results.length - failed.length, failed: failed.length, results, untouched })}\n`,
    );
    return failed.length > 0 ? EXIT.configuration : EXIT.done;
  }
  for (const { place, name, problem } of failed)
    context.stdout.write(`failed  ${visible(place)} ${visible(name)}\n        ${visible(problem ?? '')}\n`);
  context.stdout.write(`${results.length - failed.length} passed, ${failed.length} failed\n`);
  if (results.length > 0 && untouched.length > 0)
    context.stdout.write(`not touched by any example: ${visible(untouched.join(', '))}\n`);
  if (results.length === 0)
    context.stderr.write('broker: hint: put examples beside the policies, in a file ending in .test.yaml\n');
  return failed.length > 0 ? EXIT.configuration : EXIT.done;
}

export const policyTest: CommandDefinition = {
  name: 'policy test',
  group: 'policy',
  summary: 'check the policies against examples of what they must say',
  description: [
    'Reads the files ending in .test.yaml, .test.yml or .test.json beside the policies. Each has a list of examples: a statement, an action, or a tool with its arguments, on which connection or labels, by whom, and the answer that is expected (allow, ask or deny), with the ids of the policies that must give it. Exits with 9 when one fails.',
    'With --replay, statements of sealed sessions are decided again with what was recorded of them; sessions that do not verify are named and left out. Exits with 3 when something would be refused or asked about that was not, with 6 when evidence does not verify.',
    'An example:  {statement: DELETE FROM orders, labels: [env:prod], groups: [engineers], expect: deny, policies: [no-blind-writes]}',
  ],
  arguments: [
    {
      name: 'FILE',
      summary: 'Cedar files, or folders of them; those of the configuration when left out',
      required: false,
      variadic: true,
      completes: 'file',
    },
  ],
  options: [
    {
      flags: '--report <form>',
      summary: 'how the results of the examples are written',
      choices: ['text', 'tap', 'junit'],
      default: 'text',
    },
    { flags: '--replay', summary: 'decide recorded statements again, and list what would change' },
    {
      flags: '--against <path>',
      summary: 'with --replay: the policies to decide by, a file or a folder',
      completes: 'file',
    },
    ...SPAN_OPTIONS,
    { flags: '--connection <name>', summary: 'only sessions on this connection', completes: 'connection' },
    { flags: '--session <id>', summary: 'only this session', completes: 'session' },
    { flags: '--unverified', summary: 'with --replay: take the records as they are, without verifying them' },
  ],
  examples: [
    { command: 'broker policy test', explains: 'the policies in force' },
    { command: 'broker policy test ./policies --json', explains: 'in CI, before they are' },
    {
      command: 'broker policy test ./policies --report junit > policies.xml',
      explains: 'for a CI system that shows test results',
    },
    {
      command: 'broker policy test --replay --since 30d --against ./policies',
      explains: 'what new policies would have stopped',
    },
  ],
  run,
};
