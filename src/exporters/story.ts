// A session's events told as statements with their decisions, answers and approvals. Must never keep more of a session than waits for an answer.
import type { Json } from '../lib/canonical.ts';

export type EventValue = Readonly<Record<string, Json>>;
type Data = Readonly<Record<string, Json>>;

export interface AnswerTold {
  readonly time: string;
  readonly status: string;
  readonly tag: string;
  readonly sqlstate: string;
  readonly message: string;
  readonly rows: number;
  readonly bytes: number;
  readonly micros: number;
  readonly masked: number;
  readonly columns: readonly string[];
  readonly sample: readonly (readonly (string | null)[])[];
}

export interface ApprovalTold {
  readonly id: string;
  readonly outcome: string;
  readonly strength: string;
  /** Microseconds from the request to its end. */
  readonly waited: number;
  /** Answers that counted: SHA-256 hex of their files. */
  readonly decisions: readonly string[];
}

export interface StatementTold {
  readonly seq: number;
  readonly time: string;
  readonly conversation: number;
  readonly statement: number;
  readonly phase: string;
  /** Masked. Empty when the text was recorded earlier and is no longer remembered: `digest` names it. */
  readonly text: string;
  readonly digest: string;
  readonly parameters: readonly (string | null)[];
  readonly actions: readonly { readonly action: string; readonly type: string; readonly resource: string }[];
  readonly decision: string;
  readonly policies: readonly string[];
  readonly policyDigest: string;
  readonly event: EventValue;
  readonly answer?: AnswerTold;
  readonly approval?: ApprovalTold;
}

type Waiting = { -readonly [K in keyof StatementTold]: StatementTold[K] };

/** Statements that may wait for their answers at once. */
const MOST_WAITING = 4096;
/** Characters of texts that are remembered for statements that repeat them. */
const MOST_TEXT = 32 * 2 ** 20;

export function text(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

export function whole(value: Json | undefined): number {
  return typeof value === 'number' ? value : 0;
}

function list<T>(value: Json | undefined, each: (item: Json) => T): T[] {
  return Array.isArray(value) ? value.map(each) : [];
}

/** Members of an object; none of anything else. */
export function members(value: Json | undefined): Data {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Data) : {};
}

function cell(value: Json): string | null {
  return value === null ? null : typeof value === 'string' ? value : JSON.stringify(value);
}

function answerOf(time: string, data: Data): AnswerTold {
  return {
    time,
    status: text(data['status']),
    tag: text(data['tag']),
    sqlstate: text(data['sqlstate']),
    message: text(data['message']),
    rows: whole(data['rows']),
    bytes: whole(data['bytes']),
    micros: whole(data['micros']),
    masked: whole(data['masked']),
    columns: list(data['columns'], text),
    sample: list(data['sample'], (row) => list(row, cell)),
  };
}

function approvalOf(data: Data): ApprovalTold {
  return {
    id: text(data['id']),
    outcome: text(data['outcome']),
    strength: text(data['strength']),
    waited: whole(data['waited']),
    decisions: list(data['decisions'], text),
  };
}

/** Every claim of a model that an event makes: of the host, of the bot that was admitted, of the calls it made. */
export function modelsOf(event: EventValue): string[] {
  const data = members(event['data']);
  const listed = [
    members(event['who'])['models'],
    data['models'],
    members(members(data['facts'])['bot'])['models'],
  ];
  const named = listed.flatMap((each) => list(each, (item) => text(item) || text(members(item)['model'])));
  if (event['type'] === 'claim' && data['subject'] === 'model') named.push(text(data['value']));
  if (event['type'] === 'model.exchange') named.push(text(data['asked']), text(data['answered']));
  return named.filter((each) => each !== '');
}

export class Story {
  readonly #waiting = new Map<string, Waiting>();
  readonly #answered = new Set<Waiting>();
  readonly #texts = new Map<string, string>();
  #kept = 0;

  /** Statements whose story is now complete, in the order they were made. */
  push(event: EventValue): StatementTold[] {
    const data = members(event['data']);
    const type = event['type'];
    if (type === 'statement') this.#statement(event, data);
    else if (type === 'answer' || type === 'approval.end') this.#end(String(type), event, data);
    return this.#take(this.#waiting.size > MOST_WAITING);
  }

  /** What never was answered. */
  end(): StatementTold[] {
    const rest = [...this.#waiting.values()];
    this.#waiting.clear();
    this.#answered.clear();
    return rest;
  }

  #statement(event: EventValue, data: Data): void {
    const digest = text(data['digest']);
    const told: Waiting = {
      seq: whole(event['seq']),
      time: text(event['time']),
      conversation: whole(data['conversation']),
      statement: whole(data['statement']),
      phase: text(data['phase']),
      text: this.#text(digest, data['text']),
      digest,
      parameters: list(data['parameters'], (each) => cell(members(each)['value'] ?? null)),
      actions: list(data['actions'], (each) => {
        const { action, resource } = members(each);
        const { type, id } = members(resource);
        return { action: text(action), type: text(type), resource: text(id) };
      }),
      decision: text(data['decision']),
      policies: list(data['policies'], text),
      policyDigest: text(data['policyDigest']),
      event,
    };
    this.#waiting.set(`${told.conversation}.${told.statement}`, told);
  }

  #text(digest: string, given: Json | undefined): string {
    if (typeof given !== 'string') return this.#texts.get(digest) ?? '';
    if (!this.#texts.has(digest) && this.#kept + given.length <= MOST_TEXT) {
      this.#texts.set(digest, given);
      this.#kept += given.length;
    }
    return given;
  }

  #end(type: string, event: EventValue, data: Data): void {
    const told = this.#waiting.get(`${whole(data['conversation'])}.${whole(data['statement'])}`);
    if (!told) return;
    if (type === 'approval.end') told.approval = approvalOf(data);
    else {
      told.answer = answerOf(text(event['time']), data);
      this.#answered.add(told);
    }
  }

  #take(pressed: boolean): StatementTold[] {
    const done: StatementTold[] = [];
    for (const [key, told] of this.#waiting) {
      if (!this.#answered.has(told) && !pressed) break;
      pressed = false;
      this.#waiting.delete(key);
      this.#answered.delete(told);
      done.push(told);
    }
    return done;
  }
}

/** Tells every session's story in turn: the statement an event belongs to says where one ends and the next begins. */
export class Stories<S> {
  readonly #tell: (session: S, told: StatementTold) => void | Promise<void>;
  #now: { readonly session: S; readonly story: Story } | undefined;

  constructor(tell: (session: S, told: StatementTold) => void | Promise<void>) {
    this.#tell = tell;
  }

  async push(session: S, event: EventValue): Promise<void> {
    if (this.#now?.session !== session) await this.end();
    this.#now ??= { session, story: new Story() };
    for (const told of this.#now.story.push(event)) await this.#tell(session, told);
  }

  /** Before the next session, and at the end. */
  async end(): Promise<void> {
    const now = this.#now;
    this.#now = undefined;
    for (const told of now?.story.end() ?? []) await this.#tell(now?.session as S, told);
  }
}
