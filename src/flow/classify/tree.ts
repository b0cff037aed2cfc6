// Reading a parse tree as libpg-query prints it: `{ SelectStmt: { … } }`. Fields at their default value are left out.

export type Fields = Readonly<Record<string, unknown>>;

/** A node with its type's name. */
export interface Typed {
  readonly type: string;
  readonly fields: Fields;
}

const EMPTY: Fields = Object.freeze({});

export function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function fieldsOf(value: unknown): Fields {
  return isObject(value) ? value : EMPTY;
}

/** The wrapped form; undefined for a value that does not name its type. */
export function typed(node: unknown): Typed | undefined {
  if (!isObject(node)) return undefined;
  const [type, second] = Object.keys(node);
  if (type === undefined || second !== undefined) return undefined;
  const first = type.charCodeAt(0);
  return first >= 65 && first <= 90 ? { type, fields: fieldsOf(node[type]) } : undefined;
}

/** The fields of a wrapped node of one type; undefined for any other. */
export function as(type: string, node: unknown): Fields | undefined {
  const found = typed(node);
  return found?.type === type ? found.fields : undefined;
}

export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The elements of a wrapped List, or of a plain one. */
export function items(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  const wrapped = as('List', value);
  return wrapped ? list(wrapped['items']) : [];
}

export function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** The text of a String node. */
export function string(node: unknown): string | undefined {
  const fields = as('String', node);
  return fields && text(fields['sval']);
}

/** A qualified name: `[String, String]` → `['schema', 'name']`. Anything but strings in it makes it empty. */
export function nameParts(value: unknown): readonly string[] {
  const parts = items(value).map(string);
  return parts.every((part) => part !== undefined) ? (parts as string[]) : [];
}

/** A constant string, also under casts: `'x'`, `'x'::text`, `'x'::regclass`. */
export function constantString(node: unknown): string | undefined {
  const cast = as('TypeCast', node);
  if (cast) return constantString(cast['arg']);
  const constant = as('A_Const', node);
  return constant && 'sval' in constant ? text(fieldsOf(constant['sval'])['sval']) : undefined;
}

/** An option's value as text: `on`, `1`, `'x'`, a list's parts; undefined when none is given. */
export function optionText(node: unknown): string | undefined {
  const found = typed(node);
  if (!found) return undefined;
  const { type, fields } = found;
  if (type === 'String') return text(fields['sval']);
  if (type === 'Integer') return String(fields['ival'] ?? 0);
  if (type === 'Float') return text(fields['fval']);
  if (type === 'Boolean') return fields['boolval'] === true ? 'true' : 'false';
  if (type === 'TypeName') return nameParts(fields['names']).at(-1);
  if (type === 'A_Const') {
    if ('sval' in fields) return text(fieldsOf(fields['sval'])['sval']);
    if ('ival' in fields) return String(fieldsOf(fields['ival'])['ival'] ?? 0);
    if ('fval' in fields) return text(fieldsOf(fields['fval'])['fval']);
    if ('boolval' in fields) return fieldsOf(fields['boolval'])['boolval'] === true ? 'true' : 'false';
  }
  return undefined;
}

export interface Option {
  readonly name: string;
  readonly value: string | undefined;
  readonly node: unknown;
}

/** A list of DefElem. */
export function options(value: unknown): readonly Option[] {
  return list(value)
    .map((node) => as('DefElem', node))
    .filter((fields) => fields !== undefined)
    .map((fields) => ({
      name: text(fields['defname']),
      value: optionText(fields['arg']),
      node: fields['arg'],
    }));
}

const OFF = new Set(['off', 'false', '0', 'no', 'f', 'n', 'of', 'fa', 'fal', 'fals']);

/** A boolean option is on unless it is clearly off. */
export function isOn({ value }: Option): boolean {
  return value === undefined || !OFF.has(value.toLowerCase());
}
