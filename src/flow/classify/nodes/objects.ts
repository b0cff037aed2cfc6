// Statements that say what they do with their first words: a table from node to title, action and the objects it names.
import type { ActionId } from '../../../model/action.ts';
import { part } from '../names.ts';
import type { Reading, StatementRow } from '../reading.ts';
import { as, fieldsOf, items, list, nameParts, string, text } from '../tree.ts';
import { actOnNamed } from './define.ts';
import { readSet } from './session.ts';

/** Kinds of objects that are in the catalogue's relations, and those that are functions. */
const RELATIONS = new Set([
  'TABLE',
  'VIEW',
  'MATVIEW',
  'FOREIGN_TABLE',
  'SEQUENCE',
  'COLUMN',
  'TABCONSTRAINT',
]);
const ON_RELATION = new Set(['TRIGGER', 'RULE', 'POLICY']);
const FUNCTIONS = new Set(['FUNCTION', 'PROCEDURE', 'ROUTINE', 'AGGREGATE']);

const kindOf = (value: unknown): string => text(value).replace(/^OBJECT_/, '');
const words = (kind: string): string => kind.replace('MATVIEW', 'MATERIALIZED VIEW').replaceAll('_', ' ');

/** The parts of an object's name, however the grammar wraps it. */
function partsOf(node: unknown): readonly string[] {
  const withArguments = as('ObjectWithArgs', node);
  if (withArguments) return nameParts(withArguments['objname']);
  const type = as('TypeName', node);
  if (type) return nameParts(type['names']);
  const single = string(node);
  return single === undefined ? nameParts(node) : [single];
}

/** One action on one named object of a kind. */
function actOn(reading: Reading, action: ActionId, kind: string, node: unknown): readonly string[] {
  const parts = partsOf(node);
  const relation =
    ON_RELATION.has(kind) || kind === 'COLUMN' || kind === 'TABCONSTRAINT' ? parts.slice(0, -1) : parts;
  if ((RELATIONS.has(kind) || ON_RELATION.has(kind)) && relation.length > 0) {
    const { targets, known } = reading.names.relationParts(relation);
    reading.found.unresolved ||= !known;
    for (const { name } of targets) reading.found.actOnTable(action, name);
    return targets.map(({ name }) => name);
  }
  if (FUNCTIONS.has(kind) && parts.length > 0) {
    const schema = parts.at(-2) ?? reading.names.creationSchema;
    const name = `${part(schema)}.${part(parts.at(-1) ?? '')}`;
    reading.found.actOnFunction(action, name);
    return [name];
  }
  reading.found.act(action);
  return parts.length > 0 ? [parts.join('.')] : [];
}

/** Objects that are administered rather than defined. */
const SPECIAL: Readonly<Record<string, ActionId>> = {
  ACCESS_METHOD: 'sql:extension',
  EVENT_TRIGGER: 'sql:alter-system',
  EXTENSION: 'sql:extension',
  FDW: 'sql:extension',
  FOREIGN_SERVER: 'sql:extension',
  LANGUAGE: 'sql:extension',
  POLICY: 'sql:grant',
  PUBLICATION: 'sql:replication',
  SUBSCRIPTION: 'sql:replication',
};

export const drop: StatementRow = (reading, fields) => {
  const kind = kindOf(fields['removeType']);
  reading.found.changesCatalogue = true;
  const special = SPECIAL[kind];
  const names = list(fields['objects']).flatMap((node) => actOn(reading, 'sql:drop', kind, node));
  if (special) reading.found.act(special);
  reading.found.named(`DROP ${words(kind)} ${names.join(', ')}`.trimEnd());
  return undefined;
};

export const truncate: StatementRow = (reading, fields) => {
  const names = list(fields['relations']).flatMap((node) =>
    actOnNamed(reading, 'sql:truncate', as('RangeVar', node)),
  );
  reading.found.named(`TRUNCATE ${names.join(', ')}`);
  return undefined;
};

export const grant: StatementRow = (reading, fields) => {
  reading.found.named(fields['is_grant'] === true ? 'GRANT' : 'REVOKE');
  const kind = kindOf(fields['objtype']);
  const objects = fields['targtype'] === 'ACL_TARGET_OBJECT' ? list(fields['objects']) : [];
  for (const node of objects) {
    const relation = as('RangeVar', node);
    if (relation) actOnNamed(reading, 'sql:grant', relation);
    else actOn(reading, 'sql:grant', kind, node);
  }
  if (objects.length === 0) reading.found.act('sql:grant');
  return undefined;
};

/** ALTER … RENAME, SET SCHEMA, OWNER TO and the like: `relation` or `object`, with its kind. */
const alterObject =
  (title: string, action: ActionId, kindField: string): StatementRow =>
  (reading, fields) => {
    const kind = kindOf(fields[kindField]);
    reading.found.named(`ALTER ${words(kind)} ${title}`);
    reading.found.changesCatalogue = true;
    if (fields['relation']) actOnNamed(reading, action, fields['relation']);
    else actOn(reading, action, kind, fields['object']);
    const special = SPECIAL[kind];
    if (special) reading.found.act(special);
    if (kind === 'ROLE') reading.found.act('sql:role');
    return undefined;
  };

export const rename = alterObject('RENAME', 'sql:alter', 'renameType');
export const setSchema = alterObject('SET SCHEMA', 'sql:alter', 'objectType');
export const owner = alterObject('OWNER', 'sql:grant', 'objectType');
export const depends = alterObject('DEPENDS ON', 'sql:alter', 'objectType');

export const comment: StatementRow = (reading, fields) => {
  const kind = kindOf(fields['objtype']);
  reading.found.named(`COMMENT ON ${words(kind)}`);
  actOn(reading, 'sql:comment', kind, fields['object']);
  return undefined;
};

/** DefineStmt: CREATE TYPE, AGGREGATE, OPERATOR and others, by kind. */
export const define: StatementRow = (reading, fields) => {
  const kind = kindOf(fields['kind']);
  const runs = kind === 'AGGREGATE' || kind === 'OPERATOR' || kind === 'TYPE';
  reading.found.named(`CREATE ${words(kind)}`);
  reading.found.changesCatalogue = true;
  if (kind === 'AGGREGATE')
    actOn(reading, 'sql:create-function', kind, { List: { items: items(fields['defnames']) } });
  else reading.found.act(runs ? 'sql:create-function' : 'sql:create');
  return undefined;
};

/** VACUUM, ANALYZE, CLUSTER, REINDEX, REFRESH: work on tables that changes no row. */
export const maintain: StatementRow = (reading, fields, scope) => {
  const tables = [
    fields['relation'],
    ...list(fields['rels']).map((node) => as('VacuumRelation', node)?.['relation']),
  ];
  const named = tables.filter((relation) => relation !== undefined);
  for (const relation of named) actOnNamed(reading, 'sql:maintain', relation);
  if (named.length === 0) reading.found.act('sql:maintain');
  reading.walk(fields['options'] ?? fields['params'], scope, 'filter');
  return undefined;
};

export const titled =
  (title: string, row: StatementRow): StatementRow =>
  (reading, fields, scope) => {
    reading.found.named(title);
    return row(reading, fields, scope);
  };

/** REINDEX INDEX names an index, which the catalogue snapshot does not have. */
export const reindex: StatementRow = (reading, fields, scope) =>
  fields['kind'] === 'REINDEX_OBJECT_TABLE'
    ? maintain(reading, fields, scope)
    : maintain(reading, { params: fields['params'] }, scope);

/** A statement of which only the relation and the action matter; expressions in it are read too. */
export const onRelation =
  (title: string, action: ActionId, field: string, ...walked: readonly string[]): StatementRow =>
  (reading, fields, scope) => {
    reading.found.named(title);
    reading.found.changesCatalogue = true;
    actOnNamed(reading, action, fields[field]);
    for (const name of walked) reading.walk(fields[name], scope, 'filter');
    return undefined;
  };

/** A new relation: sequences and composite types. */
export const makes =
  (title: string, field: string, ...walked: readonly string[]): StatementRow =>
  (reading, fields, scope) => {
    const { name, temporary } = reading.names.created(fieldsOf(fields[field]));
    reading.found.named(title);
    reading.found.changesCatalogue = true;
    reading.found.actOnTable(temporary ? 'sql:create-temporary' : 'sql:create', name);
    for (const one of walked) reading.walk(fields[one], scope, 'filter');
    return undefined;
  };

/** A statement on something that is no table: only its kind counts; expressions in it are read too. */
export const changes =
  (title: string, actions: readonly ActionId[], ...walked: readonly string[]): StatementRow =>
  (reading, fields, scope) => {
    reading.found.named(title);
    reading.found.changesCatalogue = true;
    for (const action of actions) reading.found.act(action);
    for (const name of walked) reading.walk(fields[name], scope, 'filter');
    return undefined;
  };

export const alterFunction: StatementRow = (reading, fields) => {
  reading.found.named('ALTER FUNCTION');
  reading.found.changesCatalogue = true;
  actOn(reading, 'sql:create-function', 'FUNCTION', { ObjectWithArgs: fieldsOf(fields['func']) });
  reading.found.act('sql:alter');
  return undefined;
};

/** ALTER ROLE, DATABASE and SYSTEM … SET: the setting counts as if it were set here, for later sessions. */
export const lastingSet =
  (title: string, action: ActionId): StatementRow =>
  (reading, fields) => {
    reading.found.named(`${title} SET`);
    reading.found.act(action);
    readSet(reading, fieldsOf(fields['setstmt']));
    reading.found.effect = undefined;
    return undefined;
  };
