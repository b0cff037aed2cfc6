// Which digit strings are telephone numbers, by the numbering plans of libphonenumber's metadata. Only the data is used.
import metadata from 'libphonenumber-js/min/metadata';

/** A country's row: calling code, …, pattern of national numbers at 2, lengths at 3, national prefix at 5, types at 11. */
type Row = readonly unknown[];

interface Shape {
  readonly pattern: RegExp;
  /** National lengths of this kind of number; any the plan has when empty. */
  readonly lengths: readonly number[];
}

interface Plan {
  readonly lengths: readonly number[];
  /** National prefix, as `0` in most of Europe. */
  readonly prefix: string;
  readonly general: RegExp;
  /** What sets its numbers apart from those of others with the same calling code. */
  readonly leading: RegExp | undefined;
  /** Fixed, mobile and so on; empty where the metadata has no more than the general pattern. */
  readonly shapes: readonly Shape[];
}

const plans = new Map<string, readonly Plan[]>();
let spokenPlans: readonly Plan[] | undefined;

const numbers = (value: unknown): number[] => (Array.isArray(value) ? value.map(Number) : []);
const whole = (source: unknown): RegExp => new RegExp(`^(?:${String(source)})$`);

function shapesOf(row: Row): Shape[] {
  const types = Array.isArray(row[11]) ? (row[11] as readonly unknown[]) : [];
  return types.flatMap((type) =>
    Array.isArray(type) && typeof type[0] === 'string' && type[0] !== ''
      ? [{ pattern: whole(type[0]), lengths: numbers(type[1]) }]
      : [],
  );
}

function planOf(row: Row): Plan {
  return {
    lengths: numbers(row[3]),
    prefix: typeof row[5] === 'string' ? row[5] : '',
    general: whole(row[2]),
    leading: typeof row[10] === 'string' ? new RegExp(`^(?:${row[10]})`) : undefined,
    shapes: shapesOf(row),
  };
}

function belongs(plan: Plan, national: string): boolean {
  if (!plan.lengths.includes(national.length) || !plan.general.test(national)) return false;
  if (plan.leading?.test(national) === false) return false;
  if (plan.shapes.length === 0) return true;
  return plan.shapes.some(
    ({ lengths, pattern }) =>
      (lengths.length === 0 || lengths.includes(national.length)) && pattern.test(national),
  );
}

function readPlans(code: string): readonly Plan[] {
  const codes = metadata.country_calling_codes as Readonly<Record<string, readonly string[]>>;
  const rows = metadata.countries as unknown as Readonly<Record<string, Row>>;
  const names = Object.hasOwn(codes, code) ? (codes[code] ?? []) : [];
  return names.flatMap((name) => (rows[name] === undefined ? [] : [planOf(rows[name])]));
}

/** Compiled when first asked for, and kept: only calling codes that exist are. */
function plansFor(code: string): readonly Plan[] {
  const known = plans.get(code);
  if (known !== undefined) return known;
  const read = readPlans(code);
  if (read.length > 0) plans.set(code, read);
  return read;
}

/** Digits behind the `+` (ITU-T E.164: 15 at most). A stray trunk zero, as in `+44 (0)20 …`, is forgiven. */
export function isInternational(digits: string): boolean {
  for (let width = 1; width <= 3; width += 1) {
    const rows = plansFor(digits.slice(0, width));
    if (rows.length === 0) continue;
    const national = digits.slice(width);
    const without = national.replace(/^0/, '');
    return rows.some((plan) => belongs(plan, national) || (without !== national && belongs(plan, without)));
  }
  return false;
}

/** North American number of ten digits. */
export function isNorthAmerican(digits: string): boolean {
  return plansFor('1').some((plan) => belongs(plan, digits));
}

/** As dialled within some country, with or without its trunk prefix; or with `00` before the calling code. */
export function isDialled(digits: string): boolean {
  if (digits.startsWith('00')) return isInternational(digits.slice(2));
  spokenPlans ??= Object.keys(metadata.country_calling_codes).flatMap((code) => plansFor(code));
  return spokenPlans.some((plan) => {
    if (
      plan.prefix !== '' &&
      digits.startsWith(plan.prefix) &&
      belongs(plan, digits.slice(plan.prefix.length))
    )
      return true;
    return belongs(plan, digits);
  });
}
