// Which columns a name can mean at one place of a query. Where the server would report an error, any answer is fine;
// where it would not, the answer must cover what the server picks.
import {
  CLEAN,
  type Column,
  derive,
  fieldOf,
  type Label,
  mergeValues,
  rowValue,
  type Shape,
  shapeLabel,
  UNKNOWN,
  UNKNOWN_VALUE,
  type Value,
} from './label.ts';

/** One entry of FROM under the name it is addressed by. */
export interface Range {
  readonly alias: string | undefined;
  readonly shape: Shape;
}

/** Common table expressions in sight, innermost first. */
export interface CteList {
  readonly name: string;
  readonly shape: Shape;
  readonly next: CteList | undefined;
}

export interface Scope {
  /** For qualified names. */
  readonly ranges: readonly Range[];
  /** For unqualified names and `*`: columns in order, joins merged. */
  readonly visible: readonly Shape[];
  readonly outer: Scope | undefined;
  readonly ctes: CteList | undefined;
}

/** What counting the rows of a level, or of one around it, may tell. */
export function rowsLabels(scope: Scope): Label[] {
  const labels: Label[] = [];
  for (let at: Scope | undefined = scope; at; at = at.outer)
    for (const shape of at.visible) if (shape.rows) labels.push(shape.rows);
  return labels;
}

/** Every column in sight, by identity. */
export function valuesInSight(scope: Scope): ReadonlySet<Value> {
  const values = new Set<Value>();
  for (let at: Scope | undefined = scope; at; at = at.outer)
    for (const shape of [...at.visible, ...at.ranges.map((range) => range.shape)])
      for (const column of shape.columns) values.add(column.value);
  return values;
}

export const EMPTY_SCOPE: Scope = { ranges: [], visible: [], outer: undefined, ctes: undefined };

const SYSTEM_COLUMNS: ReadonlySet<string> = new Set(['ctid', 'xmin', 'xmax', 'cmin', 'cmax', 'tableoid']);

/** Row identity and transaction numbers, of types the server shipped. */
const SYSTEM_VALUE: Value = { label: CLEAN, typeOid: 26 };

export function findCte(list: CteList | undefined, name: string): Shape | undefined {
  for (let at = list; at; at = at.next) if (at.name === name) return at.shape;
  return undefined;
}

/** Labels of columns that might answer to any name. */
function openLabels(shapes: readonly Shape[]): Label[] {
  const unnamed = shapes.flatMap((shape) => shape.columns.filter((column) => column.name === undefined));
  const rests = shapes.flatMap((shape) => (shape.rest ? [shape.rest] : []));
  return [...unnamed.map((column) => column.value.label), ...rests];
}

const named = (shapes: readonly Shape[], name: string): Column[] =>
  shapes.flatMap((shape) => shape.columns.filter((column) => column.name === name));

/** Ranges of the innermost level that go by the name: relations of two schemas may share it. */
function rangesNamed(scope: Scope, name: string): readonly Shape[] {
  for (let at: Scope | undefined = scope; at; at = at.outer) {
    const found = at.ranges.filter((candidate) => candidate.alias === name);
    if (found.length > 0) return found.map((range) => range.shape);
  }
  return [];
}

/** `name`: a column of the innermost level that has it, or else a whole row. */
function unqualified(scope: Scope, name: string): Value {
  const open: Label[] = [];
  for (let at: Scope | undefined = scope; at; at = at.outer) {
    const found = named(at.visible, name).map((column) => column.value);
    if (found.length > 0) {
      const value = mergeValues(found);
      return open.length === 0 ? value : { label: derive([value.label, ...open]) };
    }
    open.push(...openLabels(at.visible));
  }
  const shapes = rangesNamed(scope, name);
  if (shapes.length > 0) {
    const row = mergeValues(shapes.map(rowValue));
    // A function in FROM answers to its alias with its value.
    return open.length === 0 ? row : { label: derive([row.label, ...open]) };
  }
  if (SYSTEM_COLUMNS.has(name)) return SYSTEM_VALUE;
  return open.length === 0 ? UNKNOWN_VALUE : { label: derive([UNKNOWN, ...open]) };
}

function qualified(scope: Scope, table: string, name: string): Value {
  const shapes = rangesNamed(scope, table);
  if (shapes.length === 0) return UNKNOWN_VALUE;
  const found = named(shapes, name).map((column) => column.value);
  const open = openLabels(shapes);
  if (found.length > 0 && (open.length === 0 || shapes.length === 1)) return mergeValues(found);
  if (open.length > 0) return { label: derive([...open, ...found.map((value) => value.label)]) };
  if (SYSTEM_COLUMNS.has(name)) return SYSTEM_VALUE;
  return mergeValues(shapes.map((shape) => fieldOf(rowValue(shape), name)));
}

/** A column reference by its parts, without `*`; the last part is the column, the one before it its table. */
export function lookUp(scope: Scope, parts: readonly string[]): Value {
  const name = parts.at(-1);
  if (name === undefined) return UNKNOWN_VALUE;
  const table = parts.at(-2);
  return table === undefined ? unqualified(scope, name) : qualified(scope, table, name);
}

function sameNamed(shapes: readonly Shape[]): Shape {
  const [only] = shapes;
  if (only && shapes.length === 1) return only;
  return { columns: [], rest: shapes.length === 0 ? UNKNOWN : derive(shapes.map(shapeLabel)) };
}

/** The columns `*` or `table.*` stands for. */
export function starOf(scope: Scope, parts: readonly string[]): Shape {
  const table = parts.at(-1);
  const shapes = table === undefined ? scope.visible : [sameNamed(rangesNamed(scope, table))];
  const rests = shapes.flatMap((shape) => (shape.rest ? [shape.rest] : []));
  const columns = shapes.flatMap((shape) => shape.columns);
  return rests.length === 0 ? { columns } : { columns, rest: derive(rests) };
}
