// Where the control socket lives and who may reach it. Must never follow a symbolic link or share a folder with another user.
import { createHash } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync, rmSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { BrokerError } from '../model/errors.ts';

/** sun_path minus its terminating zero: 107 on Linux, 103 on macOS; the smaller one for both. */
const LONGEST_SOCKET_PATH = 103;

function refuse(path: string, reason: string): never {
  throw new BrokerError(
    'agent-unreachable',
    { reason: `${path} ${reason}` },
    {
      hint: `remove ${path}, or choose another folder with BROKER_RUNTIME_DIR`,
    },
  );
}

/** Undefined when nothing is there; never follows a link. */
export function look(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

function uid(): number {
  return process.getuid?.() ?? -1;
}

/** Makes the folder 0700 and ours, or refuses: a link, a file, another owner. Mode bits for others are taken away. */
export function secureFolder(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const stats = look(path);
  if (!stats?.isDirectory()) refuse(path, stats?.isSymbolicLink() ? 'is a symbolic link' : 'is not a folder');
  if (stats.uid !== uid()) refuse(path, `belongs to user ${stats.uid}`);
  if ((stats.mode & 0o077) !== 0) chmodSync(path, 0o700);
}

/** Folder of the socket: the runtime folder, or a short one derived from it when the path would be cut off. */
export function socketFolder(runtime: string): string {
  if (Buffer.byteLength(join(runtime, 'drain-4194304.sock')) <= LONGEST_SOCKET_PATH) return runtime;
  const name = createHash('sha256').update(runtime).digest('hex').slice(0, 16);
  return join('/tmp', `broker-${uid()}-${name}`);
}

export function socketPath(runtime: string): string {
  return join(socketFolder(runtime), 'agent.sock');
}

/** A socket that is ours and nobody else's, or undefined when there is none. Throws when it is something else. */
export function inspectSocket(path: string): Stats | undefined {
  const stats = look(path);
  if (!stats) return undefined;
  if (!stats.isSocket()) refuse(path, stats.isSymbolicLink() ? 'is a symbolic link' : 'is not a socket');
  if (stats.uid !== uid()) refuse(path, `belongs to user ${stats.uid}`);
  if ((stats.mode & 0o077) !== 0) refuse(path, 'is open to other users');
  return stats;
}

/** Removes what we own at this path; a link is removed, not followed. */
export function removeOwn(path: string): void {
  rmSync(path, { force: true });
}

/** In a session's spool folder: written by the front when its part of the journal is closed, in case it outlives the agent. */
export const FRONT_DONE = 'front.done';
