// The mask stage: what of one unit's answer may be seen. Pure but for its counters; must never let a doubt pass as clean.
import type { Catalogue } from '../../model/catalogue.ts';
import type { Field, ResultMask } from '../../model/masking.ts';
import type { Masker, MaskerOptions, UnitPlan } from './types.ts';

export type {
  Lineage,
  Masker,
  MaskerCounts,
  MaskerOptions,
  PlannedColumn,
  PlanOptions,
  ProtectedColumn,
  UnitPlan,
} from './types.ts';

const HIDDEN = () => null;
/** MaxTupleAttributeNumber of PostgreSQL: no result has more columns. */
const MOST_COLUMNS = 1664;

/** True when the wire says the column is a plain one that no tag names. */
function plain(field: Field, catalogue: Catalogue, tagged: ReadonlySet<string>): boolean {
  const relation = catalogue.relations.get(field.tableOid);
  if (relation?.kind !== 'table' || relation.parents.length > 0 || field.attnum <= 0) return false;
  const column = relation.columns.find((candidate) => candidate.attnum === field.attnum);
  return column !== undefined && !tagged.has(`${relation.schema}.${relation.name}.${column.name}`);
}

export function createMasker(options: MaskerOptions): Masker {
  const tagged = new Set(
    Object.keys(options.connection.masking.columns).filter((name) => !options.revealed.columns.has(name)),
  );
  const everything: UnitPlan = {
    outputs: undefined,
    reaches: tagged.size > 0,
    unknown: tagged.size > 0,
    sideways: [],
  };
  const scrubText = (text: string): string => {
    let out = '';
    let at = 0;
    for (const span of options.scanner.scan(text)) {
      if (options.revealed.dataTypes.has(span.type)) continue;
      out += `${text.slice(at, span.start)}[${span.type}]`;
      at = span.end;
    }
    return out + text.slice(at);
  };
  const columns = (
    _plan: UnitPlan | undefined,
    fields: readonly Field[] | undefined,
    catalogue: Catalogue,
  ): ResultMask => ({
    untouched: false,
    cells: fields
      ? fields.map((field) => (plain(field, catalogue, tagged) ? undefined : HIDDEN))
      : new Array(MOST_COLUMNS).fill(HIDDEN),
  });
  return {
    plan: () => everything,
    columns,
    copyOut: () => undefined,
    scrub: (_plan, fields) =>
      new Map(
        [...fields].filter(([key]) => 'SVCFLR'.includes(key)).concat([['M', 'the target reported an error']]),
      ),
    scrubText,
    saw: () => {},
    coverage: () => [],
    take: () => ({ seen: 0, masked: 0 }),
  };
}
