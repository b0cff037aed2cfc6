// Masks a parsed JSON document wherever data can hide in it: JSON in text, base64, `data:` addresses, keys. Must never hand back a
// document in which the same value is hidden in one place and shown in another.
import { isUtf8 } from 'node:buffer';
import type { MaskStrategy } from '../../model/connection.ts';
import type { CoverageRow } from '../../model/event.ts';
import type { Scanner } from '../../model/masking.ts';
import { Content } from './cells/scan.ts';
import { Tally } from './cells/tally.ts';

/** Wrappings that are undone: JSON in base64 in JSON and so on. What is wrapped deeper goes through the detectors as it is. */
const MAX_WRAPPINGS = 8;

/** Shorter numbers are ordinary ones, where no key announces them. */
const FEWEST_DIGITS = 12;
const FEWEST_NAMED = 3;
/** Some values are only known by their key: a password. Beyond these lengths a key is not asked. */
const LONGEST_KEY = 64;
const LONGEST_KEYED = 4096;

/** Keys that are remembered. */
const MOST_NAMED = 1024;

const TOKENS = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/gs;
const JSON_TEXT = /^\s*[[{]/;
const BASE64 = /^[A-Za-z0-9+/]{16,}={0,2}$/;
const BASE64_URL = /^[A-Za-z0-9_-]{16,}$/;
const DATA_URL = /^(data:[^,]{0,200};base64,)([A-Za-z0-9+/]+={0,2})$/;

export interface DocumentMaskerOptions {
  readonly scanner: Scanner;
  /** Data types this principal may see. */
  readonly revealed: ReadonlySet<string>;
  readonly strategies: Readonly<Record<string, MaskStrategy>>;
  readonly hashKey: Uint8Array;
}

export interface MaskedDocument<T> {
  /** The same object when nothing was hidden. */
  readonly value: T;
  /** Stretches that were hidden. */
  readonly hidden: number;
}

export class DocumentMasker {
  readonly #content: Content;
  readonly #tally = new Tally();
  /** By key: the same ones come again and again. */
  readonly #named = new Map<string, Content>();
  readonly #clean = new Set<string>();
  #hidden = 0;

  constructor(options: DocumentMaskerOptions) {
    this.#content = new Content({ ...options, tally: this.#tally });
  }

  /** Members named in `kept` at the top are the protocol's own, such as cursors, and stay as they are. */
  mask<T>(value: T, kept?: ReadonlySet<string>): MaskedDocument<T> {
    this.#hidden = 0;
    const masked = kept ? this.#members(value as object, 0, kept) : this.#value(value, undefined, 0);
    return { value: masked as T, hidden: this.#hidden };
  }

  text(text: string): string {
    return this.#text(text, undefined, 0);
  }

  coverage(): CoverageRow[] {
    return this.#tally.coverage();
  }

  #value(value: unknown, key: string | undefined, wrappings: number): unknown {
    if (typeof value === 'string') return this.#text(value, key, wrappings);
    if (typeof value === 'number') return this.#number(value, key);
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) {
      let changed = false;
      const items = value.map((item: unknown) => {
        const masked = this.#value(item, key, wrappings);
        if (masked !== item) changed = true;
        return masked;
      });
      return changed ? items : value;
    }
    return this.#members(value, wrappings);
  }

  #members(value: object, wrappings: number, kept?: ReadonlySet<string>): unknown {
    let changed = false;
    const members = Object.entries(value);
    for (const member of members) {
      const [key, inner] = member as [string, unknown];
      if (kept?.has(key)) continue;
      const name = this.#key(key);
      const masked = this.#value(inner, key, wrappings);
      if (masked === inner && name === key) continue;
      changed = true;
      member[0] = name;
      member[1] = masked;
    }
    return changed ? Object.fromEntries(members) : value;
  }

  /** A key as it may be shown. Those with nothing to hide come again and again. */
  #key(key: string): string {
    if (this.#clean.has(key)) return key;
    const shown = this.#plain(key, undefined);
    if (shown !== undefined || key.length > LONGEST_KEY) return shown ?? key;
    if (this.#clean.size >= MOST_NAMED) this.#clean.clear();
    this.#clean.add(key);
    return key;
  }

  /** The detectors for what stands under a key. */
  #under(key: string | undefined): Content {
    if (key === undefined || key.length > LONGEST_KEY) return this.#content;
    const known = this.#named.get(key);
    if (known) return known;
    if (this.#named.size >= MOST_NAMED) this.#named.clear();
    const named = this.#content.under([key]);
    this.#named.set(key, named);
    return named;
  }

  #number(value: number, key: string | undefined): unknown {
    const digits = String(value);
    const fewest = this.#under(key).isNamed ? FEWEST_NAMED : FEWEST_DIGITS;
    return digits.length < fewest ? value : (this.#plain(digits, key) ?? value);
  }

  #text(text: string, key: string | undefined, wrappings: number): string {
    if (text.length < this.#under(key).shortest) return text;
    const unwrapped = wrappings < MAX_WRAPPINGS ? this.#unwrapped(text, wrappings + 1) : undefined;
    return unwrapped ?? this.#plain(text, key) ?? text;
  }

  /** The text with what is wrapped in it masked; undefined when there is nothing wrapped, or nothing in it was hidden. */
  #unwrapped(text: string, wrappings: number): string | undefined {
    if (JSON_TEXT.test(text) && isJson(text)) {
      const masked = this.#jsonText(text, wrappings);
      return masked === text ? undefined : (this.#plain(masked, undefined) ?? masked);
    }
    const [, head = '', body = ''] = DATA_URL.exec(text.slice(0, 256)) ?? DATA_URL.exec(text) ?? [];
    if (body !== '') return this.#base64(head, body, 'base64', wrappings);
    if (text.length % 4 === 0 && BASE64.test(text)) return this.#base64('', text, 'base64', wrappings);
    return BASE64_URL.test(text) ? this.#base64('', text, 'base64url', wrappings) : undefined;
  }

  #base64(
    head: string,
    body: string,
    encoding: 'base64' | 'base64url',
    wrappings: number,
  ): string | undefined {
    const bytes = Buffer.from(body, encoding);
    // Pictures and sound are not text.
    if (!isUtf8(bytes)) return undefined;
    const text = bytes.toString('utf8');
    const masked = this.#text(text, undefined, wrappings);
    return masked === text ? undefined : head + Buffer.from(masked).toString(encoding);
  }

  /** JSON as text: nothing between its strings and numbers is printed again. */
  #jsonText(text: string, wrappings: number): string {
    let key: string | undefined;
    let last = 0;
    return text.replace(TOKENS, (token: string, offset: number) => {
      // Elements of an array stand under its key; whatever else a brace begins or ends has keys of its own.
      if (/[{}]/.test(text.slice(last, offset))) key = undefined;
      last = offset + token.length;
      if (!token.startsWith('"')) {
        const fewest = this.#under(key).isNamed ? FEWEST_NAMED : FEWEST_DIGITS;
        const masked = token.length < fewest ? undefined : this.#plain(token, key);
        return masked === undefined ? token : JSON.stringify(masked);
      }
      const value = JSON.parse(token) as string;
      const isKey = /^\s*:/.test(text.slice(offset + token.length, offset + token.length + 16));
      const masked = isKey ? (this.#plain(value, undefined) ?? value) : this.#text(value, key, wrappings);
      key = isKey ? value : key;
      return masked === value ? token : JSON.stringify(masked);
    });
  }

  /** Through the detectors; `key` is what the value is called where it stands. Undefined when nothing is hidden. */
  #plain(text: string, key: string | undefined): string | undefined {
    const spans = this.#under(text.length > LONGEST_KEYED ? undefined : key).spans(text);
    if (spans.length === 0) return undefined;
    this.#content.count(spans);
    this.#hidden += spans.length;
    return this.#content.splice(text, spans);
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
