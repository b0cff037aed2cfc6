// Lineage of FROM: relations, subqueries, functions, joins. A non-lateral subquery must not see its neighbours, or
// its names would be given the wrong columns.
import type { CatalogueRelation } from '../../../model/catalogue.ts';
import { aliasOf, rangeFunction, tableFunction } from './from-function.ts';
import {
  CLEAN,
  type Column,
  derive,
  fresh,
  isClean,
  type Label,
  mergeValues,
  renamed,
  type Shape,
  shapeLabel,
  UNKNOWN,
  UNKNOWN_SHAPE,
  withRows,
} from './label.ts';
import type { Condition } from './predicate.ts';
import type { Run } from './run.ts';
import { type CteList, findCte, type Range, type Scope, valuesInSight } from './scope.ts';
import { asList, asNames, asNode, asText, asTree, type Tree } from './tree.ts';

/** One resolved entry of FROM. */
interface Item {
  readonly ranges: readonly Range[];
  readonly shape: Shape;
  /** What predicates inside subqueries look at. */
  readonly predicate: Label;
  /** Conditions of joins, for the level to work out. */
  readonly conditions: readonly Condition[];
}

export interface From {
  readonly scope: Scope;
  readonly predicate: Label;
  readonly conditions: readonly Condition[];
}

/** An entry without predicates of its own. */
const single = (alias: string | undefined, shape: Shape): Item => ({
  ranges: [{ alias, shape }],
  shape,
  predicate: CLEAN,
  conditions: [],
});

/** Columns of any relation of the name, each with what a column of that name may carry in all of them. */
export function relationShape(run: Run, candidates: readonly CatalogueRelation[]): Shape {
  if (candidates.length === 0) {
    run.met(UNKNOWN);
    return UNKNOWN_SHAPE;
  }
  for (const candidate of candidates) run.met(run.facts.reach(candidate));
  return anyOf(candidates.map((candidate) => run.facts.shape(candidate)));
}

/** Where their columns differ nothing but a name tells which is meant: the order and the rest of a row may be another's. */
function anyOf(shapes: readonly Shape[]): Shape {
  const [first = UNKNOWN_SHAPE, ...others] = shapes;
  if (others.length === 0) return first;
  const every = shapes.flatMap((shape) => shape.columns);
  const columns = [...new Set(every.map(({ name }) => name))].map((name) => ({
    name,
    value: mergeValues(every.filter((one) => one.name === name).map(({ value }) => value)),
  }));
  const rows = shapes.flatMap((shape) => (shape.rows ? [shape.rows] : []));
  if (others.every((other) => sameColumns(other, first))) return withRows({ columns }, rows);
  const rest = shapes.every((shape) => isClean(shapeLabel(shape))) ? CLEAN : UNKNOWN;
  return withRows({ columns, rest }, rows);
}

const sameColumns = (a: Shape, b: Shape): boolean =>
  a.rest === undefined &&
  b.rest === undefined &&
  a.columns.length === b.columns.length &&
  a.columns.every((column, index) => column.name === b.columns[index]?.name);

export const relationsOf = (run: Run, body: Tree): readonly CatalogueRelation[] =>
  run.facts.find(asText(body['schemaname']), asText(body['relname']) ?? '');

function rangeVar(run: Run, body: Tree, before: Scope): Item {
  const alias = aliasOf(body);
  const name = asText(body['relname']) ?? '';
  const cte = body['schemaname'] === undefined ? findCte(before.ctes, name) : undefined;
  const shape = fresh(cte ?? relationShape(run, relationsOf(run, body)));
  // Columns of a common table expression may be computed from one another; those of a relation stand alone.
  if (cte) run.group(shape.columns.map((column) => column.value));
  return single(alias.name ?? name, renamed(shape, alias.columns));
}

function subselect(run: Run, body: Tree, before: Scope): Item {
  const alias = aliasOf(body);
  const node = asNode(body['subquery']);
  if (!node) return single(alias.name, UNKNOWN_SHAPE);
  const outer = body['lateral'] === true ? before : before.outer;
  const rows = run.parts.statement(run, node, outer, before.ctes);
  run.group(rows.shape.columns.map((column) => column.value));
  return { ...single(alias.name, renamed(rows.shape, alias.columns)), predicate: rows.predicate };
}

function mergedNames(body: Tree, left: Shape, right: Shape): readonly string[] {
  if (body['isNatural'] !== true) return asNames(body['usingClause']);
  const names = new Set(right.columns.map((column) => column.name));
  return left.columns.flatMap((column) =>
    column.name !== undefined && names.has(column.name) ? [column.name] : [],
  );
}

/** Columns of a join: those of USING first, then what is left of either side. */
function joinShape(
  run: Run,
  names: readonly string[],
  left: Shape,
  right: Shape,
): { readonly shape: Shape; readonly using: readonly Column[] } {
  const rests = [left, right].flatMap((shape) => (shape.rest ? [shape.rest] : []));
  const using = names.map((name): Column => {
    const sides = [left, right].flatMap((shape) =>
      shape.columns.filter((column) => column.name === name).slice(0, 1),
    );
    if (sides.length === 2 && rests.length === 0) {
      const values = sides.map((side) => side.value);
      const value = mergeValues(values);
      run.group([value, ...values]);
      return { name, value };
    }
    return {
      name,
      value: {
        label: derive([...sides.map((side) => side.value.label), ...(rests.length > 0 ? rests : [UNKNOWN])]),
      },
    };
  });
  const others = [left, right].flatMap((shape) =>
    shape.columns.filter((column) => column.name === undefined || !names.includes(column.name)),
  );
  const columns = [...using, ...others];
  const rows = [left, right].flatMap((shape) => (shape.rows ? [shape.rows] : []));
  const shape: Shape = rests.length === 0 ? { columns } : { columns, rest: derive(rests) };
  return { shape: withRows(shape, rows), using };
}

/** Resolves an entry and groups its columns with those of its neighbours that it looks at. */
function lateral(run: Run, before: Scope, work: () => Item): Item {
  const { result, touched } = run.watch(work);
  const own = valuesInSight(before);
  const looked = touched.filter((value) => own.has(value));
  if (looked.length > 0) run.group([...looked, ...result.shape.columns.map((column) => column.value)]);
  return result;
}

const beside = (scope: Scope, item: Item): Scope => ({
  ...scope,
  ranges: [...scope.ranges, ...item.ranges],
  visible: [...scope.visible, item.shape],
});

function join(run: Run, body: Tree, before: Scope): Item {
  const left = resolveItem(run, body['larg'], before);
  const right = resolveItem(run, body['rarg'], beside(before, left));
  // With an open side, NATURAL may merge columns that are not known: nothing keeps its place.
  const blind =
    body['isNatural'] === true && (left.shape.rest !== undefined || right.shape.rest !== undefined);
  const joined = joinShape(run, mergedNames(body, left.shape, right.shape), left.shape, right.shape);
  const shape: Shape = blind
    ? withRows(
        { columns: [], rest: derive([shapeLabel(left.shape), shapeLabel(right.shape)]) },
        joined.shape.rows ? [joined.shape.rows] : [],
      )
    : joined.shape;
  const inside = beside(beside(before, left), right);
  const own = body['quals'] === undefined ? [] : [{ value: body['quals'], scope: inside }];
  const conditions = [...left.conditions, ...right.conditions, ...own];
  const predicate = derive([left.predicate, right.predicate]);
  const alias = aliasOf(body);
  if (alias.name !== undefined) {
    const whole = renamed(shape, alias.columns);
    return { ranges: [{ alias: alias.name, shape: whole }], shape: whole, predicate, conditions };
  }
  const usingAlias = asText(asTree(body['join_using_alias'])['aliasname']);
  const extra: Range[] =
    usingAlias === undefined ? [] : [{ alias: usingAlias, shape: { columns: joined.using } }];
  return { ranges: [...left.ranges, ...right.ranges, ...extra], shape, predicate, conditions };
}

function sample(run: Run, body: Tree, before: Scope): Item {
  for (const arg of [...asList(body['args']), body['repeatable']])
    if (arg !== undefined) run.parts.expression(run, arg, before);
  return resolveItem(run, body['relation'], before);
}

type ItemHandler = (run: Run, body: Tree, before: Scope) => Item;

const called =
  (resolve: (run: Run, body: Tree, before: Scope) => Range): ItemHandler =>
  (run, body, before) => {
    const { alias, shape } = resolve(run, body, before);
    run.group(shape.columns.map((column) => column.value));
    return single(alias, shape);
  };

const ITEMS: Readonly<Record<string, ItemHandler>> = Object.assign(Object.create(null), {
  RangeVar: rangeVar,
  RangeSubselect: subselect,
  RangeFunction: called(rangeFunction),
  RangeTableFunc: called(tableFunction),
  JsonTable: called(tableFunction),
  JoinExpr: join,
  RangeTableSample: sample,
});

/** Entries that may look at their neighbours. */
const LOOKING: ReadonlySet<string> = new Set([
  'RangeSubselect',
  'RangeFunction',
  'RangeTableFunc',
  'JsonTable',
]);

function resolveItem(run: Run, value: unknown, before: Scope): Item {
  run.step();
  const node = asNode(value);
  const handler = node && ITEMS[node.type];
  if (node && handler)
    return LOOKING.has(node.type)
      ? lateral(run, before, () => handler(run, node.body, before))
      : handler(run, node.body, before);
  run.met(UNKNOWN);
  return single(undefined, UNKNOWN_SHAPE);
}

/** Resolves a FROM list, each entry seeing those before it where the grammar lets it. */
export function resolveFrom(
  run: Run,
  items: readonly unknown[],
  start: readonly Range[],
  outer: Scope | undefined,
  ctes: CteList | undefined,
): From {
  let scope: Scope = { ranges: start, visible: start.map((range) => range.shape), outer, ctes };
  const predicates: Label[] = [];
  const conditions: Condition[] = [];
  for (const entry of items) {
    const item = resolveItem(run, entry, scope);
    scope = beside(scope, item);
    predicates.push(item.predicate);
    conditions.push(...item.conditions);
  }
  return { scope, predicate: derive(predicates), conditions };
}
