// Content masking inside JSON: keys, strings and long numbers are looked at one by one, and what comes out is JSON again.
// The text between them is copied as it is: nothing is re-printed.
import type { CellMask, Span } from '../../../model/masking.ts';
import { viewOf } from './bytes.ts';
import { withoutExponent } from './exponent.ts';
import type { Content } from './scan.ts';

/** `jsonb` in binary starts with its version. */
const JSONB_VERSION = 1;
/** Of numbers with a dozen digits and more. */
const LONG_EXPONENT = /\d[eE]\+?1\d/;
/** Shorter numbers are ordinary ones, where no key announces them. */
const FEWEST_DIGITS = 12;
const FEWEST_NAMED = 3;
const TOKENS = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/gs;

function unquote(token: string): string | undefined {
  try {
    const value: unknown = JSON.parse(token);
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}

function stringSpans(
  content: Content,
  value: string,
  key: string | undefined,
  spared: string | undefined,
): readonly Span[] {
  return (key === undefined ? content : content.under([key])).spans(value, spared);
}

/** The text masked inside; the same text when every piece of it may pass. What was hidden is added to `found`. */
export function maskJson(content: Content, text: string, found: Span[], spared?: string): string {
  let key: string | undefined;
  let last = 0;
  return text.replace(TOKENS, (token: string, offset: number) => {
    // Elements of an array stand under its key; whatever else a brace begins or ends has keys of its own.
    if (/[{}]/.test(text.slice(last, offset))) key = undefined;
    last = offset + token.length;
    if (!token.startsWith('"')) {
      const named = key === undefined ? content : content.under([key]);
      const digits =
        token.length < (named.isNamed ? FEWEST_NAMED : FEWEST_DIGITS) ? '' : withoutExponent(token);
      const spans = digits === '' ? [] : named.spans(digits, spared);
      found.push(...spans);
      return spans.length === 0 ? token : JSON.stringify(content.splice(digits, spans));
    }
    const value = unquote(token);
    if (value === undefined) return token;
    const isKey = /^\s*:/.test(text.slice(offset + token.length, offset + token.length + 16));
    const spans = stringSpans(content, value, isKey ? undefined : key, spared);
    key = isKey ? value : key;
    found.push(...spans);
    return spans.length === 0 ? token : JSON.stringify(content.splice(value, spans));
  });
}

/** `version`: bytes before the text, 1 for jsonb in binary. */
function jsonScan(content: Content, spared: string | undefined, version: 0 | 1): CellMask {
  return (buffer, start, end) => {
    const view = viewOf(buffer);
    if (version === 1 && view[start] !== JSONB_VERSION) return null;
    const from = start + version;
    const raw = view.toString('latin1', from, end);
    const spans = content.spans(raw, spared);
    // Escapes and exponents can hide what the raw text does not show.
    if (spans.length === 0 && !raw.includes('\\') && !LONG_EXPONENT.test(raw)) return undefined;
    const found: Span[] = [];
    const masked = maskJson(content, view.toString('utf8', from, end), found, spared);
    if (found.length === 0 && spans.length === 0) return undefined;
    content.count(found.length > 0 ? found : spans);
    // Found only across pieces: nothing smaller than the whole can be replaced.
    const out =
      found.length > 0 ? masked : JSON.stringify(content.replacement(spans[0]?.type ?? 'masked', raw));
    return Buffer.from(version === 1 ? `\x01${out}` : out);
  };
}

export const jsonTextScan = (content: Content, spared: string | undefined): CellMask =>
  jsonScan(content, spared, 0);
export const jsonbBinaryScan = (content: Content, spared: string | undefined): CellMask =>
  jsonScan(content, spared, 1);
