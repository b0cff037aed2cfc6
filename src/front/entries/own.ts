// Whether what an entry starts under broker's name is broker. Must never take a program's name for what it is.
import { realpathSync } from 'node:fs';
import { ownProgram } from '../compose.ts';
import { type Launch, scriptOf } from './launch.ts';

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

/** Why not; undefined when it is, or when `written` says that broker itself wrote the entry so, perhaps another version of it. */
export function impostor({ words }: Launch, written: boolean): string | undefined {
  const script = scriptOf(words);
  // A bare name is what PATH says; what this shell's says is another's business.
  if (script === 'broker' || written) return undefined;
  const [node = ''] = words;
  const plainly = script.startsWith('/') && (node === script || node === 'node' || node.startsWith('/'));
  return plainly && realPath(script) === ownProgram()[1]
    ? undefined
    : `it starts ${script}, which is not this broker`;
}
