// Casts and declared types. Types that came with the server only convert; a base type somebody made runs its own code.
import { FIRST_USER_OID, part } from '../names.ts';
import type { Reading } from '../reading.ts';
import { type Fields, nameParts } from '../tree.ts';

/** Words that CREATE TABLE accepts as types, and types that catalogues keep under another name. */
const WORDS = new Set(['serial', 'serial2', 'serial4', 'serial8', 'bigserial', 'smallserial']);

export function readType(reading: Reading, fields: Fields): void {
  const parts = nameParts(fields['names']);
  const name = parts.at(-1) ?? '';
  if (fields['pct_type'] === true || WORDS.has(name) || !reading.names.knowsTypes) return;
  const types = reading.names.types(name);
  const schema = parts.at(-2);
  if (types.length === 0) {
    reading.found.unresolved = true;
    reading.found.actOnFunction(
      'sql:unknown',
      `${part(schema ?? reading.names.creationSchema)}.${part(name)}`,
    );
  }
  const made = types.filter(
    ({ oid, kind, elementOid }) => oid >= FIRST_USER_OID && kind === 'b' && elementOid === 0,
  );
  if (schema === 'pg_catalog' || made.length === 0) return;
  reading.found.actOnFunction(
    'sql:execute-function',
    schema === undefined ? part(name) : `${part(schema)}.${part(name)}`,
  );
}
