// Tables of every node type that is not a statement: rows with a meaning, leaves without, and those that only hold others.
import type { ColumnRole } from '../../model/classification.ts';
import type { NodeRow, Reading } from './reading.ts';
import { callFunction, callOperator, callWord, maybeCall } from './rules/functions.ts';
import { readType } from './rules/types.ts';
import type { Scope } from './scope.ts';
import { as, type Fields, list, nameParts, string, text } from './tree.ts';

/** `a`, `t.a`, `t.*`, `t` (the whole row). `t.f` may also call the function f. */
const columnRef: NodeRow = (reading, { fields }, scope, role) => {
  const parts = list(fields);
  const last = string(parts.at(-1));
  const qualifier = parts.length > 1 ? string(parts.at(-2)) : undefined;
  if (last === undefined) return star(reading, qualifier, scope, role);
  if (qualifier === undefined) {
    const bases = scope.bare(last);
    for (const base of bases) reading.found.column(base, role);
    if (bases.length === 0) star(reading, last, scope, role);
    return;
  }
  const items = scope.named(qualifier);
  const bases = items.map(({ columns }) => columns.get(last));
  for (const base of bases.flat()) if (base !== undefined) reading.found.column(base, role);
  if (bases.length === 0 || bases.includes(undefined)) maybeCall(reading, last);
};

/** Every column of one item, or of all. */
function star(reading: Reading, alias: string | undefined, scope: Scope, role: ColumnRole): void {
  for (const item of alias === undefined ? scope.items : scope.named(alias))
    for (const bases of item.columns.values()) for (const base of bases) reading.found.column(base, role);
}

const WINDOW_FIELDS = ['partitionClause', 'orderClause', 'startOffset', 'endOffset'];

const funcCall: NodeRow = (reading, fields, scope, role) => {
  reading.walk(fields['args'], scope, role);
  reading.walk(fields['agg_order'], scope, 'filter');
  reading.walk(fields['agg_filter'], scope, 'filter');
  if (fields['over']) reading.fields('WindowDef', fields['over'] as Fields, scope, 'filter');
  callFunction(reading, nameParts(fields['funcname']), list(fields['args']));
};

const windowDef: NodeRow = (reading, fields, scope) => {
  for (const field of WINDOW_FIELDS) reading.walk(fields[field], scope, 'filter');
};

/** IN, BETWEEN and the LIKE family put the operator's real name in `name`, or words that no operator can have. */
const expression: NodeRow = (reading, fields, scope, role) => {
  reading.walk(fields['lexpr'], scope, role);
  reading.walk(fields['rexpr'], scope, role);
  callOperator(reading, nameParts(fields['name']), text(fields['kind']));
};

const subLink: NodeRow = (reading, fields, scope, role) => {
  reading.walk(fields['testexpr'], scope, role);
  if (list(fields['operName']).length > 0) callOperator(reading, nameParts(fields['operName']), 'AEXPR_OP');
  const before = reading.found.title;
  const output = reading.statement(fields['subselect'], scope.child());
  reading.found.title = before;
  // What a condition compares with is part of the condition.
  if (role !== 'filter') return;
  for (const bases of output.columns.values()) for (const base of bases) reading.found.column(base, 'filter');
};

/** `(x).f` reads a field, or calls the function f. */
const indirection: NodeRow = (reading, fields, scope, role) => {
  reading.walk(fields['arg'], scope, role);
  for (const step of list(fields['indirection'])) {
    const name = string(step);
    if (name !== undefined) maybeCall(reading, name);
    else reading.walk(step, scope, role);
  }
};

const sortBy: NodeRow = (reading, fields, scope, role) => {
  reading.walk(fields['node'], scope, role);
  const operator = nameParts(fields['useOp']);
  if (operator.length > 0) callOperator(reading, operator, 'AEXPR_OP');
};

/** Tables named where nothing is read from them: in the definition of another object. */
const rangeVar: NodeRow = (reading, fields) => {
  for (const { name } of reading.names.rangeVar(fields).targets) reading.found.mention(name);
};

const jsonQuery: NodeRow = (reading, fields, scope) => {
  const before = reading.found.title;
  reading.statement(fields['query'], scope.child());
  reading.found.title = before;
  if (fields['output']) reading.fields('JsonOutput', fields['output'] as Fields, scope, 'output');
};

/** A DEFAULT, CHECK or GENERATED of a definition: its columns are those of the object being made. */
const constraint: NodeRow = (reading, fields, scope) => {
  reading.walk(fields['raw_expr'], scope, 'filter');
  reading.walk(fields['where_clause'], scope, 'filter');
  for (const exclusion of list(fields['exclusions'])) {
    const [element, operator] = list(as('List', exclusion)?.['items']);
    reading.walk(element, scope, 'filter');
    const name = nameParts(operator);
    if (name.length > 0) callOperator(reading, name, 'AEXPR_OP');
  }
  if (fields['pktable']) rangeVar(reading, fields['pktable'] as Fields, scope, 'filter');
};

/** Only the expression: collations and operator classes compute nothing here. */
const indexElement: NodeRow = (reading, fields, scope) => reading.walk(fields['expr'], scope, 'filter');

export const NODES: ReadonlyMap<string, NodeRow> = new Map(
  Object.entries({
    A_Expr: expression,
    A_Indirection: indirection,
    ColumnRef: columnRef,
    Constraint: constraint,
    FuncCall: funcCall,
    IndexElem: indexElement,
    JsonArrayQueryConstructor: jsonQuery,
    PartitionElem: indexElement,
    RangeVar: rangeVar,
    SortBy: sortBy,
    StatsElem: indexElement,
    SubLink: subLink,
    TypeName: (reading, fields) => readType(reading, fields),
    WindowDef: windowDef,
  } satisfies Record<string, NodeRow>),
);

/** Syntax of newer grammars → the function that older servers would call instead. */
const WORDS: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    JsonArrayAgg: ['json_arrayagg'],
    JsonArrayConstructor: ['json_array'],
    JsonArrayQueryConstructor: ['json_array'],
    JsonFuncExpr: ['json_exists', 'json_query', 'json_value'],
    JsonObjectAgg: ['json_objectagg'],
    JsonObjectConstructor: ['json_object'],
    JsonParseExpr: ['json'],
    JsonScalarExpr: ['json_scalar'],
    JsonSerializeExpr: ['json_serialize'],
    JsonTable: ['json_table'],
    MergeSupportFunc: ['merge_action'],
  }),
);

export function callWords(reading: Reading, type: string): void {
  for (const name of WORDS.get(type) ?? []) callWord(reading, name);
}

/** Values and words: nothing below them can act. */
export const LEAVES: ReadonlySet<string> = new Set([
  'A_Const',
  'A_Star',
  'AccessPriv',
  'Alias',
  'BitString',
  'Boolean',
  'CurrentOfExpr',
  'Float',
  'Integer',
  'JsonFormat',
  'JsonReturning',
  'MergeSupportFunc',
  'ParamRef',
  'ReplicaIdentityStmt',
  'RoleSpec',
  'SQLValueFunction',
  'SetToDefault',
  'String',
]);

/** Nodes that mean no more than what they hold. */
export const TRANSPARENT: ReadonlySet<string> = new Set([
  'A_ArrayExpr',
  'A_Indices',
  'ATAlterConstraint',
  'AlterTableCmd',
  'BoolExpr',
  'BooleanTest',
  'CaseExpr',
  'CaseWhen',
  'CoalesceExpr',
  'CollateClause',
  'ColumnDef',
  'CreateOpClassItem',
  'DefElem',
  'FunctionParameter',
  'GroupingFunc',
  'GroupingSet',
  'InferClause',
  'JsonAggConstructor',
  'JsonArgument',
  'JsonArrayAgg',
  'JsonArrayConstructor',
  'JsonBehavior',
  'JsonFuncExpr',
  'JsonIsPredicate',
  'JsonKeyValue',
  'JsonObjectAgg',
  'JsonObjectConstructor',
  'JsonOutput',
  'JsonParseExpr',
  'JsonScalarExpr',
  'JsonSerializeExpr',
  'JsonTablePathSpec',
  'JsonValueExpr',
  'List',
  'MinMaxExpr',
  'MultiAssignRef',
  'NamedArgExpr',
  'NullTest',
  'ObjectWithArgs',
  'PartitionBoundSpec',
  'PartitionCmd',
  'PartitionRangeDatum',
  'PartitionSpec',
  'PublicationObjSpec',
  'PublicationTable',
  'ResTarget',
  'ReturnStmt',
  'RowExpr',
  'TableLikeClause',
  'TriggerTransition',
  'TypeCast',
  'VacuumRelation',
  'XmlExpr',
  'XmlSerialize',
]);

/** Type of a field whose value does not name it; `Node.field` where the field's name alone does not tell. */
export const FIELD_TYPES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    alias: 'Alias',
    argType: 'TypeName',
    bound: 'PartitionBoundSpec',
    collClause: 'CollateClause',
    constructor: 'JsonAggConstructor',
    context_item: 'JsonValueExpr',
    format: 'JsonFormat',
    func: 'ObjectWithArgs',
    identitySequence: 'RangeVar',
    newowner: 'RoleSpec',
    on_empty: 'JsonBehavior',
    on_error: 'JsonBehavior',
    output: 'JsonOutput',
    over: 'WindowDef',
    pktable: 'RangeVar',
    pubtable: 'PublicationTable',
    relation: 'RangeVar',
    returning: 'JsonReturning',
    storedtype: 'TypeName',
    typeName: 'TypeName',
    val: 'JsonValueExpr',
    value: 'JsonValueExpr',
    'JsonArgument.val': 'JsonValueExpr',
    'JsonObjectAgg.arg': 'JsonKeyValue',
    'JsonParseExpr.expr': 'JsonValueExpr',
    'JsonSerializeExpr.expr': 'JsonValueExpr',
    'JsonArrayAgg.arg': 'JsonValueExpr',
    'PartitionCmd.name': 'RangeVar',
    'CreateOpClassItem.name': 'ObjectWithArgs',
  }),
);
