// What predicates give away: a clean column compared with a protected value takes on its label, since `WHERE n = card`
// shows the card as n. Which rows are there at all is left to policy.
import { derive, isClean, type Label } from './label.ts';
import type { Run } from './run.ts';
import { type Scope, valuesInSight } from './scope.ts';
import { asBody, asList, asNode } from './tree.ts';

/** Rounds until ties no longer spread from one comparison to the next. */
const ROUNDS = 6;

/** Of a doubt only a comparison is afraid: a function that says yes or no tells little of its arguments. */
const COMPARISONS: ReadonlySet<string> = new Set([
  'A_Expr',
  'SubLink',
  'NullTest',
  'BooleanTest',
  'CaseExpr',
]);

function compare(run: Run, value: unknown, scope: Scope): Label {
  const { result: label, touched } = run.compare(() => run.parts.expression(run, value, scope).label);
  const type = asNode(value)?.type ?? '';
  if (isClean(label) || (label.sources.length === 0 && !COMPARISONS.has(type))) return label;
  const own = valuesInSight(scope);
  for (const column of touched) if (own.has(column)) run.tie(column, label);
  return label;
}

/** One comparison at a time: `a = 1 or card = $1` ties nothing to a. */
export function resolvePredicate(run: Run, value: unknown, scope: Scope): Label {
  const node = asNode(value);
  if (!node) return derive([]);
  switch (node.type) {
    case 'BoolExpr':
      return derive(asList(node.body['args']).map((arg) => resolvePredicate(run, arg, scope)));
    case 'SortBy':
      return resolvePredicate(run, node.body['node'], scope);
    case 'GroupingSet':
      return derive(asList(node.body['content']).map((item) => resolvePredicate(run, item, scope)));
    case 'RowExpr':
      return derive(asList(node.body['args']).map((item) => resolvePredicate(run, item, scope)));
    case 'List':
      return derive(asList(node.body['items']).map((item) => resolvePredicate(run, item, scope)));
    case 'SubLink':
      // The subquery ties outer columns by its own predicates.
      if (node.body['subLinkType'] === 'EXISTS_SUBLINK') return run.parts.expression(run, value, scope).label;
      return compare(run, value, scope);
    default:
      return compare(run, value, scope);
  }
}

export interface Condition {
  readonly value: unknown;
  readonly scope: Scope;
}

/** Works out all conditions of a level, again while one ties what another compares: what each looks at. */
export function resolveConditions(run: Run, conditions: readonly Condition[]): readonly Label[] {
  for (let round = 0; ; round++) {
    const before = run.ties;
    const labels = conditions.map(({ value, scope }) => resolvePredicate(run, value, scope));
    if (run.ties === before || round >= ROUNDS) return labels;
  }
}

/** True for sort and group items that can only name a column or a position, and so compare nothing. */
export function isPlainItem(value: unknown): boolean {
  const inner = asBody(value, 'SortBy')?.['node'] ?? value;
  const type = asNode(inner)?.type;
  return type === 'ColumnRef' || type === 'A_Const';
}
