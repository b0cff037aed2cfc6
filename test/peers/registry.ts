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
  try {
    await promisify(execFile)('npm', args, { cwd: draft, timeout: 280_000 });
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    throw error;
  }
  try {
    renameSync(draft, folder);
  } catch (error) {
    // Another test file was faster.
    if (!existsSync(folder)) throw error;
    rmSync(draft, { recursive: true, force: true });
  }
  return folder;
}

/** Undefined, with the reason said, where the registry is out of reach or has no such package for this machine. With BROKER_REQUIRE_PEERS=1 that throws instead. */
export async function optional<T>(name: string, install: () => Promise<T>): Promise<T | undefined> {
  try {
    return await install();
  } catch (error) {
    const { stderr = '', message } = error as Error & { readonly stderr?: string };
    const [reason = message] = stderr.split('\n').filter((line) => line.trim() !== '');
    const said = `peer ${name} cannot be installed from the package registry: ${reason}`;
    if (process.env['BROKER_REQUIRE_PEERS'] === '1') throw new Error(said, { cause: error });
    console.log(`Not run here: ${said}`);
    return undefined;
  }
}
