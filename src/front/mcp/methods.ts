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

type CallRow = Extract<Row, { readonly kind: 'call' }>;

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

class Called implements Call {
  readonly method: string;
  readonly name: string | undefined;
  readonly use: Call['use'];
  readonly arguments: Call['arguments'];
  readonly #params: Members;
  readonly #said: readonly string[];

  constructor(method: string, name: string | undefined, use: Call['use'], params: Members, row: CallRow) {
    this.method = method;
    this.name = name;
    this.use = use;
    this.arguments = row.arguments?.(params) as Call['arguments'];
    this.#params = params;
    this.#said = row.said;
  }

  /** Only people are shown it, and few calls are shown to any. */
  get rest(): Members {
    return restOf(this.#params, this.#said);
  }
}

/** The call a request makes; undefined when what it names is not text. */
export function callOf(connection: string, method: string, params: Members): Call | undefined {
  const row = rowOf(method, params);
  if (row.kind !== 'call') return undefined;
  const { action, type } = row;
  const given = row.arguments?.(params);
  if (given !== undefined && !isMembers(given)) return undefined;
  if (type === 'Connection')
    return new Called(method, undefined, { action, resource: { type, id: connection } }, params, row);
  const name = row.name(params);
  if (typeof name !== 'string' || name === '') return undefined;
  const use = { action, resource: { type, id: `${connection}/${name}` } };
  return new Called(method, name, use, params, row);
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
