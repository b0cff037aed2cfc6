// Lays configuration over configuration: machine, user, project, environment, flags. The later one wins, value by value.
import type { Layer, Origin, Problem } from '../model/config.ts';

export type Raw = Readonly<Record<string, unknown>>;

export interface LayerData {
  readonly layer: Layer;
  readonly value: unknown;
  /** Dotted path → place. */
  readonly places: ReadonlyMap<string, string>;
}

export interface Merged {
  readonly value: Raw;
  readonly origins: ReadonlyMap<string, Origin>;
}

export function isGroup(value: unknown): value is Raw {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * A project's file comes with a repository that may be hostile. It may protect more columns and describe connections;
 * it may not say where evidence goes, who signs in, what is allowed, or where a credential is sent.
 */
export function projectProblems({ value, places }: LayerData): readonly Problem[] {
  const refuse = (path: string): Problem => ({
    place: places.get(path) ?? '',
    path,
    reason: 'a project file may only set columns and description of connections',
  });
  if (!isGroup(value)) return [];
  const problems = Object.keys(value)
    .filter((key) => key !== 'version' && key !== 'connections')
    .map(refuse);
  const connections = isGroup(value['connections']) ? value['connections'] : {};
  for (const [name, connection] of Object.entries(connections))
    for (const key of isGroup(connection) ? Object.keys(connection) : [])
      if (key !== 'columns' && key !== 'description') problems.push(refuse(`connections.${name}.${key}`));
  return problems;
}

function lay(
  under: unknown,
  over: unknown,
  path: string,
  data: LayerData,
  origins: Map<string, Origin>,
): unknown {
  if (isGroup(over)) {
    const base = isGroup(under) ? under : {};
    const merged: Record<string, unknown> = { ...base };
    for (const [key, value] of Object.entries(over)) {
      const below = path ? `${path}.${key}` : key;
      merged[key] = lay(base[key], value, below, data, origins);
    }
    if (path) origins.set(path, { layer: data.layer, place: data.places.get(path) ?? '' });
    return merged;
  }
  origins.set(path, { layer: data.layer, place: data.places.get(path) ?? '' });
  if (Array.isArray(over))
    for (const [index] of over.entries()) {
      const below = `${path}.${index}`;
      origins.set(below, { layer: data.layer, place: data.places.get(below) ?? '' });
    }
  return over;
}

export function merge(layers: readonly LayerData[]): Merged {
  const origins = new Map<string, Origin>();
  let value: unknown = {};
  for (const data of layers) value = lay(value, data.value, '', data, origins);
  return { value: isGroup(value) ? value : {}, origins };
}
