// How the agent's state looks to people. Pure; everything that came from outside is made visible.
import type { AgentStatus, PublishedVersion, SignInState } from '../agent/client.ts';
import { table } from '../lib/table.ts';
import { visible } from '../lib/visible.ts';

type SignedIn = Exclude<SignInState, { state: 'signed-out' }>;

function megabytes(bytes: number): string {
  return `${(bytes / (1 << 20)).toFixed(1)} MB`;
}

function facts(rows: readonly (readonly [string, string | undefined])[]): string {
  const known = rows.filter((row): row is readonly [string, string] => row[1] !== undefined);
  const width = Math.max(...known.map(([name]) => name.length));
  return known.map(([name, value]) => `${name.padEnd(width)}  ${visible(value)}\n`).join('');
}

function personOf({ user }: SignedIn): string {
  const { name, email, sub } = user;
  if (name !== undefined && email !== undefined) return `${name} <${email}>`;
  return email ?? name ?? sub;
}

function signInLine(signIn: SignInState): string {
  if (signIn.state === 'signed-out') return 'nobody; run `broker login`';
  const renewed = signIn.renewable ? ', renewed by itself' : '';
  const until =
    signIn.state === 'expired' ? `expired at ${signIn.expires}` : `until ${signIn.expires}${renewed}`;
  return `${personOf(signIn)}, ${until}`;
}

function backlogLine({ backlog }: AgentStatus): string {
  const { objects, bytes, unsealed, oldest, problem } = backlog;
  if (objects === 0 && unsealed === 0) return 'everything is stored';
  const parts = [`${objects} objects (${megabytes(bytes)}) wait for upload`];
  if (unsealed > 0) parts.push(`${unsealed} sessions wait to be sealed`);
  if (oldest !== undefined) parts.push(`oldest from ${oldest}`);
  if (problem !== undefined) parts.push(problem);
  return parts.join('; ');
}

export function renderPerson(signIn: SignedIn): string {
  const { user, binding, key, expires, notices } = signIn;
  const bound =
    binding === 'nonce' ? 'the ID token commits to the key' : 'none: this sign-in could not commit to a key';
  return facts([
    ['person', personOf(signIn)],
    ['issuer', user.iss],
    ['subject', user.sub],
    ['groups', user.groups.join(', ') || 'none'],
    ['until', `${expires}${signIn.renewable ? ', renewed by itself' : ''}`],
    ['key', key],
    ['binding', bound],
    ...notices.map((notice) => ['notice', notice] as const),
  ]);
}

export function renderAgent(status: AgentStatus): string {
  const { version, build, pid, started, draining, sessions, memory, log } = status;
  return facts([
    ['agent', `${version} (${build})${draining ? ', draining' : ''}`],
    ['process', `${pid}, since ${started}, ${megabytes(memory)}`],
    ['sessions', String(sessions.length)],
    ['log', log],
  ]);
}

function renderSessions({ sessions }: AgentStatus): string {
  if (sessions.length === 0) return '';
  const rows = sessions.map((row) => [
    row.id,
    row.connection,
    row.client,
    row.state,
    row.opened.slice(0, 19),
    String(row.statements),
  ]);
  const headings = ['SESSION', 'CONNECTION', 'CLIENT', 'STATE', 'OPENED', 'STATEMENTS'];
  return `\n${table(headings, rows, { right: [5] })}`;
}

/** Left out while none is open. */
function windowsLine({ windows = [] }: AgentStatus): string | undefined {
  if (windows.length === 0) return undefined;
  return windows.map(({ connection, ends }) => `${connection} until ${ends.slice(0, 19)}Z`).join(', ');
}

/** Left out where policy comes from local files only. */
function policyLine({ policy }: AgentStatus): string | undefined {
  if (!policy) return undefined;
  const { version, refused = '', problems, failure } = policy;
  const parts = [version ? versionTitle(version) : `NOTHING IN FORCE: ${refused}`];
  for (const { version: number, reason } of problems)
    parts.push(`VERSION ${number} DOES NOT COUNT: ${reason}`);
  if (failure !== undefined) parts.push(`not looked at since: ${failure}`);
  return parts.join('; ');
}

/** `published version 3 by dana@example.com at 2026-01-31T12:00:00Z` */
function versionTitle({ number, signer, time }: PublishedVersion): string {
  return `published version ${number} by ${signer.email ?? signer.name ?? signer.sub} at ${time.slice(0, 19)}Z`;
}

export function renderStatus(status: AgentStatus): string {
  const { signIn, sessions, store } = status;
  const lines = facts([
    ['signed in', signInLine(signIn)],
    ['sessions', sessions.length === 0 ? 'none' : String(sessions.length)],
    ['windows', windowsLine(status)],
    ['policy', policyLine(status)],
    ['store', store ?? 'not configured'],
    ['uploads', backlogLine(status)],
    ['agent', `${status.version}, process ${status.pid}${status.draining ? ', draining' : ''}`],
  ]);
  return lines + renderSessions(status);
}
