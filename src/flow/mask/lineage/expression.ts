// Lineage of one expression. Whatever is computed from a protected column carries that column's whole label; a node
// that is not known here is unknown.
import { OPERATOR_WORDS, OPERATORS, POLYMORPHIC } from './builtins.ts';
import { judgeCall, judgeWords } from './functions.ts';
import {
  CLEAN,
  CLEAN_VALUE,
  derive,
  fieldOf,
  isClean,
  type Label,
  shapeLabel,
  UNKNOWN,
  type Value,
} from './label.ts';
import { resolvePredicate } from './predicate.ts';
import type { Run } from './run.ts';
import { lookUp, rowsLabels, type Scope } from './scope.ts';
import {
  asBody,
  asList,
  asName,
  asNames,
  asNode,
  asText,
  asTree,
  isTree,
  type Tree,
  type TreeNode,
} from './tree.ts';

type Handler = (run: Run, body: Tree, scope: Scope) => Value;

/** Labels of every expression inside a structure, inlined structures included. */
function inside(run: Run, value: unknown, scope: Scope): Label[] {
  if (Array.isArray(value)) return value.flatMap((item) => inside(run, item, scope));
  if (!isTree(value)) return [];
  if (asNode(value)) return [run.parts.expression(run, value, scope).label];
  return Object.values(value).flatMap((child) => inside(run, child, scope));
}

const computed: Handler = (run, body, scope) => ({ label: derive(inside(run, Object.values(body), scope)) });

const constant: Handler = () => CLEAN_VALUE;

/** What it tells that a value is there at all: nothing of a column as it is, or of a row of such; all of a computed one. */
function presence({ label, fields }: Value): Label {
  const parts = fields && !fields.rest ? fields.columns.map((column) => column.value.label) : [label];
  return parts.every((part) => isClean(part) || (part.bare && !part.unknown)) ? CLEAN : derive([label]);
}

const nullTest: Handler = (run, body, scope) => ({
  label: presence(run.parts.expression(run, body['arg'], scope)),
});

/** Text of a literal, through casts. */
function literal(value: unknown): string | undefined {
  const cast = asBody(value, 'TypeCast');
  if (cast) return literal(cast['arg']);
  const constantBody = asBody(value, 'A_Const');
  return constantBody && isTree(constantBody['sval'])
    ? (asText(constantBody['sval']['sval']) ?? '')
    : undefined;
}

const columnRef: Handler = (run, body, scope) => {
  const fields = asList(body['fields']);
  const parts = asNames(fields);
  // `*` outside a target list stands in count(*) only, or as a whole row argument.
  if (parts.length !== fields.length) {
    const table = parts.at(-1);
    return table === undefined
      ? { label: derive(scope.ranges.flatMap((range) => [wholeRow(range.alias, scope)])) }
      : run.seen(lookUp(scope, [table]));
  }
  return run.seen(lookUp(scope, parts));
};

const wholeRow = (alias: string | undefined, scope: Scope): Label =>
  alias === undefined ? UNKNOWN : lookUp(scope, [alias]).label;

function shippedType(run: Run, type: Tree): boolean {
  const names = asNames(type['names']);
  return names[0] === 'pg_catalog' || !run.facts.isOwnType(names.at(-1) ?? '');
}

const FIRST_USER_OID = 16384;

/** True when the value plainly has a type of the server's own, which no other cast applies to. */
function isShippedValue(run: Run, tree: unknown, value: Value): boolean {
  const node = asNode(tree);
  switch (node?.type) {
    case 'A_Const':
    case 'ParamRef':
      return true;
    case 'SubLink': {
      const [target] = asList(asTree(asNode(node.body['subselect'])?.body)['targetList']);
      return isShippedValue(run, asBody(target, 'ResTarget')?.['val'], { label: value.label });
    }
    case 'ColumnRef':
      return value.typeOid !== undefined && value.typeOid < FIRST_USER_OID;
    case 'TypeCast':
      return shippedType(run, asTree(node.body['typeName']));
    case 'FuncCall': {
      const candidates =
        run.facts.catalogue.functionsByName.get(asNames(node.body['funcname']).at(-1) ?? '') ?? [];
      return (
        candidates.length > 0 &&
        candidates.every((one) => one.builtin && !POLYMORPHIC.has(one.resultOid ?? 0))
      );
    }
    default:
      return false;
  }
}

/** A cast to text without a length changes nothing; any other may cut or reshape. */
const typeCast: Handler = (run, body, scope) => {
  const value = run.parts.expression(run, body['arg'], scope);
  const type = asTree(body['typeName']);
  const name = asNames(type['names']).at(-1);
  const same =
    (name === 'text' || name === 'varchar') &&
    asList(type['typmods']).length === 0 &&
    asList(type['arrayBounds']).length === 0;
  const reach = run.facts.castReach();
  if (!isClean(reach) && !(shippedType(run, type) && isShippedValue(run, body['arg'], value)))
    return { label: derive([value.label, run.met(reach)]) };
  return same ? { label: value.label } : { label: derive([value.label]) };
};

const collate: Handler = (run, body, scope) => ({
  label: run.parts.expression(run, body['arg'], scope).label,
});

const operator: Handler = (run, body, scope) => {
  const names = asNames(body['name']);
  const name = names.at(-1) ?? '';
  const own = run.facts.operatorReach(name, body['lexpr'] === undefined);
  const qualifiedElsewhere = names.length > 1 && names[0] !== 'pg_catalog';
  const shipped = (OPERATORS.has(name) || OPERATOR_WORDS.has(name)) && !qualifiedElsewhere;
  const reach = own ?? (shipped ? CLEAN : UNKNOWN);
  const labels = inside(run, [body['lexpr'], body['rexpr']], scope);
  return { label: derive([...labels, run.met(reach)]) };
};

const indirection: Handler = (run, body, scope) => {
  let value = run.parts.expression(run, body['arg'], scope);
  for (const step of asList(body['indirection'])) {
    const field = asName(step);
    if (field !== undefined) value = fieldOf(value, field);
    else if (asNode(step)?.type === 'A_Indices')
      value = {
        label: derive([value.label, ...inside(run, Object.values(asNode(step)?.body ?? {}), scope)]),
      };
    else value = { label: derive([value.label]) };
  }
  return value;
};

const sublink: Handler = (run, body, scope) => {
  const select = asNode(body['subselect']);
  const rows = select
    ? run.parts.statement(run, select, scope, scope.ctes)
    : { shape: { columns: [], rest: UNKNOWN }, predicate: UNKNOWN };
  const all = shapeLabel(rows.shape);
  switch (asText(body['subLinkType'])) {
    case 'EXISTS_SUBLINK':
      return { label: derive([rows.predicate]) };
    case 'EXPR_SUBLINK': {
      // In a target, whether there is a row at all tells what the predicate saw.
      if (!run.comparing && !isClean(rows.predicate)) return { label: derive([all, rows.predicate]) };
      const [only] = rows.shape.columns;
      return only && rows.shape.columns.length === 1 && !rows.shape.rest ? only.value : { label: all };
    }
    default:
      return { label: derive([all, ...inside(run, body['testexpr'], scope)]) };
  }
};

/** Ordering and windows pick rows like predicates do, and tie columns like them. */
function arrange(run: Run, body: Tree, scope: Scope): void {
  const over = asTree(body['over']);
  const items = [body['agg_order'], over['partitionClause'], over['orderClause']].flatMap(asList);
  for (const item of items) resolvePredicate(run, item, scope);
}

const call: Handler = (run, body, scope) => {
  const args = asList(body['args']);
  const verdict = judgeCall(run.facts, asNames(body['funcname']), args, literal);
  arrange(run, body, scope);
  const values = args.map((arg) => run.parts.expression(run, arg, scope));
  const labels = values.map((value) => value.label);
  if (body['agg_within_group'] === true) labels.push(...inside(run, body['agg_order'], scope));
  const given = derive(labels);
  if (verdict.keeps) run.leaves(given);
  run.runs(verdict.candidates);
  run.met(verdict.reach);
  const over = asTree(body['over']);
  const besides = inside(run, [body['agg_filter'], over['startOffset'], over['endOffset']], scope);
  // Counting tells how many rows there are.
  if (verdict.counts || body['over'] !== undefined) besides.push(...rowsLabels(scope));
  const shown = verdict.revealFree ? derive(values.map(presence)) : given;
  return { label: derive([verdict.reach, shown, ...besides]) };
};

/** A word of the grammar, which an older server takes for the name of a function or of a column. */
function wordOf(run: Run, node: TreeNode, found: Value, scope: Scope): Value {
  if (node.body['op'] === 'SVFOP_SYSTEM_USER' && run.facts.catalogue.serverVersion < 160_000)
    return lookUp(scope, ['system_user']);
  const verdict = judgeWords(run.facts, node.type);
  if (!verdict) return found;
  if (verdict.keeps) run.leaves(found.label);
  run.runs(verdict.candidates);
  return { label: derive([found.label, run.met(verdict.reach), ...rowsLabels(scope)]) };
}

/** JSON aggregates count rows too. */
const jsonAggregate: Handler = (run, body, scope) => ({
  label: derive([...inside(run, Object.values(body), scope), ...rowsLabels(scope)]),
});

/** `(a, b) = (SELECT …)`: the column of the source this one takes. */
const multiAssign: Handler = (run, body, scope) => {
  const source = asNode(body['source']);
  if (source?.type === 'SubLink') {
    const select = asNode(source.body['subselect']);
    const rows = select && run.parts.statement(run, select, scope, scope.ctes);
    const column = rows?.shape.rest ? undefined : rows?.shape.columns[Number(body['colno'] ?? 0) - 1];
    if (column) return column.value;
  }
  return computed(run, body, scope);
};

const subselect: Handler = (run, body, scope) => ({
  label: shapeLabel(run.parts.select(run, body, scope, scope.ctes).shape),
});

const HANDLERS: Readonly<Record<string, Handler>> = Object.assign(Object.create(null), {
  ColumnRef: columnRef,
  A_Const: constant,
  ParamRef: constant,
  SetToDefault: constant,
  SQLValueFunction: constant,
  MergeSupportFunc: constant,
  GroupingFunc: constant,
  CurrentOfExpr: constant,
  String: constant,
  Integer: constant,
  TypeName: constant,
  A_Star: constant,
  TypeCast: typeCast,
  CollateClause: collate,
  A_Expr: operator,
  A_Indirection: indirection,
  SubLink: sublink,
  FuncCall: call,
  JsonObjectAgg: jsonAggregate,
  JsonArrayAgg: jsonAggregate,
  NullTest: nullTest,
  MultiAssignRef: multiAssign,
  SelectStmt: subselect,
  ...Object.fromEntries(
    `CoalesceExpr MinMaxExpr BooleanTest BoolExpr CaseExpr CaseWhen RowExpr A_ArrayExpr NamedArgExpr List SortBy WindowDef GroupingSet
    XmlExpr XmlSerialize JsonObjectConstructor JsonArrayConstructor JsonArrayQueryConstructor
    JsonKeyValue JsonValueExpr JsonParseExpr JsonScalarExpr JsonSerializeExpr JsonFuncExpr JsonIsPredicate JsonOutput
    JsonBehavior JsonArgument ResTarget`
      .split(/\s+/)
      .map((type) => [type, computed]),
  ),
});

export function resolveExpression(run: Run, value: unknown, scope: Scope): Value {
  const node: TreeNode | undefined = asNode(value);
  // A constant costs nothing: a long list of them is no complex statement.
  if (node?.type === 'A_Const') return CLEAN_VALUE;
  run.step();
  if (!node) return isTree(value) ? { label: derive(inside(run, Object.values(value), scope)) } : CLEAN_VALUE;
  const handler = HANDLERS[node.type];
  if (!handler) return run.unknown();
  const found = wordOf(run, node, handler(run, node.body, scope), scope);
  run.met(found.label);
  return found;
}
