// Lineage of INSERT, UPDATE, DELETE and MERGE: what RETURNING shows, and which protected values are written where
// they are not protected.
import type { CatalogueRelation } from '../../../model/catalogue.ts';
import { triggerFunctions } from './code.ts';
import { relationShape, relationsOf, resolveFrom } from './from.ts';
import {
  CLEAN,
  derive,
  isClean,
  type Label,
  type Shape,
  shapeLabel,
  UNKNOWN,
  UNKNOWN_SHAPE,
} from './label.ts';
import { resolveConditions } from './predicate.ts';
import type { Rows, Run } from './run.ts';
import type { CteList, Range, Scope } from './scope.ts';
import { resolveTargets, withClause } from './select.ts';
import { asBody, asList, asNames, asNode, asText, asTree, type Tree } from './tree.ts';

interface Target {
  readonly candidates: readonly CatalogueRelation[];
  readonly shape: Shape;
  readonly range: Range;
  /** What triggers may put into a row before it is returned. */
  readonly filled: Label;
}

/** What the triggers of a relation that is written to may see. */
function triggered(run: Run, relation: CatalogueRelation): Label {
  const functions = triggerFunctions(run.facts, relation);
  if (!functions) return UNKNOWN;
  run.runs(functions);
  return derive(functions.map((one) => run.facts.functionReach(one)));
}

/** The relation written to. Common table expressions do not hide it. */
function targetOf(run: Run, body: Tree): Target {
  const relation = asTree(body['relation']);
  const candidates = relationsOf(run, relation);
  const shape = relationShape(run, candidates);
  // Triggers, foreign keys and rules can meet anything, and say so in errors.
  if (candidates.some((candidate) => candidate.acts === true)) run.reaches = true;
  const alias = asText(asTree(relation['alias'])['aliasname']) ?? asText(relation['relname']);
  const filled = run.met(derive(candidates.map((candidate) => triggered(run, candidate))));
  return { candidates, shape, range: { alias, shape }, filled };
}

const dataTypes = (label: Label): readonly string[] => label.sources.map((source) => source.dataType);

/** Data types whose values may stay in the column of that name: those it is protected as itself. */
function keptBy(target: Target, name: string | undefined): readonly string[] {
  const column = target.shape.columns.find((candidate) => candidate.name === name);
  return column && target.candidates.length === 1 ? dataTypes(column.value.label) : [];
}

/** `SET name = value, …` */
function assign(run: Run, target: Target, list: readonly unknown[], scope: Scope): void {
  for (const item of list) {
    const body = asTree(asBody(item, 'ResTarget'));
    const label = run.parts.expression(run, body['val'], scope).label;
    run.leaves(label, keptBy(target, asText(body['name'])));
  }
}

/** Rows written by position into the named columns, or into all columns in order. */
function place(run: Run, target: Target, names: readonly (string | undefined)[], source: Shape): void {
  if (source.rest) {
    run.leaves(shapeLabel(source));
    return;
  }
  const columns = names.length > 0 ? names : target.shape.columns.map((column) => column.name);
  source.columns.forEach((column, index) => {
    run.leaves(column.value.label, keptBy(target, columns[index]));
  });
}

const targetNames = (list: unknown): readonly (string | undefined)[] =>
  asList(list).map((item) => asText(asBody(item, 'ResTarget')?.['name']));

function returning(run: Run, body: Tree, target: Target, scope: Scope): Shape {
  const clause = asTree(body['returningClause']);
  const exprs = asList(clause['exprs'] ?? body['returningList']);
  if (exprs.length === 0) return { columns: [] };
  const options = asList(clause['options']).map((option) => asTree(asBody(option, 'ReturningOption')));
  const nameOf = (kind: string, fallback: string): string =>
    asText(options.find((option) => option['option'] === `RETURNING_OPTION_${kind}`)?.['value']) ?? fallback;
  // PostgreSQL 18: the row before and after, unless something else goes by that name.
  const versions = [nameOf('OLD', 'old'), nameOf('NEW', 'new')].map(
    (alias): Range => ({ alias, shape: target.shape }),
  );
  const shown = resolveTargets(run, exprs, { ...scope, ranges: [...scope.ranges, ...versions] });
  if (isClean(target.filled)) return shown;
  return {
    ...shown,
    columns: shown.columns.map(({ name, value }) => ({
      name,
      value: { ...value, label: derive([value.label, target.filled]) },
    })),
  };
}

function insert(run: Run, body: Tree, outer: Scope | undefined, above: CteList | undefined): Rows {
  const ctes = withClause(run, body, outer, above);
  const target = targetOf(run, body);
  const select = asNode(body['selectStmt']);
  if (select)
    place(run, target, targetNames(body['cols']), run.parts.statement(run, select, outer, ctes).shape);
  const scope: Scope = { ranges: [target.range], visible: [target.shape], outer, ctes };
  const conflict = asTree(body['onConflictClause']);
  const excluded: Scope = { ...scope, ranges: [...scope.ranges, { alias: 'excluded', shape: target.shape }] };
  assign(run, target, asList(conflict['targetList']), excluded);
  if (conflict['whereClause'] !== undefined) run.parts.expression(run, conflict['whereClause'], excluded);
  return { shape: returning(run, body, target, scope), predicate: CLEAN };
}

/** The rows UPDATE and DELETE choose: the target, what is joined to it, and the conditions. */
function chosen(
  run: Run,
  body: Tree,
  clause: 'fromClause' | 'usingClause',
  target: Target,
  outer: Scope | undefined,
  ctes: CteList | undefined,
): { readonly scope: Scope; readonly predicate: Label } {
  const from = resolveFrom(run, asList(body[clause]), [target.range], outer, ctes);
  const where = body['whereClause'] === undefined ? [] : [{ value: body['whereClause'], scope: from.scope }];
  const labels = resolveConditions(run, [...from.conditions, ...where]);
  return { scope: from.scope, predicate: derive([from.predicate, ...labels]) };
}

function update(run: Run, body: Tree, outer: Scope | undefined, above: CteList | undefined): Rows {
  const ctes = withClause(run, body, outer, above);
  const target = targetOf(run, body);
  const { scope, predicate } = chosen(run, body, 'fromClause', target, outer, ctes);
  assign(run, target, asList(body['targetList']), scope);
  return { shape: returning(run, body, target, scope), predicate };
}

function remove(run: Run, body: Tree, outer: Scope | undefined, above: CteList | undefined): Rows {
  const ctes = withClause(run, body, outer, above);
  const target = targetOf(run, body);
  const { scope, predicate } = chosen(run, body, 'usingClause', target, outer, ctes);
  return { shape: returning(run, body, target, scope), predicate };
}

function merge(run: Run, body: Tree, outer: Scope | undefined, above: CteList | undefined): Rows {
  const ctes = withClause(run, body, outer, above);
  const target = targetOf(run, body);
  // `*` in MERGE … RETURNING lists the source before the target.
  const from = resolveFrom(run, [body['sourceRelation']], [], outer, ctes);
  const scope: Scope = {
    ...from.scope,
    ranges: [...from.scope.ranges, target.range],
    visible: [...from.scope.visible, target.shape],
  };
  const conditions = [...from.conditions, { value: body['joinCondition'], scope }];
  const predicate = derive(resolveConditions(run, conditions));
  for (const item of asList(body['mergeWhenClauses'])) {
    const clause = asTree(asBody(item, 'MergeWhenClause'));
    if (clause['condition'] !== undefined) resolveConditions(run, [{ value: clause['condition'], scope }]);
    const list = asList(clause['targetList']);
    if (clause['commandType'] !== 'CMD_INSERT') assign(run, target, list, scope);
    else {
      const columns = asList(clause['values']).map((value) => ({
        name: undefined,
        value: run.parts.expression(run, value, scope),
      }));
      place(run, target, targetNames(list), { columns });
    }
  }
  return { shape: returning(run, body, target, scope), predicate: derive([from.predicate, predicate]) };
}

type Writer = (run: Run, body: Tree, outer: Scope | undefined, above: CteList | undefined) => Rows;

const WRITERS: Readonly<Record<string, Writer>> = Object.assign(Object.create(null), {
  InsertStmt: insert,
  UpdateStmt: update,
  DeleteStmt: remove,
  MergeStmt: merge,
});

export const isWriter = (type: string): boolean => WRITERS[type] !== undefined;

export function resolveWriter(
  run: Run,
  type: string,
  body: Tree,
  outer: Scope | undefined,
  ctes: CteList | undefined,
): Rows {
  run.step();
  const writer = WRITERS[type];
  if (writer) return writer(run, body, outer, ctes);
  run.met({ sources: [], bare: false, unknown: true });
  return { shape: UNKNOWN_SHAPE, predicate: { sources: [], bare: false, unknown: true } };
}

/** Columns COPY names, or all of them but the generated ones. */
export function copiedColumns(run: Run, body: Tree): Shape {
  const target = targetOf(run, body);
  const names = asNames(body['attlist']);
  if (names.length === 0) {
    const { candidates, shape } = target;
    const generated = (name: string | undefined) =>
      candidates.every(({ columns }) => columns.some((one) => one.name === name && one.generated));
    return { ...shape, columns: shape.columns.filter((column) => !generated(column.name)) };
  }
  return {
    columns: names.map((name) => {
      const column = target.shape.columns.find((candidate) => candidate.name === name);
      return column ?? { name, value: run.unknown() };
    }),
  };
}
