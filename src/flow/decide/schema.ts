// Cedar's schema, generated from the table of actions. A policy that names what does not exist is refused when it is loaded.
import type { ActionType, EntityType, SchemaJson, Type } from '@cedar-policy/cedar-wasm/nodejs';
import {
  ACTIONS,
  type ActionGroup,
  type ActionId,
  type EntityType as EntityName,
} from '../../model/action.ts';

const text: Type<string> = { type: 'String' };
const texts: Type<string> = { type: 'Set', element: text };
const flag: Type<string> = { type: 'Boolean' };

type Shape = Record<string, Type<string> & { required?: boolean }>;

/** Every attribute is always there (empty where it does not apply), except sourceAddress. */
const CONTEXT: Shape = {
  tables: texts,
  columns: { type: 'Set', element: { type: 'Record', attributes: { column: text, role: text } } },
  filterTypes: texts,
  functions: texts,
  hasWhere: flag,
  inTransaction: flag,
  statementCount: { type: 'Long' },
  fingerprint: text,
  client: text,
  models: texts,
  tool: text,
  /** Tags by the argument's name; `json` is all of it, canonical. Empty for what has none. */
  arguments: { type: 'Entity', name: 'Arguments' },
  reason: text,
  time: { type: 'Extension', name: 'datetime' },
  sourceAddress: { type: 'Extension', name: 'ipaddr', required: false },
  grants: texts,
};

function entity(memberOfTypes: EntityName[], attributes: Shape = {}): EntityType<string> {
  return { memberOfTypes, shape: { type: 'Record', attributes } };
}

const ENTITIES: Readonly<Record<EntityName, EntityType<string>>> = {
  User: entity(['Group'], {
    email: { ...text, required: false },
    name: { ...text, required: false },
    acr: { ...text, required: false },
    amr: texts,
  }),
  Bot: entity(['Group'], {
    owner: { type: 'Entity', name: 'User' },
    client: { ...text, required: false },
    models: texts,
  }),
  Group: entity([]),
  Label: entity([]),
  Connection: entity(['Label'], { type: text }),
  Table: entity(['Connection']),
  Function: entity(['Connection']),
  Column: entity(['Table', 'DataType']),
  Data: entity(['Connection', 'DataType']),
  DataType: entity([]),
  Tool: entity(['Connection']),
  Prompt: entity(['Connection']),
  Resource: entity(['Connection']),
  Arguments: { ...entity([], { json: text }), tags: text },
};

/** What each group of actions can be done to. */
const RESOURCES: Readonly<Record<ActionGroup, readonly EntityName[]>> = {
  session: ['Connection'],
  read: ['Connection', 'Table', 'Function', 'Prompt', 'Resource'],
  write: ['Connection', 'Table', 'Function'],
  destroy: ['Connection', 'Table', 'Function'],
  define: ['Connection', 'Table', 'Function'],
  administer: ['Connection', 'Table', 'Function'],
  execute: ['Connection', 'Table', 'Function', 'Tool'],
  unknown: ['Connection', 'Table', 'Function'],
  data: ['Column', 'Data'],
  duty: ['Connection'],
};

function optional(shape: Shape): Shape {
  return Object.fromEntries(
    Object.entries(shape).map(([name, type]) => [name, { ...type, required: false }]),
  );
}

/**
 * `check` is what policies are validated against. `run` is the same with every circumstance optional: a question then
 * carries only what the loaded policies read, which halves its cost.
 */
function buildSchema(purpose: 'check' | 'run', applies: (id: ActionId) => boolean): SchemaJson<string> {
  const attributes = purpose === 'check' ? CONTEXT : optional(CONTEXT);
  const actions: Record<string, ActionType<string>> = {};
  for (const group of Object.keys(RESOURCES)) actions[group] = {};
  for (const id of Object.keys(ACTIONS) as ActionId[]) {
    const group = ACTIONS[id];
    actions[id] = { memberOf: [{ id: group }] };
    if (!applies(id)) continue;
    actions[id] = {
      memberOf: [{ id: group }],
      appliesTo: {
        // A bot never approves: no policy can say otherwise.
        principalTypes: id === 'approve' ? ['User'] : ['User', 'Bot'],
        resourceTypes: [...RESOURCES[group]],
        context: { type: 'Record', attributes },
      },
    };
  }
  return { '': { entityTypes: ENTITIES, actions } };
}

export function runSchema(): SchemaJson<string> {
  return buildSchema('run', () => true);
}

/**
 * Actions of one group that no policy names are all alike to every policy: one of them stands for the others, which
 * makes checking several times as fast.
 */
export function checkSchema(texts: readonly string[]): SchemaJson<string> {
  const seen = new Set<ActionGroup>();
  return buildSchema('check', (id) => {
    if (id === 'approve' || texts.some((one) => one.includes(`"${id}"`))) return true;
    if (seen.has(ACTIONS[id])) return false;
    seen.add(ACTIONS[id]);
    return true;
  });
}
