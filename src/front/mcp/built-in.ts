// The server that `broker mcp` starts when it is given none: broker itself, behind the same relay as any other.
import { versionOf } from '../../agent/client.ts';
import { ownProgram } from '../compose.ts';
import type { LocalOrder } from './start.ts';

export function builtIn(): Pick<LocalOrder, 'file' | 'args' | 'identity'> {
  const [file, script] = ownProgram();
  // Of another version the tools may be others: nobody has to be asked about that.
  return { file, args: [script, 'tools', 'serve'], identity: ['built-in', versionOf()] };
}
