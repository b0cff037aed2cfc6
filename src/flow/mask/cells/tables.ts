// Tables written as text: CSV, tab-separated, psql's and Markdown's. The name of a column announces its values there as well. Linear in the text.

/** Most characters of a line of names, and most columns. */
const LONGEST_HEAD = 4096;
const MOST_COLUMNS = 256;

const DELIMITERS = ['|', '\t', ',', ';'] as const;
type Delimiter = (typeof DELIMITERS)[number];

/** A column's name, three words at most: prose with commas is no table. */
const NAME =
  /^["'`*]{0,2}[A-Za-z_\x80-\uffff][\w\x80-\uffff.()#-]*(?: [\w\x80-\uffff.()#-]+){0,2}["'`*]{0,2}$/;
/** The line under the names in Markdown and psql, the frame of other programs. */
const RULE = /^[\s|+:=-]*$/;

interface Field {
  readonly start: number;
  readonly end: number;
}

interface Table {
  readonly delimiter: Delimiter;
  readonly count: number;
  /** The line of names. */
  readonly head: string;
  /** Columns whose name announces something. */
  readonly telling: ReadonlyMap<number, string>;
}

type Visit = (name: string, start: number, end: number) => void;

/** Behind the field that starts at `at`: its delimiter, or the end of the line. */
function fieldEnd(text: string, at: number, end: number, delimiter: Delimiter): number {
  if (delimiter !== '|' && text[at] === '"') {
    let close = text.indexOf('"', at + 1);
    while (close >= 0 && close < end && text[close + 1] === '"') close = text.indexOf('"', close + 2);
    if (close < 0 || close >= end) return end;
    const next = text.indexOf(delimiter, close);
    return next < 0 || next > end ? end : next;
  }
  const next = text.indexOf(delimiter, at);
  return next < 0 || next > end ? end : next;
}

/** The field without blanks around it and without its quotes. */
function trimmed(text: string, from: number, to: number): Field {
  let [start, end] = [from, to];
  while (start < end && (text[start] === ' ' || text[start] === '\r')) start += 1;
  while (end > start && (text[end - 1] === ' ' || text[end - 1] === '\r')) end -= 1;
  const quoted = end - start > 1 && text[start] === '"' && text[end - 1] === '"';
  return quoted ? { start: start + 1, end: end - 1 } : { start, end };
}

function fieldsOf(text: string, start: number, end: number, delimiter: Delimiter): readonly Field[] {
  const fields: Field[] = [];
  for (let at = start; fields.length <= MOST_COLUMNS; ) {
    const stop = fieldEnd(text, at, end, delimiter);
    fields.push(trimmed(text, at, stop));
    if (stop >= end) break;
    at = stop + 1;
  }
  return fields;
}

function headOf(
  text: string,
  start: number,
  end: number,
  announces: (name: string) => boolean,
): Table | undefined {
  if (end - start > LONGEST_HEAD || end - start < 3) return undefined;
  for (const delimiter of DELIMITERS) {
    const at = text.indexOf(delimiter, start);
    if (at < 0 || at >= end) continue;
    const fields = fieldsOf(text, start, end, delimiter);
    const names = fields.map((field) => text.slice(field.start, field.end));
    const inside =
      delimiter === '|' ? names.filter((name, i) => name !== '' || (i > 0 && i < names.length - 1)) : names;
    if (fields.length > MOST_COLUMNS || inside.length < 2 || !inside.every((name) => NAME.test(name)))
      return undefined;
    const telling = new Map([...names.entries()].filter(([, name]) => announces(name)));
    return telling.size === 0
      ? undefined
      : { delimiter, count: fields.length, head: text.slice(start, end), telling };
  }
  return undefined;
}

/** A line with another number of fields goes on with a value, or is a remark. */
function row(
  text: string,
  start: number,
  end: number,
  { delimiter, count, telling }: Table,
  visit: Visit,
): void {
  const fields = fieldsOf(text, start, end, delimiter);
  if (fields.length !== count) return;
  for (const [column, name] of telling) {
    const field = fields[column];
    if (field && field.end > field.start) visit(name, field.start, field.end);
  }
}

/**
 * Visits every value that stands under a name which announces something. Returns what has to stand before further lines for them to be
 * read as if they went on.
 */
export function eachTableCell(text: string, announces: (name: string) => boolean, visit: Visit): string {
  let table: Table | undefined;
  let fresh = true;
  for (let start = 0; start < text.length; ) {
    const line = text.indexOf('\n', start);
    const end = line < 0 ? text.length : line;
    const head = text.slice(start, Math.min(end, start + LONGEST_HEAD));
    const rule = RULE.test(head);
    if (rule && head.trim() === '') table = undefined;
    // Names stand in the first line of a text or of a paragraph.
    if (!table && fresh && !rule) table = headOf(text, start, end, announces);
    else if (table && !rule) row(text, start, end, table, visit);
    fresh = rule || head.startsWith('```');
    start = end + 1;
  }
  if (table) return `${table.head}\n`;
  return fresh ? '' : '.\n';
}
