// Tables for spreadsheets: sessions, statements, ledger. Must never let a cell be run as a formula or break its row.
import { visible } from '../lib/visible.ts';
import { type Column, LEDGER, SESSIONS, STATEMENTS } from './columns.ts';
import type { ExportedStatement, Exporter, ExportHeader, ExportTarget, ExportWriter } from './exporter.ts';
import { NOT_PROOF, writeReadme } from './readme.ts';
import { type StatementTold, Stories } from './story.ts';

type Cell = string | number | undefined;

/** Cells beyond this are cut with `…`: spreadsheets refuse more than 32,767 characters. */
const LONGEST = 32_000;
/** What spreadsheets take for the start of a formula, full-width forms included. */
const FORMULA = /^[=+\-@\uff1d\uff0b\uff0d\uff20]/;
/** The same where a reader with another separator would begin a cell. */
const AFTER_SEPARATOR = /([;|])(?=[=+\-@\uff1d\uff0b\uff0d\uff20])/g;

/** One cell: text on one line with nothing hidden, an apostrophe before what a spreadsheet would run. RFC 4180 quoting. */
export function cell(value: Cell): string {
  if (typeof value === 'number') return String(value);
  if (value === undefined || value === '') return '';
  const shown = visible(value, { limit: LONGEST }).replace(AFTER_SEPARATOR, "$1'");
  const safe = FORMULA.test(shown) ? `'${shown}` : shown;
  return `"${safe.replaceAll('"', '""')}"`;
}

function row<T>(columns: readonly Column<T>[], of: T): string {
  const cells = columns.map(([, , value]) => {
    const found = value(of);
    return cell(typeof found === 'object' ? found.join(', ') : found);
  });
  return `${cells.join(',')}\r\n`;
}

function heading<T>(columns: readonly Column<T>[]): string {
  return `${columns.map(([name]) => name).join(',')}\r\n`;
}

/** Spreadsheets take a file for UTF-8 when it begins so. */
const MARK = '\ufeff';
const FLUSH = 1 << 20;

const ABOUT = `## What is here

- \`statements.csv\`: what was executed, one row per statement, with its decision, the policies that made it, its approval and its answer.
- \`sessions.csv\`: one row per sealed session.
- \`ledger.csv\`: one row per signed statement of the whole span, chosen or not, so that gaps can be seen.

Cells are text on one line; line breaks and other controls are spelled out. A cell that a spreadsheet would run as a formula begins
with an apostrophe that is not part of the text. The exact text is in the formats \`jsonl\` and \`bundle\`.

${NOT_PROOF}`;

class CsvWriter implements ExportWriter {
  readonly #target: ExportTarget;
  readonly #pending = new Map<string, string>();
  readonly #stories = new Stories<ExportedStatement>((statement, told) =>
    this.#add('statements.csv', row(STATEMENTS, { statement, told })),
  );
  #header: ExportHeader | undefined;
  #sessions = 0;

  constructor(target: ExportTarget) {
    this.#target = target;
  }

  async header(header: ExportHeader): Promise<void> {
    this.#header = header;
    const mark = this.#target.folder ? MARK : '';
    await this.#add('statements.csv', mark + heading(STATEMENTS));
    if (!this.#target.folder) return;
    await this.#add('sessions.csv', mark + heading(SESSIONS));
    await this.#add('ledger.csv', mark + heading(LEDGER));
  }

  async statement(statement: ExportedStatement): Promise<void> {
    await this.#stories.end();
    if (!this.#target.folder) return;
    await this.#add('ledger.csv', row(LEDGER, statement));
    if (!statement.chosen || statement.predicate.kind !== 'session') return;
    this.#sessions += 1;
    await this.#add('sessions.csv', row(SESSIONS, statement));
  }

  async blob(): Promise<void> {}

  event({
    statement,
    value,
  }: {
    statement: ExportedStatement;
    value: StatementTold['event'];
  }): Promise<void> {
    return this.#stories.push(statement, value);
  }

  async footer(footer: Parameters<ExportWriter['footer']>[0]): Promise<void> {
    await this.#stories.end();
    for (const name of this.#pending.keys()) await this.#flush(name);
    await writeReadme(this.#target, this.#header, footer, { sessions: this.#sessions, about: ABOUT });
  }

  async #add(name: string, text: string): Promise<void> {
    const pending = (this.#pending.get(name) ?? '') + text;
    this.#pending.set(name, pending);
    if (pending.length > FLUSH) await this.#flush(name);
  }

  async #flush(name: string): Promise<void> {
    const pending = this.#pending.get(name) ?? '';
    this.#pending.set(name, '');
    if (pending !== '') await this.#target.append(name, pending);
  }
}

export const csvExporter: Exporter = {
  id: 'csv',
  summary: 'statements, sessions and ledger as tables',
  wants: { blobs: false, events: true },
  streams: true,
  open: (target) => new CsvWriter(target),
};
