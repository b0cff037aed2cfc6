// The catalogue of the statement vectors as the classifier takes it.
import { readFileSync } from 'node:fs';
import type { Catalogue, CatalogueFunction, CatalogueRelation } from '../../../src/model/catalogue.ts';

interface Source {
  readonly searchPath: readonly string[];
  readonly builtinFunctions: Readonly<Record<string, string>>;
  readonly builtinTypes: string;
  readonly systemRelations: Readonly<Record<string, string>>;
  readonly relations: readonly {
    schema: string;
    name: string;
    kind: CatalogueRelation['kind'];
    columns: string[];
    temporary?: boolean;
    /** For views: relations they read, as `schema.name`. */
    dependsOn?: string[];
  }[];
  readonly functions: readonly { schema: string; name: string; language: string; volatility: string }[];
  readonly types: readonly { name: string; kind: string }[];
}

const USER_OID = 20_000;

function relationsOf(source: Source): CatalogueRelation[] {
  const system = Object.entries(source.systemRelations).flatMap(([schema, names]) =>
    names.split(' ').map((name) => ({ schema, name, kind: 'table' as const, columns: [] as string[] })),
  );
  const all = [...system, ...source.relations];
  const oidOf = (index: number): number => (index < system.length ? 1_000 : USER_OID) + index;
  return all.map((one, index) => ({
    oid: oidOf(index),
    schema: one.schema,
    name: one.name,
    kind: one.kind,
    columns: one.columns.map((name, at) => ({ attnum: at + 1, name, typeOid: 25 })),
    parents: [],
    dependsOn: ('dependsOn' in one ? (one.dependsOn ?? []) : []).map((base) => ({
      oid: oidOf(all.findIndex(({ schema, name }) => `${schema}.${name}` === base)),
      attnum: 1,
    })),
    temporary: 'temporary' in one && one.temporary === true,
  }));
}

function functionsOf(source: Source): CatalogueFunction[] {
  const shipped = Object.entries(source.builtinFunctions).flatMap(([volatility, names]) =>
    names
      .split(' ')
      .map((name) => ({ schema: 'pg_catalog', name, language: 'internal', volatility, builtin: true })),
  );
  const made = source.functions.map((one) => ({ ...one, builtin: false }));
  return [...shipped, ...made].map((one, index) => ({
    ...one,
    oid: one.builtin ? 1_000 + index : USER_OID + index,
    returnsSet: false,
    securityDefiner: false,
  }));
}

export function fixtureCatalogue(): Catalogue {
  const file = new URL('../../vectors/statements/catalogue.json', import.meta.url);
  const source = JSON.parse(readFileSync(file, 'utf8')) as Source;
  const relations = relationsOf(source);
  const byName = new Map<string, CatalogueFunction[]>();
  for (const one of functionsOf(source)) byName.set(one.name, [...(byName.get(one.name) ?? []), one]);
  const types = [...source.builtinTypes.split(' ').map((name) => ({ name, kind: 'b' })), ...source.types].map(
    (one, index) => ({
      ...one,
      oid: index + (source.types.includes(one) ? USER_OID : 0) + 1,
      category: 'S',
      elementOid: 0,
      baseOid: 0,
      relationOid: 0,
    }),
  );
  return {
    version: 1,
    serverVersion: 150_000,
    searchPath: source.searchPath,
    relations: new Map(relations.map((relation) => [relation.oid, relation])),
    relationByName: new Map(relations.map(({ schema, name, oid }) => [`${schema}.${name}`, oid])),
    functionsByName: byName,
    types: new Map(types.map((type) => [type.oid, type])),
  };
}
