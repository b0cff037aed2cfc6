// Reads the policy files the configuration names. Must never leave one out: a policy that cannot be read refuses everything.
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type PolicyEntry, readPolicyEntries } from '../config/policy-names.ts';
import { BrokerError } from '../model/errors.ts';
import type { PolicyText } from '../model/session.ts';
import { messageOf } from './fault.ts';

async function filesOf(path: string): Promise<string[]> {
  if (!(await stat(path)).isDirectory()) return [path];
  const names = (await readdir(path)).filter((name) => name.endsWith('.cedar')).sort();
  return names.map((name) => join(path, name));
}

/** Throws `policy-invalid` naming every path that cannot be read. */
export async function readPolicy(paths: readonly string[]): Promise<PolicyText> {
  const problems: string[] = [];
  const complain = (path: string, error: unknown) => void problems.push(`${path}:1:1 ${messageOf(error)}`);
  const entries: PolicyEntry[] = [];
  for (const entry of paths) {
    const files = await filesOf(entry).catch((error: unknown) => complain(entry, error));
    if (files) entries.push({ entry, files });
  }
  const text = await readPolicyEntries(entries, async (path) => {
    const cedar = await readFile(path, 'utf8').catch((error: unknown) => complain(path, error));
    return cedar ?? '';
  });
  if (problems.length > 0)
    throw new BrokerError('policy-invalid', { count: problems.length, problems: problems.join('\n') });
  return text;
}
