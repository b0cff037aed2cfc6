// Statements that make or change objects whose definitions hold queries or code: tables, views, rules, triggers, functions.
import type { ActionId } from '../../../model/action.ts';
import { part } from '../names.ts';
import type { Reading, StatementRow } from '../reading.ts';
import { callFunction } from '../rules/functions.ts';
import { Scope } from '../scope.ts';
import { as, type Fields, fieldsOf, items, list, nameParts, options, string, text } from '../tree.ts';

function makeTable(reading: Reading, relation: unknown): string {
  const { name, temporary } = reading.names.created(fieldsOf(relation));
  reading.found.actOnTable(temporary ? 'sql:create-temporary' : 'sql:create', name);
  reading.found.changesCatalogue = true;
  return name;
}

/** Every table the name may mean. */
export function actOnNamed(reading: Reading, action: ActionId, relation: unknown): readonly string[] {
  const { targets, known } = reading.names.rangeVar(fieldsOf(relation));
  reading.found.unresolved ||= !known;
  for (const { name } of targets) reading.found.actOnTable(action, name);
  return targets.map(({ name }) => name);
}

export const createTable: StatementRow = (reading, fields, scope) => {
  reading.found.named(`CREATE TABLE ${makeTable(reading, fields['relation'])}`);
  for (const field of ['tableElts', 'constraints', 'options']) reading.walk(fields[field], scope, 'filter');
  // A child is read whenever its parent is, and the other way round.
  for (const parent of list(fields['inhRelations'])) actOnNamed(reading, 'sql:alter', as('RangeVar', parent));
  if (fields['partbound'])
    reading.fields('PartitionBoundSpec', fieldsOf(fields['partbound']), scope, 'filter');
  if (fields['partspec']) reading.fields('PartitionSpec', fieldsOf(fields['partspec']), scope, 'filter');
  if (fields['ofTypename']) reading.fields('TypeName', fieldsOf(fields['ofTypename']), scope, 'filter');
  return undefined;
};

export const createForeignTable: StatementRow = (reading, fields, scope) => {
  createTable(reading, fieldsOf(fields['base']) as Fields, scope);
  reading.found.title = reading.found.title.replace('CREATE TABLE', 'CREATE FOREIGN TABLE');
  return undefined;
};

/** CREATE TABLE AS and CREATE MATERIALIZED VIEW: what the query reads is written down elsewhere. */
export const createTableAs: StatementRow = (reading, fields, scope) => {
  const kind = fields['objtype'] === 'OBJECT_MATVIEW' ? 'MATERIALIZED VIEW' : 'TABLE';
  reading.found.named(`CREATE ${kind} AS`);
  makeTable(reading, fieldsOf(fields['into'])['rel']);
  reading.statement(fields['query'], scope.child());
  return undefined;
};

/** CREATE OR REPLACE VIEW changes a view that is already there. */
export const createView: StatementRow = (reading, fields) => {
  reading.found.named('CREATE VIEW');
  const name = makeTable(reading, fields['view']);
  const bare = text(fieldsOf(fields['view'])['relname']);
  if (fields['replace'] === true) reading.found.actOnTable('sql:alter', name);
  const unit = reading.unit(fields['query']);
  reading.names.viewMade(bare, unit.tables);
  return undefined;
};

/** A rule's actions run instead of what a client sends; OLD and NEW stand for the table's rows. */
export const createRule: StatementRow = (reading, fields, scope) => {
  reading.found.named('CREATE RULE');
  reading.found.changesCatalogue = true;
  const { targets } = reading.names.rangeVar(fieldsOf(fields['relation']));
  actOnNamed(reading, 'sql:alter', fields['relation']);
  actOnNamed(reading, 'sql:create-function', fields['relation']);
  const inner = scope.child();
  for (const { relation } of targets)
    for (const alias of ['old', 'new'])
      if (relation) inner.items.push({ alias, columns: reading.names.columnsOf(relation), complete: true });
  reading.walk(fields['whereClause'], inner, 'filter');
  for (const action of items(fields['actions'])) reading.statement(action, inner.child());
  return undefined;
};

export const createTrigger: StatementRow = (reading, fields, scope) => {
  reading.found.named('CREATE TRIGGER');
  reading.found.changesCatalogue = true;
  actOnNamed(reading, 'sql:alter', fields['relation']);
  callFunction(reading, nameParts(fields['funcname']), []);
  reading.walk(fields['whenClause'], scope, 'filter');
  return undefined;
};

/** `AS 'body'` of a function; C functions have two strings, a file and a name. */
function bodyOf(given: ReturnType<typeof options>): string | undefined {
  const [body, more] = items(given.find(({ name }) => name === 'as')?.node).map(string);
  return more === undefined ? body : undefined;
}

function readSettings(reading: Reading, given: ReturnType<typeof options>): void {
  // SECURITY DEFINER lends its maker's rights to whoever calls it.
  if (given.some(({ name, value }) => name === 'security' && value === 'true'))
    reading.found.act('sql:grant');
}

/** What an SQL body does counts when it is made. Other languages are what they are. */
export const createFunction: StatementRow = (reading, fields, scope) => {
  const parts = nameParts(fields['funcname']);
  const schema = parts.at(-2) ?? reading.names.creationSchema;
  const given = options(fields['options']);
  const language = given.find(({ name }) => name === 'language')?.value?.toLowerCase() ?? 'sql';
  reading.found.named(
    `CREATE ${fields['is_procedure'] === true ? 'PROCEDURE' : 'FUNCTION'} ${parts.join('.')}`,
  );
  reading.found.actOnFunction('sql:create-function', `${part(schema)}.${part(parts.at(-1) ?? '')}`);
  reading.found.changesCatalogue = true;
  if (language === 'c' || language === 'internal') reading.found.act('sql:extension');
  readSettings(reading, given);
  reading.walk(fields['parameters'], scope, 'filter');
  const body = bodyOf(given);
  if (language === 'sql' && body !== undefined) reading.sql(body);
  for (const statement of items(fields['sql_body']).flatMap((node) =>
    as('List', node) ? items(node) : [node],
  ))
    reading.walk(statement, new Scope(), 'output');
  const single = as('ReturnStmt', fields['sql_body']);
  if (single) reading.walk(single['returnval'], new Scope(), 'output');
  return undefined;
};

export const createIndex: StatementRow = (reading, fields, scope) => {
  const names = actOnNamed(reading, 'sql:alter', fields['relation']);
  reading.found.named(`CREATE INDEX on ${names.join(' or ')}`);
  for (const field of ['indexParams', 'indexIncludingParams', 'whereClause', 'options'])
    reading.walk(fields[field], scope, 'filter');
  return undefined;
};

/** CREATE SCHEMA may carry the statements that fill it; their unqualified names are in the new schema. */
export const createSchema: StatementRow = (reading, fields, scope) => {
  reading.found.named('CREATE SCHEMA');
  reading.found.act('sql:create');
  reading.found.changesCatalogue = true;
  for (const element of list(fields['schemaElts'])) reading.statement(element, scope.child());
  return undefined;
};

/** Changes of a table that take rights or data away, beyond altering it. */
const COMMANDS: Readonly<Record<string, ActionId>> = {
  AT_ChangeOwner: 'sql:grant',
  AT_DisableRowSecurity: 'sql:grant',
  AT_NoForceRowSecurity: 'sql:grant',
  AT_DisableRule: 'sql:grant',
  AT_DisableTrig: 'sql:grant',
  AT_DisableTrigAll: 'sql:grant',
  AT_DisableTrigUser: 'sql:grant',
  AT_EnableReplicaTrig: 'sql:grant',
  AT_EnableReplicaRule: 'sql:grant',
  AT_DropColumn: 'sql:drop',
};

export const alterTable: StatementRow = (reading, fields, scope) => {
  const names = actOnNamed(reading, 'sql:alter', fields['relation']);
  reading.found.named(`ALTER TABLE ${names.join(' or ')}`);
  reading.found.changesCatalogue = true;
  const inner = scope.child();
  for (const { relation } of reading.names.rangeVar(fieldsOf(fields['relation'])).targets)
    if (relation)
      inner.items.push({ alias: relation.name, columns: reading.names.columnsOf(relation), complete: true });
  for (const node of list(fields['cmds'])) {
    const command = as('AlterTableCmd', node) ?? {};
    const extra = COMMANDS[text(command['subtype'])];
    if (extra) actOnNamed(reading, extra, fields['relation']);
    reading.walk(node, inner, 'filter');
  }
  return undefined;
};
