// Ends a server's process group when the front itself was killed and can end nothing any more. Must never outlive the group or the front by more than a moment.
import { spawn } from 'node:child_process';

/**
 * Reads until the front's end of the pipe is closed, by whatever closed it. The server's input has ended too by then, so it is given a second to leave
 * by itself, and another half to be told.
 */
const SCRIPT = 'read -r _; sleep 1; kill -s TERM -- "-$0" && sleep 0.5; kill -s KILL -- "-$0"';

export interface Leash {
  /** The front has ended the group itself. */
  drop(): void;
}

export function leash(group: number): Leash {
  const child = spawn('/bin/sh', ['-c', SCRIPT, String(group)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    cwd: '/',
    env: { PATH: '/usr/bin:/bin' },
    // What ends a whole terminal must not end it first.
    detached: true,
  });
  child.on('error', () => undefined);
  child.stdin.on('error', () => undefined);
  child.unref();
  return { drop: () => void child.kill('SIGKILL') };
}
