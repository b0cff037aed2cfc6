// npm run demo: builds the binary when it is missing, bundles the story, tells it.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runTypeScript } from './run-typescript.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
if (!existsSync(new URL('../dist/main.js', import.meta.url)))
  spawnSync(process.execPath, ['.ci/build.mjs'], { cwd: root, stdio: 'inherit' });
await runTypeScript('test/demo/main.ts', process.argv.slice(2));
