// `npm run generate`: writes man/, completions/ and the editor's schema from the tables; `--check` only says what is stale.
import './typescript.mjs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const root = new URL('..', import.meta.url).pathname;
const { generated } = await import('../src/commands/render/index.ts');
const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
const wanted = generated(version);
const existing = await Promise.all(
  ['man', 'completions'].map(async (folder) => {
    const names = await readdir(join(root, folder)).catch(() => []);
    return names.map((name) => `${folder}/${name}`);
  }),
);
const stale = existing.flat().filter((path) => !wanted.has(path));
for (const [path, text] of wanted) {
  const found = await readFile(join(root, path), 'utf8').catch(() => undefined);
  if (found !== text) stale.push(path);
}
if (process.argv.includes('--check')) {
  for (const path of stale) console.error(`stale: ${path}`);
  if (stale.length > 0) console.error('run `npm run generate`');
  process.exitCode = stale.length > 0 ? 1 : 0;
} else {
  for (const path of stale) {
    const text = wanted.get(path);
    await mkdir(dirname(join(root, path)), { recursive: true });
    await (text === undefined ? rm(join(root, path)) : writeFile(join(root, path), text));
    console.log(path);
  }
}
