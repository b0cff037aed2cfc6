// Which build of broker this is, and where its parts lie. Must give the same answer in the agent and in its client.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

function find(name: string, folders: readonly string[]): string | undefined {
  const candidates = folders.map((folder) => fileURLToPath(new URL(`${folder}${name}`, import.meta.url)));
  return candidates.find((path) => existsSync(path));
}

/** A file of the bundle, which lies in one folder with chunks in a folder below: this code may be in either. */
export function bundled(name: string): string | undefined {
  return find(name, ['./', '../']);
}

export function versionOf(): string {
  const path = find('package.json', ['../', '../../']);
  if (!path) return '0.0.0';
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
}

/** SHA-256 hex of the bundle's entries, whose text names every chunk by its content. */
export function digestOf(): string {
  const hash = createHash('sha256');
  for (const name of ['main.js', 'worker.js']) {
    const path = bundled(name);
    if (path) hash.update(readFileSync(path));
  }
  return hash.digest('hex');
}

/** Short and comparable: two builds of one version differ here. */
export function buildOf(): string {
  return digestOf().slice(0, 12);
}
