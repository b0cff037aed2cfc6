// The bare parse tree, for whoever follows values through it: view definitions and SQL function bodies.
import { parse } from './classify/grammar.ts';

/** libpg-query's tree as `{stmts: [{stmt}]}`. Throws on text the grammar rejects. */
export function parseTree(sql: string): { readonly stmts: readonly { readonly stmt: unknown }[] } {
  const parsed = parse(sql);
  if (parsed.error !== undefined) throw new SyntaxError(parsed.error);
  return { stmts: parsed.statements.map(({ stmt }) => ({ stmt })) };
}
