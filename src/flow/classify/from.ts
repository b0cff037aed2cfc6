// Items of FROM: tables, joins, subqueries, functions. What a name stands for is settled here, lexically.
import { callWords } from './expressions.ts';
import type { Reading } from './reading.ts';
import { type Item, type Output, type Scope, UNTOLD } from './scope.ts';
import { as, type Fields, fieldsOf, list, nameParts, string, text, typed } from './tree.ts';
import { rename } from './with.ts';

type ItemRow = (reading: Reading, fields: Fields, scope: Scope) => readonly Item[];

const aliasOf = (fields: Fields): string | undefined =>
  text(fieldsOf(fields['alias'])['aliasname']) || undefined;

/** Column names given with the alias: `t(a, b)`. */
const renamed = (output: Output, fields: Fields): Output =>
  rename(output, nameParts(fieldsOf(fields['alias'])['colnames']));

/** A table's columns, for every table the name may mean. Notes the read. */
function readTable(reading: Reading, fields: Fields): Output {
  const { targets, known } = reading.names.rangeVar(fields);
  reading.found.unresolved ||= !known;
  const columns = new Map<string, readonly string[]>();
  for (const { name, relation } of targets) {
    reading.found.actOnTable('sql:select', name);
    if (!relation) continue;
    const own = reading.names.columnsOf(relation);
    if (targets.length === 1) return { columns: own, complete: true };
    for (const [column, bases] of own) columns.set(column, [...(columns.get(column) ?? []), ...bases]);
  }
  return { columns, complete: known };
}

const table: ItemRow = (reading, fields, scope) => {
  const name = text(fields['relname']);
  const query = fields['schemaname'] ? undefined : scope.query(name);
  const output = query ?? readTable(reading, fields);
  return [{ alias: aliasOf(fields) ?? name, ...renamed(output, fields) }];
};

const subquery: ItemRow = (reading, fields, scope) => {
  const inner = fields['lateral'] === true ? scope.child() : scope.aside().child();
  const title = reading.found.title;
  const output = reading.statement(fields['subquery'], inner);
  reading.found.title = title;
  return [{ alias: aliasOf(fields), ...renamed(output, fields) }];
};

/** ROWS FROM and plain functions. Their columns are made of their arguments. */
const functions: ItemRow = (reading, fields, scope) => {
  const bases = reading.found.tapping(() => {
    for (const node of list(fields['functions'])) {
      const [call, definitions] = list(as('List', node)?.['items']);
      reading.walk(call, scope, 'output');
      if (definitions !== undefined && typed(definitions)) reading.walk(definitions, scope, 'output');
    }
    reading.walk(fields['coldeflist'], scope, 'output');
  });
  const names = nameParts(fieldsOf(fields['alias'])['colnames']);
  return [{ alias: aliasOf(fields), columns: new Map(names.map((name) => [name, bases])), complete: false }];
};

const XML_TABLE = ['docexpr', 'rowexpr', 'namespaces'];

const xmlTable: ItemRow = (reading, fields, scope) => {
  for (const field of XML_TABLE) reading.walk(fields[field], scope, 'output');
  for (const node of list(fields['columns'])) {
    const column = as('RangeTableFuncCol', node) ?? {};
    reading.walk(column['colexpr'], scope, 'output');
    reading.walk(column['coldefexpr'], scope, 'output');
    if (column['typeName']) reading.fields('TypeName', column['typeName'] as Fields, scope, 'output');
  }
  return [{ alias: aliasOf(fields), ...UNTOLD }];
};

function jsonColumns(reading: Reading, columns: unknown, scope: Scope): void {
  for (const node of list(columns)) {
    const column = as('JsonTableColumn', node) ?? {};
    if (column['typeName']) reading.fields('TypeName', column['typeName'] as Fields, scope, 'output');
    for (const field of ['on_empty', 'on_error'])
      if (column[field]) reading.fields('JsonBehavior', column[field] as Fields, scope, 'output');
    jsonColumns(reading, column['columns'], scope);
  }
}

const jsonTable: ItemRow = (reading, fields, scope) => {
  callWords(reading, 'JsonTable');
  if (fields['context_item'])
    reading.fields('JsonValueExpr', fields['context_item'] as Fields, scope, 'output');
  reading.walk(fields['passing'], scope, 'output');
  if (fields['on_error']) reading.fields('JsonBehavior', fields['on_error'] as Fields, scope, 'output');
  jsonColumns(reading, fields['columns'], scope);
  return [{ alias: aliasOf(fields), ...UNTOLD }];
};

const sample: ItemRow = (reading, fields, scope) => {
  const items = readItem(reading, fields['relation'], scope);
  reading.walk(fields['args'], scope, 'filter');
  reading.walk(fields['repeatable'], scope, 'filter');
  const method = nameParts(fields['method']);
  if (!/^(?:pg_catalog\.)?(?:bernoulli|system)$/.test(method.join('.')))
    reading.found.actOnFunction('sql:execute-function', method.join('.'));
  return items;
};

/** USING and NATURAL compare columns without naming an expression. */
function joinColumns(fields: Fields, left: readonly Item[], right: readonly Item[]): readonly string[] {
  const using = list(fields['usingClause'])
    .map(string)
    .filter((name) => name !== undefined);
  if (fields['isNatural'] !== true) return using;
  const others = new Set(right.flatMap((item) => [...item.columns.keys()]));
  return left.flatMap((item) => [...item.columns.keys()]).filter((name) => others.has(name));
}

const join: ItemRow = (reading, fields, scope) => {
  const left = readItem(reading, fields['larg'], scope);
  const right = readItem(reading, fields['rarg'], scope);
  const both = [...left, ...right];
  for (const name of joinColumns(fields, left, right))
    for (const item of both)
      for (const base of item.columns.get(name) ?? []) reading.found.column(base, 'filter');
  reading.walk(fields['quals'], scope, 'filter');
  const alias = aliasOf(fields);
  if (alias !== undefined) scope.items.push({ alias, ...renamed(merged(both), fields) });
  return both;
};

/** Columns by name only: a join's columns cannot be counted by place. */
function merged(all: readonly Item[]): Output {
  const columns = new Map<string, readonly string[]>();
  for (const item of all)
    for (const [name, bases] of item.columns) columns.set(name, [...(columns.get(name) ?? []), ...bases]);
  return { columns, complete: false };
}

const ITEMS: ReadonlyMap<string, ItemRow> = new Map(
  Object.entries({
    JoinExpr: join,
    JsonTable: jsonTable,
    RangeFunction: functions,
    RangeSubselect: subquery,
    RangeTableFunc: xmlTable,
    RangeTableSample: sample,
    RangeVar: table,
  } satisfies Record<string, ItemRow>),
);

/** Reads one item and adds it to the scope, so that what stands to its right can see it. */
function readItem(reading: Reading, node: unknown, scope: Scope): readonly Item[] {
  const found = typed(node);
  const row = found && ITEMS.get(found.type);
  if (!found || !row) {
    reading.found.unknown(`${found?.type ?? 'an item'} in FROM (not understood)`);
    return [];
  }
  const added = row(reading, found.fields, scope);
  if (found.type !== 'JoinExpr' && found.type !== 'RangeTableSample') scope.items.push(...added);
  return added;
}

export function readFrom(reading: Reading, nodes: unknown, scope: Scope): void {
  for (const node of list(nodes)) readItem(reading, node, scope);
}
