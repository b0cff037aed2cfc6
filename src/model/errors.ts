// Every failure a person can meet: one row each. main.ts, the man page and the protocols' refusals read it.

/** Exit codes of the command line, as the man page lists them. */
export const EXIT = {
  done: 0,
  bug: 1,
  usage: 2,
  refused: 3,
  signIn: 4,
  expired: 5,
  notVerified: 6,
  unreachable: 7,
  waiting: 8,
  configuration: 9,
  launcher: 125,
  interrupted: 130,
} as const;

export interface ErrorRow {
  /** What went wrong; lower case, no full stop. `{name}` is replaced from the error's details. */
  readonly summary: string;
  /** The one thing to do next; may use `{name}` too. */
  readonly hint: string;
  readonly exit: number;
  /** PostgreSQL SQLSTATE, five characters. */
  readonly sqlstate?: string;
  readonly http?: number;
  /** JSON-RPC error code. */
  readonly rpc?: number;
}

export const ERRORS = {
  bug: {
    summary: 'broker failed in a way it should not: {reason}',
    hint: 'please report this with the output of `broker doctor --json`',
    exit: EXIT.bug,
    sqlstate: 'XX000',
  },
  usage: { summary: '{reason}', hint: 'see `broker {command} --help`', exit: EXIT.usage },
  'policy-denied': {
    summary: '{connection} refused {what} (policy "{policy}")',
    hint: 'see why with `broker policy explain`',
    exit: EXIT.refused,
    sqlstate: '42501',
    http: 403,
    rpc: -32003,
  },
  'needs-approval': {
    summary: '{connection} needs approval for {what} (policy "{policy}")',
    hint: 'ask for a window with `broker request {connection} --for 30m --reason …`',
    exit: EXIT.refused,
    sqlstate: '42501',
    http: 403,
    rpc: -32003,
  },
  'approval-too-long': {
    summary: 'a person cannot be asked about {size} bytes at once: the limit is {limit}',
    hint: 'split it into smaller statements',
    exit: EXIT.refused,
    sqlstate: '54000',
    http: 413,
    rpc: -32003,
  },
  'sign-in-unbound': {
    summary:
      'this sign-in cannot ask for or give an approval: the identity provider did not bind your key to it',
    hint: 'run `broker login` with a browser, not with --device',
    exit: EXIT.signIn,
    sqlstate: '28000',
    http: 401,
  },
  'approval-denied': {
    summary: '{connection} refused {what}: request {id} was denied by {by} (policy "{policy}")',
    hint: '{mend}',
    exit: EXIT.refused,
    sqlstate: '42501',
    http: 403,
    rpc: -32003,
  },
  'approval-expired': {
    summary: '{connection} did not run {what}: request {id} was not approved in time (policy "{policy}")',
    hint: 'tell somebody who may approve, then run it again',
    exit: EXIT.expired,
    sqlstate: '42501',
    http: 403,
    rpc: -32003,
  },
  'approval-withdrawn': {
    summary: '{connection} did not run {what}: the request for approval was withdrawn (policy "{policy}")',
    hint: 'run it again to ask again',
    exit: EXIT.refused,
    sqlstate: '57014',
    http: 403,
    rpc: -32003,
  },
  'approval-spent': {
    summary:
      '{connection} did not run {what}: the approval of request {id} was used before (policy "{policy}")',
    hint: 'run it again to ask again; see `broker approvals show {id}`',
    exit: EXIT.refused,
    sqlstate: '42501',
    http: 403,
    rpc: -32003,
  },
  'approval-overtaken': {
    summary: '{connection} did not run {what}: {reason} (policy "{policy}")',
    hint: 'run it again to ask again',
    exit: EXIT.refused,
    sqlstate: '25P02',
    http: 409,
    rpc: -32003,
  },
  'approval-unavailable': {
    summary: '{connection} did not run {what}: nobody can be asked: {reason} (policy "{policy}")',
    hint: '{mend}',
    exit: EXIT.unreachable,
    sqlstate: '58000',
    http: 503,
    rpc: -32003,
  },
  'approval-pending': {
    summary: '{connection} holds {what}: {waiting} (policy "{policy}")',
    hint: 'make the very same call again later: once it is approved it goes through, one time; see `broker approvals show {id}`',
    exit: EXIT.refused,
    http: 202,
    rpc: -32003,
  },
  'call-inexact': {
    summary:
      '{connection} cannot ask about {what}: the number {number} has too many digits to be shown exactly',
    hint: 'send it as text, where the tool takes that',
    exit: EXIT.refused,
    http: 422,
    rpc: -32003,
  },
  'call-state-unknown': {
    summary: 'this call goes on from another one that {reason}',
    hint: 'make the call again without requestState and inputResponses',
    exit: EXIT.refused,
    http: 409,
    rpc: -32602,
  },
  'request-unknown': {
    summary: 'there is no request {id}',
    hint: 'list them with `broker approvals ls --all`',
    exit: EXIT.usage,
  },
  'request-ambiguous': {
    summary: '{id} is the start of several requests: {found}',
    hint: 'give more of the id',
    exit: EXIT.usage,
  },
  'request-unanswerable': {
    summary: 'request {id} cannot be answered: {reason}',
    hint: 'see it with `broker approvals show {id}`',
    exit: EXIT.refused,
  },
  'request-denied': {
    summary: 'request {id} was denied by {by}: {reason}',
    hint: 'speak with them, or ask again with a better reason',
    exit: EXIT.refused,
  },
  'request-expired': {
    summary: 'nobody answered request {id} in time',
    hint: 'ask again, and tell somebody who may approve',
    exit: EXIT.expired,
  },
  'request-over': {
    summary: 'request {id} is over: it was {state}',
    hint: 'see what happened with `broker approvals show {id}`',
    exit: EXIT.refused,
  },
  /** A refusal that comes back over a session's own wire. */
  refused: { summary: '{message}', hint: 'see why with `broker policy explain`', exit: EXIT.refused },
  'not-signed-in': {
    summary: 'you are not signed in',
    hint: 'run `broker login`',
    exit: EXIT.signIn,
    sqlstate: '28000',
    http: 401,
  },
  'sign-in-expired': {
    summary: 'your sign-in expired at {at}',
    hint: 'run `broker login`',
    exit: EXIT.signIn,
    sqlstate: '28000',
    http: 401,
  },
  'sign-in-failed': { summary: 'sign-in failed: {reason}', hint: '{mend}', exit: EXIT.signIn },
  'no-target-token': {
    summary: 'there is no token for targets: {reason}',
    hint: '{mend}',
    exit: EXIT.signIn,
    sqlstate: '28000',
  },
  'provider-unreachable': {
    summary: 'the identity provider {issuer} cannot be reached: {reason}',
    hint: 'check identity.issuer with `broker config show --origin`, then try again',
    exit: EXIT.unreachable,
  },
  'target-unreachable': {
    summary: '{connection} at {address} cannot be reached: {reason}',
    hint: 'test it with `broker connections test {connection}`',
    exit: EXIT.unreachable,
    sqlstate: '08001',
    http: 502,
  },
  'target-refused': {
    summary: '{connection} did not accept its credential: {reason}',
    hint: 'check credential in `broker connections show {connection}`',
    exit: EXIT.unreachable,
    sqlstate: '28000',
  },
  'agent-unreachable': {
    summary: 'the agent cannot be reached: {reason}',
    hint: 'see `broker agent logs`, then `broker agent start`',
    exit: EXIT.unreachable,
  },
  'agent-lost': {
    summary: 'the agent stopped, so the session was ended: nothing runs without a recorder',
    hint: 'see `broker agent logs`; what was recorded is sealed when the agent starts again',
    exit: EXIT.launcher,
    sqlstate: '57P01',
  },
  'worker-lost': {
    summary: 'the process that ran the session ended: {reason}',
    hint: 'what was recorded is sealed; connect again, and see `broker agent logs` if it happens twice',
    exit: EXIT.unreachable,
    sqlstate: '57P01',
    http: 502,
  },
  'store-unreachable': {
    summary: 'the store {store} cannot be reached: {reason}',
    hint: 'check it with `broker doctor --store`',
    exit: EXIT.unreachable,
  },
  'backlog-too-old': {
    summary: 'evidence has waited {age} s for the store {store}, so no session is opened',
    hint: 'bring the store back and see `broker status`; the limit is store.max_backlog',
    exit: EXIT.unreachable,
  },
  'store-unsafe': {
    summary: 'the store {store} cannot hold evidence safely: {reason}',
    hint: 'use another bucket or folder, or accept it knowingly with `store.unsafe: true`',
    exit: EXIT.configuration,
  },
  'config-invalid': {
    summary: 'the configuration is not right\n{problems}',
    hint: 'check again with `broker config check`',
    exit: EXIT.configuration,
  },
  'config-missing': {
    summary: 'there is no configuration yet',
    hint: 'write one with `broker init`',
    exit: EXIT.configuration,
  },
  'policy-invalid': {
    summary: 'the policy is not right\n{problems}',
    hint: 'check again with `broker policy check`',
    exit: EXIT.configuration,
  },
  'policy-unpublished': {
    summary: 'no published policy of {store} counts here, so nothing is permitted: {reason}',
    hint: '{mend}',
    exit: EXIT.configuration,
    sqlstate: '42501',
    http: 503,
    rpc: -32003,
  },
  'policy-overtaken': {
    summary: 'your policy was not published: {reason}',
    hint: 'read what is published with `broker policy show --published`, then push again',
    exit: EXIT.refused,
  },
  'policy-not-yours': {
    summary: 'what you sign would not count: {who} is none of the signers that team_policy names',
    hint: 'let a signer push, or name {who} under team_policy.signers in everybody’s configuration',
    exit: EXIT.refused,
  },
  'version-unknown': {
    summary: 'no version {version} of the policy is published in {store}',
    hint: 'list them with `broker policy log`',
    exit: EXIT.usage,
  },
  'connection-unknown': {
    summary: 'there is no connection named {connection}',
    hint: 'list them with `broker connections ls`',
    exit: EXIT.usage,
  },
  'session-unknown': {
    summary: 'there is no session {session}',
    hint: 'list them with `broker sessions ls`',
    exit: EXIT.usage,
  },
  'session-secret': {
    summary: 'this connection did not present the session secret',
    hint: 'start the client with `broker connect {connection}`',
    exit: EXIT.refused,
    sqlstate: '28P01',
  },
  'session-ended': {
    summary: 'the session has ended: {reason}',
    hint: 'open a new one with `broker connect {connection}`',
    exit: EXIT.refused,
    sqlstate: '57P01',
  },
  'journal-failed': {
    summary: 'the recording cannot be written, so the session was ended: {reason}',
    hint: 'free disk space under {path}, then connect again',
    exit: EXIT.unreachable,
    sqlstate: '53100',
  },
  'disk-unusable': {
    summary: 'broker cannot keep its own files: {reason}',
    hint: 'make room on the disk or mend its permissions; `broker doctor` names the folders',
    exit: EXIT.unreachable,
    sqlstate: '53100',
  },
  'port-taken': {
    summary: 'port {port} on 127.0.0.1 is taken',
    hint: 'leave --port out to let the system pick one',
    exit: EXIT.usage,
  },
  'client-missing': {
    summary: '{client} is not installed',
    hint: 'install it ({package}), or use `broker query {connection} "SQL"`',
    exit: EXIT.launcher,
  },
  'client-failed': {
    summary: '{client} cannot be started: {reason}',
    hint: 'run it without broker to see whether it works by itself',
    exit: EXIT.launcher,
  },
  'target-error': {
    summary: '{connection} reports: {message}',
    hint: 'correct the statement; SQLSTATE {sqlstate}',
    exit: EXIT.usage,
  },
  'terminal-missing': {
    summary: 'this needs a terminal',
    hint: 'run it in a terminal, or use `broker query` or `broker exec`',
    exit: EXIT.usage,
  },
  'keychain-unavailable': {
    summary: 'the system keychain cannot be used: {reason}',
    hint: 'unlock it, or choose the encrypted file with `keychain: file`',
    exit: EXIT.configuration,
  },
  'keychain-damaged': {
    summary: 'the keychain file {path} is damaged: {reason}',
    hint: 'restore it from a backup, or run `broker login` and `broker secrets set` again: the damaged file is kept',
    exit: EXIT.configuration,
  },
  'credential-failed': {
    summary: 'no credential for {connection}: {reason}',
    hint: '{mend}',
    exit: EXIT.unreachable,
    sqlstate: '28000',
  },
  'not-verified': {
    summary: '{what} did not verify: {reason}',
    hint: 'keep the store as it is and compare with another copy; `broker verify --json` has every step',
    exit: EXIT.notVerified,
  },
  'tool-changed': {
    summary: 'the tool {tool} of {connection} is not the one that was seen before: {changes}',
    hint: 'see it with `broker tools ls`; a person trusts it with `broker tools trust {server} {tool}`',
    exit: EXIT.refused,
    http: 403,
    rpc: -32_003,
  },
  'tool-unlisted': {
    summary: 'the server lists no tool {tool}',
    hint: 'ask for the list of tools again',
    exit: EXIT.refused,
    http: 404,
    rpc: -32_602,
  },
  'host-file-invalid': {
    summary: '{file} line {line}: {reason}',
    hint: 'mend the file, then try again: nothing was changed',
    exit: EXIT.configuration,
  },
  'host-file-changed': {
    summary: '{file} was changed by another program at the same moment',
    hint: 'the file is as that program left it; close the host, then try again',
    exit: EXIT.configuration,
  },
  'host-file-unreadable': {
    summary: '{file} cannot be read: {reason}',
    hint: '{mend}; nothing was changed',
    exit: EXIT.configuration,
  },
  'host-file-unwritable': {
    summary: '{file} cannot be written: {reason}',
    hint: '{mend}, then try again; the file is as it was',
    exit: EXIT.configuration,
  },
  'host-file-busy': {
    summary: '{file} is being edited by another broker (process {pid})',
    hint: 'let it end, or end it, then try again; nothing was changed',
    exit: EXIT.configuration,
  },
  'pins-busy': {
    summary:
      'what is known of the tools of server {server} is being written by another broker (process {pid})',
    hint: 'let it end, or end it, then list the tools again',
    exit: EXIT.configuration,
    rpc: -32_603,
  },
  'host-entry-unusable': {
    summary: '{server} in {file} cannot be put behind broker: {reason}',
    hint: '{mend}',
    exit: EXIT.usage,
  },
  'host-entry-drifted': {
    summary: '{server} in {file} is not what broker wrote there',
    hint: 'look at it with `broker mcp ls`, then run this again with --yes',
    exit: EXIT.refused,
  },
  'mcp-server-ended': {
    summary: 'the MCP server {server} ended: {reason}',
    hint: 'run it without broker to see whether it works by itself',
    exit: EXIT.launcher,
    http: 502,
    rpc: -32_603,
  },
  'remote-sign-in': {
    summary: '{connection} needs you to sign in at {server}: {reason}',
    hint: 'run `broker login {login}`, then try again: the host need not be restarted',
    exit: EXIT.signIn,
    http: 401,
    rpc: -32_003,
  },
  'remote-scope': {
    summary: '{server} wants more rights for this: {scopes}',
    hint: 'run `broker login {login}` to be asked for them, then try again',
    exit: EXIT.signIn,
    http: 403,
    rpc: -32_003,
  },
  'remote-unreachable': {
    summary: 'the MCP server {server} cannot be reached: {reason}',
    hint: 'check its address and your network, then try again',
    exit: EXIT.unreachable,
    http: 502,
    rpc: -32_603,
  },
  'remote-refused': {
    summary: 'the MCP server {server} {reason}',
    hint: '{mend}',
    exit: EXIT.unreachable,
    http: 502,
    rpc: -32_603,
  },
  'remote-unusable': {
    summary: 'nobody can sign in at {server}: {reason}',
    hint: '{mend}',
    exit: EXIT.configuration,
    http: 502,
    rpc: -32_603,
  },
  'protocol-violation': {
    summary: 'the {side} broke the protocol: {reason}',
    hint: 'if {side} works without broker, please report it',
    exit: EXIT.bug,
    sqlstate: '08P01',
  },
  unsupported: {
    summary: '{what} is not supported through broker',
    hint: '{mend}',
    exit: EXIT.refused,
    sqlstate: '0A000',
  },
  interrupted: { summary: 'interrupted', hint: 'nothing was left half done', exit: EXIT.interrupted },
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERRORS;
export type ErrorDetails = Readonly<Record<string, string | number>>;

function fill(template: string, details: ErrorDetails): string {
  return template.replace(/\{(\w+)\}/g, (whole, name: string) => String(details[name] ?? whole));
}

/** A failure with a row in the table. `details` fill the row's placeholders and go into `--json` errors. */
export class BrokerError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;
  readonly hint: string;

  constructor(code: ErrorCode, details: ErrorDetails = {}, options: { hint?: string; cause?: unknown } = {}) {
    super(
      fill(ERRORS[code].summary, details),
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.name = 'BrokerError';
    this.code = code;
    this.details = details;
    this.hint = options.hint ?? fill(ERRORS[code].hint, details);
  }

  get row(): ErrorRow {
    return ERRORS[this.code];
  }

  /** The shape sent over the control socket and printed by `--json`. */
  toJSON(): { code: ErrorCode; message: string; hint: string; details: ErrorDetails } {
    return { code: this.code, message: this.message, hint: this.hint, details: this.details };
  }

  static from(value: { code: string; details?: ErrorDetails; hint?: string; message?: string }): BrokerError {
    if (value.code in ERRORS)
      return new BrokerError(
        value.code as ErrorCode,
        value.details ?? {},
        value.hint ? { hint: value.hint } : {},
      );
    return new BrokerError('bug', { reason: value.message ?? value.code });
  }
}

/** What a file system says when it is full, read-only, closed to us or broken, and what it was asked to do. */
const DISK = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EPERM', 'EIO', 'EMFILE', 'ENFILE', 'ENOTDIR']);
const FILE_WORK =
  /^(?:open|close|read|write|fsync|fdatasync|ftruncate|mkdir|rename|link|unlink|rm|rmdir|chmod|fchmod|copyfile|stat|lstat|fstat|scandir|opendir|access)$/;

/** Any thrown value as a row of the table; what has none is our bug. */
export function asBrokerError(error: unknown): BrokerError {
  if (error instanceof BrokerError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  const { code = '', syscall = '' } = (error ?? {}) as { code?: unknown; syscall?: unknown };
  const disk = DISK.has(String(code)) && FILE_WORK.test(String(syscall));
  return new BrokerError(disk ? 'disk-unusable' : 'bug', { reason }, { cause: error });
}
