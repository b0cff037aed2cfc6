// Principals and resources as Cedar entities: exactly those one question needs. Must never give a bot its owner's groups.
import type { CedarValueJson, Context, EntityJson, TypeAndId } from '@cedar-policy/cedar-wasm/nodejs';
import { sha256 } from '../../lib/digest.ts';
import type { ResourceRef } from '../../model/action.ts';
import type { Connection } from '../../model/connection.ts';
import type { Bot, User } from '../../model/principal.ts';
import type { DecisionContext } from './request.ts';

export const userId = (user: User): string => `${user.iss}|${user.sub}`;

const groups = (names: readonly string[]): EntityJson[] =>
  [...new Set(names)].map((id) => ({ uid: { type: 'Group', id }, attrs: {}, parents: [] }));

const uids = (entities: readonly EntityJson[]): TypeAndId[] => entities.map(({ uid }) => uid as TypeAndId);

/** Who asks: their uid and every entity that says something about them. */
export interface Asker {
  readonly uid: TypeAndId;
  readonly entities: readonly EntityJson[];
}

export function userAsker(user: User): Asker {
  const uid = { type: 'User', id: userId(user) };
  const parents = groups(user.groups);
  const attrs = {
    ...(user.email === undefined ? {} : { email: user.email }),
    ...(user.name === undefined ? {} : { name: user.name }),
    ...(user.acr === undefined ? {} : { acr: user.acr }),
    amr: [...(user.amr ?? [])],
  };
  return { uid, entities: [{ uid, attrs, parents: uids(parents) }, ...parents] };
}

export function botAsker(bot: Bot, onBehalfOf: User): Asker {
  const uid = { type: 'Bot', id: bot.id };
  const parents = groups(bot.groups);
  const person = userAsker(onBehalfOf);
  const attrs = {
    owner: { __entity: person.uid },
    ...(bot.client === undefined ? {} : { client: bot.client }),
    models: bot.models.map(({ model }) => model),
  };
  const own: EntityJson[] = [{ uid, attrs, parents: uids(parents) }, ...parents];
  const taken = new Set(uids(own).map(({ id, type }) => `${type}::${id}`));
  const others = person.entities.filter(
    ({ uid: other }) => !taken.has(`${(other as TypeAndId).type}::${(other as TypeAndId).id}`),
  );
  return { uid, entities: [...own, ...others] };
}

export function connectionEntities(connection: Connection): EntityJson[] {
  const labels = [...new Set(connection.labels)].map((id) => ({ type: 'Label', id }));
  return [
    {
      uid: { type: 'Connection', id: connection.name },
      attrs: { type: connection.type },
      parents: labels,
    },
    ...labels.map((uid) => ({ uid, attrs: {}, parents: [] })),
  ];
}

/** Entities of a resource beyond its connection's. Throws for a resource of another connection. */
export function resourceEntities(resource: ResourceRef, connection: Connection): EntityJson[] {
  const home = { type: 'Connection', id: connection.name };
  const uid = { type: resource.type, id: resource.id };
  if (resource.type === 'Connection') {
    if (resource.id === connection.name) return [];
    throw new Error(`resource ${resource.id} is not ${connection.name}`);
  }
  const prefix = `${connection.name}/`;
  if (!resource.id.startsWith(prefix))
    throw new Error(`resource ${resource.id} is not of ${connection.name}`);
  const name = resource.id.slice(prefix.length);
  switch (resource.type) {
    case 'Table':
    case 'Function':
    case 'Tool':
    case 'Prompt':
    case 'Resource':
      return [{ uid, attrs: {}, parents: [home] }];
    case 'Column':
      return columnEntities(uid, name, connection);
    case 'Data':
      return [
        { uid, attrs: {}, parents: [home, { type: 'DataType', id: name }] },
        { uid: { type: 'DataType', id: name }, attrs: {}, parents: [] },
      ];
    default:
      throw new Error(`a ${resource.type} is not a resource`);
  }
}

function columnEntities(uid: TypeAndId, name: string, connection: Connection): EntityJson[] {
  const table = { type: 'Table', id: `${connection.name}/${name.slice(0, name.lastIndexOf('.'))}` };
  const tag = connection.masking.columns[name];
  const types = tag === undefined ? [] : [{ type: 'DataType', id: tag }];
  return [
    { uid, attrs: {}, parents: [table, ...types] },
    { uid: table, attrs: {}, parents: [{ type: 'Connection', id: connection.name }] },
    ...types.map((type) => ({ uid: type, attrs: {}, parents: [] })),
  ];
}

/** Named by what they say, so that equal arguments are one entity and others never are. */
function argumentsUid({ arguments: given }: DecisionContext): TypeAndId {
  return { type: 'Arguments', id: given === undefined ? '' : sha256(given.json) };
}

/** The arguments of a call as an entity: policies ask `context.arguments.hasTag("path")`. */
export function argumentsEntity(given: DecisionContext): EntityJson {
  const { json = '', named = {} } = given.arguments ?? {};
  return { uid: argumentsUid(given), attrs: { json }, tags: named, parents: [] };
}

type Circumstance = (given: DecisionContext, connection: Connection) => CedarValueJson | undefined;

const set = (values: readonly string[] = []): string[] => [...new Set(values)].sort();

function filterTypes({ columns = [] }: DecisionContext, { masking }: Connection): string[] {
  const filtered = columns.filter(({ role }) => role === 'filter');
  return set(filtered.map(({ column }) => masking.columns[column]).filter((tag) => tag !== undefined));
}

/** In the order in which decisions are told apart by them. Undefined is left out. */
const CIRCUMSTANCES: readonly (readonly [string, Circumstance])[] = [
  ['tables', ({ tables }) => set(tables)],
  ['columns', ({ columns = [] }) => columns.map(({ column, role }) => ({ column, role }))],
  ['filterTypes', filterTypes],
  ['functions', ({ functions }) => set(functions)],
  ['hasWhere', ({ hasWhere = false }) => hasWhere],
  ['inTransaction', ({ inTransaction = false }) => inTransaction],
  ['statementCount', ({ statementCount = 1 }) => statementCount],
  ['fingerprint', ({ fingerprint = '' }) => fingerprint],
  ['client', ({ client = '' }) => client],
  ['models', ({ models }) => set(models)],
  ['tool', ({ tool = '' }) => tool],
  ['arguments', (given) => ({ __entity: argumentsUid(given) })],
  ['reason', ({ reason = '' }) => reason],
  ['time', ({ time = 0 }) => ({ __extn: { fn: 'datetime', arg: toTheSecond(time) } })],
  ['grants', ({ grants }) => set(grants)],
  [
    'sourceAddress',
    ({ sourceAddress }) =>
      sourceAddress === undefined ? undefined : { __extn: { fn: 'ip', arg: sourceAddress } },
  ],
];

const toTheSecond = (time: number): string => new Date(Math.floor(time / 1000) * 1000).toISOString();

/** The circumstances as Cedar reads them, of those that are asked for. Sets are sorted, so that equal circumstances are equal texts. */
export function contextOf(
  given: DecisionContext,
  connection: Connection,
  wanted: ReadonlySet<string> | 'all',
): Context {
  const context: Record<string, CedarValueJson> = {};
  for (const [name, circumstance] of CIRCUMSTANCES) {
    if (wanted !== 'all' && !wanted.has(name)) continue;
    const value = circumstance(given, connection);
    if (value !== undefined) context[name] = value;
  }
  return context;
}
