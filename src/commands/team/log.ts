// Lists the published versions: who, when, why; and what stands in the store and does not count.
import { openAgent } from '../../front/compose.ts';
import { policyCaller } from '../../front/policy.ts';
import { table } from '../../lib/table.ts';
import { visible } from '../../lib/visible.ts';
import { EXIT } from '../../model/errors.ts';
import type { CommandContext } from '../command.ts';
import { signerOf } from './lines.ts';

export async function run(context: CommandContext): Promise<number> {
  const { stdout, stderr, json, fancy } = context;
  const agent = await openAgent(context);
  const { versions, problems, version, refused, failure } = await agent.policyLog({
    caller: policyCaller(context),
  });
  const inForce = version?.digest;
  if (json) {
    for (const each of [...versions].reverse())
      stdout.write(`${JSON.stringify({ ...each, inForce: each.digest === inForce })}\n`);
    for (const each of problems) stdout.write(`${JSON.stringify({ refused: each })}\n`);
    return EXIT.done;
  }
  const rows = [...versions]
    .reverse()
    .map((each) => [
      `${each.number}${each.digest === inForce ? ' *' : ''}`,
      `${each.time.slice(0, 19)}Z`,
      signerOf(each),
      each.policy.slice(0, 12),
      each.reason ?? '',
    ]);
  const options = { fancy, ...(stdout.columns ? { width: stdout.columns } : {}) };
  if (rows.length > 0)
    stdout.write(table(['VERSION', 'PUBLISHED', 'SIGNER', 'POLICY', 'REASON'], rows, options));
  else stdout.write('nothing is published that counts here\n');
  for (const each of problems)
    stdout.write(
      visible(`version ${each.version} does not count (${each.step}): ${each.reason}`).concat('\n'),
    );
  if (refused !== undefined) stderr.write(`broker: warning: nothing is in force: ${visible(refused)}\n`);
  if (failure !== undefined) stderr.write(`broker: warning: the last look failed: ${visible(failure)}\n`);
  return EXIT.done;
}
