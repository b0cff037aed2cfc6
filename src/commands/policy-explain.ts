// broker policy explain: what a statement would do, what policy says to it, and which rules say so. Runs nothing.

import type { DecisionRequest } from '../flow/decide/index.ts';
import type { Connection } from '../model/connection.ts';
import { BrokerError, EXIT } from '../model/errors.ts';
import type { Principal, User } from '../model/principal.ts';
import type { CommandContext, CommandDefinition } from './command.ts';
import type { Explained, Recounted } from './policy-explanation.ts';

const NOTE = 'names were not looked up in the database: tables without a schema are taken to be in public';

const option = (context: CommandContext, name: string): string | undefined => {
  const value = context.options[name];
  return typeof value === 'string' ? value : undefined;
};

/** The person to decide for: somebody in the groups given, else whoever is signed in. */
async function personOf(context: CommandContext): Promise<User> {
  const groups = option(context, 'asGroup');
  if (groups !== undefined)
    return {
      iss: 'https://example.invalid',
      sub: 'somebody',
      groups: groups.split(',').map((one) => one.trim()),
    };
  const { openAgent } = await import('../front/compose.ts');
  const state = await (await openAgent(context)).whoami();
  if (state.state === 'signed-out')
    throw new BrokerError(
      'not-signed-in',
      {},
      { hint: 'run `broker login`, or say for whom with --as-group' },
    );
  return state.user;
}

async function principalOf(context: CommandContext): Promise<Principal> {
  const user = await personOf(context);
  const bot = option(context, 'asBot');
  return bot === undefined
    ? { kind: 'user', user }
    : { kind: 'bot', bot: { id: bot, groups: [], models: [] }, onBehalfOf: user };
}

async function connectionOf(
  context: CommandContext,
): Promise<{ connection: Connection; policy: readonly string[] }> {
  const { loadConfig } = await import('../config/load.ts');
  const { config } = await loadConfig(context);
  const name = context.args[0] ?? '';
  const connection = config.connections.get(name);
  if (!connection) throw new BrokerError('connection-unknown', { connection: name });
  return { connection, policy: config.policy };
}

async function explained(context: CommandContext): Promise<Explained> {
  const { connection, policy } = await connectionOf(context);
  const { bareEnvironment, circumstancesOf, readPolicies } = await import('./policy-source.ts');
  const { classify, loadGrammar } = await import('../flow/classify/index.ts');
  const { decide, explain, loadPolicies } = await import('../flow/decide/index.ts');
  const set = await loadPolicies(await readPolicies(policy));
  await loadGrammar();
  const classification = classify(context.args[1] ?? '', bareEnvironment(connection.name));
  const request: DecisionRequest = {
    principal: await principalOf(context),
    connection,
    actions: classification.units.flatMap((unit) => unit.actions),
    context: {
      ...circumstancesOf(classification),
      client: 'query',
      time: context.clock.now(),
    },
  };
  return { classification, decision: decide(set, request), answers: explain(set, request) };
}

const UNVERIFIED = 'records are taken as they are; `broker verify` checks them';

async function recounted(context: CommandContext): Promise<Recounted> {
  const { recall } = await import('./policy-recall.ts');
  const { decide, explain, loadPolicies } = await import('../flow/decide/index.ts');
  const { statement, policy } = await recall(context, context.args[0] ?? '');
  const against = option(context, 'against');
  const { policyPaths, readPolicies } = await import('./policy-source.ts');
  const text = against === undefined ? policy : await readPolicies(await policyPaths(context, [against]));
  const set = await loadPolicies(text);
  return {
    statement,
    decision: decide(set, statement.request),
    answers: explain(set, statement.request),
  };
}

async function runRecorded(context: CommandContext): Promise<number> {
  const result = await recounted(context);
  const { recountedToJson, renderRecounted } = await import('./policy-explanation.ts');
  if (context.json) {
    context.stdout.write(`${JSON.stringify({ ...recountedToJson(result), note: UNVERIFIED })}\n`);
    return EXIT.done;
  }
  context.stdout.write(renderRecounted(result, context.fancy));
  context.stderr.write(`broker: note: ${UNVERIFIED}\n`);
  return EXIT.done;
}

/** A recorded statement was decided for whom it was; another is decided by the policies in force. */
function checkOptions(context: CommandContext, recorded: boolean): void {
  const given = recorded ? ['asGroup', 'asBot'] : ['against'];
  const wrong = given.find((name) => option(context, name) !== undefined);
  if (wrong === undefined) return;
  const reason = recorded
    ? 'a recorded statement is decided for whom it was: leave out --as-group and --as-bot'
    : '--against goes with a recorded statement, SESSION/NUMBER';
  throw new BrokerError('usage', { reason, command: 'policy explain' });
}

async function run(context: CommandContext): Promise<number> {
  const recorded = context.args[1] === undefined;
  checkOptions(context, recorded);
  if (recorded) return runRecorded(context);
  const result = await explained(context);
  if (result.classification.units.length === 0)
    throw new BrokerError('usage', { reason: 'the statement is empty', command: 'policy explain' });
  if (context.json) {
    const { toJson } = await import('./policy-explanation.ts');
    context.stdout.write(`${JSON.stringify({ ...toJson(result), note: NOTE })}\n`);
    return EXIT.done;
  }
  const { renderExplanation } = await import('./policy-explanation.ts');
  context.stdout.write(renderExplanation(result, context.fancy));
  context.stderr.write(`broker: note: ${NOTE}\n`);
  return EXIT.done;
}

export const policyExplain: CommandDefinition = {
  name: 'policy explain',
  group: 'policy',
  summary: 'show what policy says to a statement, and which rules say so',
  description: [
    'Takes the statement apart as a session would, decides it, and prints the actions, the answer to each, and the rules that gave it. Nothing is sent to the database.',
    'Without a database at hand, names are taken as they are written; a session looks them up.',
    'SESSION/NUMBER in place of the connection and its statement means one that was recorded: it is decided again with what was recorded of it, by the policies that were in force then, as the evidence keeps them, or by those of --against.',
  ],
  arguments: [
    {
      name: 'NAME',
      summary: 'the connection; or SESSION/NUMBER of a recorded statement',
      required: true,
      completes: 'connection',
    },
    { name: 'SQL', summary: 'the statement', required: false },
  ],
  options: [
    { flags: '--as-group <groups>', summary: 'decide for somebody in these groups, separated by commas' },
    { flags: '--as-bot <id>', summary: 'decide for a bot acting for that person' },
    {
      flags: '--against <path>',
      summary: 'a recorded statement: by these policies, a file or a folder',
      completes: 'file',
    },
  ],
  examples: [
    { command: 'broker policy explain prod-db "DELETE FROM orders"', explains: 'for you' },
    {
      command: 'broker policy explain prod-db "SELECT 1" --as-group dev --as-bot helper',
      explains: 'for a bot of somebody else',
    },
    {
      command: 'broker policy explain 01jd2q8c/3',
      explains: 'why the third statement of a session was answered as it was',
    },
  ],
  run,
};
