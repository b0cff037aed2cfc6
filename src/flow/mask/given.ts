// Values that a text gives to columns by name, or compares with them: where they stand, and under which names. From the tree alone,
// for what is recorded: a name too many hides a little more.
import type { Catalogue } from '../../model/catalogue.ts';
import {
  asBody,
  asList,
  asName,
  asNode,
  asText,
  asTree,
  isTree,
  type Tree,
  type TreeNode,
  walk,
} from './lineage/tree.ts';

/** A literal, by the byte of the UTF-8 text it starts at, or a parameter, by its number. */
export interface GivenValue {
  readonly at?: number;
  readonly parameter?: number;
  readonly names: readonly string[];
}

type Found = (value: GivenValue) => void;

/** Operators that compute a value of their operands; every other one compares them. */
const COMPUTES: ReadonlySet<string> = new Set('|| + - * / % ^ & | # << >> -> #>'.split(' '));
/** Operators whose right side is a key, which names the value too. */
const BY_KEY: ReadonlySet<string> = new Set(['->', '->>', '#>', '#>>']);

const operatorOf = (body: Tree): string => asName(asList(body['name']).at(-1)) ?? '';

function compares({ type, body }: TreeNode): boolean {
  return type === 'A_Expr' && !COMPUTES.has(operatorOf(body)) && !BY_KEY.has(operatorOf(body));
}

/** Every literal and parameter inside; subqueries and comparisons are left out: those name their own. */
function values(inside: unknown, names: readonly string[], found: Found): void {
  if (Array.isArray(inside)) {
    for (const item of inside) values(item, names, found);
    return;
  }
  if (!isTree(inside)) return;
  const node = asNode(inside);
  if (node && (node.type === 'SelectStmt' || compares(node))) return;
  const { location, number } = node?.body ?? {};
  if (node?.type === 'A_Const' && typeof location === 'number') found({ at: location, names });
  else if (node?.type === 'ParamRef' && typeof number === 'number') found({ parameter: number, names });
  else for (const child of Object.values(node ? node.body : inside)) values(child, names, found);
}

/** Names of the columns and keys that one side of a comparison is made of. */
function columnsIn(side: unknown): readonly string[] {
  if (Array.isArray(side)) return side.flatMap(columnsIn);
  if (!isTree(side)) return [];
  const node = asNode(side);
  if (!node) return Object.values(side).flatMap(columnsIn);
  const { type, body } = node;
  if (type === 'ColumnRef') return [asName(asList(body['fields']).at(-1)) ?? ''].filter(Boolean);
  if (type === 'SelectStmt' || compares(node)) return [];
  const key = type === 'A_Expr' && BY_KEY.has(operatorOf(body)) ? textOf(body['rexpr']) : undefined;
  return key === undefined
    ? Object.values(body).flatMap(columnsIn)
    : // The last step of a path: `{a,b}`.
      [...columnsIn(body['lexpr']), key.replace(/^.*[{,]|}$/g, '')];
}

const textOf = (value: unknown): string | undefined =>
  asText(asTree(asTree(asBody(value, 'A_Const'))['sval'])['sval']);

/** Names of a table's columns, in order, where INSERT names none. */
function columnsOf(relation: unknown, catalogue: Catalogue): readonly string[] {
  const { relname, schemaname } = asTree(relation);
  for (const { name, schema, columns } of catalogue.relations.values())
    if (name === relname && (schemaname === undefined || schema === schemaname))
      return columns.map((column) => column.name);
  return [];
}

/** Rows of values, each in the order of the columns. */
function rowsOf(select: unknown): readonly (readonly unknown[])[] {
  const body = asTree(asBody(select, 'SelectStmt'));
  const targets = asList(body['targetList']).map((target) => asBody(target, 'ResTarget')?.['val']);
  const lists = asList(body['valuesLists']).map((row) => asList(asBody(row, 'List')?.['items']));
  return targets.length > 0 ? [targets, ...lists] : lists;
}

const targetNames = (targets: unknown): readonly string[] =>
  asList(targets).map((target) => asText(asBody(target, 'ResTarget')?.['name']) ?? '');

function given(names: readonly string[], row: readonly unknown[], found: Found): void {
  for (const [index, value] of row.entries()) {
    const name = names[index];
    if (name) values(value, [name], found);
  }
}

/** Every value of the statement that stands under a column's name. */
export function givenValues(statement: unknown, catalogue: Catalogue): readonly GivenValue[] {
  const all: GivenValue[] = [];
  const found: Found = (value) => all.push(value);
  walk(statement, ({ type, body }) => {
    if (type === 'InsertStmt') {
      const named = targetNames(body['cols']);
      const names = named.length > 0 ? named : columnsOf(body['relation'], catalogue);
      for (const row of rowsOf(body['selectStmt'])) given(names, row, found);
    } else if (type === 'MergeWhenClause') {
      given(targetNames(body['targetList']), asList(body['values']), found);
    } else if (type === 'ResTarget' || type === 'NamedArgExpr') {
      const name = asText(body['name']);
      if (name) values(body[type === 'ResTarget' ? 'val' : 'arg'], [name], found);
    } else if (compares({ type, body })) {
      for (const [side, other] of [
        ['lexpr', 'rexpr'],
        ['rexpr', 'lexpr'],
      ] as const) {
        const names = columnsIn(body[side]);
        if (names.length > 0) values(body[other], names, found);
      }
    }
  });
  return all;
}

const E_STRING = /[eE]'(?:[^'\\]+|\\.|'')*'/sy;
const STRING = /(?:[nNbBxX]|[uU]&)?'(?:[^']+|'')*'/y;
const DOLLAR = /\$((?:[A-Za-z_\x80-\xff][\w\x80-\xff]*)?)\$/y;
const NUMBER = /[-+]?\s*(?:0[xXoObB][\da-fA-F_]+|[\d_]*\.?[\d_]*(?:[eE][-+]?\d+)?)/y;
/** A string may go on behind a line's end. */
const FURTHER = /\s*?[\r\n]\s*'(?:[^']+|'')*'/y;

function endBy(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}

/** Where the literal ends that starts at `at` of a text as Latin-1 bytes; `at` when it is none that could hold a value. */
export function literalEnd(text: string, at: number): number {
  DOLLAR.lastIndex = at;
  const [tag] = DOLLAR.exec(text) ?? [];
  if (tag !== undefined) {
    const close = text.indexOf(tag, at + tag.length);
    return close < 0 ? at : close + tag.length;
  }
  let end = endBy(E_STRING, text, at);
  if (end === at) end = endBy(STRING, text, at);
  if (end === at) return endBy(NUMBER, text, at);
  for (let next = endBy(FURTHER, text, end); next > end; next = endBy(FURTHER, text, end)) end = next;
  return end;
}

/** What a literal says, near enough to look at it. */
export function literalText(literal: string): string {
  const [, dollar] = /^\$[^$]*\$(.*)\$[^$]*\$$/s.exec(literal) ?? [];
  if (dollar !== undefined) return dollar;
  const [, body] = /^(?:[a-zA-Z]&?)?'(.*)'$/s.exec(literal) ?? [];
  return body === undefined ? literal : body.replaceAll("''", "'");
}
