// Lineage of functions in FROM: which columns they bring, and that each may carry everything that went in.
import type { CatalogueFunction } from '../../../model/catalogue.ts';
import { POLYMORPHIC } from './builtins.ts';
import { type Column, derive, renamed, type Shape, shapeLabel, withRows } from './label.ts';
import type { Run } from './run.ts';
import type { Range, Scope } from './scope.ts';
import { asBody, asList, asNames, asNode, asText, asTree, type Tree } from './tree.ts';

const RECORD = 2249;

/** `AS name(column, …)`. */
export const aliasOf = (body: Tree): { name: string | undefined; columns: readonly string[] } => {
  const alias = asTree(body['alias']);
  return { name: asText(alias['aliasname']), columns: asNames(alias['colnames']) };
};

/** Column names of a function's result when every function it could be agrees; undefined when it cannot be told. */
function resultNames(
  run: Run,
  candidates: readonly CatalogueFunction[],
  scalar: string,
): readonly string[] | undefined {
  const answers = candidates.map((one): readonly string[] | undefined => {
    if (one.columns && one.columns.length > 0) return one.columns;
    const type = one.resultOid === undefined ? undefined : run.facts.catalogue.types.get(one.resultOid);
    if (!type || type.oid === RECORD || POLYMORPHIC.has(type.oid)) return undefined;
    if (type.relationOid === 0) return type.kind === 'd' ? undefined : [scalar];
    return run.facts.catalogue.relations.get(type.relationOid)?.columns.map((column) => column.name);
  });
  const [first] = answers;
  if (!first || answers.some((names) => names?.length !== first.length)) return undefined;
  return answers.every((names) => names?.every((name, index) => name === first[index])) ? first : undefined;
}

const definedColumns = (value: unknown): readonly string[] =>
  asList(asBody(value, 'List')?.['items'] ?? value)
    .map((item) => asText(asBody(item, 'ColumnDef')?.['colname']))
    .filter((name): name is string => name !== undefined);

function functionShape(
  run: Run,
  item: unknown,
  definitions: unknown,
  alias: string | undefined,
  before: Scope,
): Shape {
  const label = run.parts.expression(run, item, before).label;
  const defined = definedColumns(definitions);
  const column = (name: string | undefined): Column => ({ name, value: { label } });
  if (defined.length > 0) return { columns: defined.map(column) };
  const call = asBody(item, 'FuncCall');
  if (!call) return { columns: [column(alias)] };
  const parts = asNames(call['funcname']);
  const candidates = (run.facts.catalogue.functionsByName.get(parts.at(-1) ?? '') ?? []).filter(
    (one) => parts.length < 2 || one.schema === parts.at(-2),
  );
  const names = resultNames(run, candidates, alias ?? parts.at(-1) ?? '');
  return names ? { columns: names.map(column) } : { columns: [], rest: derive([label]) };
}

/** A function, or ROWS FROM several, and the name it goes by. */
export function rangeFunction(run: Run, body: Tree, before: Scope): Range {
  const alias = aliasOf(body);
  const functions = asList(body['functions']);
  const scalarName = functions.length === 1 ? alias.name : undefined;
  const shapes = functions.map((entry) => {
    const [call, own] = asList(asBody(entry, 'List')?.['items']);
    const definitions = asNode(own) ? own : body['coldeflist'];
    return functionShape(run, call, definitions, scalarName, before);
  });
  const columns = shapes.flatMap((shape) => shape.columns);
  // How many rows there are may tell what went in.
  const told = derive(shapes.flatMap((shape) => [shapeLabel(shape)]));
  if (body['ordinality'] === true) columns.push({ name: 'ordinality', value: { label: told } });
  const rests = shapes.flatMap((shape) => (shape.rest ? [shape.rest] : []));
  const whole: Shape = rests.length === 0 ? { columns } : { columns, rest: derive(rests) };
  const first = asList(asBody(functions[0], 'List')?.['items'])[0];
  const name = alias.name ?? asNames(asBody(first, 'FuncCall')?.['funcname']).at(-1);
  return { alias: name, shape: withRows(renamed(whole, alias.columns), [told]) };
}

/** JSON_TABLE and XMLTABLE: every column carries everything that went in. */
export function tableFunction(run: Run, body: Tree, before: Scope): Range {
  const alias = aliasOf(body);
  const names: (string | undefined)[] = [];
  const collect = (columns: unknown): void => {
    for (const column of asList(columns)) {
      const node = asNode(column);
      if (node?.body['coltype'] === 'JTC_NESTED') collect(node.body['columns']);
      else names.push(asText(node?.body['name'] ?? node?.body['colname']));
    }
  };
  collect(body['columns']);
  const inputs = Object.entries(body).filter(([key]) => key !== 'alias' && key !== 'columns');
  const inner = asList(body['columns']).flatMap((column) => expressionsOf(column));
  const label = derive(
    [...inputs.map(([, value]) => value), ...inner].map(
      (value) => run.parts.expression(run, { List: { items: [value] } }, before).label,
    ),
  );
  const shape: Shape = { columns: names.map((name) => ({ name, value: { label } })) };
  return { alias: alias.name, shape: withRows(renamed(shape, alias.columns), [label]) };
}

/** Expressions of a column definition: defaults, paths, behaviours. */
function expressionsOf(column: unknown): readonly unknown[] {
  const body = asTree(asNode(column)?.body);
  const nested = asList(body['columns']).flatMap(expressionsOf);
  return [
    body['colexpr'],
    body['coldefexpr'],
    body['on_empty'],
    body['on_error'],
    body['pathspec'],
    ...nested,
  ].filter((value) => value !== undefined);
}
