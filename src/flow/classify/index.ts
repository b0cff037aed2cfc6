// Text → what it does. PostgreSQL's own grammar; what is not understood is unknown, never read. Pure, synchronous, never throws.
import type { Classification, StatementUnit } from '../../model/classification.ts';
import type { ClassifyEnvironment } from './environment.ts';
import { fingerprint, parse } from './grammar.ts';

export type { ClassifyEnvironment } from './environment.ts';
export { loadGrammar } from './grammar.ts';

function unknown(env: ClassifyEnvironment, start: number, end: number, node: string): StatementUnit {
  return {
    start,
    end,
    node,
    title: 'a statement that is not understood',
    actions: [{ action: 'sql:unknown', resource: { type: 'Connection', id: env.connection } }],
    tables: [],
    columns: [],
    functions: [],
    hasWhere: false,
    changesCatalogue: true,
  };
}

export function classify(text: string, env: ClassifyEnvironment): Classification {
  const parsed = parse(text);
  if (parsed.error !== undefined)
    return {
      units: [unknown(env, 0, Buffer.byteLength(text), 'unparsed')],
      parseError: parsed.error,
      fingerprint: fingerprint(text, false),
      unresolved: false,
    };
  return {
    units: parsed.statements.map((raw) =>
      unknown(env, raw.start, raw.end, Object.keys(raw.stmt)[0] ?? 'unparsed'),
    ),
    fingerprint: fingerprint(text, true),
    unresolved: false,
  };
}
