// Where a file really is: links followed by hand, since the last may lead to what is not there yet. Must never follow a circle.
import { readlinkSync, realpathSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';

/** As the kernel does (path_resolution(7)). */
const MOST = 40;

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/** The folder that is there, and below it what is not. */
function settled(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const above = dirname(path);
    return above === path ? path : join(settled(above), basename(path));
  }
}

/** Undefined when the links never end. */
export function real(shown: string): string | undefined {
  let path = resolve(shown);
  for (let links = 0; links <= MOST; links += 1) {
    path = settled(path);
    const next = linkOf(path);
    if (next === undefined) return path;
    path = isAbsolute(next) ? next : resolve(dirname(path), next);
  }
  return undefined;
}
