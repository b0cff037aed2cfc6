// The configuration's files as text: whatever variable they name is none of a server's business. Must never take the time to understand them.
import { readFileSync } from 'node:fs';
import { dirname, join, parse } from 'node:path';
import { type FrontContext, frontPaths } from '../compose.ts';

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** The user's, the machine's, and that of every folder from here upward. */
export function configurationText(context: FrontContext): string {
  const { config, system } = frontPaths(context);
  const texts = [read(config), read(system)];
  for (let folder = context.cwd; folder !== parse(folder).root; folder = dirname(folder))
    texts.push(read(join(folder, '.broker.yaml')));
  return texts.join('\n');
}
