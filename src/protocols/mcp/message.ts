// One line as one JSON-RPC message of MCP. Must never guess: what is neither request, notification nor response is refused.
import { type Scanned, scanLine } from './scan.ts';

export type Id = string | number;

export type Members = Readonly<Record<string, unknown>>;

interface Whole {
  /** The line as it came, without its line feed. */
  readonly bytes: Buffer;
  readonly value: Members;
}

export interface Request extends Whole {
  readonly kind: 'request';
  readonly id: Id;
  readonly method: string;
  readonly params: Members;
}

export interface Notification extends Whole {
  readonly kind: 'notification';
  readonly method: string;
  readonly params: Members;
}

export interface Response extends Whole {
  readonly kind: 'response';
  readonly id: Id;
  readonly result?: Members;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown };
}

export type Message = Request | Notification | Response;

export type Parsed =
  | { readonly ok: true; readonly message: Message }
  /** `id` when it is a request that can be answered. */
  | { readonly ok: false; readonly reason: string; readonly id?: Id };

export function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Ids are matched by type and value, so they must survive being read: text, or a whole number that has one spelling. */
export function isId(value: unknown): value is Id {
  return (typeof value === 'string' && value.length <= 1024) || Number.isSafeInteger(value);
}

/** Apart for 1 and "1". */
export function idKey(id: Id): string {
  return typeof id === 'string' ? `s${id}` : `n${id}`;
}

const METHOD = /^[A-Za-z$][\w$./-]{0,127}$/;

function paramsOf(value: Members): Members | undefined {
  const { params } = value;
  if (params === undefined) return {};
  return isMembers(params) ? params : undefined;
}

function refuse(reason: string, value?: Members): Parsed {
  const id = value?.['id'];
  const answerable = isId(id) && typeof value?.['method'] === 'string';
  return { ok: false, reason, ...(answerable ? { id } : {}) };
}

function responseOf(bytes: Buffer, value: Members): Parsed {
  const { id, result, error } = value;
  if (!isId(id)) return refuse('its id is neither text nor a whole number');
  const [hasResult, hasError] = [Object.hasOwn(value, 'result'), Object.hasOwn(value, 'error')];
  if (hasResult === hasError) return refuse('a response has either a result or an error');
  if (hasResult) {
    if (!isMembers(result)) return refuse('its result is not an object');
    return { ok: true, message: { kind: 'response', bytes, value, id, result } };
  }
  if (!isMembers(error) || !Number.isSafeInteger(error['code']) || typeof error['message'] !== 'string')
    return refuse('its error has no code and message');
  const { code, message, data } = error;
  const kept = { code: code as number, message, ...(data === undefined ? {} : { data }) };
  return { ok: true, message: { kind: 'response', bytes, value, id, error: kept } };
}

function callOf(bytes: Buffer, value: Members): Parsed {
  const { id, method } = value;
  if (typeof method !== 'string' || !METHOD.test(method)) return refuse('its method is not a name', value);
  if (Object.hasOwn(value, 'result') || Object.hasOwn(value, 'error'))
    return refuse('it is a request and a response at once', value);
  const params = paramsOf(value);
  if (!params) return refuse('its params are not an object', value);
  if (!Object.hasOwn(value, 'id'))
    return { ok: true, message: { kind: 'notification', bytes, value, method, params } };
  if (!isId(id)) return refuse('its id is neither text nor a whole number');
  return { ok: true, message: { kind: 'request', bytes, value, id, method, params } };
}

export function parseMessage(bytes: Buffer, from: 'host' | 'server'): Parsed {
  const scanned: Scanned = scanLine(bytes, { strictKeys: from === 'host' });
  if (!scanned.ok) return refuse(scanned.reason, isMembers(scanned.value) ? scanned.value : undefined);
  const { value } = scanned;
  if (Array.isArray(value)) return refuse('batches are not part of any version that is alive');
  if (!isMembers(value)) return refuse('it is not an object');
  if (value['jsonrpc'] !== '2.0') return refuse('it is not JSON-RPC 2.0', value);
  return Object.hasOwn(value, 'method') ? callOf(bytes, value) : responseOf(bytes, value);
}

/** As one line, without its end, for readers that also end one at U+2028 or U+2029: inside JSON these stand in strings only. */
export function lineOf(bytes: Buffer): Buffer {
  if (!bytes.includes(SEPARATORS) || !(bytes.includes('\u2028') || bytes.includes('\u2029'))) return bytes;
  const text = bytes.toString('utf8').replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
  return Buffer.from(text);
}

/** What both begin with. */
const SEPARATORS = Buffer.from([0xe2, 0x80]);

export function encode(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}
