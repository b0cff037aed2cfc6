// Checks a policy, shows what would change, and has it published. Must never publish what fails its own examples.
import { openAgent } from '../../front/compose.ts';
import { type PolicyPush, policyCaller, sendPush } from '../../front/policy.ts';
import { pastedLine, showPrompt } from '../../front/prompt.ts';
import { canonical } from '../../lib/canonical.ts';
import { sha256 } from '../../lib/digest.ts';
import { visible, visibleJson } from '../../lib/visible.ts';
import { BrokerError, EXIT } from '../../model/errors.ts';
import type { CommandContext } from '../command.ts';
import { runExamples } from '../policy-examples.ts';
import { policyPaths, readPolicies } from '../policy-source.ts';
import { diffOf, titleOf } from './lines.ts';

type Files = PolicyPush['files'];

function wrong(reason: string): BrokerError {
  return new BrokerError('usage', { reason, command: 'policy push' });
}

function modeOf({ options }: CommandContext): PolicyPush['mode'] {
  const { browser, device } = options;
  if (browser === false && device === true) throw wrong('give either --no-browser or --device');
  return device === true ? 'device' : browser === false ? 'paste' : 'browser';
}

function textOf({ options }: CommandContext, name: string): string | undefined {
  const value = options[name];
  const text = typeof value === 'string' ? value.trim() : '';
  return text === '' ? undefined : text;
}

/** What is to be published, as it is checked anywhere else. */
async function checked(
  context: CommandContext,
): Promise<{ files: Files; policies: number; examples: number }> {
  const { loadPolicies } = await import('../../flow/decide/index.ts');
  const paths = await policyPaths(context, context.args);
  const text = await readPolicies(paths);
  const set = await loadPolicies(text);
  if (set.policies.size === 0) throw wrong('there is no policy to publish: nothing would be permitted');
  for (const { place, reason } of set.warnings)
    if (!context.json) context.stderr.write(`broker: warning: ${visible(`${place}: ${reason}`)}\n`);
  const results = await runExamples(context, paths, set);
  const failed = results.filter(({ problem }) => problem !== undefined);
  if (failed.length > 0) {
    const lines = failed.map(({ place, name, problem }) => `  ${place}: ${name}: ${problem}`);
    const hint = 'see them with `broker policy test`';
    throw new BrokerError('policy-invalid', { count: failed.length, problems: lines.join('\n') }, { hint });
  }
  return { files: text.files, policies: set.policies.size, examples: results.length };
}

/** Resolves when the person said yes. A script says so by having no terminal, or with --yes. */
async function makeSure(context: CommandContext, next: string): Promise<void> {
  const { options, mayAsk, json, stderr, signal } = context;
  if (options['yes'] === true || !mayAsk || json) return;
  stderr.write(`Publish this as ${next}? Type yes: `);
  const reader = pastedLine(context);
  const gone = new Promise<string>((resolve) =>
    signal.addEventListener('abort', () => resolve(''), { once: true }),
  );
  const said = await Promise.race([reader.line, gone]);
  reader.close();
  if (said.trim().toLowerCase() !== 'yes') throw new BrokerError('interrupted');
}

const many = (count: number, one: string, more: string): string => `${count} ${count === 1 ? one : more}`;

export async function run(context: CommandContext): Promise<number> {
  const { options, stdout, json, fancy, signal } = context;
  const mode = modeOf(context);
  const { files, policies, examples } = await checked(context);
  const caller = policyCaller(context, textOf(context, 'store'));
  const agent = await openAgent(context);
  const { version, files: before = {} } = await agent.policyText({ caller });
  const digest = sha256(canonical({ files }));
  const changed = digest !== version?.policy;
  const diff = diffOf(before, files, fancy && !json);
  if (!json) {
    stdout.write(version ? `${titleOf(version)}\n` : 'nothing is published yet\n');
    stdout.write(changed ? diff : 'nothing would change\n');
    stdout.write(
      `${many(policies, 'policy', 'policies')}, ${many(examples, 'example', 'examples')} passed\n`,
    );
  }
  const plan = {
    policies,
    examples,
    changed,
    policy: digest,
    ...(version ? { before: version.number } : {}),
  };
  if (options['dryRun'] === true || (!changed && options['again'] !== true)) {
    if (json) stdout.write(`${visibleJson({ published: false, ...plan, diff })}\n`);
    return EXIT.done;
  }
  await makeSure(context, version ? `the version after ${version.number}` : 'the first version');
  const reason = textOf(context, 'reason');
  const push: PolicyPush = {
    files,
    ...(reason === undefined ? {} : { reason }),
    base: { version: version?.number ?? 0, digest: version?.digest ?? '' },
    again: options['again'] === true,
    mode,
    caller,
  };
  let reader: ReturnType<typeof pastedLine> | undefined;
  const pasted = () => {
    reader ??= pastedLine(context);
    return reader.line;
  };
  try {
    const show = (prompt: Parameters<typeof showPrompt>[1]) => showPrompt(context, prompt);
    const published = await sendPush(agent, push, { show, pasted, signal });
    for (const number of published.restored)
      context.stderr.write(
        `broker: note: version ${number} had been removed from the store and was put back\n`,
      );
    if (json) stdout.write(`${visibleJson({ published: true, ...plan, diff, ...published })}\n`);
    else
      stdout.write(
        `published version ${published.version.number}\nsigned ${published.version.digest}\nstored ${visible(published.key)}\n`,
      );
  } finally {
    reader?.close();
  }
  return EXIT.done;
}
