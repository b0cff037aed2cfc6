// Follows tagged columns by identity: from configured names to (oid, attnum), through partitions and inheritance.
// A tag once seen on a column stays on it for the masker's life, whatever it is renamed to.
import type { Catalogue, CatalogueRelation } from '../../../model/catalogue.ts';
import type { ProtectedColumn } from '../types.ts';

export type TagsByAttnum = ReadonlyMap<number, readonly ProtectedColumn[]>;
type Mutable = Map<number, Map<number, Set<ProtectedColumn>>>;

/** Remembers (oid, attnum) of tagged columns across catalogue versions. */
export type Pins = Map<number, Map<number, ProtectedColumn>>;

/** Splits `schema.table.column` where the catalogue knows a relation; names may contain dots. */
function locate(
  catalogue: Catalogue,
  name: string,
): { relation: CatalogueRelation; attnum: number } | undefined {
  for (let dot = name.lastIndexOf('.'); dot > 0; dot = name.lastIndexOf('.', dot - 1)) {
    const oid = catalogue.relationByName.get(name.slice(0, dot));
    const relation = oid === undefined ? undefined : catalogue.relations.get(oid);
    const column = relation?.columns.find((candidate) => candidate.name === name.slice(dot + 1));
    if (relation && column) return { relation, attnum: column.attnum };
  }
  return undefined;
}

function put(tags: Mutable, oid: number, attnum: number, column: ProtectedColumn): boolean {
  const relation = tags.get(oid) ?? new Map<number, Set<ProtectedColumn>>();
  const set = relation.get(attnum) ?? new Set();
  if (set.has(column)) return false;
  tags.set(oid, relation.set(attnum, set.add(column)));
  return true;
}

/** Carries a relation's tags to another by column name; says whether anything changed. */
function carry(tags: Mutable, from: CatalogueRelation, to: CatalogueRelation): boolean {
  let changed = false;
  for (const [attnum, columns] of [...(tags.get(from.oid) ?? [])]) {
    const name = from.columns.find((candidate) => candidate.attnum === attnum)?.name;
    const target = to.columns.find((candidate) => candidate.name === name);
    if (target) for (const column of columns) changed = put(tags, to.oid, target.attnum, column) || changed;
  }
  return changed;
}

/** Spreads tags along inheritance until nothing changes: first down to all children, then up to all parents. */
function spread(catalogue: Catalogue, tags: Mutable): void {
  const children = [...catalogue.relations.values()].filter((relation) => relation.parents.length > 0);
  for (const direction of ['down', 'up'] as const) {
    for (let changed = true; changed; ) {
      changed = false;
      for (const child of children)
        for (const oid of child.parents) {
          const parent = catalogue.relations.get(oid);
          if (!parent) continue;
          changed =
            (direction === 'down' ? carry(tags, parent, child) : carry(tags, child, parent)) || changed;
        }
    }
  }
}

/** Tags of every relation's columns, by oid and attnum. */
export function followTags(
  catalogue: Catalogue,
  columns: readonly ProtectedColumn[],
  pins: Pins,
): ReadonlyMap<number, TagsByAttnum> {
  const tags: Mutable = new Map();
  for (const column of columns) {
    const found = locate(catalogue, column.name);
    if (!found) continue;
    const pinned = pins.get(found.relation.oid) ?? new Map<number, ProtectedColumn>();
    pins.set(found.relation.oid, pinned.set(found.attnum, column));
  }
  for (const [oid, pinned] of pins)
    if (catalogue.relations.has(oid)) for (const [attnum, column] of pinned) put(tags, oid, attnum, column);
  spread(catalogue, tags);
  return new Map(
    [...tags].map(([oid, byAttnum]) => [
      oid,
      new Map([...byAttnum].map(([attnum, set]) => [attnum, [...set]])),
    ]),
  );
}
