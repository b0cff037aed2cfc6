// npm run bench [-- name …]: runs the files of test/bench one after another, so that none disturbs another. A file that exports is no bench.
import { readdirSync, readFileSync } from 'node:fs';
import { runTypeScript } from './run-typescript.mjs';

const folder = new URL('../test/bench/', import.meta.url);
const benches = readdirSync(folder)
  .filter((file) => file.endsWith('.ts') && !/^export /m.test(readFileSync(new URL(file, folder), 'utf8')))
  .map((file) => file.replace(/\.ts$/, ''))
  .sort();
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !benches.includes(name));
if (unknown.length > 0) {
  console.error(`there is no bench ${unknown.join(', ')}; there are ${benches.join(', ')}`);
  process.exit(2);
}
for (const name of wanted.length > 0 ? wanted : benches) {
  console.log(`\n== ${name}`);
  await runTypeScript(`test/bench/${name}.ts`);
}
