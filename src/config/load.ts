// Finds, reads and layers the configuration. Reports every problem at once, each with its place; never loads half of one.
import { readFile } from 'node:fs/promises';
import { dirname, join, parse } from 'node:path';
import type { z } from 'zod';
import { nearest } from '../lib/nearest.ts';
import type { Config, Layer, Origin, Problem } from '../model/config.ts';
import { BrokerError } from '../model/errors.ts';
import { environmentLayers, flagLayers } from './environment.ts';
import { type LayerData, type Merged, merge, projectProblems } from './layers.ts';
import { paths } from './paths.ts';
import { toConfig } from './resolve.ts';
import { SCHEMA } from './schema.ts';
import { wording } from './wording.ts';
import { readYaml } from './yaml.ts';

export interface LoadOptions {
  readonly home: string;
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Dotted path → value and the flag that gave it. */
  readonly flags?: Readonly<Record<string, { readonly value: unknown; readonly flag: string }>>;
  /** Checks of what this folder must not know: the shelves of other folders. */
  readonly check?: (config: Config) => readonly { readonly path: string; readonly reason: string }[];
}

export interface Loaded {
  readonly config: Config;
  readonly origins: ReadonlyMap<string, Origin>;
  /** Files that were read, in layer order. */
  readonly files: readonly string[];
}

interface FileLayer extends LayerData {
  readonly file: string;
  readonly problems: readonly Problem[];
}

async function readLayer(layer: Layer, file: string): Promise<FileLayer | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    const problem = { place: `${file}:1:1`, path: '', reason: `cannot be read: ${code ?? String(error)}` };
    return { layer, file, value: {}, places: new Map(), problems: [problem] };
  }
  return { layer, file, ...readYaml(file, text) };
}

/** The nearest `.broker.yaml` from a folder upward; the home folder's own does not count as a project. */
async function readProject(cwd: string, home: string): Promise<FileLayer | undefined> {
  for (let folder = cwd; folder !== home && folder !== parse(folder).root; folder = dirname(folder)) {
    const layer = await readLayer('project', join(folder, '.broker.yaml'));
    if (layer) return layer;
  }
  return undefined;
}

/** The place of a path, or of the nearest thing around it. */
function placeOf(
  path: readonly PropertyKey[],
  origins: ReadonlyMap<string, Origin>,
  otherwise: string,
): string {
  for (let length = path.length; length > 0; length--) {
    const place = origins.get(path.slice(0, length).join('.'))?.place;
    if (place) return place;
  }
  return otherwise;
}

function keysAt(schema: unknown, path: readonly PropertyKey[]): readonly string[] {
  let at = schema as { shape?: Record<string, unknown>; unwrap?: () => unknown; valueType?: unknown };
  for (const key of [...path, undefined]) {
    while (typeof at?.unwrap === 'function') at = at.unwrap() as typeof at;
    if (key === undefined) break;
    at = (at?.shape?.[String(key)] ?? at?.valueType) as typeof at;
  }
  return Object.keys(at?.shape ?? {});
}

function toProblems(issue: z.core.$ZodIssue, merged: Merged, otherwise: string): Problem[] {
  const problem = (path: readonly PropertyKey[], reason: string): Problem => ({
    place: placeOf(path, merged.origins, otherwise),
    path: path.join('.'),
    reason,
  });
  if (issue.code !== 'unrecognized_keys') return [problem(issue.path, wording(issue))];
  return issue.keys.map((key) => {
    const meant = nearest(key, keysAt(SCHEMA, issue.path));
    return problem([...issue.path, key], `is not a setting${meant ? `; did you mean ${meant}?` : ''}`);
  });
}

function invalid(problems: readonly Problem[]): BrokerError {
  const lines = problems.map(({ place, path, reason }) => `  ${place}${path ? ` ${path}` : ''}: ${reason}`);
  return new BrokerError('config-invalid', { count: problems.length, problems: lines.join('\n') });
}

/** What a project's file says and may not say. */
function refusedOfProject(files: readonly FileLayer[]): readonly Problem[] {
  const own = merge(files.filter(({ layer }) => layer !== 'project')).value;
  return files.filter(({ layer }) => layer === 'project').flatMap((layer) => projectProblems(layer, own));
}

/** Whoever named a file is told that it is not there, not that there should be one. */
function missing(file: string, environment: LoadOptions['environment']): BrokerError {
  const hint = `${file} does not exist; name another one, or write it with \`broker init\``;
  return new BrokerError('config-missing', {}, environment['BROKER_CONFIG'] ? { hint } : {});
}

/** The first problem of each place. */
function once(problems: readonly Problem[]): readonly Problem[] {
  const seen = new Set<string>();
  return problems.filter(({ place, path }) => {
    const key = `${place} ${path}`;
    return !seen.has(key) && seen.add(key);
  });
}

/** Throws BrokerError `config-missing`, or `config-invalid` with every problem as `file:line:column path: reason`. */
export async function loadConfig(options: LoadOptions): Promise<Loaded> {
  const { home, cwd, environment, flags = {} } = options;
  const place = paths(home, environment);
  const found = await Promise.all([
    readLayer('system', place.system),
    readLayer('user', place.config),
    readProject(cwd, home),
  ]);
  const files = found.filter((layer) => layer !== undefined);
  const named = environment['BROKER_CONFIG'] ? ['user'] : ['user', 'system'];
  if (!files.some(({ layer }) => named.includes(layer))) throw missing(place.config, environment);
  const syntax = files.flatMap(({ problems }) => problems);
  if (syntax.length > 0) throw invalid(syntax);
  const merged = merge([...files, ...environmentLayers(environment), ...flagLayers(flags)]);
  const otherwise = `${files.at(-1)?.file ?? place.config}:1:1`;
  const parsed = SCHEMA.safeParse(merged.value);
  const wrong = (parsed.error?.issues ?? []).flatMap((issue) => toProblems(issue, merged, otherwise));
  const problems = once([...refusedOfProject(files), ...wrong]);
  if (!parsed.success || problems.length > 0) throw invalid(problems);
  const defaultStore = join(place.state, 'store');
  const config = toConfig(parsed.data, { home, cwd, defaultStore, origins: merged.origins });
  const more = options.check?.(config) ?? [];
  if (more.length > 0)
    throw invalid(
      more.map(({ path, reason }) => ({
        place: placeOf(path.split('.'), merged.origins, otherwise),
        path,
        reason,
      })),
    );
  return { config, origins: merged.origins, files: files.map(({ file }) => file) };
}
