// Cleans errors and notices. Where a protected column is within reach, a message is kept only in the server's own words,
// and names in it only when the statement or the catalogue has them: `relation "4111…" does not exist` carries a value.
import type { UnitPlan } from './types.ts';

/** SQLSTATE classes and what to say when a message may carry a value. */
const BY_CLASS: Readonly<Record<string, string>> = {
  '00': 'the target sent a notice',
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

/** Messages without any part of their own. */
const FIXED: ReadonlySet<string> = new Set([
  'canceling statement due to user request',
  'canceling statement due to statement timeout',
  'canceling statement due to lock timeout',
  'canceling autovacuum task',
  'current transaction is aborted, commands ignored until end of transaction block',
  'could not serialize access due to concurrent update',
  'could not serialize access due to concurrent delete',
  'could not serialize access due to read/write dependencies among transactions',
  'deadlock detected',
  'division by zero',
  'integer out of range',
  'smallint out of range',
  'bigint out of range',
  'numeric field overflow',
  'more than one row returned by a subquery used as an expression',
  'out of shared memory',
  'query has no destination for result data',
  'remaining connection slots are reserved for roles with the SUPERUSER attribute',
  'subquery must return only one column',
  'syntax error at end of input',
  'terminating connection due to administrator command',
  'the database system is shutting down',
  'the database system is starting up',
  'there is already a transaction in progress',
  'there is no transaction in progress',
  'aggregate functions are not allowed in WHERE',
]);

const OBJECTS =
  'relation|table|column|function|procedure|schema|role|database|type|constraint|index|sequence|view|cursor|portal|prepared statement|operator|collation|extension|trigger|savepoint';

/** Messages about names; every group is one that must be known. */
const ABOUT_NAMES: readonly RegExp[] = [
  new RegExp(`^(?:${OBJECTS}) "([^"\\n]{1,128})" (?:does not exist|already exists)$`, 'd'),
  new RegExp(
    `^(?:${OBJECTS}) "([^"\\n]{1,128})" of relation "([^"\\n]{1,128})" (?:does not exist|already exists)$`,
    'd',
  ),
  new RegExp(`^(?:${OBJECTS}) ([\\w$.]{1,128}(?:\\([\\w$., []*\\)?\\]?)*) does not exist$`, 'd'),
  /^operator does not exist: ([\w$ ]{1,64}) \S{1,3} ([\w$ ]{1,64})$/d,
  /^column reference "([^"\n]{1,128})" is ambiguous$/d,
  /^(?:missing|invalid reference to) FROM-clause entry for table "([^"\n]{1,128})"$/d,
  /^column "([^"\n]{1,128})" must appear in the GROUP BY clause or be used in an aggregate function$/d,
  /^permission denied for (?:table|relation|view|function|schema|sequence|column|database|materialized view) ([\w$]{1,64})$/d,
  /^must be owner of (?:table|relation|view|function|schema|sequence) ([\w$]{1,64})$/d,
  /^syntax error at or near "([^"\n]{1,40})"$/d,
  /^duplicate key value violates unique constraint "([^"\n]{1,64})"$/d,
  /^(?:insert or update|update or delete) on table "([^"\n]{1,64})" violates foreign key constraint "([^"\n]{1,64})"(?: on table "([^"\n]{1,64})")?$/d,
  /^new row for relation "([^"\n]{1,64})" violates check constraint "([^"\n]{1,64})"$/d,
  /^null value in column "([^"\n]{1,64})"(?: of relation "([^"\n]{1,64})")? violates not-null constraint$/d,
  /^value too long for type character varying\((\d+)\)$/d,
];

/** Fields that are never values: severity, SQLSTATE, source position in the server. */
const ALWAYS = 'SVCFLR';

/** The server's words for types that go by another name in its catalogue. */
const TYPE_WORDS: ReadonlySet<string> = new Set(
  `integer bigint smallint boolean character varying double precision real timestamp time zone with without bit
  unknown record`.split(/\s+/),
);

type Knows = (name: string) => boolean;

const knownText = (text: string, knows: Knows): boolean =>
  text.split(/[^\p{L}\p{N}_$]+/u).every((word) => word === '' || knows(word));

/** The message with unknown names left out; undefined when its shape is not known. */
function reworded(message: string, knows: Knows): string | undefined {
  if (FIXED.has(message)) return message;
  for (const shape of ABOUT_NAMES) {
    const found = shape.exec(message);
    if (!found?.indices) continue;
    let out = '';
    let at = 0;
    for (const range of found.indices.slice(1)) {
      if (!range) continue;
      const [start, end] = range;
      const name = message.slice(start, end);
      out += message.slice(at, start) + (knownText(name, knows) ? name : '…');
      at = end;
    }
    return out + message.slice(at);
  }
  return undefined;
}

function safeMessage(code: string, message: string, knows: Knows): string {
  const known = reworded(message, knows);
  if (known !== undefined) return known;
  const byClass = code.slice(0, 2);
  return (
    (Object.hasOwn(BY_CLASS, byClass) ? BY_CLASS[byClass] : undefined) ?? 'the target reported a problem'
  );
}

/** A cleaned copy of the fields. Texts go through the detectors in any case. */
export function scrubFields(
  plan: UnitPlan | undefined,
  fields: ReadonlyMap<string, string>,
  anythingProtected: boolean,
  scrubText: (text: string) => string,
): Map<string, string> {
  const withheld = anythingProtected && (plan === undefined || plan.reaches);
  const knows: Knows = (name) => TYPE_WORDS.has(name) || (plan?.knows(name) ?? false);
  const clean = new Map<string, string>();
  for (const [key, value] of fields) {
    if (ALWAYS.includes(key)) clean.set(key, value);
    else if (!withheld) clean.set(key, scrubText(value));
    else if (key === 'M') clean.set(key, scrubText(safeMessage(fields.get('C') ?? '', value, knows)));
    // Where in the statement's own text: a number.
    else if (key === 'P' && /^\d{1,9}$/.test(value)) clean.set(key, value);
  }
  return clean;
}
