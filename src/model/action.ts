// What a statement does, in policy terms. One table: adding an action is adding a row.

export type ActionGroup =
  | 'session'
  | 'read'
  | 'write'
  | 'destroy'
  | 'define'
  | 'administer'
  | 'execute'
  | 'unknown'
  | 'data'
  | 'duty';

/** Action id → its group; Cedar's schema is generated from this table. */
export const ACTIONS = {
  'session:open': 'session',
  'session:tunnel': 'session',
  'session:transfer': 'session',
  'sql:select': 'read',
  'sql:show': 'read',
  'sql:explain': 'read',
  'sql:copy-out': 'read',
  'sql:listen': 'read',
  'sql:set': 'read',
  'sql:transaction': 'read',
  'sql:cursor': 'read',
  'sql:insert': 'write',
  'sql:update': 'write',
  'sql:delete': 'write',
  'sql:merge': 'write',
  'sql:copy-in': 'write',
  'sql:notify': 'write',
  'sql:lock': 'write',
  'sql:drop': 'destroy',
  'sql:truncate': 'destroy',
  'sql:delete-all': 'destroy',
  'sql:update-all': 'destroy',
  'sql:create': 'define',
  'sql:create-temporary': 'define',
  'sql:alter': 'define',
  'sql:create-function': 'define',
  'sql:comment': 'define',
  'sql:maintain': 'define',
  'sql:grant': 'administer',
  'sql:role': 'administer',
  'sql:set-role': 'administer',
  'sql:set-meaning': 'administer',
  'sql:search-path': 'administer',
  'sql:alter-system': 'administer',
  'sql:copy-program': 'administer',
  'sql:copy-file': 'administer',
  'sql:two-phase': 'administer',
  'sql:replication': 'administer',
  'sql:server-function': 'administer',
  'sql:extension': 'administer',
  'sql:large-object': 'execute',
  'sql:call': 'execute',
  'sql:do': 'execute',
  'sql:execute-function': 'execute',
  'sql:fast-path': 'execute',
  'sql:unknown': 'unknown',
  'mcp:list': 'read',
  'mcp:read': 'read',
  'mcp:prompt': 'read',
  'mcp:roots': 'read',
  'mcp:call': 'execute',
  'mcp:sample': 'execute',
  'mcp:elicit': 'execute',
  'mcp:unknown': 'unknown',
  reveal: 'data',
  approve: 'duty',
  audit: 'duty',
} as const satisfies Record<string, ActionGroup>;

export type ActionId = keyof typeof ACTIONS;

export type EntityType =
  | 'User'
  | 'Bot'
  | 'Group'
  | 'Label'
  | 'Connection'
  | 'Table'
  | 'Function'
  | 'Column'
  | 'Data'
  | 'DataType'
  | 'Tool'
  | 'Prompt'
  | 'Resource'
  | 'Arguments';

/** A resource a statement touches; ids as policy.md section 1 writes them, e.g. `prod-db/public.customers`. */
export interface ResourceRef {
  readonly type: EntityType;
  readonly id: string;
}

/** One (action, resource) pair a statement yields; all of a statement's pairs must be allowed. */
export interface ActionUse {
  readonly action: ActionId;
  readonly resource: ResourceRef;
}
