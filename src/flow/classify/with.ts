// WITH queries: each sees those before it; with RECURSIVE each sees all, itself included.
import type { Reading } from './reading.ts';
import { type Output, type Scope, UNTOLD } from './scope.ts';
import { as, type Fields, fieldsOf, list, nameParts, text } from './tree.ts';

/** `WITH q(a, b)` names the first columns anew. */
export function rename(output: Output, names: readonly string[]): Output {
  if (names.length === 0) return output;
  const columns = new Map<string, readonly string[]>();
  for (const [index, [name, bases]] of [...output.columns].entries())
    columns.set(names[index] ?? name, bases);
  // Where columns cannot be told apart by place, any of them may be behind a new name.
  const all = output.complete ? [] : [...output.columns.values()].flat();
  for (const name of names) if (!columns.has(name) || !output.complete) columns.set(name, all);
  return { columns, complete: output.complete };
}

export function readWith(reading: Reading, clause: unknown, scope: Scope): void {
  const { ctes, recursive } = fieldsOf(clause);
  const queries = list(ctes).map((node) => as('CommonTableExpr', node) ?? {});
  if (recursive === true) for (const query of queries) scope.define(text(query['ctename']), UNTOLD);
  for (const query of queries) {
    const title = reading.found.title;
    const output = reading.statement(query['ctequery'], scope.child());
    reading.found.title = title;
    readCycle(reading, query, scope);
    scope.define(text(query['ctename']), rename(output, nameParts(query['aliascolnames'])));
  }
}

/** CYCLE … SET … TO value DEFAULT value: two expressions. */
function readCycle(reading: Reading, query: Fields, scope: Scope): void {
  const cycle = fieldsOf(query['cycle_clause']);
  reading.walk(cycle['cycle_mark_value'], scope.child(), 'output');
  reading.walk(cycle['cycle_mark_default'], scope.child(), 'output');
}
