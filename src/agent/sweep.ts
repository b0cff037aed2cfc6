// Removes what fronts that were killed left in the runtime folder: password files of sessions that are over.
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { hasCode } from './fault.ts';

/** `client-<session>-<rest>`: made by a front for its client, removed by it unless it is killed. */
const CLIENT_FILE = /^client-([0-9a-z]{17})-/;

export function sweepClientFiles(runtime: string, live: ReadonlySet<string>): void {
  let names: string[];
  try {
    names = readdirSync(runtime);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return;
    throw error;
  }
  for (const name of names) {
    const session = CLIENT_FILE.exec(name)?.[1];
    if (session !== undefined && !live.has(session))
      rmSync(join(runtime, name), { recursive: true, force: true });
  }
}
