// Runs a TypeScript file of this repository in a process of its own, and ends as it ends.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const hook = fileURLToPath(new URL('typescript.mjs', import.meta.url));

export async function runTypeScript(entry, args = []) {
  const child = spawn(process.execPath, ['--import', hook, entry, ...args], { cwd: root, stdio: 'inherit' });
  // The terminal sends Ctrl-C to the child as well; it decides when to end.
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => signal === 'SIGTERM' && child.kill(signal));
  const code = await new Promise((resolve) => child.once('exit', (exit) => resolve(exit ?? 1)));
  process.exitCode ||= code;
}
