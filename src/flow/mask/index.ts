// The mask stage: what of one unit's answer may be seen. Pure but for its counters; must never let a doubt pass as clean.
import type { Catalogue } from '../../model/catalogue.ts';
import type { StatementUnit } from '../../model/classification.ts';
import { Content } from './cells/scan.ts';
import { Tally } from './cells/tally.ts';
import { type ColumnOptions, copyFields, maskColumns, REDACTED_UNKNOWN } from './columns.ts';
import { Resolver } from './lineage/resolver.ts';
import { followTags, type Pins, type TagsByAttnum } from './lineage/tags.ts';
import { scrubFields } from './scrub.ts';
import { StatementWords } from './statement.ts';
import { strategyFor } from './strategies.ts';
import type { Masker, MaskerOptions, ProtectedColumn, UnitPlan } from './types.ts';

export { shownParameter } from './parameter.ts';
export type { Given } from './statement.ts';
export type { Masker, MaskerOptions, UnitPlan } from './types.ts';

/** Values of settings that are words: `on`, `ISO, MDY`, `Etc/UTC`. */
const ORDINARY = /^[A-Za-z ,/_$"-]{0,48}$/;

/** Nothing is protected: only detectors have a say. */
const OPEN_PLAN: UnitPlan = {
  outputs: undefined,
  rest: { kind: 'clean' },
  reaches: false,
  unknown: false,
  effects: new Set(),
  sideways: [],
  knows: () => true,
};

/** COPY does not say of what types its columns are: the tree and the catalogue do. */
function openPlan(resolver: Resolver, unit: StatementUnit, catalogue: Catalogue): UnitPlan {
  const { outputs } = unit.node === 'CopyStmt' ? resolver.plan(unit, catalogue) : OPEN_PLAN;
  if (!outputs) return OPEN_PLAN;
  return { ...OPEN_PLAN, outputs: outputs.map((output) => ({ ...output, lineage: { kind: 'clean' } })) };
}

function tagged(options: MaskerOptions, revealed: boolean): readonly ProtectedColumn[] {
  const { columns, strategies } = options.connection.masking;
  return Object.entries(columns)
    .filter(([name]) => options.revealed.columns.has(name) === revealed)
    .map(([name, dataType]) => ({ name, dataType, strategy: strategyFor(strategies, dataType) }));
}

/** Finds the data type of a tagged column that may be seen: its own detector leaves it alone. */
function sparing(columns: readonly ProtectedColumn[]) {
  const pins: Pins = new Map();
  let at: Catalogue | undefined;
  let tags: ReadonlyMap<number, TagsByAttnum> = new Map();
  return (catalogue: Catalogue) => {
    if (at !== catalogue) tags = followTags(catalogue, columns, pins);
    at = catalogue;
    return (oid: number, attnum: number): string | undefined => tags.get(oid)?.get(attnum)?.[0]?.dataType;
  };
}

export function createMasker(options: MaskerOptions): Masker {
  const { masking } = options.connection;
  const hidden = tagged(options, false);
  const spare = sparing(tagged(options, true));
  const tally = new Tally();
  const { scanner, hashKey } = options;
  const content = new Content({
    scanner,
    revealed: options.revealed.dataTypes,
    strategies: masking.strategies,
    hashKey,
    tally,
  });
  const resolver = new Resolver(hidden, options.parse);
  const words = new StatementWords(content, hidden, hashKey);
  const scrubText = (text: string): string => content.mask(text) ?? text;
  const columnOptions = (catalogue: Catalogue): ColumnOptions => ({
    content,
    tally,
    hashKey,
    onUnknown: masking.onUnknown,
    spared: spare(catalogue),
  });
  const nothing = hidden.length === 0;
  const plan: Masker['plan'] = (unit, catalogue, planOptions) =>
    nothing ? openPlan(resolver, unit, catalogue) : resolver.plan(unit, catalogue, planOptions);
  return {
    plan,
    plans: (units, catalogue, planOptions) => {
      let uncertain = planOptions?.uncertain ?? false;
      return units.map((unit) => {
        const made = plan(unit, catalogue, { uncertain });
        if (made.effects.size > 0) uncertain = true;
        return made;
      });
    },
    ran: (plans) => resolver.ran(new Set(plans.flatMap((plan) => [...plan.effects]))),
    columns: (plan, fields, catalogue) =>
      maskColumns(columnOptions(catalogue), nothing ? OPEN_PLAN : plan, fields, resolver.facts(catalogue)),
    copyOut: (plan, columns, binary, catalogue) => {
      const fields = copyFields(plan, columns, binary);
      return fields && maskColumns(columnOptions(catalogue), plan, fields, resolver.facts(catalogue));
    },
    scrub: (plan, fields) => scrubFields(plan, fields, !nothing, scrubText),
    scrubText,
    given: (units, catalogue) => words.given(units, catalogue),
    scrubStatement: (text, given) => scrubText(words.text(text, given)),
    scrubEcho: (text, given) => words.echo(text, given),
    scrubValue: (text, names) => scrubText(words.value(text, names)),
    scrubSetting: (text) =>
      resolver.keeps('settings') && !ORDINARY.test(text) ? REDACTED_UNKNOWN : scrubText(text),
    scrubStray: (text) =>
      text === '' || nothing || masking.onUnknown === 'pass' ? scrubText(text) : REDACTED_UNKNOWN,
    saw: (mask, rows) => tally.saw(mask, rows),
    coverage: () => tally.coverage(),
    take: () => tally.take(),
  };
}
