// One session as the evidence page shows it: story, masking, other events, recordings made safe. Must never keep more than a page can hold.
import { CastError, isHeader, readCast } from '../../lib/asciicast.ts';
import { InflateLimit } from '../../lib/gzip.ts';
import { TerminalSanitiser } from '../../lib/terminal.ts';
import { calledApprovers } from '../approver.ts';
import { reasonsTold } from '../coverage-words.ts';
import type { ExportedStatement } from '../exporter.ts';
import { type EventValue, members, modelsOf, type StatementTold, Story, text, whole } from '../story.ts';

/** What one session may put on the page. */
const MOST_STATEMENTS = 5_000;
const MOST_TEXT = 100_000;
const MOST_SAMPLE = 20;
const MOST_OTHERS = 2_000;
const MOST_TERMINAL = 8 * 2 ** 20;

const TOLD = new Set(['statement', 'answer', 'approval.end', 'coverage']);

interface Cast {
  readonly columns: number;
  readonly rows: number;
  /** Seconds since the epoch. */
  readonly start: number;
  readonly events: (readonly [time: number, code: string, data: string])[];
}

/** For the filters of the page. */
export interface Traits {
  readonly policies: readonly string[];
  readonly models: readonly string[];
  readonly decisions: readonly string[];
  readonly types: readonly string[];
}

function sorted(values: ReadonlySet<string>): string[] {
  return [...values].sort();
}

export class SessionContent {
  readonly statement: ExportedStatement;
  readonly #story = new Story();
  readonly #statements: object[] = [];
  readonly #others: object[] = [];
  readonly #casts: Cast[] = [];
  readonly #policies = new Set<string>();
  readonly #models = new Set<string>();
  readonly #decisions = new Set<string>();
  readonly #types = new Set<string>();
  #coverage: readonly object[] = [];
  #left = { statements: 0, others: 0, terminal: false, unread: false };

  constructor(statement: ExportedStatement) {
    this.statement = statement;
  }

  event(value: EventValue): void {
    const data = members(value['data']);
    for (const told of this.#story.push(value)) this.#told(told);
    const type = text(value['type']);
    for (const each of modelsOf(value)) this.#models.add(each);
    if (type === 'coverage') this.#cover(data);
    if (TOLD.has(type)) return;
    const { reason, code, detail, client, application, message, label, account } = data;
    const what = [code, detail, reason, client, application, message, label, account]
      .map(text)
      .filter(Boolean)
      .join(' · ');
    if (this.#others.length < MOST_OTHERS)
      this.#others.push({ time: text(value['time']), type, what: what.slice(0, 2000) });
    else this.#left.others += 1;
  }

  #cover(data: EventValue): void {
    const columns = Array.isArray(data['columns']) ? data['columns'] : [];
    this.#coverage = columns.map((each) => {
      const { subject, seen, lineage, content, unknown, unmaskable, skipped, why } = members(each);
      // Columns that nobody protects are shown without a look: no data type was met in them.
      if (whole(seen) > whole(skipped) || whole(members(why)['revealed']) > 0) this.#types.add(text(subject));
      return {
        subject: text(subject),
        seen: whole(seen),
        lineage: whole(lineage),
        content: whole(content),
        unknown: whole(unknown),
        unmaskable: whole(unmaskable),
        skipped: whole(skipped),
        why: reasonsTold(why),
      };
    });
  }

  #told({ event: _, ...told }: StatementTold): void {
    for (const each of told.policies) this.#policies.add(each);
    this.#decisions.add(told.decision);
    if (this.#statements.length >= MOST_STATEMENTS) {
      this.#left.statements += 1;
      return;
    }
    const { answer, approval } = told;
    this.#statements.push({
      ...told,
      text: told.text.length > MOST_TEXT ? `${told.text.slice(0, MOST_TEXT)}…` : told.text,
      ...(answer ? { answer: { ...answer, sample: answer.sample.slice(0, MOST_SAMPLE) } } : {}),
      ...(approval
        ? { approval: { ...approval, people: calledApprovers(this.statement.approvers, approval.decisions) } }
        : {}),
    });
  }

  /** A recording; damaged ones are shown as far as they can be read. */
  async recording(bytes: Uint8Array): Promise<void> {
    const sanitiser = new TerminalSanitiser();
    let cast: Cast | undefined;
    let size = 0;
    const source = (async function* () {
      yield bytes;
    })();
    try {
      for await (const item of readCast(source)) {
        if (isHeader(item)) {
          cast = { columns: item.width, rows: item.height, start: item.timestamp ?? 0, events: [] };
          this.#casts.push(cast);
          continue;
        }
        if (item.code !== 'o' && item.code !== 'r') continue;
        const data = item.code === 'o' ? sanitiser.push(item.data) : item.data;
        size += data.length;
        if (size > MOST_TERMINAL) {
          this.#left.terminal = true;
          return;
        }
        if (data !== '') cast?.events.push([item.time, item.code, data]);
      }
    } catch (error) {
      const malformed = error instanceof CastError || error instanceof InflateLimit;
      if (!malformed && !String((error as NodeJS.ErrnoException).code).startsWith('Z_')) throw error;
      this.#left.unread = true;
    }
  }

  traits(): Traits {
    return {
      policies: sorted(this.#policies),
      models: sorted(this.#models),
      decisions: sorted(this.#decisions),
      types: sorted(this.#types),
    };
  }

  finish(): object {
    for (const told of this.#story.end()) this.#told(told);
    const { statements, others, terminal, unread } = this.#left;
    const cut = [
      statements > 0 ? `${statements} more statements are not on this page` : '',
      others > 0 ? `${others} more events are not on this page` : '',
      terminal ? 'the recording is longer than this page holds, and ends early here' : '',
      unread ? 'a recording could not be read to its end' : '',
    ].filter(Boolean);
    return {
      statements: this.#statements,
      others: this.#others,
      coverage: this.#coverage,
      casts: this.#casts,
      ...(cut.length > 0 ? { cut: `${cut.join('; ')}. The format bundle has everything.` } : {}),
    };
  }
}
