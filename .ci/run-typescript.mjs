// Runs a TypeScript file of this repository: bundled beside itself, so that its relative paths stay true, and removed again.
import { spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

export async function runTypeScript(entry, args) {
  const outfile = fileURLToPath(new URL(`../${entry.replace(/\.ts$/, '')}.bundle-${process.pid}.mjs`, import.meta.url));
  await build({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile,
    bundle: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node20',
    logLevel: 'warning',
  });
  const child = spawn(process.execPath, [outfile, ...args], { cwd: root, stdio: 'inherit' });
  // The terminal sends Ctrl-C to the child as well; it decides when to end.
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => signal === 'SIGTERM' && child.kill(signal));
  const code = await new Promise((resolve) => child.once('exit', (exit) => resolve(exit ?? 1)));
  await rm(outfile, { force: true });
  process.exitCode = code;
}
