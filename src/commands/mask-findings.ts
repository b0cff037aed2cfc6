// Finds what would be masked in a long text, piece by piece, and says where. Keeps no raw value in what it returns.
import { Content } from '../flow/mask/cells/scan.ts';
import { eachTableCell } from '../flow/mask/cells/tables.ts';
import { Tally } from '../flow/mask/cells/tally.ts';
import { applyStrategy } from '../flow/mask/strategies.ts';
import type { MaskStrategy } from '../model/connection.ts';
import type { Scanner, Span } from '../model/masking.ts';

export interface Finding {
  readonly type: string;
  /** Both start at 1; columns count UTF-16 units. */
  readonly line: number;
  readonly column: number;
  readonly length: number;
  /** What would stand in its place. */
  readonly masked: string | null;
  /** Some of the line around it, masked. */
  readonly excerpt: string;
}

export interface FindingsOptions {
  readonly scanner: Scanner;
  readonly strategy: MaskStrategy;
  readonly hashKey: Uint8Array;
}

/** Characters of the line shown before and after. */
const AROUND = 32;

/** A text without line ends is cut here, for want of a better place. */
const LONGEST = 8 * 1024 * 1024;

/** Where the line that holds `at` starts: the words that announce a value are kept with it. */
function lineStart(text: string, at: number): number {
  return at === 0 ? 0 : text.lastIndexOf('\n', at - 1) + 1;
}

/** Up to where spans are final: one that reaches the end, white space aside, may go on, and none may be cut. */
function keptFrom(text: string, spans: readonly Span[], limit: number): number {
  let cut = limit;
  for (const span of spans.toReversed()) {
    if (span.start >= cut || text.length - span.start > LONGEST) continue;
    const open = span === spans.at(-1) && text.slice(span.end).trim() === '';
    if (open || span.end > cut) cut = lineStart(text, span.start);
  }
  return cut;
}

export class Findings {
  readonly counts = new Map<string, number>();
  readonly #options: FindingsOptions;
  readonly #content: Content;
  readonly #decoder = new TextDecoder('utf-8');
  #text = '';
  /** Read before `#text`: the names of the table that it goes on with. */
  #head = '';
  /** Line and column of the first character of `#text`. */
  #line = 1;
  #column = 1;

  constructor(options: FindingsOptions) {
    this.#options = options;
    const { scanner, hashKey } = options;
    this.#content = new Content({
      scanner,
      hashKey,
      revealed: new Set(),
      strategies: {},
      tally: new Tally(),
    });
  }

  /** Lines seen so far; a last one without its end counts. */
  get lines(): number {
    return this.#column > 1 ? this.#line : this.#line - 1;
  }

  push(chunk: Uint8Array): readonly Finding[] {
    this.#text += this.#decoder.decode(chunk, { stream: true });
    const end = this.#text.lastIndexOf('\n') + 1;
    if (end === 0 && this.#text.length < LONGEST) return [];
    return this.#report(end === 0 ? this.#text.length : end, false);
  }

  end(): readonly Finding[] {
    this.#text += this.#decoder.decode();
    return this.#report(this.#text.length, true);
  }

  /** Reports spans before `limit`; what may go on beyond it is kept for the next call. */
  #report(limit: number, last: boolean): readonly Finding[] {
    const text = this.#text;
    const spans = this.#spans(text);
    const cut = last ? limit : keptFrom(text, spans, limit);
    const found: Finding[] = [];
    let from = 0;
    for (const [index, span] of spans.entries()) {
      if (span.start >= cut) break;
      this.#advance(text, from, span.start);
      from = span.start;
      found.push(this.#finding(text, span, spans, index));
      this.counts.set(span.type, (this.counts.get(span.type) ?? 0) + 1);
    }
    this.#advance(text, from, cut);
    this.#text = text.slice(cut);
    this.#head = eachTableCell(
      this.#head + text.slice(0, cut),
      (name) => this.#options.scanner.announces(name),
      () => {},
    );
    return found;
  }

  #spans(text: string): readonly Span[] {
    const before = this.#head.length;
    return this.#content
      .spans(this.#head + text)
      .filter(({ start }) => start >= before)
      .map(({ type, start, end }) => ({ type, start: start - before, end: end - before }));
  }

  #advance(text: string, from: number, to: number): void {
    let line = from;
    for (let feed = text.indexOf('\n', from); feed >= 0 && feed < to; feed = text.indexOf('\n', feed + 1)) {
      this.#line += 1;
      this.#column = 1;
      line = feed + 1;
    }
    this.#column += to - line;
  }

  #masked(type: string, raw: string): string | null {
    const { strategy, hashKey } = this.#options;
    return applyStrategy(strategy, type, raw, hashKey);
  }

  #finding(text: string, span: Span, spans: readonly Span[], index: number): Finding {
    const raw = text.slice(span.start, span.end);
    return {
      type: span.type,
      line: this.#line,
      column: this.#column,
      length: raw.length,
      masked: this.#masked(span.type, raw),
      excerpt: this.#excerpt(text, spans, index),
    };
  }

  /** The line around a span, every span in it masked; a neighbour that is cut off is left out whole. */
  #excerpt(text: string, spans: readonly Span[], index: number): string {
    const span = spans[index];
    if (span === undefined) return '';
    const start = Math.max(text.lastIndexOf('\n', span.start - 1) + 1, span.start - AROUND);
    const feed = text.indexOf('\n', span.end);
    const end = Math.min(feed < 0 ? text.length : feed, span.end + AROUND);
    let out = '';
    let from = start;
    for (const each of this.#near(spans, index, start, end)) {
      if (each.start > from) out += text.slice(from, each.start);
      out += this.#masked(each.type, text.slice(each.start, each.end)) ?? 'NULL';
      from = each.end;
    }
    return from < end ? out + text.slice(from, end) : out;
  }

  #near(spans: readonly Span[], index: number, start: number, end: number): readonly Span[] {
    let first = index;
    let last = index;
    while (first > 0 && (spans[first - 1]?.end ?? 0) > start) first -= 1;
    while ((spans[last + 1]?.start ?? end) < end) last += 1;
    return spans.slice(first, last + 1);
  }
}
