// How `query` writes results: table, CSV, JSON. Rows are written as they arrive. Must never print untrusted text as it is to a terminal.
import { visible } from '../lib/visible.ts';
import { Layout } from './layout.ts';

export interface ResultColumn {
  readonly name: string;
  readonly typeOid: number;
}

export type Row = readonly (string | null)[];

/** One statement's result, as text. Each call returns what to write now. */
export interface ResultWriter {
  begin(columns: readonly ResultColumn[]): string;
  row(row: Row): string;
  /** `command` is the server's tag, such as SELECT. */
  end(command: string, rows: number): string;
  /** A piece of COPY TO STDOUT. */
  copied(text: string): string;
  /** After the last result. */
  close(): string;
}

/** int2 int4 float4 float8 oid: exact in a JSON number or printed as one. */
const NUMBERS = new Set([21, 23, 26, 700, 701]);
/** Shown flush right: the above, int8 and numeric. */
const RIGHT = new Set([...NUMBERS, 20, 1700]);
const BOOL = 16;
const JSONS = new Set([114, 3802]);

const SAMPLE = 200;

class TableWriter implements ResultWriter {
  #columns: readonly ResultColumn[] = [];
  #waiting: Row[] = [];
  #layout: Layout | undefined;

  begin(columns: readonly ResultColumn[]): string {
    this.#columns = columns;
    this.#waiting = [];
    this.#layout = undefined;
    return '';
  }

  row(row: Row): string {
    if (this.#layout) return this.#layout.row(row.map((value) => value ?? ''));
    this.#waiting.push(row);
    return this.#waiting.length < SAMPLE ? '' : this.#release();
  }

  end(command: string, rows: number): string {
    const said =
      this.#columns.length > 0
        ? `${rows} row${rows === 1 ? '' : 's'}`
        : `${visible(command)}${rows > 0 ? ` ${rows}` : ''}`;
    const text = this.#columns.length > 0 ? this.#release() : '';
    this.#columns = [];
    return `${text}${said}\n`;
  }

  copied(text: string): string {
    return visible(text, { multiline: true });
  }

  close(): string {
    return '';
  }

  #release(): string {
    if (this.#layout) return '';
    const rows = this.#waiting.map((row) => row.map((value) => value ?? ''));
    const columns = this.#columns.map(({ name, typeOid }) => ({ name, right: RIGHT.has(typeOid) }));
    this.#layout = new Layout(columns, rows);
    const layout = this.#layout;
    this.#waiting = [];
    return layout.header() + rows.map((row) => layout.row(row)).join('');
  }
}

/** RFC 4180, line feeds only. A cell a spreadsheet would execute is left as it is: this is data for programs. */
function cell(value: string | null): string {
  if (value === null) return '';
  return value === '' || /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}

class CsvWriter implements ResultWriter {
  readonly #shown: (text: string) => string;
  #results = 0;

  constructor(terminal: boolean) {
    this.#shown = terminal ? (text) => visible(text, { multiline: true }) : (text) => text;
  }

  begin(columns: readonly ResultColumn[]): string {
    if (columns.length === 0) return '';
    const gap = this.#results > 0 ? '\n' : '';
    this.#results += 1;
    return gap + this.row(columns.map(({ name }) => name));
  }

  row(row: Row): string {
    return this.#shown(`${row.map(cell).join(',')}\n`);
  }

  copied(text: string): string {
    return this.#shown(text);
  }

  end(): string {
    return '';
  }

  close(): string {
    return '';
  }
}

/** Object keys for columns; a name that comes twice gets its place appended. */
function keysOf(columns: readonly ResultColumn[]): string[] {
  const seen = new Set<string>();
  return columns.map(({ name }, index) => {
    const key = seen.has(name) ? `${name}_${index + 1}` : name;
    seen.add(key);
    return key;
  });
}

function toJson(value: string | null, typeOid: number): string {
  if (value === null) return 'null';
  if (NUMBERS.has(typeOid) && Number.isFinite(Number(value)) && value.trim() !== '')
    return String(Number(value));
  if (typeOid === BOOL && (value === 't' || value === 'f')) return value === 't' ? 'true' : 'false';
  if (JSONS.has(typeOid)) {
    try {
      return JSON.stringify(JSON.parse(value));
    } catch {
      // Masked text in a JSON column is text.
    }
  }
  return JSON.stringify(value);
}

/** `{"results":[{"columns":[…],"rows":[{…}],"command":"SELECT","count":2}]}`, streamed. */
class JsonWriter implements ResultWriter {
  #columns: readonly ResultColumn[] = [];
  #keys: string[] = [];
  #results = 0;
  #rows = 0;
  #copied = '';

  begin(columns: readonly ResultColumn[]): string {
    this.#columns = columns;
    this.#keys = keysOf(columns).map((key) => JSON.stringify(key));
    this.#rows = 0;
    const head = this.#results === 0 ? '{"results":[' : ',';
    this.#results += 1;
    const named = columns.map(({ name, typeOid }) => ({ name, typeOid }));
    return `${head}{"columns":${JSON.stringify(named)},"rows":[`;
  }

  row(row: Row): string {
    const members = row.map(
      (value, index) => `${this.#keys[index]}:${toJson(value, this.#columns[index]?.typeOid ?? 0)}`,
    );
    const gap = this.#rows > 0 ? ',' : '';
    this.#rows += 1;
    return `${gap}{${members.join(',')}}`;
  }

  end(command: string, rows: number): string {
    const copied = this.#copied === '' ? '' : `,"copied":${JSON.stringify(this.#copied)}`;
    this.#copied = '';
    return `],"command":${JSON.stringify(command)},"count":${rows}${copied}}`;
  }

  copied(text: string): string {
    this.#copied += text;
    return '';
  }

  close(): string {
    return this.#results === 0 ? '{"results":[]}\n' : ']}\n';
  }
}

export type Format = 'table' | 'csv' | 'json';

export function openWriter(format: Format, terminal: boolean): ResultWriter {
  if (format === 'json') return new JsonWriter();
  return format === 'csv' ? new CsvWriter(terminal) : new TableWriter();
}
