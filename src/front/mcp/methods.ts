// What each of MCP's methods is in policy's terms. One table: a method that is not in it is unknown, and policy is asked as about one.
import type { Call } from '../../flow/call-lines.ts';
import type { ActionId, EntityType } from '../../model/action.ts';
import { isMembers, type Members } from '../../protocols/mcp/index.ts';

/** `free`: part of the protocol's own working. `list`: decided without a session. `call`: decided, recorded, in a session. */
type Row =
  | { readonly kind: 'free' }
  | { readonly kind: 'list'; readonly members: 'tools' | 'prompts' | 'resources' | 'resourceTemplates' }
  | {
      readonly kind: 'call';
      readonly action: ActionId;
      readonly type: EntityType;
      name(params: Members): unknown;
      arguments?(params: Members): unknown;
      /** Members whose whole meaning is in its name and arguments. */
      readonly said: readonly string[];
    };

const FREE: Row = { kind: 'free' };

const tool: Row = {
  kind: 'call',
  action: 'mcp:call',
  type: 'Tool',
  name: ({ name }) => name,
  arguments: (params) => params['arguments'] ?? {},
  said: ['name', 'arguments'],
};

const resource: Row = {
  kind: 'call',
  action: 'mcp:read',
  type: 'Resource',
  name: ({ uri }) => uri,
  said: ['uri'],
};

const prompt: Row = {
  kind: 'call',
  action: 'mcp:prompt',
  type: 'Prompt',
  name: ({ name }) => name,
  arguments: (params) => params['arguments'] ?? {},
  said: ['name', 'arguments'],
};

/** A completion belongs to the prompt or resource it completes. */
const refOf = ({ ref }: Members): Members => (isMembers(ref) ? ref : {});
const complete = (params: Members): Row =>
  refOf(params)['type'] === 'ref/resource'
    ? {
        ...resource,
        name: (given) => refOf(given)['uri'],
        arguments: ({ argument }) => argument ?? {},
        said: [],
      }
    : {
        ...prompt,
        name: (given) => refOf(given)['name'],
        arguments: ({ argument }) => argument ?? {},
        said: [],
      };

const whole = (action: ActionId): Row => ({
  kind: 'call',
  action,
  type: 'Connection',
  name: () => undefined,
  said: [],
});

const ROWS: Readonly<Record<string, Row | ((params: Members) => Row)>> = Object.assign(Object.create(null), {
  initialize: FREE,
  ping: FREE,
  'server/discover': FREE,
  'logging/setLevel': FREE,
  'resources/unsubscribe': FREE,
  'subscriptions/listen': FREE,
  // Of a call that was decided when it was made.
  'tasks/get': FREE,
  'tasks/list': FREE,
  'tasks/result': FREE,
  'tasks/cancel': FREE,
  'tasks/update': FREE,
  'tools/list': { kind: 'list', members: 'tools' },
  'prompts/list': { kind: 'list', members: 'prompts' },
  'resources/list': { kind: 'list', members: 'resources' },
  'resources/templates/list': { kind: 'list', members: 'resourceTemplates' },
  'tools/call': tool,
  'prompts/get': prompt,
  'resources/read': resource,
  'resources/subscribe': resource,
  'completion/complete': complete,
  // Of the server to the host.
  'sampling/createMessage': whole('mcp:sample'),
  'elicitation/create': whole('mcp:elicit'),
  'roots/list': whole('mcp:roots'),
} satisfies Record<string, Row | ((params: Members) => Row)>);

export function rowOf(method: string, params: Members): Row {
  const row = ROWS[method] ?? whole('mcp:unknown');
  return typeof row === 'function' ? row(params) : row;
}

/** `_meta` of single messages: what follows them about, and what hosts say of themselves. No server acts otherwise for it. */
const VOLATILE =
  /^(progressToken$|traceparent$|tracestate$|baggage$|io\.modelcontextprotocol\/|claudecode\/|x-codex-|vscode\.)/;

/** Everything of a request that a server could act on, beside what is in its name and arguments. */
function restOf(params: Members, said: readonly string[]): Members {
  const { _meta: meta, ...others } = params;
  const kept = Object.entries(others).filter(([key]) => !said.includes(key));
  const lasting = isMembers(meta) ? Object.entries(meta).filter(([key]) => !VOLATILE.test(key)) : [];
  if (lasting.length > 0) kept.push(['_meta', Object.fromEntries(lasting)]);
  return Object.fromEntries(kept);
}

/** The call a request makes; undefined when what it names is not text. */
export function callOf(connection: string, method: string, params: Members): Call | undefined {
  const row = rowOf(method, params);
  if (row.kind !== 'call') return undefined;
  const name = row.name(params);
  const given = row.arguments?.(params);
  if (given !== undefined && !isMembers(given)) return undefined;
  const rest = restOf(params, row.said);
  if (row.type === 'Connection')
    return { method, use: { action: row.action, resource: { type: 'Connection', id: connection } }, rest };
  if (typeof name !== 'string' || name === '') return undefined;
  return {
    method,
    name,
    use: { action: row.action, resource: { type: row.type, id: `${connection}/${name}` } },
    ...(given === undefined ? {} : { arguments: given }),
    rest,
  };
}

/** The name by which policy knows an entry of a list, as a call would name it. */
export function entryName(members: string, entry: Members): unknown {
  if (members === 'resources') return entry['uri'];
  if (members === 'resourceTemplates') return entry['uriTemplate'];
  return entry['name'];
}

/** What a host would ask for to use an entry of a list. */
export const USED_BY: Readonly<Record<string, string>> = {
  tools: 'tools/call',
  prompts: 'prompts/get',
  resources: 'resources/read',
  resourceTemplates: 'resources/read',
};
