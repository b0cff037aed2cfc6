// What of one session's events stays behind. A first reading learns what lines would tell of each other; must never hold less in the second.
import type { SealedLine } from '../../flow/verify/index.ts';
import { ACTIONS, type ActionId } from '../../model/action.ts';
import type { Withheld } from './withhold.ts';

type Members = Readonly<Record<string, unknown>>;

function members(value: unknown): Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Members) : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** What code in the target reads is not known of its call. */
function hidesColumns(action: string): boolean {
  const group = Object.hasOwn(ACTIONS, action) ? ACTIONS[action as ActionId] : 'unknown';
  return group === 'unknown' || group === 'execute';
}

const DIGEST = /[0-9a-f]{64}/g;

export class Withholding {
  readonly #order: Withheld;
  readonly #spans: readonly (readonly [number, number])[];
  /** Digests of withheld texts: no salt is in them, so that whoever sees one can try guesses. */
  readonly #digests = new Set<string>();
  /** Statements that touch a withheld column, and the conversations they are of. */
  readonly #statements = new Set<string>();
  readonly #conversations = new Set<unknown>();

  constructor(order: Withheld, session: string) {
    this.#order = order;
    this.#spans = order.sessions.get(session) ?? [];
  }

  learn(line: SealedLine): void {
    if (line.value['type'] !== 'statement') return;
    const data = members(line.value['data']);
    const touches = this.#touches(data);
    if (touches) {
      this.#statements.add(`${data['conversation']} ${data['statement']}`);
      this.#conversations.add(data['conversation']);
    }
    if (!touches && !this.#named(line)) return;
    for (const digest of [data['digest'], members(data['call'])['arguments']])
      if (typeof digest === 'string') this.#digests.add(digest);
  }

  holds(line: SealedLine): boolean {
    if (this.#named(line)) return true;
    const { type, data: value } = line.value;
    const data = members(value);
    if (this.#statements.has(`${data['conversation']} ${data['statement']}`)) return true;
    // What a server says beside an answer may quote a row, and does not say of which statement.
    if (type === 'notice' && this.#conversations.has(data['conversation'])) return true;
    if (type === 'answer' && this.#names(list(data['columns']))) return true;
    return this.#digests.size > 0 && (line.line.match(DIGEST) ?? []).some((each) => this.#digests.has(each));
  }

  /** By type, number or text. */
  #named({ seq, line, value }: SealedLine): boolean {
    const { type } = value;
    const { types, spellings } = this.#order;
    if (typeof type !== 'string' || types.has(type)) return true;
    if (this.#spans.some(([from, to]) => from <= seq && seq <= to)) return true;
    if (spellings.length === 0) return false;
    const lower = line.toLowerCase();
    return spellings.some((each) => lower.includes(each));
  }

  /** Whether an answer has a column of that name, whatever it was made of. */
  #names(shown: readonly unknown[]): boolean {
    return this.#order.columns.some((column) => {
      const last = column.slice(column.lastIndexOf('.') + 1);
      return shown.some((each) => typeof each === 'string' && each.toLowerCase() === last);
    });
  }

  /** Where nothing is known of a text's columns, it may touch any. */
  #touches(data: Members): boolean {
    const { columns } = this.#order;
    if (columns.length === 0 || data['phase'] === 'call') return false;
    const context = members(data['context']);
    if (context['of'] !== undefined) return this.#statements.has(`${data['conversation']} ${context['of']}`);
    if (!Array.isArray(context['columns']) || context['masked'] === true) return true;
    if (list(data['actions']).some((each) => hidesColumns(String(members(each)['action'])))) return true;
    const used = list(context['columns']).map((each) => String(members(each)['column']).toLowerCase());
    return used.some((each) => columns.some((column) => each === column || each.endsWith(`.${column}`)));
  }
}
