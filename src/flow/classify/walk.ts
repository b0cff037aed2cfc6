// Walks the whole tree, every node of it. A node that no table knows makes the statement unknown.
import type { ColumnRole, StatementUnit } from '../../model/classification.ts';
import type { ClassifyEnvironment } from './environment.ts';
import { callWords, FIELD_TYPES, LEAVES, NODES, TRANSPARENT } from './expressions.ts';
import { Findings } from './findings.ts';
import { readFrom } from './from.ts';
import { parse } from './grammar.ts';
import type { Names } from './names.ts';
import { STATEMENTS } from './nodes/index.ts';
import type { Reading } from './reading.ts';
import { NOTHING, type Output, Scope, UNTOLD } from './scope.ts';
import { readSelect, readTargets } from './select.ts';
import { type Fields, isObject, typed } from './tree.ts';

interface Range {
  readonly start: number;
  readonly end: number;
}

/** SQL in strings in SQL in strings: deeper than this nobody means it. */
const MAX_NESTED_TEXTS = 8;

export class TreeReading implements Reading {
  readonly env: ClassifyEnvironment;
  readonly names: Names;
  readonly found: Findings;
  readonly #range: Range;
  readonly #depth: number;

  constructor(env: ClassifyEnvironment, names: Names, range: Range, depth = 0) {
    this.env = env;
    this.names = names;
    this.found = new Findings(env.connection);
    this.#range = range;
    this.#depth = depth;
  }

  /** Reads a whole statement. */
  read(node: unknown): StatementUnit {
    const type = typed(node)?.type ?? 'unparsed';
    this.statement(node, new Scope());
    // `SELECT 1` touches nothing, but it is asked about like any other.
    if (this.found.actions.length === 0) this.found.act(type === 'SelectStmt' ? 'sql:select' : 'sql:unknown');
    return this.found.toUnit(type, this.#range, node);
  }

  statement(node: unknown, scope: Scope): Output {
    const found = typed(node);
    const row = found && STATEMENTS.get(found.type);
    if (found && row) return row(this, found.fields, scope) ?? NOTHING;
    this.found.unknown(found ? `${found.type} (not understood)` : 'a statement that is not understood');
    return UNTOLD;
  }

  unit(node: unknown, apart = false): StatementUnit {
    const inner = new TreeReading(this.env, this.names, this.#range, this.#depth);
    const unit = inner.read(node);
    this.found.unresolved ||= inner.found.unresolved;
    if (!apart) {
      this.found.merge(unit);
      this.found.changesCatalogue ||= unit.changesCatalogue;
    }
    return unit;
  }

  walk(node: unknown, scope: Scope, role: ColumnRole): void {
    if (Array.isArray(node)) for (const item of node) this.walk(item, scope, role);
    if (!isObject(node)) return;
    const found = typed(node);
    if (!found) {
      if (Object.keys(node).length > 0) this.found.unknown('a part that is not understood');
      return;
    }
    if (STATEMENTS.has(found.type)) this.statement(node, scope.child());
    else this.fields(found.type, found.fields, scope, role);
  }

  fields(type: string, fields: Fields, scope: Scope, role: ColumnRole): void {
    const row = NODES.get(type);
    callWords(this, type);
    if (row) row(this, fields, scope, role);
    else if (TRANSPARENT.has(type)) this.#inside(type, fields, scope, role);
    else if (!LEAVES.has(type)) this.found.unknown(`${type} (not understood)`);
  }

  #inside(type: string, fields: Fields, scope: Scope, role: ColumnRole): void {
    for (const [field, value] of Object.entries(fields)) {
      if (!isObject(value) || typed(value)) this.walk(value, scope, role);
      else
        this.fields(
          FIELD_TYPES.get(`${type}.${field}`) ?? FIELD_TYPES.get(field) ?? field,
          value,
          scope,
          role,
        );
    }
  }

  from(nodes: unknown, scope: Scope): void {
    readFrom(this, nodes, scope);
  }

  select(fields: Fields, scope: Scope): Output {
    return readSelect(this, fields, scope);
  }

  targets(nodes: unknown, scope: Scope): Output {
    return readTargets(this, nodes, scope);
  }

  sql(text: string): void {
    const parsed = this.#depth < MAX_NESTED_TEXTS ? parse(text) : { error: 'nested too deeply' };
    if (parsed.error !== undefined) {
      this.found.unknown('SQL in a string that is not understood');
      return;
    }
    const title = this.found.title;
    for (const { stmt } of parsed.statements) {
      const inner = new TreeReading(this.env, this.names, this.#range, this.#depth + 1);
      this.found.merge(inner.read(stmt));
      this.found.unresolved ||= inner.found.unresolved;
      this.found.changesCatalogue ||= inner.found.changesCatalogue;
      this.found.effect ??= inner.found.effect;
    }
    this.found.title = title;
  }
}

/** What one statement of a text does. */
export function readStatement(
  env: ClassifyEnvironment,
  names: Names,
  stmt: Fields,
  range: Range,
): { readonly unit: StatementUnit; readonly unresolved: boolean } {
  const reading = new TreeReading(env, names, range);
  const unit = reading.read(stmt);
  return { unit, unresolved: reading.found.unresolved };
}
