// Draws what led to what: prompt, model, generated code, call, statement, rows. Must never print recorded text unsanitised, nor more certainty
// than the record has.
import type {
  CallTold,
  DirectTold,
  ProvenanceTold,
  RanTold,
  UseTold,
} from '../../exporters/provenance-joining.ts';
import type { StatementTold } from '../../exporters/story.ts';
import { visible } from '../../lib/visible.ts';
import type { Elsewhere } from './related.ts';

export interface ChainOptions {
  /** Columns of the terminal; as for a pipe when absent. */
  readonly width?: number;
  readonly fancy: boolean;
  /** The session that is shown: what stands in another one is named by it. */
  readonly session: string;
  /** Statements by their `seq`. */
  readonly statements: ReadonlyMap<number, StatementTold>;
}

const MOST_CALLS = 500;
const MOST_ROWS = 3;
const MOST_STATEMENTS = 20;
const LEAST = 40;
const NAME = 10;

const COLOUR: Readonly<Record<string, number>> = { P4: 32, P3: 32, P2: 33, P1: 0, P0: 0 };

const MEANS: Readonly<Record<string, string>> = {
  P0: 'nothing is known of who asked for it',
  P1: 'the host has named itself',
  P2: 'the host says which call or model it was',
  P3: 'a recorded exchange with a model holds exactly this',
  P4: 'and the statements under it are on record',
};

class Drawing {
  readonly #options: ChainOptions;
  #text = '';

  constructor(options: ChainOptions) {
    this.#options = options;
  }

  get text(): string {
    return this.#text;
  }

  /** A line of untrusted text, cut to the terminal. */
  line(lead: string, told: string): void {
    const { width = Number.POSITIVE_INFINITY } = this.#options;
    const room = Math.max(LEAST, width) - [...lead].length;
    this.#text += `${lead}${visible(told, Number.isFinite(room) ? { limit: room } : {})}`.trimEnd();
    this.#text += '\n';
  }

  field(edge: string, name: string, told: string): void {
    if (told !== '') this.line(`${edge}${name.padEnd(NAME)} `, told);
  }

  /** Begins what has a level: two letters, two blanks, and the rest of the line. */
  head(level: string, told: string): void {
    const { fancy, width = Number.POSITIVE_INFINITY } = this.#options;
    const word = fancy ? `\u001b[${COLOUR[level] ?? 0}m${level}\u001b[0m` : level;
    const room = Math.max(LEAST, width) - 4;
    this.#text += `${word}  ${visible(told, Number.isFinite(room) ? { limit: room } : {})}\n`;
  }

  raw(text: string): void {
    this.#text += text;
  }
}

const short = (digest: string): string => (digest === '' ? '' : `sha256 ${digest.slice(0, 16)}…`);

function modelOf({ exchange: { asked, answered, api } }: UseTold): string {
  const who = answered === '' ? `${asked} was asked, nobody says who answered` : answered;
  const alias = answered !== '' && asked !== '' && asked !== answered ? `, asked as ${asked}` : '';
  return `${who}${alias} · ${api}`;
}

function whereOf({ exchange: { session, seq } }: UseTold, own: string): string {
  return session === own ? `event ${seq}` : `event ${seq} of session ${session}`;
}

/** Prompt, model and use, as far as there is one use only. */
function origin(drawing: Drawing, edge: string, uses: readonly UseTold[], by: string, own: string): void {
  const [use, ...more] = uses;
  if (!use) return;
  const { said, prompt } = use.exchange;
  drawing.field(edge, 'prompt', said === '' ? short(prompt) : `“${said}”`);
  drawing.field(edge, 'model', modelOf(use));
  drawing.field(edge, 'generated', `${use.id} · ${by} · ${whereOf(use, own)} · ${use.name}`);
  if (more.length > 0)
    drawing.field(
      edge,
      'or',
      `${more.length} more that cannot be told apart: ${more.map(({ id }) => id).join(', ')}`,
    );
}

function answerOf(statement: StatementTold | undefined): string {
  const answer = statement?.answer;
  if (!answer) return 'no answer was recorded';
  const parts = [answer.status, answer.sqlstate, answer.tag, answer.message, `${answer.rows} rows`];
  return [...parts, answer.masked > 0 ? `${answer.masked} masked` : ''].filter(Boolean).join(' · ');
}

/** A statement, its answer and the first of its rows, masked as they were recorded. */
function statement(drawing: Drawing, edge: string, told: StatementTold | undefined, note: string): void {
  const text = told?.text === '' ? short(told.digest) : (told?.text ?? '(beyond what is shown)');
  const decision = told ? `${told.decision} · ` : '';
  drawing.field(edge, 'statement', `${decision}${text}`);
  drawing.field(edge, 'which is', note);
  drawing.field(edge, 'rows', answerOf(told));
  const rows = told?.answer?.sample ?? [];
  for (const row of rows.slice(0, MOST_ROWS))
    drawing.field(edge, '', row.map((cell) => (cell === null ? 'NULL' : cell)).join(' | '));
  if (rows.length > MOST_ROWS) drawing.field(edge, '', `… ${rows.length - MOST_ROWS} more in the record`);
}

function noteOf({ candidates, sameText }: RanTold): string {
  if (sameText) return 'the very text the model generated';
  return candidates.length > 1 ? `of one of the calls ${candidates.join(', ')}: they ran at once` : '';
}

const BY: Readonly<Record<string, string>> = {
  id: 'same id, same arguments',
  arguments: 'same arguments; the host gave no id',
};

function call(drawing: Drawing, told: CallTold, options: ChainOptions): void {
  const own = options.statements.get(told.seq);
  const what = own?.text ? own.text : `${told.method} ${told.name}`;
  drawing.raw('\n');
  drawing.head(told.level, `call ${told.statement} · ${own?.decision ?? ''} · ${what}`.trim());
  for (const { subject, value, source } of told.claims)
    drawing.field('    │ ', 'claim', `${subject} ${value} · ${source}`);
  for (const conflict of told.conflicts) drawing.field('    │ ', 'conflict', conflict);
  origin(drawing, '    │ ', told.uses, BY[told.by ?? ''] ?? '', options.session);
  for (const ran of told.statements.slice(0, MOST_STATEMENTS))
    statement(drawing, '    ├ ', options.statements.get(ran.seq), noteOf(ran));
  if (told.statements.length > MOST_STATEMENTS)
    drawing.field('    ├ ', '', `… ${told.statements.length - MOST_STATEMENTS} more statements`);
  drawing.field('    └ ', 'answer', answerOf(own));
}

function direct(drawing: Drawing, told: DirectTold, options: ChainOptions): void {
  drawing.raw('\n');
  drawing.head(told.level, `statement ${told.conversation}.${told.statement}, run without a call`);
  origin(drawing, '    │ ', told.uses, 'the very text', options.session);
  statement(drawing, '    └ ', options.statements.get(told.seq), '');
}

/** Empty where neither a call nor a model is on record. */
export function chainOf(told: ProvenanceTold, options: ChainOptions): string {
  const { claims, calls } = told;
  if (calls.length === 0 && told.direct.length === 0) return '';
  const drawing = new Drawing(options);
  drawing.raw('\nprovenance\n');
  for (const { subject, value, source } of claims) drawing.line('    ', `${subject} ${value} · ${source}`);
  for (const each of calls.slice(0, MOST_CALLS)) call(drawing, each, options);
  for (const each of told.direct.slice(0, MOST_CALLS)) direct(drawing, each, options);
  const more = Math.max(0, calls.length - MOST_CALLS) + Math.max(0, told.direct.length - MOST_CALLS);
  if (more > 0) drawing.line('    ', `… ${more} more: see them with --json`);
  const levels = [...new Set([...calls, ...told.direct].map(({ level }) => level))].sort();
  drawing.raw('\n');
  for (const level of levels) drawing.line('', `${level}: ${MEANS[level] ?? ''}`);
  return drawing.text;
}

/** Calls in other sessions, one line each: `sessions show` of that session draws them. */
export function elsewhereOf(
  elsewhere: readonly Elsewhere[],
  options: Pick<ChainOptions, 'width' | 'fancy'>,
): string {
  if (elsewhere.length === 0) return '';
  const drawing = new Drawing({ ...options, session: '', statements: new Map() });
  drawing.raw('\nwhat its model asked for in other sessions\n');
  for (const { session, connection, calls } of elsewhere) {
    drawing.line('\n    ', `session ${session} on ${connection}`);
    for (const { level, statement: number, method, name, uses } of calls.slice(0, MOST_CALLS))
      drawing.head(level, `call ${number} · ${method} ${name} · ${uses.map(({ id }) => id).join(', ')}`);
  }
  return drawing.text;
}
