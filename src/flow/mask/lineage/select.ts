// Lineage of SELECT, VALUES, set operations and WITH. Must give every output column at least what the server puts in it.

import { resolveFrom } from './from.ts';
import {
  type Column,
  derive,
  isClean,
  type Label,
  mergeShapes,
  renamed,
  type Shape,
  sameLabel,
  shapeLabel,
  UNKNOWN,
  UNKNOWN_SHAPE,
  withRows,
} from './label.ts';
import { columnName } from './names.ts';
import { type Condition, isPlainItem, resolveConditions } from './predicate.ts';
import type { Rows, Run } from './run.ts';
import { type CteList, rowsLabels, type Scope, starOf } from './scope.ts';
import { asBody, asList, asNames, asNode, asText, asTree, type Tree, walk } from './tree.ts';

const ROUNDS = 12;

/** Parts of `a.b.*`, or undefined when it is no star. */
function starParts(value: unknown): readonly string[] | undefined {
  const fields = asList(asBody(value, 'ColumnRef')?.['fields']);
  return asNode(fields.at(-1))?.type === 'A_Star' ? asNames(fields.slice(0, -1)) : undefined;
}

/** `(expression).*`: the columns of a composite value. */
function expanded(run: Run, value: unknown, scope: Scope): Shape | undefined {
  const body = asBody(value, 'A_Indirection');
  const steps = asList(body?.['indirection']);
  if (!body || asNode(steps.at(-1))?.type !== 'A_Star') return undefined;
  const inner = run.parts.expression(
    run,
    { A_Indirection: { arg: body['arg'], indirection: steps.slice(0, -1) } },
    scope,
  );
  return inner.fields ?? { columns: [], rest: derive([inner.label]) };
}

/** The output columns of a target or RETURNING list. */
export function resolveTargets(run: Run, targets: readonly unknown[], scope: Scope): Shape {
  const columns: Column[] = [];
  const rests: Label[] = [];
  for (const target of targets) {
    const body = asTree(asBody(target, 'ResTarget'));
    const star = starParts(body['val']);
    const several = star ? starOf(scope, star) : expanded(run, body['val'], scope);
    if (several) {
      columns.push(
        ...several.columns.map((column) => ({ name: column.name, value: run.seen(column.value) })),
      );
      if (several.rest) rests.push(several.rest);
      run.met(shapeLabel(several));
      continue;
    }
    const name = asText(body['name']) ?? columnName(body['val']);
    columns.push({ name, value: run.parts.expression(run, body['val'], scope) });
  }
  return rests.length === 0 ? { columns } : { columns, rest: derive(rests) };
}

function valuesShape(run: Run, lists: readonly unknown[], scope: Scope): Shape {
  const rows = lists.map(
    (list): Shape => ({
      columns: asList(asBody(list, 'List')?.['items']).map((item, index) => ({
        name: `column${index + 1}`,
        value: run.parts.expression(run, item, scope),
      })),
    }),
  );
  return mergeShapes(rows);
}

function sameShape(a: Shape, b: Shape): boolean {
  if (a.rest || b.rest) return a.rest !== undefined && b.rest !== undefined && sameLabel(a.rest, b.rest);
  return (
    a.columns.length === b.columns.length &&
    a.columns.every((column, index) =>
      sameLabel(column.value.label, b.columns[index]?.value.label ?? UNKNOWN),
    )
  );
}

/** Columns that SEARCH and CYCLE add. */
function withExtras(shape: Shape, body: Tree): Shape {
  const everything = shapeLabel(shape);
  const extras: Column[] = [];
  const add = (name: unknown, label: Label): void => {
    const text = asText(name);
    if (text !== undefined) extras.push({ name: text, value: { label } });
  };
  add(asTree(body['search_clause'])['search_seq_column'], everything);
  add(asTree(body['cycle_clause'])['cycle_mark_column'], everything);
  add(asTree(body['cycle_clause'])['cycle_path_column'], everything);
  return extras.length === 0 ? shape : { ...shape, columns: [...shape.columns, ...extras] };
}

/** Repeats a recursive query until its labels no longer grow. */
function fixpoint(run: Run, body: Tree, outer: Scope | undefined, ctes: CteList | undefined): Shape {
  const name = asText(body['ctename']) ?? '';
  const names = asNames(body['aliascolnames']);
  const node = asNode(body['ctequery']);
  const select = node?.type === 'SelectStmt' ? node.body : undefined;
  if (!node || !select || select['larg'] === undefined) return UNKNOWN_SHAPE;
  const start = withClause(run, select, outer, ctes);
  let shape = renamed(run.parts.select(run, asTree(select['larg']), outer, start).shape, names);
  for (let round = 0; round < ROUNDS; round++) {
    const self: CteList = { name, shape: withExtras(shape, body), next: ctes };
    const whole = renamed(run.parts.statement(run, node, outer, self).shape, names);
    const grown = renamed(mergeShapes([shape, whole]), names);
    if (sameShape(grown, shape)) return withExtras(grown, body);
    shape = grown;
  }
  return UNKNOWN_SHAPE;
}

interface Cte {
  readonly name: string;
  readonly body: Tree;
  /** Names of the same WITH that it mentions. */
  readonly uses: ReadonlySet<string>;
}

function mentioned(query: unknown, names: ReadonlySet<string>): ReadonlySet<string> {
  const found = new Set<string>();
  walk(query, ({ type, body }) => {
    const name =
      type === 'RangeVar' && body['schemaname'] === undefined ? asText(body['relname']) : undefined;
    if (name !== undefined && names.has(name)) found.add(name);
  });
  return found;
}

/** WITH RECURSIVE lets a query mention later ones: those mentioned come first, circles through several stay unknown. */
function inOrder(ctes: readonly Cte[]): readonly Cte[] {
  const done = new Set<string>();
  const ordered: Cte[] = [];
  for (let left = [...ctes]; left.length > 0; ) {
    const ready = left.filter((cte) => [...cte.uses].every((name) => name === cte.name || done.has(name)));
    if (ready.length === 0) break;
    for (const cte of ready) done.add(cte.name);
    ordered.push(...ready);
    left = left.filter((cte) => !done.has(cte.name));
  }
  return ordered;
}

/** Common table expressions a statement declares, in front of those already in sight. */
export function withClause(
  run: Run,
  body: Tree,
  outer: Scope | undefined,
  ctes: CteList | undefined,
): CteList | undefined {
  const clause = asTree(body['withClause']);
  const bodies = asList(clause['ctes']).map((item) => asTree(asBody(item, 'CommonTableExpr')));
  if (bodies.length === 0) return ctes;
  const names = new Set(bodies.map((cte) => asText(cte['ctename']) ?? ''));
  const recursive = clause['recursive'] === true;
  let list = ctes;
  // What is not resolved below (a circle) still hides relations of the same name.
  if (recursive) for (const name of names) list = { name, shape: UNKNOWN_SHAPE, next: list };
  const declared = bodies.map(
    (cte): Cte => ({
      name: asText(cte['ctename']) ?? '',
      body: cte,
      uses: recursive ? mentioned(cte['ctequery'], names) : new Set(),
    }),
  );
  for (const cte of recursive ? inOrder(declared) : declared) {
    const shape = cte.uses.has(cte.name)
      ? fixpoint(run, cte.body, outer, list)
      : plainCte(run, cte.body, outer, list);
    list = { name: cte.name, shape, next: list };
  }
  return list;
}

function plainCte(run: Run, body: Tree, outer: Scope | undefined, ctes: CteList | undefined): Shape {
  const node = asNode(body['ctequery']);
  if (!node) return UNKNOWN_SHAPE;
  return withExtras(
    renamed(run.parts.statement(run, node, outer, ctes).shape, asNames(body['aliascolnames'])),
    body,
  );
}

const PICKING = ['groupClause', 'windowClause', 'sortClause', 'distinctClause'] as const;

/** Expressions of a WINDOW clause. */
const windowParts = (value: unknown): readonly unknown[] => {
  const body = asBody(value, 'WindowDef');
  return body ? [...asList(body['partitionClause']), ...asList(body['orderClause'])] : [value];
};

/** What a number of rows to return, to skip or to look around may tell, every column of those rows may tell. */
function limited(run: Run, body: Tree, shape: Shape, scope: Scope): Shape {
  const frames = asList(body['windowClause']).map((item) => asTree(asBody(item, 'WindowDef')));
  const bounds = frames.flatMap((frame) => [frame['startOffset'], frame['endOffset']]);
  const limits = [body['limitCount'], body['limitOffset'], ...bounds].filter(
    (value) => asNode(value) !== undefined,
  );
  const label = derive(limits.map((value) => run.parts.expression(run, value, scope).label));
  if (isClean(label)) return shape;
  const rest = shape.rest ? { rest: derive([shape.rest, label]) } : {};
  const columns = shape.columns.map(({ name, value }) => ({
    name,
    value: { label: derive([value.label, label]) },
  }));
  return withRows({ ...shape, columns, ...rest }, [label]);
}

/** Labels of targets that bring several rows each. */
function rowsOfTargets(run: Run, targets: readonly unknown[], shape: Shape): Label[] {
  let several = false;
  walk(targets, ({ type, body }) => {
    const name = type === 'FuncCall' ? asNames(body['funcname']).at(-1) : undefined;
    const functions = name === undefined ? [] : (run.facts.catalogue.functionsByName.get(name) ?? []);
    if (functions.some((one) => one.returnsSet)) several = true;
  });
  return several ? [shapeLabel(shape)] : [];
}

function plainSelect(run: Run, body: Tree, outer: Scope | undefined, ctes: CteList | undefined): Rows {
  const from = resolveFrom(run, asList(body['fromClause']), [], outer, ctes);
  const { scope } = from;
  const picking = PICKING.flatMap((clause) => asList(body[clause]).flatMap(windowParts)).filter(asNode);
  const arranging = picking
    .filter((value) => !isPlainItem(value))
    .map((value): Condition => ({ value, scope }));
  const clauses = [body['whereClause'], body['havingClause']].filter((clause) => clause !== undefined);
  const conditions = [...from.conditions, ...clauses.map((value): Condition => ({ value, scope }))];
  const labels = resolveConditions(run, [...conditions, ...arranging]);
  const predicate = derive([from.predicate, ...labels.slice(0, conditions.length)]);
  const targets = asList(body['targetList']);
  const shape = limited(run, body, resolveTargets(run, targets, scope), scope);
  return {
    shape: withRows(shape, [...rowsLabels(ownLevel(scope)), ...rowsOfTargets(run, targets, shape)]),
    predicate,
  };
}

const ownLevel = (scope: Scope): Scope => ({ ...scope, outer: undefined });

export function resolveSelect(
  run: Run,
  body: Tree,
  outer: Scope | undefined,
  above: CteList | undefined,
): Rows {
  run.step();
  const ctes = withClause(run, body, outer, above);
  const lists = asList(body['valuesLists']);
  if (lists.length > 0) {
    const scope: Scope = { ranges: [], visible: [], outer, ctes };
    return { shape: limited(run, body, valuesShape(run, lists, scope), scope), predicate: derive([]) };
  }
  if (body['larg'] === undefined) return plainSelect(run, body, outer, ctes);
  const left = resolveSelect(run, asTree(body['larg']), outer, ctes);
  const right = resolveSelect(run, asTree(body['rarg']), outer, ctes);
  const merged = mergeShapes([left.shape, right.shape]);
  const scope: Scope = { ranges: [], visible: [merged], outer, ctes };
  resolveConditions(
    run,
    asList(body['sortClause']).map((value) => ({ value, scope })),
  );
  const shape = limited(run, body, merged, scope);
  return { shape, predicate: derive([left.predicate, right.predicate]) };
}
