// SELECT, VALUES, TABLE and result lists: what is read, and what the result's columns are made of.
import type { Reading } from './reading.ts';
import { NOTHING, type Output, type Scope, UNTOLD } from './scope.ts';
import { as, type Fields, list, string, text } from './tree.ts';
import { readWith } from './with.ts';

/** Adds the columns of `more` to those gathered; columns of one name add up. */
function gather(into: Map<string, readonly string[]>, name: string, bases: readonly string[]): void {
  into.set(name, [...(into.get(name) ?? []), ...bases]);
}

/** The name PostgreSQL gives a result column without AS; what it cannot be told from is `?column?`. */
function nameOf(target: Fields): string {
  const given = text(target['name']);
  if (given) return given;
  const column = as('ColumnRef', target['val']);
  if (column) return string(list(column['fields']).at(-1)) ?? '?column?';
  const call = as('FuncCall', target['val']);
  if (call) return string(list(call['funcname']).at(-1)) ?? '?column?';
  const cast = as('TypeCast', target['val']);
  return cast ? nameOf({ val: cast['arg'] }) : '?column?';
}

/** The items `*` or `t.*` stands for; undefined for any other target. */
function starred(target: Fields, scope: Scope): Scope['items'] | undefined {
  const parts = list(as('ColumnRef', target['val'])?.['fields']);
  if (!as('A_Star', parts.at(-1))) return undefined;
  const alias = string(parts.at(-2));
  return alias === undefined ? scope.items : [...scope.named(alias)];
}

export function readTargets(reading: Reading, nodes: unknown, scope: Scope): Output {
  const columns = new Map<string, readonly string[]>();
  let complete = true;
  for (const node of list(nodes)) {
    const target = as('ResTarget', node);
    if (!target) {
      reading.walk(node, scope, 'output');
      complete = false;
      continue;
    }
    const items = starred(target, scope);
    const bases = reading.found.tapping(() => {
      reading.walk(target['val'], scope, 'output');
      reading.walk(target['indirection'], scope, 'output');
    });
    const added: Iterable<[string, readonly string[]]> = items
      ? items.flatMap((item) => [...item.columns])
      : [[nameOf(target), bases]];
    if (items?.some((item) => !item.complete)) complete = false;
    for (const [name, from] of added) {
      // Two columns of one name: from here on places cannot be counted.
      if (columns.has(name)) complete = false;
      gather(columns, name, from);
    }
  }
  return { columns, complete };
}

/** Rows of VALUES have columns column1, column2 … */
function readValues(reading: Reading, rows: readonly unknown[], scope: Scope): Output {
  const columns = new Map<string, readonly string[]>();
  for (const row of rows) {
    for (const [index, value] of list(as('List', row)?.['items']).entries()) {
      const bases = reading.found.tapping(() => reading.walk(value, scope, 'output'));
      if (bases.length > 0) gather(columns, `column${index + 1}`, bases);
      else if (!columns.has(`column${index + 1}`)) columns.set(`column${index + 1}`, []);
    }
  }
  return { columns, complete: true };
}

/** UNION and the like: columns pair up by place and go by the left side's names. */
function readSetOperation(reading: Reading, fields: Fields, scope: Scope): Output {
  const left = readSelect(reading, fields['larg'] as Fields, scope.child());
  const right = readSelect(reading, fields['rarg'] as Fields, scope.child());
  if (!left.complete || !right.complete || left.columns.size !== right.columns.size) {
    const all = [...left.columns.values(), ...right.columns.values()].flat();
    return { columns: new Map([...left.columns.keys()].map((name) => [name, all])), complete: false };
  }
  const others = [...right.columns.values()];
  const columns = [...left.columns].map(([name, bases], index): [string, readonly string[]] => [
    name,
    [...bases, ...(others[index] ?? [])],
  ]);
  return { columns: new Map(columns), complete: true };
}

const FILTERS = ['whereClause', 'groupClause', 'havingClause', 'windowClause', 'limitCount', 'limitOffset'];

/** FOR UPDATE and FOR SHARE lock rows that others want. Without OF they lock all that FROM names. */
function readLocking(reading: Reading, fields: Fields): void {
  const relations = list(fields['fromClause']).flatMap((node) => lockable(node));
  for (const node of list(fields['lockingClause'])) {
    const clause = as('LockingClause', node) ?? {};
    const named = new Set(list(clause['lockedRels']).map((one) => text(as('RangeVar', one)?.['relname'])));
    let locked = 0;
    for (const relation of relations) {
      const alias =
        text((relation['alias'] as Fields | undefined)?.['aliasname']) || text(relation['relname']);
      if (named.size > 0 && !named.has(alias)) continue;
      locked += 1;
      for (const { name } of reading.names.rangeVar(relation).targets)
        reading.found.actOnTable('sql:lock', name);
    }
    // A subquery: its tables are locked inside.
    if (locked < Math.max(named.size, list(fields['fromClause']).length)) reading.found.act('sql:lock');
  }
}

function lockable(node: unknown): readonly Fields[] {
  const relation = as('RangeVar', node);
  if (relation) return [relation];
  const join = as('JoinExpr', node);
  return join ? [...lockable(join['larg']), ...lockable(join['rarg'])] : [];
}

/** SELECT … INTO makes a table. */
function readInto(reading: Reading, into: Fields): void {
  const rel = (into['rel'] ?? {}) as Fields;
  const { name, temporary } = reading.names.created(rel);
  reading.found.actOnTable(temporary ? 'sql:create-temporary' : 'sql:create', name);
  reading.found.changesCatalogue = true;
}

export function readSelect(reading: Reading, fields: Fields | undefined, scope: Scope): Output {
  if (!fields) return UNTOLD;
  reading.found.named(fields['intoClause'] ? 'SELECT INTO' : 'SELECT');
  readWith(reading, fields['withClause'], scope);
  if (fields['intoClause']) readInto(reading, fields['intoClause'] as Fields);
  if (fields['larg'] || fields['rarg']) {
    const output = readSetOperation(reading, fields, scope);
    for (const field of ['sortClause', 'limitCount', 'limitOffset'])
      reading.walk(fields[field], scope, 'filter');
    readLocking(reading, fields);
    return output;
  }
  reading.from(fields['fromClause'], scope);
  const output = fields['valuesLists']
    ? readValues(reading, list(fields['valuesLists']), scope)
    : readTargets(reading, fields['targetList'], scope);
  for (const field of FILTERS) reading.walk(fields[field], scope, 'filter');
  reading.walk(
    list(fields['distinctClause']).filter((node) => Object.keys(node ?? {}).length > 0),
    scope,
    'filter',
  );
  reading.walk(fields['sortClause'], scope, 'filter');
  readLocking(reading, fields);
  return fields['fromClause'] || fields['targetList'] || fields['valuesLists'] ? output : NOTHING;
}
