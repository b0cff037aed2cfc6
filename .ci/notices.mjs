// The licence of every package whose code ends up in the bundle, as their licences ask.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

async function licenceOf(folder) {
  const { name, version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  const names = (await readdir(folder)).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file)).sort();
  const texts = await Promise.all(names.map((file) => readFile(join(folder, file), 'utf8')));
  return `${name} ${version} (${license ?? 'see below'})\n\n${texts.map((text) => text.trim()).join('\n\n')}\n`;
}

/** Text for dist/THIRD-PARTY.txt, from what esbuild says it put in. */
export async function notices(root, metafile) {
  const used = Object.values(metafile.outputs).flatMap(({ inputs }) => Object.keys(inputs));
  const folders = used.flatMap((path) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? []);
  const unique = [...new Set(folders)].sort();
  const parts = await Promise.all(unique.map((folder) => licenceOf(join(root, folder))));
  return `broker contains code of these packages.\n\n${parts.join(`\n${'-'.repeat(80)}\n\n`)}`;
}
