// Masks a terminal's output as it passes. Text is held back until no token can still be growing in it, or the caller's clock says flush.
// Limits: what a program draws by moving the cursor or striking over is not seen here; the recording's screen model is for that.
import type { MaskStrategy } from '../../model/connection.ts';
import type { Scanner, Span } from '../../model/masking.ts';
import { type Hidden, payloadOf, strip, unwrap } from './escapes.ts';
import { applyStrategy, strategyFor } from './strategies.ts';

/** Characters of an unfinished line held back: words that announce a value, and the value. */
const HOLD = 512;
/** Longest token waited for while no character ends it; a JWT or a private key fits. */
const LONGEST_HOLD = 32_768;
/** Released characters kept so that a value is recognised by what was written before it. */
const CONTEXT = 512;
/** After this many milliseconds without more output the caller should flush. */
export const FLUSH_AFTER = 50;

export interface StreamMaskerOptions {
  readonly scanner: Scanner;
  readonly strategies: Readonly<Record<string, MaskStrategy>>;
  readonly hashKey: Uint8Array;
  /** Width of the terminal, to see through soft line wraps; 0 when unknown. */
  readonly columns?: number;
}

const NONE: Hidden[] = [];

/** Characters no key, address or token contains: text may be cut there. */
function isBreak(code: number): boolean {
  // Space and below, `"`, `,`, `;`, `<`, `>`, `{`, `|`, `}`.
  return (
    code <= 32 ||
    code === 34 ||
    code === 44 ||
    code === 59 ||
    code === 60 ||
    code === 62 ||
    (code >= 123 && code <= 125)
  );
}

export class StreamMasker {
  readonly #options: StreamMaskerOptions;
  #columns: number;
  #context = '';
  /** The context ends within something that was masked. */
  #openType: string | undefined;
  #pending = '';
  /** Offsets count from the beginning of the stream's text. */
  #hidden: Hidden[] = [];
  /** Text released since the beginning. */
  #released = 0;
  /** Held text is looked at again once it has grown to this: each byte is searched a bounded number of times. */
  #enough = 0;
  #carry = '';
  #found = 0;

  constructor(options: StreamMaskerOptions) {
    this.#options = options;
    this.#columns = options.columns ?? 0;
  }

  /** Whether anything is held back: then call `flush` once FLUSH_AFTER has passed without another push. */
  get holding(): boolean {
    return this.#pending !== '' || this.#carry !== '' || this.#hidden.length > 0;
  }

  /** Values masked so far. */
  get found(): number {
    return this.#found;
  }

  resize(columns: number): void {
    this.#columns = columns;
  }

  /** Takes what the program wrote; returns what may be shown now. */
  push(bytes: Uint8Array): Buffer {
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
    this.#take(this.#carry + chunk);
    if (this.#pending.length < this.#enough && !chunk.includes('\n')) return Buffer.alloc(0);
    return this.#release(false);
  }

  /** Everything held back, masked as far as it can be told. An unfinished escape sequence stays back unless `end` is set. */
  flush(end = false): Buffer {
    if (end && this.#carry !== '') {
      this.#hidden.push({ at: this.#released + this.#pending.length, bytes: this.#carry });
      this.#carry = '';
    }
    return this.#release(true);
  }

  #take(bytes: string): void {
    const bare = strip(bytes);
    const { text, hidden, carry } = this.#columns > 0 ? unwrap(bare, this.#columns) : bare;
    const offset = this.#released + this.#pending.length;
    for (const entry of hidden)
      this.#hidden.push({ at: entry.at + offset, bytes: this.#cleaned(entry.bytes) });
    this.#pending += text;
    this.#carry = carry;
  }

  /** Titles, clipboard writes and the like carry text past the screen. */
  #cleaned(sequence: string): string {
    const payload = sequence.length < 8 ? undefined : payloadOf(sequence);
    if (payload === undefined) return sequence;
    const text = sequence.slice(payload.start, payload.end);
    let out = '';
    let from = 0;
    for (const span of this.#options.scanner.scan(text)) {
      out += text.slice(from, span.start) + this.#replacement(span.type, text.slice(span.start, span.end));
      from = span.end;
    }
    return sequence.slice(0, payload.start) + out + text.slice(from) + sequence.slice(payload.end);
  }

  #replacement(type: string, raw: string): string {
    this.#found += 1;
    const text = Buffer.from(raw, 'latin1').toString('utf8');
    const { strategies, hashKey } = this.#options;
    return Buffer.from(
      applyStrategy(strategyFor(strategies, type), type, text, hashKey) ?? '',
      'utf8',
    ).toString('latin1');
  }

  #release(all: boolean): Buffer {
    const base = this.#context.length;
    const whole = this.#context + this.#pending;
    const spans = this.#options.scanner.scan(whole);
    const cut = all ? whole.length : Math.max(base, cutOf(whole, base, spans));
    this.#enough = whole.length - cut > HOLD ? 2 * (whole.length - cut) : 0;
    if (cut === base && (!all || this.#hidden.length === 0)) return Buffer.alloc(0);
    const out = this.#render(whole, base, cut, spans);
    const last = spans.findLast((span) => span.start < cut);
    const open = last !== undefined && mayGrow(whole, last, cut) ? last : undefined;
    this.#openType = open?.type;
    const keep = Math.min(cut - CONTEXT, open?.start ?? cut);
    this.#context = whole.slice(Math.max(0, keep, cut - LONGEST_HOLD), cut);
    this.#pending = whole.slice(cut);
    this.#released += cut - base;
    return Buffer.from(out, 'latin1');
  }

  /** Text of [base, cut) with its spans replaced and the hidden sequences where they stood; inside a span, behind it. */
  #render(whole: string, base: number, cut: number, spans: readonly Span[]): string {
    const out: string[] = [];
    let from = base;
    for (const span of spans) {
      if (span.end <= base) continue;
      if (span.start >= cut) break;
      const end = Math.min(span.end, cut);
      this.#copy(out, whole, base, from, Math.max(from, span.start));
      // The beginning was masked when it was released: nothing more to show of it.
      if (span.start >= base || this.#openType === undefined)
        out.push(this.#replacement(span.type, whole.slice(span.start, span.end)));
      for (const entry of this.#upTo(end - base)) out.push(entry.bytes);
      from = end;
    }
    this.#copy(out, whole, base, from, cut);
    for (const entry of this.#upTo(cut - base)) out.push(entry.bytes);

    return out.join('');
  }

  /** Hidden sequences before or at an offset of the pending text; they are handed out once. */
  #upTo(offset: number): Hidden[] {
    const limit = this.#released + offset;
    let count = 0;
    while (count < this.#hidden.length && (this.#hidden[count]?.at ?? 0) <= limit) count += 1;
    return count === 0 ? NONE : this.#hidden.splice(0, count);
  }

  #copy(out: string[], whole: string, base: number, from: number, to: number): void {
    let start = from;
    for (const { at, bytes } of this.#upTo(to - base)) {
      const here = base + at - this.#released;
      out.push(whole.slice(start, here), bytes);
      start = here;
    }
    out.push(whole.slice(start, to));
  }
}

/** Whether a span reaches `end`, white space aside: a key's next line or a number's next group may follow. */
function mayGrow(whole: string, span: Span, end: number): boolean {
  return span.end >= end || /^\s*$/.test(whole.slice(span.end, Math.min(end, span.end + HOLD)));
}

/** Up to where text may be shown: no token, line or span can still grow into it. */
function cutOf(whole: string, base: number, spans: readonly Span[]): number {
  const line = whole.lastIndexOf('\n') + 1;
  let cut = whole.length - line <= HOLD ? line : breakBefore(whole, base, whole.length - HOLD);
  const last = spans.at(-1);
  if (last !== undefined && last.start < cut && mayGrow(whole, last, whole.length)) cut = last.start;
  for (const span of spans) if (span.start < cut && span.end > cut) cut = span.start;
  return whole.length - cut > LONGEST_HOLD ? whole.length - LONGEST_HOLD : cut;
}

function breakBefore(whole: string, base: number, from: number): number {
  const stop = Math.max(base, whole.length - LONGEST_HOLD);
  let at = from;
  while (at > stop && !isBreak(whole.charCodeAt(at - 1))) at -= 1;
  return at;
}
