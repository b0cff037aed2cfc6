// Refusals in MCP's own words. Pure; a model reads them, so they say what to do and nothing that was protected.
import type { BrokerError } from '../../model/errors.ts';
import { encode, type Id, type Request } from './message.ts';
import { eraOf, UNSUPPORTED_VERSION, type VersionProblem } from './versions.ts';

export interface RpcError {
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
}

export function errorLine(id: Id, error: RpcError): Buffer {
  return encode({ jsonrpc: '2.0', id, error });
}

export function resultLine(id: Id, result: unknown): Buffer {
  return encode({ jsonrpc: '2.0', id, result });
}

/** A result of the request's own era. */
export function resultFor(request: Request, members: Readonly<Record<string, unknown>>): Buffer {
  const complete = eraOf(request.params) === 'stateless' ? { resultType: 'complete' } : {};
  return resultLine(request.id, { ...members, ...complete });
}

const INVALID_PARAMS = -32_602;

/** `broker: … . hint` on one line each, as a model and a person can read it. */
function words(error: BrokerError): string {
  return `broker: ${error.message}\nhint: ${error.hint}`;
}

/**
 * A call that was refused is a result with `isError`: models see those, and errors of the protocol they may not. What is no call of
 * anything there is (MCP, tools, error handling) is an error of the protocol.
 */
export function refusalOf(request: Request, error: BrokerError): Buffer {
  if (request.method === 'tools/call' && error.row.rpc !== INVALID_PARAMS)
    return resultFor(request, { content: [{ type: 'text', text: words(error) }], isError: true });
  const code = error.row.rpc ?? -32_003;
  return errorLine(request.id, {
    code,
    message: words(error),
    data: { code: error.code, hint: error.hint },
  });
}

export function invalidRequest(id: Id, reason: string): Buffer {
  return errorLine(id, { code: -32_600, message: `broker refused the request: ${reason}` });
}

/** The method is none of its era. */
export function methodGone(id: Id, method: string): Buffer {
  return errorLine(id, { code: -32_601, message: `Method not found: ${method}` });
}

export function unsupportedVersion(id: Id, { requested, supported, era }: VersionProblem): Buffer {
  const message = 'Unsupported protocol version';
  return errorLine(id, { code: UNSUPPORTED_VERSION[era], message, data: { supported, requested } });
}

/** The server's answer is longer than hosts take. */
export function tooLong(request: Request, length: number, limit: number): Buffer {
  const mebibytes = (length / (1 << 20)).toFixed(1);
  const text = `broker: the answer has ${mebibytes} MiB, more than the ${limit >> 20} MiB that fit into one message\nhint: ask for less at a time`;
  if (request.method === 'tools/call')
    return resultFor(request, { content: [{ type: 'text', text }], isError: true });
  return errorLine(request.id, { code: -32_603, message: text });
}
