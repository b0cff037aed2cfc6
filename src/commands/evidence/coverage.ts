// What masking did in a session, as its coverage event says it: a row for each protected column and each data type.
import { reasonsTold } from '../../exporters/coverage-words.ts';
import { table } from '../../lib/table.ts';

const COLUMNS = [
  'subject',
  'seen',
  'by origin',
  'by content',
  'unknown',
  'masked',
  'whole',
  'not looked at',
  'why',
] as const;

const count = (row: Readonly<Record<string, unknown>>, key: string): number =>
  typeof row[key] === 'number' ? row[key] : 0;

/** Empty where nothing protected was met. */
export function coverageTable(columns: unknown, fancy: boolean): string {
  const rows = Array.isArray(columns) ? (columns as readonly Readonly<Record<string, unknown>>[]) : [];
  if (rows.length === 0) return '';
  const cells = rows.map((row) => {
    const [lineage, content, unknown] = [count(row, 'lineage'), count(row, 'content'), count(row, 'unknown')];
    return [
      String(row['subject']),
      ...[count(row, 'seen'), lineage, content, unknown, lineage + content + unknown].map(String),
      ...[count(row, 'unmaskable'), count(row, 'skipped')].map(String),
      reasonsTold(row['why']),
    ];
  });
  return `\nmasking, in cells\n${table(COLUMNS, cells, { fancy, right: [1, 2, 3, 4, 5, 6, 7] })}`;
}
