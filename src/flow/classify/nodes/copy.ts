// COPY: which way data flows, between what, and how its stream is cut into values.
import type { CopyShape } from '../../../model/classification.ts';
import { part } from '../names.ts';
import type { Reading, StatementRow } from '../reading.ts';
import { type Fields, fieldsOf, isOn, list, type Option, options, string, text } from '../tree.ts';

const FORMATS = new Set(['text', 'csv', 'binary']);
const UTF8 = /^utf-?8$|^unicode$/i;

function shapeOf(given: readonly Option[], direction: 'in' | 'out'): CopyShape | undefined {
  const value = (name: string): string | undefined => given.find((option) => option.name === name)?.value;
  const format = value('format') ?? 'text';
  if (!FORMATS.has(format)) return undefined;
  const csv = format === 'csv';
  const quote = value('quote') ?? '"';
  const header = given.find((option) => option.name === 'header');
  return {
    direction,
    format: format as CopyShape['format'],
    delimiter: value('delimiter') ?? (csv ? ',' : '\t'),
    quote,
    escape: value('escape') ?? quote,
    null: value('null') ?? (csv ? '' : '\\N'),
    header: header !== undefined && isOn(header),
  };
}

/** The columns a COPY names, or all of them. */
function readColumns(reading: Reading, fields: Fields, into: boolean): void {
  const { targets } = reading.names.rangeVar(fieldsOf(fields['relation']));
  const named = list(fields['attlist']).map(string);
  for (const { name, relation } of targets) {
    const columns = relation ? [...reading.names.columnsOf(relation).keys()] : [];
    for (const column of named.length > 0 ? named : columns)
      if (column !== undefined) reading.found.column(`${name}.${part(column)}`, into ? 'write' : 'output');
  }
}

function readTable(reading: Reading, fields: Fields, into: boolean): void {
  const { targets, known } = reading.names.rangeVar(fieldsOf(fields['relation']));
  reading.found.unresolved ||= !known;
  for (const { name, relation } of targets) {
    reading.found.actOnTable(into ? 'sql:copy-in' : 'sql:copy-out', name);
    if (!into) reading.found.actOnTable('sql:select', name);
    // Large objects' pages and the like: a write there is a write to the server.
    if (into && relation?.schema === 'pg_catalog') reading.found.act('sql:alter-system');
  }
  readColumns(reading, fields, into);
}

export const copy: StatementRow = (reading, fields, scope) => {
  const into = fields['is_from'] === true;
  const given = options(fields['options']);
  reading.found.named(into ? 'COPY FROM' : 'COPY TO');
  if (fields['query']) {
    reading.statement(fields['query'], scope.child());
    reading.found.act('sql:copy-out');
  } else readTable(reading, fields, into);
  if (fields['whereClause']) {
    reading.found.hasWhere = true;
    const inner = scope.child();
    for (const { relation } of reading.names.rangeVar(fieldsOf(fields['relation'])).targets)
      if (relation)
        inner.items.push({
          alias: relation.name,
          columns: reading.names.columnsOf(relation),
          complete: true,
        });
    reading.walk(fields['whereClause'], inner, 'filter');
  }
  if (fields['is_program'] === true) reading.found.act('sql:copy-program');
  else if (text(fields['filename'])) reading.found.act('sql:copy-file');
  else reading.found.copy = shapeOf(given, into ? 'in' : 'out');
  const encoding = given.find(({ name }) => name === 'encoding');
  if (encoding && !UTF8.test(encoding.value ?? '')) reading.found.act('sql:set-meaning');
  return undefined;
};
