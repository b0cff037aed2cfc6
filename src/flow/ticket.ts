// Follows one admitted execution to its end: masks what comes back and records what happened. Never lets a value by unasked.
import type { Clock } from '../lib/clock.ts';
import type { CopyShape, StatementUnit } from '../model/classification.ts';
import type { Recorder } from '../model/event.ts';
import type { Field, ResultMask } from '../model/masking.ts';
import type { Judged, MessageFields, Ticket } from './conversation.ts';
import type { Judgement } from './judgement.ts';
import { answerLine } from './lines.ts';
import type { Masker } from './mask/index.ts';

type End = Parameters<Ticket['finish']>[0];

export interface TicketPorts {
  readonly recorder: Recorder;
  readonly clock: Clock;
  readonly masker: Masker;
  readonly maxRows: number;
  readonly maxBytes: number;
  /** A unit ended: the conversation updates names and the catalogue. */
  settled(unit: StatementUnit | undefined, succeeded: boolean): void;
}

const decoder = new TextDecoder('utf-8');

/** A value as the event log shows it: text as text, binary as hex. */
function shown(value: Uint8Array | null, format: 0 | 1, judgement: Judgement): string | null {
  if (value === null) return null;
  if (format === 0) return judgement.shownCell(decoder.decode(value));
  const text = decoder.decode(value);
  const cell = judgement.shownCell(text);
  return `\\x${(cell === text ? Buffer.from(value) : Buffer.from(cell)).toString('hex')}`;
}

const SETTLED: ReadonlySet<string> = new Set(['sql:transaction', 'sql:set', 'sql:show']);

/** True for BEGIN, SET and the like: no code runs that could change the client's encoding unseen. COMMIT can. */
function keepsSettings({ actions, title }: StatementUnit): boolean {
  return title !== 'COMMIT' && actions.every(({ action }) => SETTLED.has(action));
}

export class ExecutionTicket implements Ticket {
  readonly statement: number;
  readonly #judgement: Judgement;
  readonly #ports: TicketPorts;
  readonly #conversation: number;
  /** A name may stand for another text than was judged: nothing it returns is believed. */
  readonly #suspect: boolean;
  readonly #started: number;
  #unit = 0;
  #fields: readonly Field[] | undefined;
  #sample: (readonly (string | null)[])[] = [];
  #sampledBytes = 0;
  #rows = 0;
  #bytes = 0;
  #masked = 0;
  #mask: ResultMask | undefined;
  #ended = false;

  constructor(
    judgement: Judgement,
    ports: TicketPorts,
    at: { conversation: number; statement: number; suspect: boolean },
  ) {
    this.#judgement = judgement;
    this.#ports = ports;
    this.#conversation = at.conversation;
    this.statement = at.statement;
    this.#suspect = at.suspect;
    this.#started = ports.clock.micros();
  }

  get judged(): Judged {
    return this.#judgement;
  }

  columns(unit: number, fields: readonly Field[] | undefined): ResultMask {
    this.#fields = fields;
    this.#mask = this.#suspect ? this.#judgement.doubt(fields) : this.#judgement.mask(unit, fields);
    return this.#mask;
  }

  copyOut(
    unit: number,
    columns: number,
    binary: boolean,
  ): { shape: CopyShape; mask: ResultMask } | undefined {
    const { units } = this.#judgement.classification;
    const shape = units[unit]?.copy;
    const kept = this.#suspect ? undefined : this.#judgement.copyMask(unit, columns, binary);
    // In another encoding the stream would be cut elsewhere: only what nobody cuts is let by.
    const mask = kept?.untouched || units.slice(0, unit).every(keepsSettings) ? kept : undefined;
    this.#mask = mask;
    return shape && mask ? { shape, mask } : undefined;
  }

  scrub(fields: MessageFields): MessageFields {
    const plan = this.#suspect ? undefined : this.#judgement.plan(this.#unit);
    return this.#ports.masker.scrub(plan, fields);
  }

  get sampling(): boolean {
    return this.#sample.length < this.#ports.maxRows && this.#sampledBytes < this.#ports.maxBytes;
  }

  sample(row: readonly (Uint8Array | null)[]): void {
    if (!this.sampling) return;
    const cell = (value: Uint8Array | null, index: number) =>
      shown(value, this.#fields?.[index]?.format ?? 0, this.#judgement);
    this.#sample.push(row.map(cell));
    for (const value of row) this.#sampledBytes += value?.length ?? 0;
  }

  count(rows: number, bytes: number): void {
    this.#rows += rows;
    this.#bytes += bytes;
    if (!this.#mask || this.#mask.untouched) return;
    // Masking and counting happen in one turn of the event loop, so what was taken is ours.
    this.#ports.masker.saw(this.#mask, rows);
    this.#masked += this.#ports.masker.take().masked;
  }

  finish(end: End): void {
    if (this.#ended) return;
    const units = this.#judgement.classification.units;
    const stays = end.status === 'ok' && this.#unit + 1 < units.length;
    this.#record(end);
    this.#ports.settled(units[this.#unit], end.status === 'ok');
    this.#unit += 1;
    if (stays) return;
    for (const unit of units.slice(this.#unit)) this.#ports.settled(unit, false);
    this.#ended = true;
  }

  #record(end: End): void {
    this.#ports.recorder.appendCanonical(
      'answer',
      answerLine({
        bytes: this.#bytes,
        columns: this.#fields && this.#judgement.columnNames(this.#fields),
        conversation: this.#conversation,
        masked: this.#masked,
        message: end.message,
        micros: this.#ports.clock.micros() - this.#started,
        rows: this.#rows,
        sample: this.#sample,
        sqlstate: end.sqlstate,
        statement: this.statement,
        status: end.status,
        tag: end.tag,
      }),
    );
    this.#fields = undefined;
    this.#sample = [];
    this.#sampledBytes = 0;
    this.#rows = 0;
    this.#bytes = 0;
    this.#masked = 0;
    this.#mask = undefined;
  }
}
