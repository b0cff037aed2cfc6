// Cleans errors and notices. Where a protected column is within reach, nothing of the message is kept but the parts
// the server itself worded; must never let a quoted value through.
import type { UnitPlan } from './types.ts';

/** SQLSTATE classes and what to say when a message may carry a value. */
const BY_CLASS: Readonly<Record<string, string>> = {
  '01': 'the target warned about this statement',
  '02': 'no data',
  '08': 'connection problem',
  '0A': 'feature not supported',
  '21': 'wrong number of rows or columns',
  '22': 'a value does not fit its type or the operation',
  '23': 'a constraint was violated',
  '25': 'wrong transaction state',
  '28': 'not authorised',
  '40': 'the transaction was rolled back',
  '42': 'the statement is wrong or not allowed',
  '53': 'the target lacks resources',
  '54': 'a limit of the target was exceeded',
  '55': 'an object is not in the state this needs',
  '57': 'an operator stopped the statement',
  P0: 'a procedure raised an error',
  XX: 'internal error of the target',
};

/** Messages about names in the statement's own text, in the words of the server; `"…"` stands for any quoted name. */
const ABOUT_NAMES: readonly RegExp[] = [
  /^(relation|table|column|function|schema|role|database|type|constraint|index|sequence|view|cursor|portal|prepared statement|operator|aggregate|collation|extension|trigger|savepoint) .{1,200} (does not exist|already exists)$/,
  /^column reference ".{1,128}" is ambiguous$/,
  /^missing FROM-clause entry for table ".{1,128}"$/,
  /^invalid reference to FROM-clause entry for table ".{1,128}"$/,
  /^column ".{1,128}" must appear in the GROUP BY clause or be used in an aggregate function$/,
  /^permission denied for (table|relation|view|function|schema|sequence|column|database) .{1,128}$/,
  /^must be owner of .{1,160}$/,
  /^syntax error at (or near ".{1,40}"|end of input)$/,
  /^duplicate key value violates unique constraint "[\w$-]{1,63}"$/,
  /^(insert or update|update or delete) on table "[\w$-]{1,63}" violates foreign key constraint "[\w$-]{1,63}"( on table "[\w$-]{1,63}")?$/,
  /^new row for relation "[\w$-]{1,63}" violates check constraint "[\w$-]{1,63}"$/,
  /^null value in column "[\w$-]{1,63}"( of relation "[\w$-]{1,63}")? violates not-null constraint$/,
];

/** Classes whose messages are worded without any row having been read. */
const BEFORE_ROWS = /^(08|25|28|3D|40|53|55|57|0A)/;
const NAMES_ONLY = /^(42|3F|34|26|23)/;

/** Fields that are never values: severity, SQLSTATE, source position in the server. */
const ALWAYS = 'SVCFLR';

/** Everything the message could hold beyond the server's own words. */
function quiet(message: string): boolean {
  return !/\d{4}|@|"[^"]*"|'[^']*'/.test(message);
}

function safeMessage(code: string, message: string): string {
  const known =
    NAMES_ONLY.test(code) && !message.includes('\n') && ABOUT_NAMES.some((shape) => shape.test(message));
  if (known || (BEFORE_ROWS.test(code) && quiet(message))) return message;
  return BY_CLASS[code.slice(0, 2)] ?? 'the target reported a problem';
}

/** A cleaned copy of the fields. Texts go through the detectors in any case. */
export function scrubFields(
  plan: UnitPlan | undefined,
  fields: ReadonlyMap<string, string>,
  anythingProtected: boolean,
  scrubText: (text: string) => string,
): Map<string, string> {
  const withheld = anythingProtected && (plan === undefined || plan.reaches);
  const clean = new Map<string, string>();
  for (const [key, value] of fields) {
    if (ALWAYS.includes(key)) clean.set(key, value);
    else if (!withheld) clean.set(key, scrubText(value));
    else if (key === 'M') clean.set(key, scrubText(safeMessage(fields.get('C') ?? '', value)));
    // Where in the statement's own text: a number.
    else if (key === 'P' && /^\d{1,9}$/.test(value)) clean.set(key, value);
  }
  return clean;
}
