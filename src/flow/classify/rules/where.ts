// Whether a WHERE picks rows at all. One that is always true, or that reads nothing of the target, leaves all rows or none.
import { as, type Fields, fieldsOf, list, nameParts, optionText, string, text, typed } from '../tree.ts';

type Truth = boolean | undefined;

/** The same expression, wherever it stands in the text. */
function same(left: unknown, right: unknown): boolean {
  return left !== undefined && JSON.stringify(left, dropLocation) === JSON.stringify(right, dropLocation);
}

const dropLocation = (key: string, value: unknown): unknown => (key === 'location' ? undefined : value);

const TRUE = /^(?:t|tr|tru|true|y|ye|yes|on|1)$/i;
const FALSE = /^(?:f|fa|fal|fals|false|n|no|of|off|0)$/i;

function constant(node: unknown): string | number | boolean | undefined {
  const cast = as('TypeCast', node);
  if (cast) return castConstant(cast);
  const fields = as('A_Const', node);
  if (!fields) return undefined;
  if ('boolval' in fields) return fieldsOf(fields['boolval'])['boolval'] === true;
  const value = optionText(node);
  return value === undefined || 'sval' in fields ? value : Number(value);
}

function castConstant(cast: Fields): string | number | boolean | undefined {
  const value = constant(cast['arg']);
  const type = nameParts(fieldsOf(cast['typeName'])['names']).at(-1);
  if (type !== 'bool') return typeof value === 'boolean' ? undefined : value;
  if (value === undefined || typeof value === 'boolean') return value;
  if (typeof value === 'number') return value !== 0;
  return TRUE.test(value.trim()) ? true : FALSE.test(value.trim()) ? false : undefined;
}

const COMPARE: Readonly<Record<string, (order: number) => boolean>> = {
  '=': (order) => order === 0,
  '<>': (order) => order !== 0,
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
};
/** Operators that hold between a value and itself. */
const REFLEXIVE = new Set(['=', '<=', '>=', '~~', '~~*']);
const NEGATION: Readonly<Record<string, string>> = {
  '=': '<>',
  '<': '>=',
  '>': '<=',
  '<>': '=',
  '>=': '<',
  '<=': '>',
};

function comparison(fields: Fields): Truth {
  const kind = text(fields['kind']);
  const name = string(list(fields['name']).at(-1)) ?? '';
  const { lexpr, rexpr } = fields;
  if (kind === 'AEXPR_IN')
    return list(as('List', rexpr)?.['items']).some((item) => same(lexpr, item)) || undefined;
  if (kind === 'AEXPR_NOT_DISTINCT' && same(lexpr, rexpr)) return true;
  if (kind === 'AEXPR_LIKE' || kind === 'AEXPR_ILIKE')
    return (name.startsWith('~') && /^%+$/.test(String(constant(rexpr) ?? ''))) || undefined;
  if (kind !== 'AEXPR_OP') return undefined;
  const [left, right] = [constant(lexpr), constant(rexpr)];
  const compare = COMPARE[name];
  if (left === undefined || right === undefined || typeof left !== typeof right)
    return (REFLEXIVE.has(name) && same(lexpr, rexpr)) || undefined;
  return compare?.(left < right ? -1 : left > right ? 1 : 0);
}

/** `x = 1 OR x <> 1`, `x OR NOT x`, `x IS NULL OR x IS NOT NULL`. */
function opposite(left: unknown, right: unknown): boolean {
  const [a, b] = [typed(left), typed(right)];
  if (!a || !b) return false;
  if (b.type === 'BoolExpr' && b.fields['boolop'] === 'NOT_EXPR')
    return same(left, list(b.fields['args'])[0]);
  if (a.type === 'BoolExpr' && a.fields['boolop'] === 'NOT_EXPR')
    return same(right, list(a.fields['args'])[0]);
  if (a.type !== b.type) return false;
  if (a.type === 'NullTest')
    return same(a.fields['arg'], b.fields['arg']) && a.fields['nulltesttype'] !== b.fields['nulltesttype'];
  if (a.type !== 'A_Expr' || !same(a.fields['lexpr'], b.fields['lexpr'])) return false;
  const [first, second] = [a, b].map(({ fields }) => string(list(fields['name']).at(-1)) ?? '');
  return NEGATION[first ?? ''] === second && same(a.fields['rexpr'], b.fields['rexpr']);
}

function boolean(fields: Fields): Truth {
  const args = list(fields['args']);
  const truths = args.map(truth);
  if (fields['boolop'] === 'NOT_EXPR') return truths[0] === undefined ? undefined : !truths[0];
  if (fields['boolop'] === 'AND_EXPR')
    return truths.includes(false) ? false : truths.every(Boolean) || undefined;
  if (truths.includes(true)) return true;
  if (args.some((arg, index) => args.slice(index + 1).some((other) => opposite(arg, other)))) return true;
  return truths.every((one) => one === false) ? false : undefined;
}

/** True or false where the expression is the same for every row; undefined where it may not be. */
export function truth(node: unknown): Truth {
  const value = constant(node);
  if (typeof value === 'boolean') return value;
  const found = typed(node);
  if (found?.type === 'BoolExpr') return boolean(found.fields);
  if (found?.type === 'A_Expr') return comparison(found.fields);
  if (found?.type === 'NullTest') return nullTest(found.fields);
  if (found?.type === 'BooleanTest') return booleanTest(found.fields);
  return undefined;
}

function nullTest({ arg, nulltesttype }: Fields): Truth {
  const isNull = as('A_Const', arg)?.['isnull'] === true;
  if (!isNull && constant(arg) === undefined) return undefined;
  return (nulltesttype === 'IS_NULL') === isNull;
}

const BOOLEAN_TESTS: Readonly<Record<string, (value: boolean) => boolean>> = {
  IS_TRUE: (value) => value,
  IS_NOT_TRUE: (value) => !value,
  IS_FALSE: (value) => !value,
  IS_NOT_FALSE: (value) => value,
  IS_UNKNOWN: () => false,
  IS_NOT_UNKNOWN: () => true,
};

function booleanTest({ arg, booltesttype }: Fields): Truth {
  const value = truth(arg);
  return value === undefined ? undefined : BOOLEAN_TESTS[text(booltesttype)]?.(value);
}

/** Visits every node under one. */
function some(node: unknown, test: (type: string, fields: Fields) => boolean): boolean {
  if (Array.isArray(node)) return node.some((item) => some(item, test));
  if (typeof node !== 'object' || node === null) return false;
  const found = typed(node);
  if (found && test(found.type, found.fields)) return true;
  return Object.values(found ? found.fields : node).some((value) => some(value, test));
}

/**
 * True when a WHERE leaves every row, or cannot tell rows of the target apart: absent, always true, or made of constants,
 * parameters, functions and other tables' columns. `WHERE false` is not blind: it changes nothing.
 */
export function isBlind(where: unknown, target: string): boolean {
  if (where === undefined || where === null) return true;
  const always = truth(where);
  if (always !== undefined) return always;
  return !some(where, (type, fields) => {
    if (type === 'CurrentOfExpr') return true;
    if (type !== 'ColumnRef') return false;
    const parts = list(fields['fields']);
    const last = string(parts.at(-1));
    const qualifier = string(parts.at(-2));
    return qualifier === undefined ? last !== undefined : qualifier === target;
  });
}
