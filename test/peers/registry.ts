// Foreign programs, installed once from the registry into a cache of their own: none of them is a dependency of broker.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const CACHE = new URL('../../node_modules/.cache', import.meta.url).pathname;

/**
 * The folder that has them. `packages`: name → version. `scripts`: they put their programs in place when they are installed. Takes as long as the registry does the first time: give the hook that calls it
 * five minutes.
 */
export async function installed(
  name: string,
  packages: Readonly<Record<string, string>>,
  { scripts = false }: { readonly scripts?: boolean } = {},
): Promise<string> {
  const key = Object.entries(packages)
    .map(([each, version]) => `${each.replace(/\W+/g, '')}${version}`)
    .join('-');
  const folder = join(CACHE, `${name}-${Buffer.from(key).toString('base64url').slice(-24)}`);
  if (existsSync(folder)) return folder;
  const draft = `${folder}.${process.pid}`;
  mkdirSync(draft, { recursive: true });
  writeFileSync(join(draft, 'package.json'), JSON.stringify({ private: true, dependencies: packages }));
  const args = ['install', '--no-audit', '--no-fund', `--ignore-scripts=${!scripts}`, '--loglevel=error'];
  await promisify(execFile)('npm', args, { cwd: draft, timeout: 280_000 });
  try {
    renameSync(draft, folder);
  } catch (error) {
    // Another test file was faster.
    if (!existsSync(folder)) throw error;
    rmSync(draft, { recursive: true, force: true });
  }
  return folder;
}
