// `node --import ./.ci/typescript.mjs file.ts`: runs our TypeScript as it is, types stripped by esbuild. For tools, never shipped.
import { readFile } from 'node:fs/promises';
import { register } from 'node:module';
import { fileURLToPath } from 'node:url';
import { isMainThread } from 'node:worker_threads';

/** Node's load hook, in the thread that `register` starts. */
export async function load(url, context, next) {
  if (!/^file:.*\.tsx?$/.test(url)) return next(url, context);
  const { transform } = await import('esbuild');
  const text = await readFile(fileURLToPath(url), 'utf8');
  const { code } = await transform(text, {
    loader: url.endsWith('x') ? 'tsx' : 'ts',
    format: 'esm',
    target: 'node20',
    jsx: 'automatic',
    sourcemap: 'inline',
    sourcefile: fileURLToPath(url),
  });
  return { format: 'module', source: code, shortCircuit: true };
}

// The hook itself is loaded in a thread of its own, which registers nothing.
if (isMainThread) register(import.meta.url);
