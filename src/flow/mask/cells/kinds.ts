// How a value of a type is written on the wire, as far as masking needs to know. A type not in the snapshot is opaque.
import type { Catalogue, CatalogueType } from '../../../model/catalogue.ts';

export type Kind =
  /** UTF-8 text in both formats. */
  | { readonly kind: 'text' }
  | { readonly kind: 'json' }
  | { readonly kind: 'jsonb' }
  | { readonly kind: 'int2' }
  | { readonly kind: 'int4' }
  | { readonly kind: 'int8' }
  | { readonly kind: 'numeric' }
  | { readonly kind: 'float8' }
  /** `date` and both kinds of `timestamp`. */
  | { readonly kind: 'date' }
  | { readonly kind: 'bytea' }
  | { readonly kind: 'uuid' }
  /** A type all of whose values are of one data type. */
  | { readonly kind: 'always'; readonly dataType: string }
  | { readonly kind: 'array'; readonly elementOid: number; readonly delimiter: string }
  /** Fields' types in order; undefined for anonymous rows. */
  | { readonly kind: 'row'; readonly fieldOids: readonly number[] | undefined }
  | { readonly kind: 'range'; readonly boundOid: number }
  | { readonly kind: 'multirange'; readonly boundOid: number }
  /** May hold text in a form not taken apart here. */
  | { readonly kind: 'opaque' }
  /** Cannot hold text or long numbers. */
  | { readonly kind: 'plain' };

const RECORD = 2249;
const BOX_ARRAY = 1020;
const FIRST_USER_OID = 16384;

const SHIPPED: ReadonlyMap<number, Kind> = new Map<number, Kind>([
  ...[25, 1043, 1042, 19, 705, 142, 1790, 2275].map((oid): [number, Kind] => [oid, { kind: 'text' }]),
  [114, { kind: 'json' }],
  [3802, { kind: 'jsonb' }],
  [21, { kind: 'int2' }],
  [23, { kind: 'int4' }],
  [20, { kind: 'int8' }],
  [1700, { kind: 'numeric' }],
  [701, { kind: 'float8' }],
  ...[1082, 1114, 1184].map((oid): [number, Kind] => [oid, { kind: 'date' }]),
  [17, { kind: 'bytea' }],
  [2950, { kind: 'uuid' }],
  // inet, cidr; macaddr, macaddr8
  ...[869, 650].map((oid): [number, Kind] => [oid, { kind: 'always', dataType: 'ip-address' }]),
  ...[829, 774].map((oid): [number, Kind] => [oid, { kind: 'always', dataType: 'mac-address' }]),
  [RECORD, { kind: 'row', fieldOids: undefined }],
  [3906, { kind: 'range', boundOid: 1700 }],
  [3926, { kind: 'range', boundOid: 20 }],
  [4532, { kind: 'multirange', boundOid: 1700 }],
  [4536, { kind: 'multirange', boundOid: 20 }],
  // Ranges of int4, dates and times.
  ...[3904, 3908, 3910, 3912, 4451, 4533, 4534, 4535].map((oid): [number, Kind] => [oid, { kind: 'plain' }]),
  // What pg_stats keeps: an array that says of what.
  [2277, { kind: 'array', elementOid: 0, delimiter: ',' }],
  // tsvector, tsquery, jsonpath, bit, varbit
  ...[3614, 3615, 4072, 1560, 1562].map((oid): [number, Kind] => [oid, { kind: 'opaque' }]),
]);

function rowKind(type: CatalogueType, catalogue: Catalogue): Kind {
  const relation = catalogue.relations.get(type.relationOid);
  return { kind: 'row', fieldOids: relation?.columns.map((column) => column.typeOid) };
}

export function kindOf(oid: number, catalogue: Catalogue, depth = 0): Kind {
  const shipped = SHIPPED.get(oid);
  if (shipped) return shipped;
  const type = catalogue.types.get(oid);
  if (!type || depth > 8) return { kind: 'opaque' };
  if (type.category === 'A' && type.elementOid !== 0)
    return { kind: 'array', elementOid: type.elementOid, delimiter: oid === BOX_ARRAY ? ';' : ',' };
  switch (type.kind) {
    case 'd':
      return kindOf(type.baseOid, catalogue, depth + 1);
    case 'c':
      return rowKind(type, catalogue);
    case 'e':
      return { kind: 'plain' };
    case 'r':
    case 'm':
      return { kind: 'opaque' };
    default:
      if (oid < FIRST_USER_OID) return { kind: 'plain' };
      return { kind: type.category === 'S' ? 'text' : 'opaque' };
  }
}
