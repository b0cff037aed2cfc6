// Reads the policy files the configuration names. Must never leave one out: a policy that cannot be read refuses everything.
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { BrokerError } from '../model/errors.ts';
import type { PolicyText } from '../model/session.ts';
import { messageOf } from './fault.ts';

async function filesOf(path: string): Promise<string[]> {
  if (!(await stat(path)).isDirectory()) return [path];
  const names = (await readdir(path)).filter((name) => name.endsWith('.cedar')).sort();
  return names.map((name) => join(path, name));
}

/** File path → Cedar text. Throws `policy-invalid` naming every path that cannot be read. */
export async function readPolicy(paths: readonly string[]): Promise<PolicyText> {
  const files: Record<string, string> = {};
  const problems: string[] = [];
  for (const path of paths) {
    try {
      for (const file of await filesOf(path)) files[file] = await readFile(file, 'utf8');
    } catch (error) {
      problems.push(`${path}:1:1 ${messageOf(error)}`);
    }
  }
  if (problems.length > 0)
    throw new BrokerError('policy-invalid', { count: problems.length, problems: problems.join('\n') });
  return { files };
}
