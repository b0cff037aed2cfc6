// INSERT, UPDATE, DELETE and MERGE: rows of a table change. A WITH query never hides a target: targets are always tables.
import type { ActionId } from '../../../model/action.ts';
import { part } from '../names.ts';
import type { Reading, StatementRow } from '../reading.ts';
import { isBlind } from '../rules/where.ts';
import { NOTHING, type Output, type Scope } from '../scope.ts';
import { as, type Fields, fieldsOf, list, text } from '../tree.ts';
import { readWith } from '../with.ts';

interface Target {
  readonly alias: string;
  readonly names: readonly string[];
  /** Tables behind it, when it is a view. */
  readonly behind: readonly string[];
}

/** The changed table joins the scope under its alias; nothing is said yet about what happens to it. */
function openTarget(reading: Reading, node: unknown, scope: Scope): Target {
  const fields = fieldsOf(node);
  const { targets, known } = reading.names.rangeVar(fields);
  reading.found.unresolved ||= !known;
  const alias = text(fieldsOf(fields['alias'])['aliasname']) || text(fields['relname']);
  for (const { relation } of targets)
    scope.items.push({
      alias,
      columns: relation ? reading.names.columnsOf(relation) : new Map(),
      complete: known,
    });
  for (const { name } of targets) reading.found.mention(name);
  const behind = targets.flatMap((target) => reading.names.behind(target, text(fields['relname'])));
  return { alias, names: targets.map(({ name }) => name), behind };
}

/** Writing to the system catalogues, or to the view of settings, is more than changing rows. */
function actOnSystem(reading: Reading, name: string): void {
  if (!name.startsWith('pg_catalog.')) return;
  reading.found.act('sql:alter-system');
  if (name !== 'pg_catalog.pg_settings') return;
  reading.found.act('sql:set-meaning');
  reading.found.effect = { kind: 'search-path' };
}

function act(reading: Reading, action: ActionId, { names, behind }: Target): void {
  for (const name of [...names, ...behind]) {
    reading.found.actOnTable(action, name);
    if (action !== 'sql:select') actOnSystem(reading, name);
  }
}

/** RETURNING shows rows: that is a read as well. */
function readReturning(reading: Reading, node: unknown, target: Target, scope: Scope): Output {
  const clause = fieldsOf(node);
  if (list(clause['exprs']).length === 0) return NOTHING;
  act(reading, 'sql:select', target);
  // RETURNING WITH (OLD AS o, NEW AS n): more names for the same rows.
  const names = list(clause['options']).map((one) => text(as('ReturningOption', one)?.['value']));
  const outer = scope.child();
  const own = scope.items.find((item) => item.alias === target.alias);
  if (own) for (const alias of ['old', 'new', ...names.filter(Boolean)]) outer.items.push({ ...own, alias });
  const inner = outer.child();
  inner.items.push(...scope.items);
  return reading.targets(clause['exprs'], inner);
}

/** `SET a = …`, `INSERT (a)`: columns that are written, and the expressions they get. */
function readAssignments(reading: Reading, nodes: unknown, { names }: Target, scope: Scope): void {
  for (const node of list(nodes)) {
    const target = as('ResTarget', node) ?? {};
    for (const name of names) reading.found.column(`${name}.${part(text(target['name']))}`, 'write');
    reading.walk(target['val'], scope, 'output');
    reading.walk(
      list(target['indirection']).filter((step) => !as('String', step)),
      scope,
      'output',
    );
  }
}

/** INSERT without a column list writes every column. */
function writeAll(reading: Reading, target: Target, scope: Scope): void {
  for (const item of scope.items)
    if (item.alias === target.alias)
      for (const bases of item.columns.values())
        for (const base of bases) reading.found.column(base, 'write');
}

function readConflict(reading: Reading, node: unknown, target: Target, scope: Scope): void {
  const clause = fieldsOf(node);
  const infer = fieldsOf(clause['infer']);
  reading.walk(infer['indexElems'], scope, 'filter');
  reading.walk(infer['whereClause'], scope, 'filter');
  if (clause['action'] !== 'ONCONFLICT_UPDATE') return;
  act(reading, 'sql:update', target);
  const inner = scope.child();
  inner.items.push(...scope.items);
  const own = scope.items.find((item) => item.alias === target.alias);
  if (own) inner.items.push({ ...own, alias: 'excluded' });
  readAssignments(reading, clause['targetList'], target, inner);
  reading.walk(clause['whereClause'], inner, 'filter');
}

export const insert: StatementRow = (reading, fields, scope) => {
  readWith(reading, fields['withClause'], scope);
  const target = openTarget(reading, fields['relation'], scope);
  reading.found.named(`INSERT on ${target.names.join(' or ')}`);
  act(reading, 'sql:insert', target);
  if (fields['cols']) readAssignments(reading, fields['cols'], target, scope);
  else writeAll(reading, target, scope);
  if (fields['selectStmt']) {
    // The inserted query sees the WITH queries, not the target.
    reading.statement(fields['selectStmt'], scope.aside().child());
  }
  if (fields['onConflictClause']) readConflict(reading, fields['onConflictClause'], target, scope);
  return readReturning(reading, fields['returningClause'], target, scope);
};

export const update: StatementRow = (reading, fields, scope) => {
  readWith(reading, fields['withClause'], scope);
  const target = openTarget(reading, fields['relation'], scope);
  const blind = isBlind(fields['whereClause'], target.alias);
  reading.found.named(`UPDATE ${blind ? 'without WHERE ' : ''}on ${target.names.join(' or ')}`);
  reading.found.hasWhere ||= fields['whereClause'] !== undefined;
  act(reading, blind ? 'sql:update-all' : 'sql:update', target);
  reading.from(fields['fromClause'], scope);
  readAssignments(reading, fields['targetList'], target, scope);
  reading.walk(fields['whereClause'], scope, 'filter');
  return readReturning(reading, fields['returningClause'], target, scope);
};

export const remove: StatementRow = (reading, fields, scope) => {
  readWith(reading, fields['withClause'], scope);
  const target = openTarget(reading, fields['relation'], scope);
  const blind = isBlind(fields['whereClause'], target.alias);
  reading.found.named(`DELETE ${blind ? 'without WHERE ' : ''}on ${target.names.join(' or ')}`);
  reading.found.hasWhere ||= fields['whereClause'] !== undefined;
  act(reading, blind ? 'sql:delete-all' : 'sql:delete', target);
  reading.from(fields['usingClause'], scope);
  reading.walk(fields['whereClause'], scope, 'filter');
  return readReturning(reading, fields['returningClause'], target, scope);
};

/** A branch of MERGE touches all rows when neither its own condition nor the join tells rows apart. */
function mergeAction(branch: Fields, joined: unknown, alias: string): ActionId | undefined {
  const kind = text(branch['matchKind']);
  const command = text(branch['commandType']);
  if (command === 'CMD_INSERT') return 'sql:insert';
  const open = isBlind(branch['condition'], alias);
  // Rows without a match in the source are all rows when the source is empty.
  const all = open && (kind === 'MERGE_WHEN_NOT_MATCHED_BY_SOURCE' || isBlind(joined, alias));
  if (command === 'CMD_DELETE') return all ? 'sql:delete-all' : 'sql:delete';
  if (command === 'CMD_UPDATE') return all ? 'sql:update-all' : 'sql:update';
  return command === 'CMD_NOTHING' ? undefined : 'sql:unknown';
}

export const merge: StatementRow = (reading, fields, scope) => {
  readWith(reading, fields['withClause'], scope);
  const target = openTarget(reading, fields['relation'], scope);
  reading.found.named(`MERGE on ${target.names.join(' or ')}`);
  reading.found.hasWhere = true;
  act(reading, 'sql:merge', target);
  reading.from([fields['sourceRelation']], scope);
  reading.walk(fields['joinCondition'], scope, 'filter');
  for (const node of list(fields['mergeWhenClauses'])) {
    const branch = as('MergeWhenClause', node) ?? {};
    const action = mergeAction(branch, fields['joinCondition'], target.alias);
    if (action) act(reading, action, target);
    reading.walk(branch['condition'], scope, 'filter');
    readAssignments(reading, branch['targetList'], target, scope);
    reading.walk(branch['values'], scope, 'output');
  }
  return readReturning(reading, fields['returningClause'], target, scope);
};
