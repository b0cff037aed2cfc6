// Bundles src/ into dist/: one ESM chunk per lazily imported part, so that `broker --help` loads nothing it does not need.
import { rename, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { notices } from './notices.mjs';

/** Kept out of the bundle: native addons, and wasm that is found beside its own package's files. */
const external = ['@cedar-policy/cedar-wasm', 'keytar', 'libpg-query', 'node-pty', 'pg-native', 'react-devtools-core'];

const root = fileURLToPath(new URL('..', import.meta.url));
/** Made beside dist and swapped in whole: a build that fails leaves the last good one. */
const outdir = `dist.new-${process.pid}`;

const { metafile } = await build({
  metafile: true,
  absWorkingDir: root,
  entryPoints: { main: 'src/main.ts', recorder: 'src/front/recorder-thread.ts', worker: 'src/agent/worker/main.ts' },
  outdir,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  // ES modules where a package has them: a dynamically imported CommonJS package has no named exports.
  mainFields: ['module', 'main'],
  external,
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'linked',
  sourcemap: 'linked',
  sourcesContent: false,
  chunkNames: 'chunks/[name]-[hash]',
  define: {
    'process.env.NODE_ENV': '"production"',
    'process.env.DEV': '"false"',
    // The SDK would greet users of an older Node on stderr.
    'process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED': '"true"',
  },
  // CommonJS packages inside an ESM bundle still call require for node built-ins.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  logLevel: 'warning',
}).catch(async (error) => {
  await rm(`${root}/${outdir}`, { recursive: true, force: true });
  throw error;
});
await writeFile(`${root}/${outdir}/THIRD-PARTY.txt`, await notices(root, metafile));
// Two renames: who starts broker in between has the smallest chance of finding nothing.
await rename(`${root}/dist`, `${root}/${outdir}.old`).catch(() => undefined);
await rename(`${root}/${outdir}`, `${root}/dist`);
await rm(`${root}/${outdir}.old`, { recursive: true, force: true });
