// Shows the policy that is in force, or a published version, as text that can be read and kept. Must never print it unsanitised.
import { openAgent } from '../../front/compose.ts';
import { policyCaller } from '../../front/policy.ts';
import { visible } from '../../lib/visible.ts';
import { BrokerError, EXIT } from '../../model/errors.ts';
import type { CommandContext } from '../command.ts';
import { filesText, titleOf } from './lines.ts';

function versionOf({ options }: CommandContext): number | undefined {
  const { version } = options;
  if (version === undefined) return undefined;
  if (typeof version === 'string' && /^[1-9]\d{0,9}$/.test(version)) return Number(version);
  throw new BrokerError('usage', {
    reason: '--version takes the number of a version',
    command: 'policy show',
  });
}

async function showPublished(context: CommandContext, version: number | undefined): Promise<number> {
  const { stdout, json } = context;
  const agent = await openAgent(context);
  const caller = policyCaller(context);
  const found = await agent.policyText({ caller, ...(version === undefined ? {} : { version }) });
  if (json) stdout.write(`${JSON.stringify(found)}\n`);
  else if (found.version && found.files)
    stdout.write(`// ${titleOf(found.version)}\n\n${filesText(found.files)}`);
  else context.stderr.write('broker: hint: nothing is published yet; a signer runs `broker policy push`\n');
  return EXIT.done;
}

export async function run(context: CommandContext): Promise<number> {
  const { stdout, json, options } = context;
  const version = versionOf(context);
  if (options['published'] === true || version !== undefined) return showPublished(context, version);
  const agent = await openAgent(context);
  const shown = await agent.policy(policyCaller(context));
  if (json) {
    stdout.write(`${JSON.stringify(shown)}\n`);
    return EXIT.done;
  }
  const { published, policy, digest } = shown;
  const local = Object.keys(policy.files).some((name) => name.startsWith('local:'));
  const title = published
    ? `${titleOf(published)}${local ? ', and what local files forbid beside it' : ''}`
    : 'local files';
  stdout.write(
    `// ${title}\n// policy digest ${visible(digest)}\n\n${filesText(policy.files, policy.paths)}`,
  );
  return EXIT.done;
}
