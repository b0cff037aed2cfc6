// Looks at the machine itself: Node, disk, folders, clients. Must never change anything.
import { lstat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { paths } from '../../config/paths.ts';
import { findProgram } from '../../front/program.ts';
import { formatBytes } from '../../lib/when.ts';
import { EXIT } from '../../model/errors.ts';
import type { CommandContext } from '../command.ts';
import { type Finding, ok, problem, skipped, warning } from './finding.ts';

const LEAST_NODE = [20, 19] as const;

export async function node(): Promise<readonly Finding[]> {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const enough = major > LEAST_NODE[0] || (major === LEAST_NODE[0] && minor >= LEAST_NODE[1]);
  const detail = `${process.version} on ${process.platform} ${process.arch}`;
  return [
    enough ? ok('node', detail) : problem('node', detail, `install Node ${LEAST_NODE.join('.')} or newer`),
  ];
}

const TIGHT = 100 * 1024 * 1024;
const SCARCE = 1024 * 1024 * 1024;

/** The nearest folder that exists: state is made on first use. */
async function existing(path: string): Promise<string> {
  for (let at = path; at !== dirname(at); at = dirname(at))
    if (await lstat(at).catch(() => undefined)) return at;
  return '/';
}

/** Recording needs room: nothing runs without it. */
export async function disk(context: CommandContext): Promise<readonly Finding[]> {
  const { state } = paths(context.home, context.environment);
  const { bavail, bsize } = await statfs(await existing(state));
  const free = bavail * bsize;
  const detail = `${formatBytes(free)} free for recordings under ${state}`;
  const mend = `free disk space under ${state}`;
  if (free < TIGHT) return [problem('disk', detail, mend, EXIT.unreachable)];
  return [free < SCARCE ? warning('disk', detail, mend) : ok('disk', detail)];
}

async function privateFolder(path: string): Promise<Finding | undefined> {
  const found = await lstat(path).catch(() => undefined);
  if (!found) return undefined;
  if (!found.isDirectory()) return problem('folders', `${path} is not a folder`, `remove ${path}`);
  if (found.uid !== process.getuid?.())
    return problem(
      'folders',
      `${path} belongs to user ${found.uid}`,
      `remove ${path}, or choose another folder`,
    );
  return (found.mode & 0o077) === 0
    ? undefined
    : problem('folders', `${path} is open to other users`, `chmod 700 '${path.replaceAll("'", "'\\''")}'`);
}

/** The socket's and the journal's folders must be ours alone. */
export async function folders(context: CommandContext): Promise<readonly Finding[]> {
  const { state, runtime } = paths(context.home, context.environment);
  const found = await Promise.all([state, runtime].map(privateFolder));
  const open = found.filter((finding) => finding !== undefined);
  if (open.length > 0) return open;
  const there = await Promise.all([state, runtime].map((path) => lstat(path).catch(() => undefined)));
  const looked = [state, runtime].filter((_, index) => there[index]);
  if (looked.length === 0)
    return [skipped('folders', `${state} and ${runtime} are made, private, on first use`)];
  return [ok('folders', `${looked.join(' and ')} ${looked.length === 1 ? 'is' : 'are'} private`)];
}

export async function clients({ environment }: CommandContext): Promise<readonly Finding[]> {
  const psql = findProgram('psql', environment['PATH']);
  if (psql !== undefined) return [ok('psql', psql)];
  return [
    skipped(
      'psql',
      'not installed: `broker connect` needs it, `broker query` and `broker proxy` do not',
      'install postgresql-client',
    ),
  ];
}

export async function terminal(): Promise<readonly Finding[]> {
  try {
    await import('node-pty');
    return [ok('terminal', 'terminals can be opened and recorded')];
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    return [
      problem(
        'terminal',
        `node-pty cannot be loaded: ${reason}`,
        'install broker again with `npm install -g access-broker`',
      ),
    ];
  }
}
