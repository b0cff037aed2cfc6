// Which events an export holds back. Pure; must never let pass what was asked to stay, nor what would tell it.
import { BrokerError } from '../../model/errors.ts';
import type { EventType } from '../../model/event.ts';
import type { CommandContext } from '../command.ts';

const TYPES: Readonly<Record<EventType, true>> = {
  'session.open': true,
  'session.close': true,
  'client.connect': true,
  'client.refused': true,
  'client.disconnect': true,
  statement: true,
  answer: true,
  claim: true,
  cancel: true,
  notice: true,
  'model.exchange': true,
  warning: true,
  credential: true,
  'approval.request': true,
  'approval.notify': true,
  'approval.decision': true,
  'approval.use': true,
  'approval.end': true,
  coverage: true,
};

/** Of which requests for approval repeat what stands in the event. */
const TOLD_BY_REQUESTS = /^(statement|approval\.)/;

export interface Withheld {
  readonly types: ReadonlySet<string>;
  /** `schema.table.column`, or the end of it, in lower case. */
  readonly columns: readonly string[];
  /** Session id → numbers of its events, from and to. */
  readonly sessions: ReadonlyMap<string, readonly (readonly [number, number])[]>;
  /** The ways a text may be spelled in a line, in lower case. */
  readonly spellings: readonly string[];
}

function wrong(reason: string): BrokerError {
  return new BrokerError('usage', { reason, command: 'export' });
}

const escaped = (text: string): string => JSON.stringify(text).slice(1, -1);

function ascii(text: string): string {
  return text.replace(/[\u007f-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** As it is, in JSON, and in JSON that is a text in JSON; composed and decomposed. */
function spellings(text: string): string[] {
  const forms = [text, text.normalize('NFC'), text.normalize('NFD')].flatMap((form) => {
    const once = escaped(form);
    const plain = escaped(ascii(form));
    return [form, once, escaped(once), plain, escaped(plain)];
  });
  return [...new Set(forms.map((form) => form.toLowerCase()))];
}

function span(numbers: string | undefined, part: string): readonly [number, number] {
  if (numbers === undefined) return [0, Number.MAX_SAFE_INTEGER];
  const [, from = '', to = from] = /^(\d{1,15})(?:-(\d{1,15}))?$/.exec(numbers) ?? [];
  if (from === '' || Number(to) < Number(from))
    throw wrong(`--withhold ${part}: events are told by number: session:ID:4 or session:ID:4-9`);
  return [Number(from), Number(to)];
}

/** Undefined when everything is handed over. */
export function withheldOf({ options }: CommandContext): Withheld | undefined {
  const { withhold, withholdText, text } = options;
  if (typeof withhold !== 'string' && typeof withholdText !== 'string') return undefined;
  const types = new Set<string>();
  const columns: string[] = [];
  const sessions = new Map<string, (readonly [number, number])[]>();
  for (const part of typeof withhold === 'string' ? withhold.split(',').map((each) => each.trim()) : []) {
    const [, kind, name = '', numbers] = /^(session|column):([^:]+)(?::([^:]*))?$/.exec(part) ?? [];
    if (kind === 'session') sessions.set(name, [...(sessions.get(name) ?? []), span(numbers, part)]);
    else if (kind === 'column' && numbers === undefined) columns.push(name.toLowerCase());
    else if (Object.hasOwn(TYPES, part)) types.add(part);
    else
      throw wrong(
        `--withhold ${part}: there are no such events; write column:NAME, session:ID, or a type: ${Object.keys(TYPES).join(', ')}`,
      );
  }
  if (withholdText === '') throw wrong('--withhold-text needs a text');
  const hidden = typeof withholdText === 'string' ? spellings(withholdText) : [];
  if (typeof text === 'string' && hidden.some((each) => text.toLowerCase().includes(each)))
    throw wrong('--text would tell what --withhold-text holds back: filters are recorded');
  return { types, columns, sessions, spellings: hidden };
}

/** For those who read the export: never the text itself. */
export function typedWithheld({ options }: CommandContext): Record<string, string> {
  const { withhold, withholdText } = options;
  return {
    ...(typeof withhold === 'string' ? { withhold } : {}),
    ...(typeof withholdText === 'string' ? { 'withhold-text': '(not told)' } : {}),
  };
}

/** Whether requests for approval would tell what is withheld. */
export function hidesRequests({ types, columns, sessions, spellings: texts }: Withheld): boolean {
  if (texts.length > 0 || columns.length > 0 || sessions.size > 0) return true;
  return [...types].some((type) => TOLD_BY_REQUESTS.test(type));
}

/** Whether bytes say a withheld text, also in what is base64 in them. */
export function tells({ spellings: texts }: Withheld, bytes: Uint8Array): boolean {
  if (texts.length === 0) return false;
  const text = Buffer.from(bytes).toString('utf8');
  const inner = text.match(/[A-Za-z0-9+/_-]{16,}/g) ?? [];
  return [text, ...inner.map((each) => Buffer.from(each, 'base64').toString('utf8'))].some((each) => {
    const lower = each.toLowerCase();
    return texts.some((spelling) => lower.includes(spelling));
  });
}
