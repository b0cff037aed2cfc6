// A pipeline that decides by words in the text and masks by column name, and remembers everything it was told.
import type {
  Admission,
  Conversation,
  Execution,
  Judged,
  MessageFields,
  SessionPipeline,
  Ticket,
} from '../../src/flow/conversation.ts';
import { claimMint } from '../../src/flow/permit.ts';
import type { Classification, CopyShape, StatementUnit, UnitEffect } from '../../src/model/classification.ts';
import { BrokerError } from '../../src/model/errors.ts';
import type { CellMask, Field, ResultMask } from '../../src/model/masking.ts';

const mint = claimMint();
const MASKED = Buffer.from('[masked]');
const CARD = /\b4111\d{12}\b/g;

export interface Remembered {
  readonly what: string;
  readonly text?: string;
  readonly detail?: unknown;
}

const maskCell: CellMask = () => MASKED;
const nullCell: CellMask = () => null;

function copyShape(text: string): CopyShape | undefined {
  const match = /^\s*copy\b[\s\S]*\b(to\s+stdout|from\s+stdin)\b([\s\S]*)$/i.exec(text);
  if (!match) return undefined;
  const options = match[2] ?? '';
  const format = /\bbinary\b/i.test(options) ? 'binary' : /\bcsv\b/i.test(options) ? 'csv' : 'text';
  const option = (name: string) => new RegExp(`\\b${name}\\s+'([^'])'`, 'i').exec(options)?.[1];
  return {
    direction: /to/i.test(match[1] ?? '') ? 'out' : 'in',
    format,
    delimiter: option('delimiter') ?? (format === 'csv' ? ',' : '\t'),
    quote: option('quote') ?? '"',
    escape: option('escape') ?? '"',
    null: format === 'csv' ? '' : '\\N',
    header: /\bheader\b/i.test(options),
  };
}

function effect(text: string, unit: Omit<StatementUnit, 'effect'>): UnitEffect | undefined {
  const words = text
    .trim()
    .toLowerCase()
    .split(/[\s(]+/);
  const name = words[1] ?? '';
  if (words[0] === 'prepare') return { kind: 'prepare', name, inner: unit };
  if (words[0] === 'deallocate') return { kind: 'deallocate', name };
  if (words[0] === 'declare') return { kind: 'declare', name, inner: unit };
  if (words[0] === 'close') return { kind: 'close', name };
  if (words[0] === 'discard') return { kind: 'discard' };
  return undefined;
}

function classify(text: string): Classification {
  const parts = text.split(';').filter((part) => part.trim() !== '');
  const units = parts.map((part): StatementUnit => {
    const copy = copyShape(part);
    const unit = {
      start: 0,
      end: part.length,
      node: 'Fake',
      title: part.trim().split(/\s+/)[0] ?? '',
      actions: [],
      tables: [],
      columns: [],
      functions: [],
      hasWhere: false,
      changesCatalogue: false,
      ...(copy ? { copy } : {}),
    };
    const changed = effect(part, unit);
    return changed ? { ...unit, effect: changed } : unit;
  });
  return { units, fingerprint: '', unresolved: false };
}

export class FakePipeline implements SessionPipeline {
  readonly remembered: Remembered[] = [];
  readonly #judged = new Map<string, Judged>();
  readonly #asked: { resolve(approve: boolean): void; text: string }[] = [];
  statements = 0;
  conversations = 0;
  closed = 0;
  /** Bumped to make every text be judged anew. */
  generation = 0;
  /** Throws `journal-failed` from the next flush on. */
  broken = false;
  samples = 3;
  slowJudge = false;
  /** People say yes at once. */
  prompt = false;

  remember(what: string, text?: string, detail?: unknown): void {
    this.remembered.push({
      what,
      ...(text === undefined ? {} : { text }),
      ...(detail === undefined ? {} : { detail }),
    });
  }

  of(what: string): Remembered[] {
    return this.remembered.filter((entry) => entry.what === what);
  }

  /** Texts waiting for a person. */
  get waiting(): string[] {
    return this.#asked.map(({ text }) => text);
  }

  answer(approve: boolean): void {
    this.#asked.shift()?.resolve(approve);
  }

  ask(text: string): Promise<boolean> {
    if (this.prompt) return Promise.resolve(true);
    return new Promise((resolve) => this.#asked.push({ text, resolve }));
  }

  judge(text: string): Judged {
    const key = `${this.generation}:${text}`;
    let judged = this.#judged.get(key);
    if (!judged) {
      const outcome = /refuse_me/.test(text) ? 'deny' : /hold_me/.test(text) ? 'ask' : 'allow';
      judged = {
        text,
        classification: classify(text),
        decision: { outcome, policies: ['fake'], policyDigest: '', advice: [], errors: [] },
      };
      this.#judged.set(key, judged);
    }
    return judged;
  }

  connect(client: { application?: string; parameters?: Readonly<Record<string, string>> }): Conversation {
    this.conversations += 1;
    this.remember('connect', client.application, client.parameters);
    return new FakeConversation(this, this.conversations);
  }

  rejected(reason: string): void {
    this.remember('rejected', reason);
  }

  async close(): Promise<void> {}
}

class FakeConversation implements Conversation {
  readonly id: number;
  readonly #pipeline: FakePipeline;
  #unflushed = false;

  constructor(pipeline: FakePipeline, id: number) {
    this.#pipeline = pipeline;
    this.id = id;
  }

  resolves(): void {}

  lookThrough(): void {}

  ready(): void {}

  judge(text: string): Judged | Promise<Judged> {
    const judged = this.#pipeline.judge(text);
    return this.#pipeline.slowJudge ? new Promise((resolve) => setImmediate(() => resolve(judged))) : judged;
  }

  refuse(judged: Judged, phase: string): BrokerError {
    this.#pipeline.remember('refused', judged.text, phase);
    return new BrokerError('policy-denied', { connection: 'fake', what: judged.text, policy: 'fake' });
  }

  admit(judged: Judged, execution: Execution): Admission | Promise<Admission> {
    const pipeline = this.#pipeline;
    const parameters = execution.parameters?.map((p) => p.value && Buffer.from(p.value).toString('latin1'));
    pipeline.remember('statement', judged.text, parameters?.length ? parameters : undefined);
    this.#unflushed = true;
    if (judged.decision.outcome === 'deny')
      return { kind: 'refuse', error: this.refuse(judged, execution.phase) };
    pipeline.statements += 1;
    const statement = pipeline.statements;
    const allow = (): Admission => ({
      kind: 'forward',
      permit: mint(statement),
      ticket: new FakeTicket(pipeline, judged, statement),
    });
    if (judged.decision.outcome === 'allow') return allow();
    execution.hold?.notice('waiting for a person', 'be patient');
    execution.hold?.signal.addEventListener('abort', () => pipeline.remember('withdrawn', judged.text));
    return pipeline
      .ask(judged.text)
      .then((approved) =>
        approved ? allow() : { kind: 'refuse', error: this.refuse(judged, execution.phase) },
      );
  }

  named(kind: string, name: string, judged: Judged | undefined): void {
    this.#pipeline.remember(`named ${kind}`, name, judged?.text ?? null);
  }

  scrub(fields: MessageFields): MessageFields {
    return new Map([...fields].map(([code, value]) => [code, this.scrubText(value)]));
  }

  scrubText(text: string): string {
    return text.replace(CARD, '[masked]');
  }

  scrubPayload(text: string): string {
    return this.scrubText(text);
  }

  scrubSetting(text: string): string {
    return this.scrubText(text);
  }

  event(type: string, detail: { message?: string }): void {
    this.#pipeline.remember(type, detail.message);
  }

  warn(code: string, detail: string): void {
    this.#pipeline.remember('warning', `${code}: ${detail}`);
  }

  flush(): void {
    if (this.#pipeline.broken)
      throw new BrokerError('journal-failed', { reason: 'no space', path: '/spool' });
    if (this.#unflushed) this.#pipeline.remember('flush');
    this.#unflushed = false;
  }

  close(reason: string): void {
    this.#pipeline.closed += 1;
    this.#pipeline.remember('close', reason);
  }
}

class FakeTicket implements Ticket {
  readonly judged: Judged;
  readonly statement: number;
  readonly #pipeline: FakePipeline;
  #sampled = 0;
  #rows = 0;
  #masks = new WeakMap<readonly Field[], ResultMask>();

  constructor(pipeline: FakePipeline, judged: Judged, statement: number) {
    this.#pipeline = pipeline;
    this.judged = judged;
    this.statement = statement;
  }

  columns(_unit: number, fields: readonly Field[] | undefined): ResultMask {
    if (!fields) {
      this.#pipeline.remember('unknown columns', this.judged.text);
      return { untouched: false, cells: new Array(64).fill(maskCell) };
    }
    let mask = this.#masks.get(fields);
    if (!mask) {
      const cells = fields.map((field) => {
        if (field.name !== 'secret') return undefined;
        return field.format === 0 || [25, 1043].includes(field.typeOid) ? maskCell : nullCell;
      });
      mask = { untouched: cells.every((cell) => cell === undefined), cells };
      this.#masks.set(fields, mask);
    }
    return mask;
  }

  copyOut(unit: number, columns: number): { shape: CopyShape; mask: ResultMask } | undefined {
    const shape = this.judged.classification.units[unit]?.copy;
    if (!shape || /uncopyable/.test(this.judged.text)) return undefined;
    const masked = /secret/.test(this.judged.text);
    const cells = Array.from({ length: columns }, (_, index) =>
      masked && index === columns - 1 ? maskCell : undefined,
    );
    return { shape, mask: { untouched: !masked, cells } };
  }

  scrub(fields: MessageFields): MessageFields {
    return new Map([...fields].map(([code, value]) => [code, value.replace(CARD, '[masked]')]));
  }

  get sampling(): boolean {
    return this.#sampled < this.#pipeline.samples;
  }

  sample(row: readonly (Uint8Array | null)[]): void {
    this.#sampled += 1;
    this.#pipeline.remember(
      'row',
      row.map((value) => (value === null ? '∅' : Buffer.from(value).toString('utf8'))).join('|'),
    );
  }

  count(rows: number): void {
    this.#rows += rows;
  }

  finish(end: { status: string; tag?: string; sqlstate?: string }): void {
    this.#pipeline.remember('answer', this.judged.text, { ...end, rows: this.#rows });
    this.#rows = 0;
  }
}
