// What the policy commands read: Cedar files, and an empty catalogue to judge statements without a server. Must never write.
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { loadConfig } from '../config/load.ts';
import { readPolicyEntries } from '../config/policy-names.ts';
import type { ClassifyEnvironment } from '../flow/classify/index.ts';
import type { DecisionContext } from '../flow/decide/index.ts';
import type { Catalogue } from '../model/catalogue.ts';
import type { Classification } from '../model/classification.ts';
import type { Config } from '../model/config.ts';
import { BrokerError } from '../model/errors.ts';
import type { PolicyText } from '../model/session.ts';
import type { CommandContext } from './command.ts';

async function listed(path: string, ending: RegExp): Promise<string[]> {
  const found = await stat(path).catch(() => undefined);
  if (!found) throw new BrokerError('usage', { reason: `there is no file ${path}`, command: 'policy check' });
  if (!found.isDirectory()) return [path];
  return (await readdir(path)).filter((name) => ending.test(name)).map((name) => join(path, name));
}

/** Cedar files named by paths; a folder stands for the `.cedar` files in it. */
export async function readPolicies(paths: readonly string[]): Promise<PolicyText> {
  const entries = await Promise.all(
    paths.map(async (entry) => ({ entry, files: await listed(entry, /\.cedar$/) })),
  );
  return readPolicyEntries(entries, (path) => readFile(path, 'utf8'));
}

/** The paths given on the command line, else those the configuration names. */
export async function policyPaths(
  context: CommandContext,
  given: readonly string[],
): Promise<readonly string[]> {
  if (given.length > 0) return given.map((path) => resolve(context.cwd, path));
  return (await loadConfig(context)).config.policy;
}

/** The configuration, or none: examples and files can be checked without one. */
export async function configIfAny(context: CommandContext): Promise<Config | undefined> {
  try {
    return (await loadConfig(context)).config;
  } catch (error) {
    if (error instanceof BrokerError && error.code === 'config-missing') return undefined;
    throw error;
  }
}

const EXAMPLES = /\.test\.(?:ya?ml|json)$/;

/** Example files beside the policies: `*.test.yaml`, `*.test.yml`, `*.test.json`. */
export async function examplesBeside(paths: readonly string[]): Promise<readonly string[]> {
  const folders = await Promise.all(
    paths.map(async (path) =>
      (await stat(path).catch(() => undefined))?.isDirectory() ? path : dirname(path),
    ),
  );
  const found = await Promise.all([...new Set(folders)].map((folder) => listed(folder, EXAMPLES)));
  return found
    .flat()
    .filter((file) => EXAMPLES.test(basename(file)))
    .sort();
}

/** No server: names are taken as they are written, unqualified ones as in `public`. */
const NOTHING_KNOWN: Catalogue = {
  version: 0,
  serverVersion: 0,
  searchPath: ['public'],
  relations: new Map(),
  relationByName: new Map(),
  functionsByName: new Map(),
  types: new Map(),
};

export function bareEnvironment(connection: string): ClassifyEnvironment {
  const names = { statement: () => undefined, portal: () => undefined };
  return { connection, catalogue: NOTHING_KNOWN, names, searchPathUncertain: false };
}

/** The circumstances a text itself brings. */
export function circumstancesOf({ units, fingerprint }: Classification): DecisionContext {
  return {
    tables: units.flatMap((unit) => unit.tables),
    columns: units.flatMap((unit) => unit.columns),
    functions: units.flatMap((unit) => unit.functions),
    hasWhere: units.every((unit) => unit.hasWhere),
    statementCount: units.length,
    fingerprint,
  };
}
