// Examples of what a policy must say: read from YAML or JSON, decided, compared. A mistake in an example is a failure of it.
import { readFile } from 'node:fs/promises';
import { isMap, isSeq, LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { classify, loadGrammar } from '../flow/classify/index.ts';
import {
  callArguments,
  type DecisionContext,
  type DecisionRequest,
  decide,
  explain,
  type PolicySet,
} from '../flow/decide/index.ts';
import { ACTIONS, type ActionId, type ActionUse } from '../model/action.ts';
import type { Config } from '../model/config.ts';
import type { Connection } from '../model/connection.ts';
import type { Principal, User } from '../model/principal.ts';
import type { CommandContext } from './command.ts';
import { bareEnvironment, circumstancesOf, configIfAny, examplesBeside } from './policy-source.ts';

const names = z.array(z.string());
const EXAMPLE = z
  .strictObject({
    name: z.string().optional(),
    statement: z.string().optional(),
    action: z
      .string()
      .refine((id) => id in ACTIONS, 'is not an action')
      .optional(),
    /** A data type or schema.table.column: may its values be seen? */
    reveal: z.string().optional(),
    /** A tool of an MCP server, and what it is called with. */
    tool: z.string().optional(),
    arguments: z.record(z.string(), z.unknown()).optional(),
    connection: z.string().optional(),
    labels: names.optional(),
    groups: names.default([]),
    bot: z.union([z.string(), z.strictObject({ id: z.string(), groups: names.default([]) })]).optional(),
    /** schema.table.column: data type */
    columns: z.record(z.string(), z.string()).optional(),
    /** RFC 3339. */
    time: z.iso.datetime({ offset: true }).optional(),
    inTransaction: z.boolean().optional(),
    client: z.string().optional(),
    reason: z.string().optional(),
    /** Names of open windows. */
    grants: names.optional(),
    models: names.optional(),
    expect: z.enum(['allow', 'ask', 'deny']),
    policies: names.optional(),
  })
  .refine(
    ({ statement, action, reveal, tool }) =>
      [statement, action, reveal, tool].filter((each) => each !== undefined).length === 1,
    { message: 'needs one of statement, action, reveal and tool' },
  )
  .refine(({ tool, arguments: given }) => given === undefined || tool !== undefined, {
    message: 'arguments belong to a tool',
  });

type Wanted = z.infer<typeof EXAMPLE>;

export interface Example {
  /** `file:line:column` */
  readonly place: string;
  readonly wanted: Wanted | undefined;
  /** What is wrong with the example itself. */
  readonly fault?: string;
}

export interface Result {
  readonly place: string;
  readonly name: string;
  readonly problem?: string;
  /** Policies that determined any part of the answer. */
  readonly touched?: readonly string[];
}

function faultOf(error: z.ZodError): string {
  return error.issues
    .map(({ path, message }) => [path.join('.'), message].filter(Boolean).join(' '))
    .join('; ');
}

/** The list of examples of a file: the whole of it, or under `examples`. */
async function readExamples(file: string): Promise<readonly Example[]> {
  const lines = new LineCounter();
  const document = parseDocument(await readFile(file, 'utf8'), { lineCounter: lines });
  const placeAt = (offset = 0): string => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  const [broken] = document.errors;
  if (broken)
    return [{ place: placeAt(broken.pos[0]), wanted: undefined, fault: broken.message.split('\n')[0] ?? '' }];
  const root = document.contents;
  const list = isMap(root) ? root.get('examples', true) : root;
  if (!isSeq(list)) return [{ place: placeAt(), wanted: undefined, fault: 'is not a list of examples' }];
  return list.items.map((node) => {
    const range = (node as { range?: [number, number, number] | null }).range;
    const parsed = EXAMPLE.safeParse((node as { toJS(document: unknown): unknown }).toJS(document));
    const place = placeAt(range?.[0]);
    return parsed.success
      ? { place, wanted: parsed.data }
      : { place, wanted: undefined, fault: faultOf(parsed.error) };
  });
}

/** A connection of the configuration, or one made up for the labels given. */
function connectionFor(
  { connection: name = 'example', labels, columns = {} }: Wanted,
  config: Config | undefined,
): Connection {
  const known = config?.connections.get(name);
  if (known) {
    const masking = { ...known.masking, columns: { ...known.masking.columns, ...columns } };
    return { ...known, masking, ...(labels ? { labels } : {}) };
  }
  return {
    name,
    type: 'postgres',
    host: 'example.invalid',
    port: 5432,
    tls: { mode: 'verify-full' },
    credential: { source: 'env' },
    labels: labels ?? [],
    masking: { columns, strategies: {}, onUnknown: 'mask' },
    recording: { maxRows: 0, maxBytes: 0 },
  };
}

function principalFor({ groups, bot }: Wanted): Principal {
  const user: User = { iss: 'https://example.invalid', sub: 'somebody', groups };
  if (bot === undefined) return { kind: 'user', user };
  const { id, groups: own } = typeof bot === 'string' ? { id: bot, groups: [] } : bot;
  return { kind: 'bot', bot: { id, groups: own, models: [] }, onBehalfOf: user };
}

interface Asked {
  readonly actions: readonly ActionUse[];
  readonly context: DecisionContext;
}

function askedBy(wanted: Wanted, connection: string): Asked {
  const { statement, action, reveal, tool, client, reason, time, inTransaction, grants, models } = wanted;
  const given = {
    ...(client === undefined ? {} : { client }),
    ...(reason === undefined ? {} : { reason }),
    ...(time === undefined ? {} : { time: Date.parse(time) }),
    ...(inTransaction === undefined ? {} : { inTransaction }),
    ...(grants === undefined ? {} : { grants }),
    ...(models === undefined ? {} : { models }),
  };
  if (tool !== undefined) {
    const use = { action: 'mcp:call', resource: { type: 'Tool', id: `${connection}/${tool}` } } as const;
    return { actions: [use], context: { ...given, tool, arguments: callArguments(wanted.arguments) } };
  }
  if (reveal !== undefined) {
    const type = reveal.includes('.') ? 'Column' : 'Data';
    return {
      actions: [{ action: 'reveal', resource: { type, id: `${connection}/${reveal}` } }],
      context: given,
    };
  }
  if (action !== undefined) {
    const use = { action: action as ActionId, resource: { type: 'Connection', id: connection } } as const;
    return { actions: [use], context: given };
  }
  const classification = classify(statement ?? '', bareEnvironment(connection));
  const actions = classification.units.flatMap((unit) => unit.actions);
  return { actions, context: { ...circumstancesOf(classification), ...given } };
}

function touchedBy(set: PolicySet, request: DecisionRequest): readonly string[] {
  const answers = explain(set, request);
  return [...new Set(answers.flatMap(({ policies }) => policies.map(({ id }) => id)))].sort();
}

function runExample(set: PolicySet, config: Config | undefined, example: Example): Result {
  const { place, wanted, fault } = example;
  if (!wanted) return { place, name: '', problem: fault ?? 'cannot be read' };
  const name = wanted.name ?? wanted.statement ?? wanted.action ?? wanted.tool ?? `reveal ${wanted.reveal}`;
  const connection = connectionFor(wanted, config);
  const request = { principal: principalFor(wanted), connection, ...askedBy(wanted, connection.name) };
  const { outcome, policies, errors } = decide(set, request);
  const touched = errors.length > 0 ? [] : touchedBy(set, request);
  const got = `${outcome} (${[...policies, ...errors].join(', ') || 'no policy permits it'})`;
  if (outcome !== wanted.expect)
    return { place, name, touched, problem: `expected ${wanted.expect}, got ${got}` };
  const missing = (wanted.policies ?? []).filter((id) => !policies.includes(id));
  if (missing.length > 0)
    return { place, name, touched, problem: `expected it from ${missing.join(', ')}, got ${got}` };
  return { place, name, touched };
}

/** The examples beside policies, each held against them. */
export async function runExamples(
  context: CommandContext,
  paths: readonly string[],
  set: PolicySet,
): Promise<readonly Result[]> {
  await loadGrammar();
  const config = await configIfAny(context);
  const examples = (await Promise.all((await examplesBeside(paths)).map(readExamples))).flat();
  return examples.map((example) => runExample(set, config, example));
}
