// Lineage of statements that are not queries: what they answer with, and what they carry away from where it is
// protected. A statement kind that is not listed is taken to touch whatever it names.
import type { CatalogueRelation } from '../../../model/catalogue.ts';
import { codeReach, functionsByOid } from './code.ts';
import { relationsOf } from './from.ts';
import { functionsInside, reachInside, reachOf } from './inside.ts';
import { CLEAN, derive, isClean, type Label, type Shape, shapeLabel, UNKNOWN } from './label.ts';
import { mentions } from './mentions.ts';
import type { Run } from './run.ts';
import { EMPTY_SCOPE, type Scope } from './scope.ts';
import {
  asBody,
  asList,
  asName,
  asNames,
  asNode,
  asText,
  asTree,
  type Tree,
  type TreeNode,
  walk,
} from './tree.ts';

const NOTHING: Shape = { columns: [] };

/** Resolves a nested statement. */
export type Inner = (run: Run, node: TreeNode) => Shape;
type Handler = (run: Run, body: Tree, inner: Inner) => Shape;

const open = (label: Label): Shape => ({ columns: [], rest: label });

const relation = (run: Run, value: unknown): readonly CatalogueRelation[] =>
  relationsOf(run, asTree(asBody(value, 'RangeVar') ?? value));

const touches: Handler = (run, body) => {
  let named = false;
  const note = (value: Tree): void => {
    named = true;
    const found = relationsOf(run, value);
    if (found.length === 0) run.reaches = true;
    reachOf(run, found);
  };
  if (body['relation'] !== undefined) note(asTree(body['relation']));
  walk(Object.values(body), ({ type, body: inner }) => {
    if (type === 'RangeVar') note(inner);
  });
  if (!named) run.reaches = true;
  // Defaults, checks and the like run later, in statements that do not show them.
  const hidden = functionsInside(run, Object.values(body));
  if (!isClean(hidden)) run.leaves(hidden);
  return NOTHING;
};

const quiet: Handler = () => NOTHING;

/** Everything the statement names, and what its expressions reach, may end up where it is not protected. */
const carries: Handler = (run, body) => {
  run.leaves(derive([reachInside(run, Object.values(body)), reachOf(run, relation(run, body['relation']))]));
  return NOTHING;
};

/** Casts that are folded wherever they are meant. */
function foldedCasts(run: Run): Label {
  const functions = functionsByOid(run.facts, run.facts.catalogue.castFunctions ?? []);
  if (!functions) return UNKNOWN;
  return derive(functions.filter((one) => one.volatility === 'i').map((one) => run.facts.functionReach(one)));
}

/** What functions, operators and casts that a query calls, itself or through views, can reach. */
function codeInside(run: Run, node: TreeNode): Label {
  const labels = [functionsInside(run, { [node.type]: node.body }), foldedCasts(run)];
  walk({ [node.type]: node.body }, ({ type, body }) => {
    if (type === 'RangeVar') labels.push(...relationsOf(run, body).map((one) => codeReach(run.facts, one)));
  });
  return derive(labels);
}

const explain: Handler = (run, body, inner) => {
  const node = asNode(body['query']);
  if (node) inner(run, node);
  // A plan shows the text's own constants; a function that folds to a constant would show its result.
  const folds = !node || run.doubt || !isClean(codeInside(run, node));
  return { columns: [{ name: 'QUERY PLAN', value: { label: folds ? UNKNOWN : CLEAN } }] };
};

const declared: Handler = (run, body, inner) => {
  const node = asNode(body['query']);
  if (node) inner(run, node);
  return NOTHING;
};

/** CREATE TABLE AS, CREATE VIEW: the query's columns go into a relation of their own. */
const stored: Handler = (run, body, inner) => {
  const node = asNode(body['query']);
  run.leaves(node ? shapeLabel(inner(run, node)) : UNKNOWN);
  return NOTHING;
};

const show: Handler = (run, body) => {
  const name = asText(body['name']) ?? '';
  // A setting with a dot in its name may hold anything; so may any, once code has set some.
  return name.includes('.') || run.facts.settingsDoubtful ? open(run.met(UNKNOWN)) : open(CLEAN);
};

const call: Handler = (run, body) =>
  open(run.parts.expression(run, { FuncCall: asTree(body['funccall']) }, EMPTY_SCOPE).label);

/** Texts of `AS` and the language of a DO or CREATE FUNCTION. */
function source(options: unknown): {
  readonly texts: readonly string[];
  readonly language: string | undefined;
} {
  const texts: string[] = [];
  let language: string | undefined;
  for (const option of asList(options)) {
    const body = asTree(asBody(option, 'DefElem'));
    if (body['defname'] === 'as') {
      const single = asName(body['arg']);
      if (single !== undefined) texts.push(single);
      texts.push(...asNames(asBody(body['arg'], 'List')?.['items']));
    }
    if (body['defname'] === 'language') language = asName(body['arg'])?.toLowerCase();
  }
  return { texts, language };
}

function code(run: Run, options: unknown, rest: unknown): void {
  const { texts, language } = source(options);
  if (language !== undefined && language !== 'sql' && language !== 'plpgsql') {
    run.leaves(UNKNOWN);
    return;
  }
  run.leaves(
    derive([
      ...texts.map((text) => run.met(mentions(run.facts, text, 'everything'))),
      reachInside(run, rest),
    ]),
  );
}

const block: Handler = (run, body) => {
  code(run, body['args'], []);
  run.reaches = true;
  return NOTHING;
};

const createFunction: Handler = (run, body) => {
  code(run, body['options'], [body['sql_body'], body['parameters']]);
  return NOTHING;
};

/** Relations of a schema hold their tags by name. */
function schemaReach(run: Run, schema: string | undefined): Label {
  const relations = [...run.facts.catalogue.relations.values()].filter((one) => one.schema === schema);
  return derive(relations.map((one) => shapeLabel(run.facts.shape(one))));
}

/** Under another name, a routine that shows protected values would be taken for one that does not. */
const ROUTINES: ReadonlySet<string> = new Set([
  'OBJECT_FUNCTION',
  'OBJECT_PROCEDURE',
  'OBJECT_ROUTINE',
  'OBJECT_AGGREGATE',
]);

const rename: Handler = (run, body) => {
  const relations = relation(run, body['relation']);
  const name = asText(body['subname']);
  if (body['renameType'] === 'OBJECT_SCHEMA') run.leaves(run.met(schemaReach(run, name)));
  else if (body['renameType'] === 'OBJECT_COLUMN' || body['renameType'] === 'OBJECT_ATTRIBUTE') {
    const columns = relations.flatMap((one) =>
      run.facts.shape(one).columns.filter((column) => column.name === name),
    );
    run.leaves(derive(columns.map((column) => column.value.label)));
  } else if (ROUTINES.has(asText(body['renameType']) ?? '')) run.leaves(reachInside(run, body['object']));
  else if (body['relation'] !== undefined)
    run.leaves(derive(relations.map((one) => shapeLabel(run.facts.shape(one)))));
  reachOf(run, relations);
  return NOTHING;
};

const ALTERATIONS_THAT_UNTAG: ReadonlySet<string> = new Set([
  'AT_DetachPartition',
  'AT_DropInherit',
  'AT_DetachPartitionFinalize',
]);

function attached(run: Run, command: unknown): Label {
  const partitions = relation(run, asBody(command, 'PartitionCmd')?.['name']);
  return derive(partitions.map((one) => shapeLabel(run.facts.shape(one))));
}

const alterTable: Handler = (run, body) => {
  const relations = relation(run, body['relation']);
  const reach = reachOf(run, relations);
  const scope: Scope = { ...EMPTY_SCOPE, visible: relations.map((one) => run.facts.shape(one)) };
  for (const item of asList(body['cmds'])) {
    const command = asTree(asBody(item, 'AlterTableCmd'));
    const kind = asText(command['subtype']) ?? '';
    if (ALTERATIONS_THAT_UNTAG.has(kind)) run.leaves(reach);
    // Until it is committed nobody else knows that the parent shows the child's rows.
    if (kind === 'AT_AddInherit')
      run.leaves(derive(relations.map((one) => shapeLabel(run.facts.shape(one)))));
    if (kind === 'AT_AttachPartition') run.leaves(attached(run, command['def']));
    const definition = asTree(asBody(command['def'], 'ColumnDef'));
    const constraints = asList(definition['constraints']).map((one) => asTree(asBody(one, 'Constraint')));
    const computed = constraints.filter(
      (one) => one['contype'] === 'CONSTR_GENERATED' || one['contype'] === 'CONSTR_DEFAULT',
    );
    const using = command['subtype'] === 'AT_AlterColumnType' ? [definition['raw_default']] : [];
    const own = /^AT_(ColumnDefault|SetExpression)$/.test(asText(command['subtype']) ?? '')
      ? [command['def']]
      : [];
    for (const expression of [...computed.map((one) => one['raw_expr']), ...using, ...own])
      if (expression !== undefined) run.leaves(run.parts.expression(run, expression, scope).label);
  }
  const hidden = functionsInside(run, body['cmds']);
  if (!isClean(hidden)) run.leaves(hidden);
  return NOTHING;
};

const publication: Handler = (run, body) => {
  if (body['for_all_tables'] === true) run.everythingLeaves();
  for (const item of asList(body['pubobjects'])) {
    const object = asTree(asBody(item, 'PublicationObjSpec'));
    const name = asText(object['name']);
    if (name !== undefined || object['pubtable'] === undefined)
      run.leaves(name === undefined ? UNKNOWN : run.met(schemaReach(run, name)));
    else run.leaves(reachOf(run, relation(run, asTree(object['pubtable'])['relation'])));
  }
  return NOTHING;
};

/** Operators, casts, aggregates and types run functions under another name. */
const names: Handler = (run, body) => {
  const label = reachInside(run, Object.values(body));
  if (!isClean(label)) run.leaves(label);
  return NOTHING;
};

const schema: Handler = (run, body, inner) => {
  for (const element of asList(body['schemaElts'])) {
    const node = asNode(element);
    if (node) inner(run, node);
  }
  return NOTHING;
};

const HANDLERS: Readonly<Record<string, Handler>> = Object.assign(Object.create(null), {
  ExplainStmt: explain,
  DeclareCursorStmt: declared,
  PrepareStmt: declared,
  CreateTableAsStmt: stored,
  ViewStmt: stored,
  VariableShowStmt: show,
  CallStmt: call,
  DoStmt: block,
  CreateFunctionStmt: createFunction,
  RuleStmt: carries,
  CreateTrigStmt: carries,
  CreateEventTrigStmt: names,
  RenameStmt: rename,
  AlterObjectSchemaStmt: carries,
  AlterTableStmt: alterTable,
  CreatePublicationStmt: publication,
  AlterPublicationStmt: publication,
  DefineStmt: names,
  CreateCastStmt: names,
  CreateOpClassStmt: names,
  CreateStmt: touches,
  CreateSchemaStmt: schema,
  ...Object.fromEntries(
    `VariableSetStmt ListenStmt UnlistenStmt NotifyStmt DeallocateStmt DiscardStmt ClosePortalStmt CheckPointStmt
    GrantStmt GrantRoleStmt CreateRoleStmt AlterRoleStmt AlterRoleSetStmt DropRoleStmt CreatedbStmt DropdbStmt
    CommentStmt`
      .split(/\s+/)
      .map((type) => [type, quiet]),
  ),
});

/** Fire no event triggers. */
const NO_EVENT =
  /^(?:ExplainStmt|DeclareCursorStmt|PrepareStmt|VariableShowStmt|VariableSetStmt|ListenStmt|UnlistenStmt|NotifyStmt|DeallocateStmt|DiscardStmt|ClosePortalStmt)$/;

export function resolveUtility(run: Run, node: TreeNode, inner: Inner): Shape {
  if (!NO_EVENT.test(node.type)) run.met(run.facts.definingReach());
  return (HANDLERS[node.type] ?? touches)(run, node.body, inner);
}
