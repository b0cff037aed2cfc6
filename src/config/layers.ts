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

const groupAt = (value: unknown, key: string): Raw => {
  const inner = isGroup(value) ? value[key] : undefined;
  return isGroup(inner) ? inner : {};
};

/**
 * A project's file comes with a repository that may be hostile. It may protect more columns and describe connections;
 * it may not say where evidence goes, who signs in, what is allowed, where a credential is sent, or that a protected
 * column is of another data type. `under` is what the layers below say.
 */
export function projectProblems({ value, places }: LayerData, under: Raw): readonly Problem[] {
  const problems: Problem[] = [];
  const refuse = (path: string, reason: string) =>
    problems.push({ place: places.get(path) ?? '', path, reason });
  for (const key of Object.keys(isGroup(value) ? value : {}))
    if (key !== 'version' && key !== 'connections')
      refuse(key, 'a project file may only set columns and description of connections');
  const connections = groupAt(value, 'connections');
  for (const name of Object.keys(connections)) {
    const known = groupAt(under, 'connections')[name];
    if (known === undefined) refuse(`connections.${name}`, 'a project file cannot add a connection');
    for (const key of Object.keys(groupAt(connections, name)))
      if (key !== 'columns' && key !== 'description')
        refuse(
          `connections.${name}.${key}`,
          'a project file may only set columns and description of connections',
        );
    for (const [column, type] of Object.entries(groupAt(groupAt(connections, name), 'columns')))
      if ((groupAt(known, 'columns')[column] ?? type) !== type)
        refuse(`connections.${name}.columns.${column}`, 'a project file cannot change what a column holds');
  }
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
