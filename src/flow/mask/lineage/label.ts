// What is known of a value's origin, and how it combines. A doubt only ever grows: nothing here makes a label cleaner.
import type { Lineage, ProtectedColumn } from '../types.ts';

export interface Label {
  /** Protected columns whose values may be in this one. */
  readonly sources: readonly ProtectedColumn[];
  /** The value is exactly that of a source (or of something clean), not computed from it. */
  readonly bare: boolean;
  /** The value may carry anything. */
  readonly unknown: boolean;
}

export interface Value {
  readonly label: Label;
  /** Columns of a composite value, when they are known. */
  readonly fields?: Shape;
  /** pg_type oid, when the value is a relation's own column. */
  readonly typeOid?: number;
  /** Bare names of the columns it comes from unchanged. */
  readonly called?: readonly string[];
}

export interface Column {
  /** Undefined where the server's name for it is not predicted; such a column may answer to any name. */
  readonly name: string | undefined;
  readonly value: Value;
}

/** Columns of a relation, a subquery or a row. */
export interface Shape {
  readonly columns: readonly Column[];
  /** Present when there may be further columns, of unknown number and name; says what they may carry. */
  readonly rest?: Label;
  /** Present when the number of rows may tell something: what it may tell. */
  readonly rows?: Label;
}

export const CLEAN: Label = { sources: [], bare: true, unknown: false };
export const UNKNOWN: Label = { sources: [], bare: false, unknown: true };
export const CLEAN_VALUE: Value = { label: CLEAN };
export const UNKNOWN_VALUE: Value = { label: UNKNOWN };
export const UNKNOWN_SHAPE: Shape = { columns: [], rest: UNKNOWN };

export const isClean = (label: Label): boolean => label.sources.length === 0 && !label.unknown;

function union(labels: readonly Label[], bare: boolean): Label {
  const dirty = labels.filter((label) => !isClean(label));
  const [first] = dirty;
  if (first === undefined) return CLEAN;
  if (dirty.length === 1 && first.bare === bare) return first;
  const sources = new Set(dirty.flatMap((label) => label.sources));
  return {
    sources: [...sources],
    bare: bare && dirty.every((label) => label.bare),
    unknown: dirty.some((label) => label.unknown),
  };
}

/** A value computed from all of these. */
export const derive = (labels: readonly Label[]): Label => union(labels, false);

/** A value that is one of these, unchanged. */
export const merge = (labels: readonly Label[]): Label => union(labels, true);

export const sameLabel = (a: Label, b: Label): boolean =>
  a.unknown === b.unknown &&
  a.bare === b.bare &&
  a.sources.length === b.sources.length &&
  a.sources.every((source) => b.sources.includes(source));

/** Everything a row of this shape may carry. */
export const shapeLabel = (shape: Shape): Label =>
  derive([...shape.columns.map((column) => column.value.label), ...(shape.rest ? [shape.rest] : [])]);

export const rowValue = (shape: Shape): Value => ({ label: shapeLabel(shape), fields: shape });

export function toLineage(label: Label): Lineage {
  if (label.unknown) return { kind: 'unknown' };
  if (label.sources.length === 0) return { kind: 'clean' };
  return { kind: 'protected', columns: label.sources, bare: label.bare };
}

/** Field of a composite value by name. */
export function fieldOf(value: Value, name: string): Value {
  const shape = value.fields;
  if (!shape) return { label: derive([value.label]) };
  const found = shape.columns.filter((column) => column.name === name);
  const [only] = found;
  if (only && found.length === 1) return only.value;
  if (found.length > 1) return { label: merge(found.map((column) => column.value.label)) };
  // `(row).name` is also how a function is called on a row.
  return { label: derive([value.label, UNKNOWN]) };
}

/** The shape with more for its number of rows to tell. */
export function withRows(shape: Shape, labels: readonly Label[]): Shape {
  const rows = derive([...labels, ...(shape.rows ? [shape.rows] : [])]);
  return isClean(rows) ? shape : { ...shape, rows };
}

/** The same columns under identities of their own: what is learned of one use says nothing of another. */
export const fresh = (shape: Shape): Shape => ({
  ...shape,
  columns: shape.columns.map((column) => ({ name: column.name, value: { ...column.value } })),
});

/** Renames the leading columns, as `AS t(a, b)` does. Positions mean nothing once a shape is open. */
export function renamed(shape: Shape, names: readonly string[]): Shape {
  if (names.length === 0) return shape;
  if (shape.rest === undefined)
    return {
      ...shape,
      columns: shape.columns.map((column, index) => ({
        name: names[index] ?? column.name,
        value: column.value,
      })),
    };
  const label = shapeLabel(shape);
  return { ...shape, columns: names.map((name) => ({ name, value: { label } })), rest: label };
}

/** Rows that come from any of these shapes, column by column. */
export function mergeShapes(shapes: readonly Shape[]): Shape {
  const [first] = shapes;
  if (first === undefined) return UNKNOWN_SHAPE;
  const rows = shapes.flatMap((shape) => (shape.rows ? [shape.rows] : []));
  const aligned = shapes.every(
    (shape) => shape.rest === undefined && shape.columns.length === first.columns.length,
  );
  if (!aligned) return withRows({ columns: [], rest: derive(shapes.map(shapeLabel)) }, rows);
  const columns = first.columns.map((column, index) => ({
    name: column.name,
    value: mergeValues(shapes.map((shape) => shape.columns[index]?.value ?? UNKNOWN_VALUE)),
  }));
  return withRows({ columns }, rows);
}

export function mergeValues(values: readonly Value[]): Value {
  const [only] = values;
  if (only && values.length === 1) return only;
  const label = merge(values.map((value) => value.label));
  const typeOid = only?.typeOid;
  const called = calledBy(values);
  return typeOid !== undefined && values.every((value) => value.typeOid === typeOid)
    ? { label, typeOid, called }
    : { label, called };
}

/** Every name of the values, and a further one. */
export function calledBy(values: readonly Value[], name?: string): readonly string[] {
  const names = values.flatMap(({ called = [] }) => called);
  return [...new Set(name === undefined ? names : [...names, name])];
}
