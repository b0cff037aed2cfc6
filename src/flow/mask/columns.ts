// From a plan and the server's own description to a mask per column. Plan and wire are two witnesses: a column is
// clean only when neither says otherwise.
import type { Catalogue } from '../../model/catalogue.ts';
import type { OnUnknown } from '../../model/connection.ts';
import type { CellMask, CoverageReason, Field, MaskingCounts, ResultMask } from '../../model/masking.ts';
import { contentMask, hide, NO_ROOM, strategyMask } from './cells/choose.ts';
import { type Content, opaqueScan } from './cells/scan.ts';
import { type Skipped, type Tally, UNKNOWN_ORIGIN } from './cells/tally.ts';
import type { Facts } from './lineage/facts.ts';
import { CLEAN, isClean, type Label, merge, UNKNOWN } from './lineage/label.ts';
import type { Lineage, ProtectedColumn, UnitPlan } from './types.ts';

/** MaxTupleAttributeNumber of PostgreSQL: no result has more columns. */
const MOST_COLUMNS = 1664;
export const REDACTED_UNKNOWN = '[masked]';

export interface ColumnOptions {
  readonly content: Content;
  readonly tally: Tally;
  readonly hashKey: Uint8Array;
  readonly onUnknown: OnUnknown;
  /** Data type of a tagged column that is revealed, by oid and attnum. */
  readonly spared: (oid: number, attnum: number) => string | undefined;
}

const fromLineage = (lineage: Lineage | undefined): Label => {
  switch (lineage?.kind) {
    case 'clean':
      return CLEAN;
    case 'protected':
      return { sources: lineage.columns, bare: lineage.bare, unknown: false };
    default:
      return UNKNOWN;
  }
};

/** Labels as the plan has them; undefined when the plan does not fit what the server describes. */
function planned(plan: UnitPlan | undefined, fields: readonly Field[]): readonly Label[] | undefined {
  if (!plan) return undefined;
  const { outputs } = plan;
  if (!outputs) return fields.map(() => fromLineage(plan.rest));
  if (outputs.length !== fields.length) return undefined;
  const fits = outputs.every(
    (output, index) => output.name === undefined || output.name === fields[index]?.name,
  );
  return fits ? outputs.map((output) => fromLineage(output.lineage)) : undefined;
}

/** What the wire says: the label of the column it points at; undefined where it points nowhere. */
function wired(field: Field, facts: Facts): Label | undefined {
  if (field.tableOid === 0 || field.attnum === 0) return undefined;
  return facts.column(field.tableOid, field.attnum);
}

function combine(plan: Label | undefined, wire: Label | undefined): Label {
  if (!plan) return wire ? merge([UNKNOWN, wire]) : UNKNOWN;
  // The server knows a plain column where the plan could not tell.
  if (plan.unknown && plan.sources.length === 0 && wire && !wire.unknown) return wire;
  return wire ? merge([plan, wire]) : plan;
}

/** Counts and masks with one closure per column. */
function counted(
  cell: CellMask,
  tally: Tally,
  counts: readonly MaskingCounts[],
  key: 'lineage' | 'unknown',
): CellMask {
  const [only] = counts;
  if (cell === NO_ROOM)
    return (buffer, start, end) => {
      for (const count of counts) {
        count[key] += 1;
        tally.whole(count, 'form');
      }
      tally.masked();
      return cell(buffer, start, end);
    };
  if (only && counts.length === 1)
    return (buffer, start, end) => {
      only[key] += 1;
      tally.masked();
      return cell(buffer, start, end);
    };
  return (buffer, start, end) => {
    for (const count of counts) count[key] += 1;
    tally.masked();
    return cell(buffer, start, end);
  };
}

interface Chosen {
  readonly cell: CellMask | undefined;
  readonly subjects: readonly string[];
  readonly skipped?: Skipped;
}

interface Origin {
  /** What the coverage record calls it. */
  readonly subject: string;
  /** Names its values stand under: the result's, and those of the columns they come from, which an alias does not change. */
  readonly names: readonly string[];
}

/** Of a column that no lineage leads to. */
function originOf(
  catalogue: Catalogue,
  { tableOid, attnum, name }: Field,
  called: readonly string[],
): Origin {
  const relation = catalogue.relations.get(tableOid);
  const column = relation?.columns.find((one) => one.attnum === attnum);
  if (!relation || !column) return { subject: '(computed)', names: [name, ...called] };
  const subject = `${relation.schema}.${relation.name}.${column.name}`;
  return { subject, names: [name, column.name, ...called] };
}

/** The strategy of a bare value; several sources agree or are redacted. */
function soleStrategy(sources: readonly ProtectedColumn[]): ProtectedColumn | undefined {
  const [first] = sources;
  const agree = sources.every((one) => one.dataType === first?.dataType && one.strategy === first?.strategy);
  return agree ? first : undefined;
}

function choose(
  options: ColumnOptions,
  catalogue: Catalogue,
  field: Field,
  label: Label,
  called: readonly string[],
): Chosen {
  const { tally } = options;
  const { typeOid, format } = field;
  if (label.sources.length > 0) {
    const sole = label.bare && !label.unknown ? soleStrategy(label.sources) : undefined;
    const word = `[${label.sources[0]?.dataType}]`;
    const cell = sole
      ? strategyMask(catalogue, typeOid, format, sole, options.hashKey)
      : hide(catalogue, typeOid, format, word);
    const subjects = label.sources.map((source) => source.name);
    return {
      cell: counted(
        cell,
        tally,
        subjects.map((subject) => tally.of(subject)),
        'lineage',
      ),
      subjects,
    };
  }
  if (label.unknown && options.onUnknown !== 'pass') {
    const cell = hide(catalogue, typeOid, format, REDACTED_UNKNOWN);
    return { cell: counted(cell, tally, [tally.of(UNKNOWN_ORIGIN)], 'unknown'), subjects: [UNKNOWN_ORIGIN] };
  }
  const spared = options.spared(field.tableOid, field.attnum);
  const { subject, names } = originOf(catalogue, field, called);
  const cell = options.content.idle
    ? undefined
    : contentMask(options.content.under(names), catalogue, typeOid, format, spared);
  const why: CoverageReason | undefined =
    spared !== undefined ? 'revealed' : options.content.idle ? 'off' : cell ? undefined : 'type';
  if (!why) return { cell, subjects: [] };
  return { cell, subjects: [], skipped: { subject, why } };
}

function finish(options: ColumnOptions, chosen: readonly Chosen[]): ResultMask {
  const cells = chosen.map((one) => one.cell);
  const mask: ResultMask = { untouched: cells.every((cell) => cell === undefined), cells };
  return options.tally.covers(
    mask,
    chosen.flatMap((one) => one.subjects),
    chosen.flatMap((one) => one.skipped ?? []),
  );
}

/** Without a description, types and formats are unknown too: NULL is the only answer that fits them all. */
function undescribed(options: ColumnOptions, plan: UnitPlan | undefined): ResultMask {
  const { tally, content, onUnknown } = options;
  const count = plan?.outputs?.length ?? MOST_COLUMNS;
  const hidden = counted(NO_ROOM, tally, [tally.of(UNKNOWN_ORIGIN)], 'unknown');
  const scan = opaqueScan(content, undefined);
  const cellFor = (index: number): CellMask => {
    const label = fromLineage(plan?.outputs ? plan.outputs[index]?.lineage : plan?.rest);
    const passes = isClean(label) || (label.unknown && label.sources.length === 0 && onUnknown === 'pass');
    return passes ? scan : hidden;
  };
  return { untouched: false, cells: Array.from({ length: count }, (_, index) => cellFor(index)) };
}

/** The mask of a result, or of COPY's columns. */
export function maskColumns(
  options: ColumnOptions,
  plan: UnitPlan | undefined,
  fields: readonly Field[] | undefined,
  facts: Facts,
): ResultMask {
  if (!fields) return undescribed(options, plan);
  const labels = planned(plan, fields);
  const anything = facts.all.length > 0;
  return finish(
    options,
    fields.map((field, index) => {
      const label = anything ? combine(labels?.[index], wired(field, facts)) : CLEAN;
      const called = plan?.outputs?.length === fields.length ? plan.outputs[index]?.called : undefined;
      return choose(options, facts.catalogue, field, label, called ?? []);
    }),
  );
}

const TEXT_OID = 25;

/** The columns of a COPY stream as fields; undefined when the stream has another number of columns than planned. */
export function copyFields(plan: UnitPlan, columns: number, binary: boolean): readonly Field[] | undefined {
  if (plan.outputs && plan.outputs.length !== columns) return undefined;
  return Array.from({ length: columns }, (_, index) => {
    const output = plan.outputs?.[index];
    // In text every value is text; in binary a type that is not known is opaque.
    const typeOid = output?.typeOid ?? (binary ? 0 : TEXT_OID);
    return { name: output?.name ?? '', tableOid: 0, attnum: 0, typeOid, format: binary ? 1 : 0 };
  });
}
