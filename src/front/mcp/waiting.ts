// What a host is told while a call of its waits for people, in the words of its own era. Pure.

import type { BrokerError } from '../../model/errors.ts';
import {
  encode,
  eraOf,
  isMembers,
  type Members,
  type Request,
  refusalOf,
  resultLine,
} from '../../protocols/mcp/index.ts';
import type { Waiting } from './held-calls.ts';

/** Results of these may ask for input instead (MCP 2026-07-28, multi round-trip requests). */
const ROUND_TRIPS: ReadonlySet<string> = new Set(['tools/call', 'prompts/get', 'resources/read']);

/** Rounds after which hosts give up by themselves: before that they are told to make the call again. */
const MOST_ROUNDS = 8;

/** Key of our own request for input. */
const INPUT = 'broker-approval';

const CAPABILITIES = 'io.modelcontextprotocol/clientCapabilities';

/** Progress of a call must grow: what its server reports later does so from here. */
const SMALLEST = 1e-6;

/** The host can show its person a message, and asks for input where it is told to. */
export function canInform({ method, params }: Request): boolean {
  if (eraOf(params) !== 'stateless' || !ROUND_TRIPS.has(method) || !isMembers(params['_meta'])) return false;
  const capabilities = params['_meta'][CAPABILITIES];
  const elicitation = isMembers(capabilities) ? capabilities['elicitation'] : undefined;
  if (!isMembers(elicitation)) return false;
  return elicitation['form'] !== undefined || elicitation['url'] === undefined;
}

/** It is only told: whatever the host answers for its person approves nothing. */
function inform({ words, id }: Waiting): Members {
  const message = `broker: ${words}\nSee it with "broker approvals show ${id}". Somebody else has to approve it; this answer does not.`;
  const params = { mode: 'form', message, requestedSchema: { type: 'object', properties: {} } };
  return { inputRequests: { [INPUT]: { method: 'elicitation/create', params } } };
}

/** The answer to a call that waits on: the host comes back for it. */
export function waitsLine(request: Request, waiting: Waiting, pending: BrokerError): Buffer {
  const { method, params, id } = request;
  if (eraOf(params) !== 'stateless' || !ROUND_TRIPS.has(method) || waiting.rounds > MOST_ROUNDS)
    return refusalOf(request, pending);
  const told = waiting.rounds === 1 && canInform(request) ? inform(waiting) : {};
  return resultLine(id, { resultType: 'input_required', ...told, requestState: waiting.token });
}

/** The call with what it said when it was first made; its own metadata stays. */
export function resumedRequest(request: Request, first: Members): Request {
  const { requestState: _, inputResponses: __, ...own } = request.params;
  const { requestState, inputResponses } = first;
  const params = {
    ...own,
    ...(requestState === undefined ? {} : { requestState }),
    ...(inputResponses === undefined ? {} : { inputResponses }),
  };
  return withParams(request, params);
}

export function withParams(request: Request, params: Members): Request {
  const value = { ...request.value, params };
  return { ...request, params, value, bytes: encode(value) };
}

/** A notification that the call waits; undefined for a host that wants none. `step` counts up. */
export function progressLine({ params }: Request, step: number, message: string): Buffer | undefined {
  const meta = params['_meta'];
  const progressToken = isMembers(meta) ? meta['progressToken'] : undefined;
  if (typeof progressToken !== 'string' && !Number.isSafeInteger(progressToken)) return undefined;
  const progress = step * SMALLEST;
  const method = 'notifications/progress';
  return encode({ jsonrpc: '2.0', method, params: { progressToken, progress, message } });
}
