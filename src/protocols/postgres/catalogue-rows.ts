// Makes relations, functions and types of the catalogue's rows. Pure.
import type {
  CatalogueColumn,
  CatalogueFunction,
  CatalogueRelation,
  CatalogueType,
  RelationKind,
} from '../../model/catalogue.ts';
import { CHECK, FIRST_USER_OID, POLICY } from './catalogue-sql.ts';

export type Row = readonly (string | null)[];

const KINDS: Readonly<Record<string, RelationKind>> = {
  r: 'table',
  p: 'partitioned',
  v: 'view',
  m: 'materialised',
  f: 'foreign',
  S: 'sequence',
  i: 'index',
  I: 'index',
  c: 'composite',
  t: 'toast',
};

export const text = (value: string | null | undefined): string => value ?? '';

/** Gathers rows by the oid in their first column. */
function group<T>(rows: readonly Row[], make: (row: Row) => T): Map<number, T[]> {
  const groups = new Map<number, T[]>();
  for (const row of rows) {
    const oid = Number(row[0]);
    const list = groups.get(oid);
    if (list) list.push(make(row));
    else groups.set(oid, [make(row)]);
  }
  return groups;
}

/** The property, when there is something to say. */
const given = <K extends string, T>(key: K, value: T | undefined): { readonly [P in K]?: T } =>
  value === undefined ? {} : ({ [key]: value } as { readonly [P in K]?: T });

/** What was read about some relations. */
export interface RelationRows {
  readonly relations: readonly Row[];
  readonly columns: readonly Row[];
  readonly parents: readonly Row[];
  readonly dependencies: readonly Row[];
  readonly code: readonly Row[];
  readonly triggers: readonly Row[];
}

/** A relation, and how many policies it has. */
export interface ReadRelation {
  readonly relation: CatalogueRelation;
  readonly policies: number;
}

const isCondition = ([, what]: Row): boolean => what === POLICY || what === CHECK;

export function toRelations(rows: RelationRows): ReadRelation[] {
  const filledBy = new Map(
    rows.code.filter((row) => !isCondition(row)).map((row) => [`${row[0]}.${row[1]}`, text(row[2])]),
  );
  const columns = group(
    rows.columns,
    (row): CatalogueColumn => ({
      attnum: Number(row[1]),
      typeOid: Number(row[2]),
      name: text(row[3]),
      ...given('filledBy', filledBy.get(`${row[0]}.${row[1]}`)),
      ...(row[4] === 't' ? { generated: true } : {}),
    }),
  );
  const parents = group(rows.parents, (row) => Number(row[1]));
  const dependencies = group(rows.dependencies, (row) => ({ oid: Number(row[1]), attnum: Number(row[2]) }));
  const triggers = group(rows.triggers, (row) => Number(row[1]));
  const conditions = group(rows.code.filter(isCondition), (row) => text(row[2]));
  const policies = group(
    rows.code.filter(([, what]) => what === POLICY),
    () => 0,
  );
  return rows.relations.map((row) => {
    const oid = Number(row[0]);
    const relation: CatalogueRelation = {
      oid,
      schema: text(row[1]),
      name: text(row[2]),
      kind: KINDS[text(row[3])] ?? 'other',
      columns: columns.get(oid) ?? [],
      parents: parents.get(oid) ?? [],
      dependsOn: dependencies.get(oid) ?? [],
      ...(row[5] == null ? {} : { definition: row[5] }),
      acts: row[6] === 't',
      ...given('triggers', triggers.get(oid)),
      ...given('conditions', conditions.get(oid)),
      temporary: row[4] === 't',
    };
    return { relation, policies: policies.get(oid)?.length ?? 0 };
  });
}

export function toFunction(row: Row): CatalogueFunction {
  const oid = Number(row[0]);
  return {
    oid,
    schema: text(row[1]),
    name: text(row[2]),
    language: text(row[3]),
    volatility: text(row[4]),
    returnsSet: row[5] === 't',
    securityDefiner: row[6] === 't',
    builtin: oid < FIRST_USER_OID,
    aggregate: row[11] === 't',
    resultOid: Number(row[7]),
    columns: row[8] == null ? [] : (JSON.parse(row[8]) as string[]),
    ...(row[9] == null ? {} : { body: row[9] }),
    ...(row[10] == null ? {} : { extension: row[10] }),
  };
}

export const toType = (row: Row): CatalogueType => ({
  oid: Number(row[0]),
  name: text(row[1]),
  kind: text(row[2]),
  category: text(row[3]),
  elementOid: Number(row[4]),
  baseOid: Number(row[5]),
  relationOid: Number(row[6]),
});
