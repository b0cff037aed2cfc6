// Two people around one store: what one's statements wait for, the other answers. Shared by the tests of approvals.
import type { ChildProcess } from 'node:child_process';
import type { ApprovalRow } from '../../src/model/approval.ts';
import type { Finished, World } from '../peers/world.ts';

/** Drops ask; deletes ask once for a session; everything else that tests do is allowed. */
export const ASKING = `
@id("developers-open")
permit (principal in Group::"developers", action == Action::"session:open", resource);

@id("developers-work")
permit (
  principal in Group::"developers",
  action in [Action::"read", Action::"write", Action::"define", Action::"execute", Action::"destroy"],
  resource
);

@id("drops-ask")
@ask("dropping a table loses data")
@expires("5m")
forbid (principal, action == Action::"sql:drop", resource in Label::"env:prod");

@id("truncates-ask-briefly")
@ask("emptying a table loses data")
@expires("4s")
forbid (principal, action == Action::"sql:truncate", resource in Label::"env:prod");

@id("deletes-ask-once")
@ask("deleting rows")
@scope("session")
@strength("session-key")
forbid (principal, action == Action::"sql:delete", resource in Label::"env:prod");

@id("dba-approves")
permit (principal in Group::"dba", action == Action::"approve", resource in Label::"env:prod");
`;

/** Everything the requests of a world look like to one person. */
export async function listed(world: World, ...more: readonly string[]): Promise<ApprovalRow[]> {
  const { stdout, stderr, code } = await world.broker(['approvals', 'ls', '--json', ...more]);
  if (code !== 0) throw new Error(`approvals ls: ${stderr}`);
  const text = stdout.trim();
  return text === '' ? [] : text.split('\n').map((line) => JSON.parse(line) as ApprovalRow);
}

/** The one request that waits, as soon as there is one. */
export async function untilAsked(world: World, wanted = (_: ApprovalRow) => true): Promise<ApprovalRow> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const row = (await listed(world)).filter(({ state }) => state === 'pending').find(wanted);
    if (row) return row;
    if (Date.now() > deadline) throw new Error('nobody asked');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function collect(child: ChildProcess): Promise<Finished> {
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout += chunk.toString('utf8');
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString('utf8');
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

/** The sign-in address a command prints. */
function address(child: ChildProcess): Promise<string> {
  let seen = '';
  return new Promise((resolve, reject) => {
    const look = (chunk: Buffer) => {
      seen += chunk.toString('utf8');
      const url = /https?:\/\/\S+[?&]code_challenge=\S*/.exec(seen)?.[0];
      if (url && /\s/.test(seen.slice(seen.indexOf(url) + url.length))) resolve(url);
    };
    child.stdout?.on('data', look);
    child.stderr?.on('data', look);
    child.once('close', () => reject(new Error(`no sign-in address was printed:\n${seen}`)));
  });
}

/** A command for which `account` signs in anew, over HTTP as a browser would, if it asks for that. */
export function signing(world: World, account: string, args: readonly string[]): Promise<Finished> {
  const child = world.spawn([...args, '--no-browser']);
  const finished = collect(child);
  const landed = address(child).then((url) => world.provider.redirectOverHttp(url, account));
  landed.then(
    (url) => child.stdin?.end(`${url}\n`),
    () => child.stdin?.end(),
  );
  return finished;
}

/** Answers as `account`. */
export async function answer(
  world: World,
  account: string,
  verb: 'approve' | 'deny' | 'revoke',
  row: Pick<ApprovalRow, 'id' | 'digest'>,
  more: readonly string[] = [],
): Promise<Finished> {
  if (verb !== 'approve') return world.broker(['approvals', verb, row.id, ...more]);
  return signing(world, account, ['approvals', verb, row.id, '--yes', '--digest', row.digest, ...more]);
}
