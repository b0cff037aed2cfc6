// Reads a completion script as it is shipped. Loaded on its own, so that it lies two folders below the package in src/ and in dist/.
import { readFile } from 'node:fs/promises';

export function shippedScript(file: string): Promise<string> {
  return readFile(new URL(`../../completions/${file}`, import.meta.url), 'utf8');
}
