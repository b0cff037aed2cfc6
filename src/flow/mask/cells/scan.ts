// Content masking of text: detectors look at the bytes as Latin-1, so that offsets are bytes and nothing is decoded
// that passes. Must never pass a span whose data type is not revealed.
import type { MaskStrategy } from '../../../model/connection.ts';
import type { CellMask, Scanner, Span } from '../../../model/masking.ts';
import { applyStrategy, strategyFor } from '../strategies.ts';
import { Output, viewOf } from './bytes.ts';
import { joined, scanBytes, scanDecoded, UNREADABLE } from './encoded.ts';
import { eachTableCell } from './tables.ts';
import type { Tally } from './tally.ts';

/** Shortest text any detector reports, in bytes, where no name announces it. */
/** Bytes looked at behind the name of their column. */
const MOST_ANNOUNCED = 1024;
const SHORTEST = 5;

/** Of arrays, mostly. */
const singular = (name: string): readonly string[] => (/s$/i.test(name) ? [name, name.slice(0, -1)] : [name]);

/** Data types of what is assigned to a name. */
const WHOLE: ReadonlySet<string> = new Set(['password', 'secret']);

export interface ContentOptions {
  readonly scanner: Scanner;
  /** Data types this principal may see. */
  readonly revealed: ReadonlySet<string>;
  readonly strategies: Readonly<Record<string, MaskStrategy>>;
  readonly hashKey: Uint8Array;
  readonly tally: Tally;
}

export class Content {
  readonly #options: ContentOptions;
  readonly #scan: (text: string) => readonly Span[];
  /** What the values stand under, when that can tell what they are. */
  readonly #names: readonly string[];

  constructor(options: ContentOptions, names: readonly string[] = []) {
    this.#options = options;
    this.#names = names;
    this.#scan = (text) => options.scanner.scan(text);
  }

  /** The same for the values of a column: its name may announce what they are. */
  under(names: readonly string[]): Content {
    const { scanner } = this.#options;
    const telling = names.filter((name) => scanner.announces(name)).flatMap(singular);
    return telling.length === 0 ? this : new Content(this.#options, [...new Set(telling)]);
  }

  /** The same for what is taken apart into values with names of their own. */
  get unnamed(): Content {
    return this.isNamed ? new Content(this.#options) : this;
  }

  get isNamed(): boolean {
    return this.#names.length > 0;
  }

  /** Values with fewer bytes may pass. */
  get shortest(): number {
    return this.isNamed ? 1 : SHORTEST;
  }

  /** True when nothing is looked for. */
  get idle(): boolean {
    const { scanner, revealed } = this.#options;
    return scanner.types.every((type) => revealed.has(type));
  }

  /** What to hide in a text. `spared` is the data type of the column, when it is revealed. */
  spans(text: string, spared?: string): readonly Span[] {
    const plain = this.#shown(scanDecoded(text, this.#scan), spared);
    const spans = text.includes('\n') ? this.#tables(text, plain, spared) : plain;
    for (const name of spans.length === 0 ? this.#names : []) {
      const beside = this.spansBeside(name, text, spared);
      if (beside.length > 0) return beside;
    }
    return spans;
  }

  /** What to hide in a value that stands beside a name: detectors may need the name to know a password. */
  spansBeside(name: string, value: string, spared?: string): readonly Span[] {
    const prefix = `${name}=`;
    const spans = this.#shown(scanDecoded(prefix + value, this.#scan), spared);
    return spans
      .filter(({ end }) => end > prefix.length)
      .map(({ start, end, type }) => {
        const from = Math.max(start - prefix.length, 0);
        // In a text a password ends at a blank; here the value ends where it ends.
        const to = from === 0 && WHOLE.has(type) ? value.length : end - prefix.length;
        return { start: from, end: to, type };
      });
  }

  /** With what stands under the names of a table's columns. */
  #tables(text: string, plain: readonly Span[], spared: string | undefined): readonly Span[] {
    const { scanner } = this.#options;
    const found: Span[] = [];
    const telling = (name: string): boolean => scanner.announces(name);
    eachTableCell(text, telling, (name, start, end) => {
      for (const span of this.spansBeside(name, text.slice(start, end), spared))
        found.push({ ...span, start: span.start + start, end: span.end + start });
    });
    return found.length === 0 ? plain : joined([...plain, ...found]);
  }

  #shown(spans: readonly Span[], spared: string | undefined): readonly Span[] {
    const { revealed } = this.#options;
    if (spans.length === 0 || (revealed.size === 0 && spared === undefined)) return spans;
    return spans.filter((span) => span.type !== spared && !revealed.has(span.type));
  }

  /** What to hide in bytes that may hold anything: all of them, when there is something. */
  spansInBytes(bytes: string, spared?: string): readonly Span[] {
    const { revealed } = this.#options;
    const hides = (type: string): boolean => type !== spared && !revealed.has(type);
    const scan =
      revealed.size === 0 && spared === undefined
        ? this.#scan
        : (text: string) => this.#scan(text).filter(({ type }) => hides(type));
    const type = scanBytes(bytes, scan);
    if (type !== undefined && hides(type)) return [{ start: 0, end: bytes.length, type }];
    return this.#announcedBytes(bytes, spared);
  }

  /** Bytes under a telling name: as the text they are, or as the number they make. */
  #announcedBytes(bytes: string, spared: string | undefined): readonly Span[] {
    if (!this.isNamed) return [];
    const head = bytes.slice(0, MOST_ANNOUNCED);
    for (const form of [head, Buffer.from(head, 'latin1').toString('hex')]) {
      const [found] = this.spans(form, spared);
      if (found) return [{ start: 0, end: bytes.length, type: found.type }];
    }
    return [];
  }

  /** Whether values of the data type are not to be seen. */
  hides(type: string): boolean {
    const { revealed, scanner } = this.#options;
    return scanner.types.includes(type) && !revealed.has(type);
  }

  replacement(type: string, raw: string): string {
    const { strategies, hashKey } = this.#options;
    return applyStrategy(strategyFor(strategies, type), type, raw, hashKey) ?? '';
  }

  count(spans: readonly Span[]): void {
    const { tally } = this.#options;
    for (const { type } of spans) {
      tally.of(type).content += 1;
      if (type === UNREADABLE) tally.unmaskable(type, 'depth');
    }
    tally.masked();
  }

  /** Counts a value that is made NULL because of what was found in it. */
  countWhole(spans: readonly Span[]): void {
    this.count(spans);
    for (const { type } of spans) if (type !== UNREADABLE) this.#options.tally.unmaskable(type, 'form');
  }

  /** Masks a whole text; undefined when it may pass. Counts. */
  mask(text: string, spared?: string): string | undefined {
    const spans = this.spans(text, spared);
    if (spans.length === 0) return undefined;
    this.count(spans);
    return this.splice(text, spans);
  }

  /** The text with the spans replaced. */
  splice(text: string, spans: readonly Span[]): string {
    let out = '';
    let at = 0;
    for (const span of spans) {
      out += text.slice(at, span.start) + this.replacement(span.type, text.slice(span.start, span.end));
      at = span.end;
    }
    return out + text.slice(at);
  }
}

/** UTF-8 text, the same in both formats. */
export function textScan(content: Content, spared: string | undefined): CellMask {
  const output = new Output();
  return (buffer, start, end) => {
    if (end - start < content.shortest) return undefined;
    const view = viewOf(buffer);
    const spans = content.spans(view.toString('latin1', start, end), spared);
    if (spans.length === 0) return undefined;
    content.count(spans);
    output.start();
    let at = start;
    for (const span of spans) {
      output.copy(view, at, start + span.start);
      output.text(
        content.replacement(span.type, view.toString('utf8', start + span.start, start + span.end)),
      );
      at = start + span.end;
    }
    output.copy(view, at, end);
    return output.done();
  };
}

/** A form not taken apart: NULL as soon as anything shows in its bytes. */
export function opaqueScan(content: Content, spared: string | undefined): CellMask {
  return (buffer, start, end) => {
    if (end - start < content.shortest) return undefined;
    const spans = content.spansInBytes(viewOf(buffer).toString('latin1', start, end), spared);
    if (spans.length === 0) return undefined;
    content.countWhole(spans);
    return null;
  };
}

const OCTAL = /\\(?:([0-3][0-7]{2})|\\)/g;

/** `bytea_output = escape`: a backslash is doubled, what is not printable is octal. */
const unescaped = (text: string): string =>
  text.replace(OCTAL, (_, octal?: string) => (octal ? String.fromCharCode(Number.parseInt(octal, 8)) : '\\'));

/** bytea: hexadecimal (`\x…`) or escaped in text, plain in binary. */
export function byteaScan(content: Content, format: 0 | 1, spared: string | undefined): CellMask {
  const plain = opaqueScan(content, spared);
  if (format === 1) return plain;
  return (buffer, start, end) => {
    if (buffer[start] !== 0x5c || buffer[start + 1] !== 0x78) {
      const text = unescaped(viewOf(buffer).toString('latin1', start, end));
      return plain(Buffer.from(text, 'latin1'), 0, text.length);
    }
    const bytes = Buffer.from(viewOf(buffer).toString('latin1', start + 2, end), 'hex');
    return plain(bytes, 0, bytes.length);
  };
}

/** Every value is of the type: NULL where that is not to be seen. */
export function alwaysScan(
  content: Content,
  dataType: string,
  spared: string | undefined,
): CellMask | undefined {
  if (dataType === spared || !content.hides(dataType)) return undefined;
  return (_buffer, start, end) => {
    content.countWhole([{ start: 0, end: end - start, type: dataType }]);
    return null;
  };
}

const UUID = /^(.{8})(.{4})(.{4})(.{4})(.{12})$/;

/** Only under a telling name: there a UUID is a key that opens something, and no mere identity. */
export function uuidScan(content: Content, format: 0 | 1, spared: string | undefined): CellMask | undefined {
  if (!content.isNamed) return undefined;
  return (buffer, start, end) => {
    const raw = viewOf(buffer).toString(format === 0 ? 'latin1' : 'hex', start, end);
    const spans = content.spans(raw.replace(UUID, '$1-$2-$3-$4-$5'), spared);
    if (spans.length === 0) return undefined;
    content.countWhole(spans);
    return null;
  };
}
