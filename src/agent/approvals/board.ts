// What waits for an answer in one store, as it changes. Reads only; must never hide a request because another one cannot be read.
import type { ApprovalRow } from '../../model/approval.ts';
import { APPROVALS_PREFIX, parseApprovalKey } from '../../model/approval-key.ts';
import { RequestFolder } from './folder.ts';
import { type ReaderTerms, type ReadRequest, readRow, stateOf } from './row.ts';

const DAY = 86_400_000;
/** How far back unless told; requests live at most seven days. */
const SINCE = 2 * DAY;

export interface BoardFilter {
  readonly connection?: string;
  readonly id?: string;
  readonly all?: boolean;
  readonly since?: number;
}

interface Known {
  readonly folder: RequestFolder;
  readonly day: string;
  read: ReadRequest | undefined;
  files: number;
  /** As it was last told. */
  told: string | undefined;
}

function days(from: number, to: number): string[] {
  const found: string[] = [];
  for (let at = Math.floor(from / DAY) * DAY; at <= to; at += DAY)
    found.push(new Date(at).toISOString().slice(0, 10));
  return found;
}

export class Board {
  readonly #terms: ReaderTerms;
  readonly #filter: BoardFilter;
  readonly #known = new Map<string, Known>();

  constructor(terms: ReaderTerms, filter: BoardFilter) {
    this.#terms = terms;
    this.#filter = filter;
  }

  /** Looks at the store and yields the rows that are new or changed, oldest first. */
  async *look(now: number): AsyncGenerator<ApprovalRow> {
    const found = new Map<string, { day: string; files: number }>();
    for (const day of days(now - (this.#filter.since ?? SINCE), now + DAY / 24)) {
      for await (const { key } of this.#terms.store.list(`${APPROVALS_PREFIX}day=${day}/`)) {
        const id = parseApprovalKey(key)?.id;
        if (id === undefined || !id.startsWith(this.#filter.id ?? '')) continue;
        const files = (found.get(id)?.files ?? 0) + 1;
        found.set(id, { day, files });
      }
    }
    for (const [id, { day, files }] of found) {
      const row = await this.#row(id, day, files, now);
      if (row) yield row;
    }
  }

  async #row(id: string, day: string, files: number, now: number): Promise<ApprovalRow | undefined> {
    const { store } = this.#terms;
    const known = this.#known.get(id) ?? {
      folder: new RequestFolder(async () => store, day, id),
      day,
      read: undefined,
      files: 0,
      told: undefined,
    };
    this.#known.set(id, known);
    if (known.files !== files) {
      const view = (await known.folder.look()) ?? (await known.folder.view());
      known.read = await readRow(this.#terms, { day, id }, view, now);
      known.files = files;
    }
    if (!known.read) return undefined;
    const row: ApprovalRow = { ...known.read.row, state: stateOf(known.read, now) };
    const text = JSON.stringify(row);
    if (known.told === text || !(known.told !== undefined || this.#wanted(row))) return undefined;
    known.told = text;
    return row;
  }

  #wanted(row: ApprovalRow): boolean {
    const { connection, id, all } = this.#filter;
    if (connection !== undefined && row.genuine && row.what.connection !== connection) return false;
    return all === true || id !== undefined || row.state === 'pending';
  }

  /** The day under which a request stands; known once it has been looked at. */
  dayOf(id: string): string | undefined {
    return this.#known.get(id)?.day;
  }
}
