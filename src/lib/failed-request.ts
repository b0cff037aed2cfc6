// Why a request over the network failed, in one line for people. Pure.

/** OpenSSL tells its own source files beside the reason. */
const OPENSSL = /:SSL routines:[^:]*:([^:\n]+)/;

/** The innermost reason: `fetch failed` or a list of addresses that did not answer help nobody. */
export function failedRequest(error: unknown): string {
  let current: unknown = error;
  for (let depth = 0; depth < 6; depth++) {
    const inner: unknown = current instanceof AggregateError ? current.errors[0] : undefined;
    if (inner === undefined) break;
    current = inner;
  }
  if (!(current instanceof Error)) return String(current);
  const reason = OPENSSL.exec(current.message)?.[1];
  if (reason !== undefined) return `TLS does not work: ${reason}`;
  return current.message.split('\n')[0] || current.name;
}
