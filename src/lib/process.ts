// Whether a process named in a file is still that process. Process ids are reused, so a pid alone never proves it.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Something that differs when the pid is reused: kernel start ticks and boot on Linux, start date elsewhere. */
export function processStart(pid: number): string {
  if (process.platform === 'linux') {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
      // Field 22 (proc(5)); the second field is a name in parentheses that may hold spaces.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
      return fields[0] === 'Z' ? '' : `${boot}:${fields[19]}`;
    } catch {
      return '';
    }
  }
  try {
    return execFileSync('/bin/ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'latin1' }).trim();
  } catch {
    return '';
  }
}

export function isAlive(pid: number): boolean {
  if (pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** True while the process that wrote `start` still runs. */
export function sameProcess(pid: number, start: string): boolean {
  return isAlive(pid) && start !== '' && processStart(pid) === start;
}
