// What runs without being named: defaults and generated columns, triggers, policies, functions inside views. A label each.
import type { CatalogueColumn, CatalogueFunction, CatalogueRelation } from '../../../model/catalogue.ts';
import type { Facts } from './facts.ts';
import { CLEAN, derive, type Label, UNKNOWN } from './label.ts';
import { identifiers, mentions } from './mentions.ts';

/** What the expression that fills a column may put there. `labelOf` tells the labels of the row's other columns. */
export function filledLabel(
  facts: Facts,
  relation: CatalogueRelation,
  column: CatalogueColumn,
  labelOf: (column: CatalogueColumn) => Label,
): Label {
  if (column.filledBy === undefined) return column.generated ? UNKNOWN : CLEAN;
  const words = column.generated ? identifiers(column.filledBy) : new Set<string>();
  const read = relation.columns.filter((other) => other !== column && words.has(other.name));
  return derive([mentions(facts, column.filledBy, 'functions'), ...read.map(labelOf)]);
}

export function functionsByOid(
  facts: Facts,
  oids: readonly number[],
): readonly CatalogueFunction[] | undefined {
  if (oids.length === 0) return [];
  const wanted = new Set(oids);
  const found = [...facts.catalogue.functionsByName.values()].flat().filter((one) => wanted.has(one.oid));
  return found.length < wanted.size ? undefined : found;
}

/** A relation and what it is divided into: writing to it may write there. */
function withChildren(facts: Facts, relation: CatalogueRelation): readonly CatalogueRelation[] {
  const all = [relation];
  for (let at = 0; at < all.length; at += 1)
    for (const child of facts.catalogue.relations.values())
      if (child.parents.includes(all[at]?.oid ?? 0) && !all.includes(child)) all.push(child);
  return all;
}

/** Functions of the triggers that writing to a relation may fire; undefined when one is not known. */
export function triggerFunctions(
  facts: Facts,
  relation: CatalogueRelation,
): readonly CatalogueFunction[] | undefined {
  if (relation.acts !== true && relation.kind !== 'partitioned') return [];
  return functionsByOid(
    facts,
    withChildren(facts, relation).flatMap((one) => one.triggers ?? []),
  );
}

/** What functions inside a relation's definition and conditions reach, through views below it. */
export function codeReach(facts: Facts, relation: CatalogueRelation, seen = new Set<number>()): Label {
  if (seen.has(relation.oid)) return CLEAN;
  seen.add(relation.oid);
  const texts = [relation.definition ?? '', ...(relation.conditions ?? [])];
  const below = relation.dependsOn.map(({ oid }) => {
    const found = facts.catalogue.relations.get(oid);
    return found ? codeReach(facts, found, seen) : UNKNOWN;
  });
  return derive([...texts.map((text) => mentions(facts, text, 'functions')), ...below]);
}
