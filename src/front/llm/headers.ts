// Which headers of a call to a model go on, each way. The caller's own authorization passes as it is; must never add one.
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';

export type ApiName = 'anthropic' | 'openai';

/** RFC 9110, section 7.6.1: meant for the next hop only. */
const HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

function kept(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  const named = new Set((headers.connection ?? '').toLowerCase().split(/[\s,]+/));
  const entries = Object.entries(headers).filter(
    ([name, value]) => value !== undefined && !HOP.has(name) && !named.has(name),
  );
  return Object.fromEntries(entries);
}

/** To the provider. `readable` names the content codings that can be looked into. */
export function forwarded(
  headers: IncomingHttpHeaders,
  host: string,
  readable: ((accepted: string | undefined) => string) | undefined,
): OutgoingHttpHeaders {
  const on = { ...kept(headers), host };
  return readable
    ? { ...on, 'accept-encoding': readable(headers['accept-encoding'] as string | undefined) }
    : on;
}

/** Back to the caller. */
export function returned(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  return kept(headers);
}

/** A failure of our own in the words of the API that was called. */
export function errorBody(api: ApiName, type: string, message: string): string {
  const error = { type, message: `broker: ${message}` };
  return JSON.stringify(api === 'anthropic' ? { type: 'error', error } : { error });
}
