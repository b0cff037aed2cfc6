// The name the server gives a result column that has none (FigureColname of parse_target.c). Undefined where it is not
// predicted: such a column may answer to any name.
import { asList, asName, asNames, asNode, asText, asTree, type Tree } from './tree.ts';

/** 0 nothing found, 1 a weak name that an enclosing cast may replace, 2 a real one. */
interface Found {
  readonly name: string;
  readonly strength: 1 | 2;
}

const FIXED: Readonly<Record<string, string>> = {
  GroupingFunc: 'grouping',
  MergeSupportFunc: 'merge_action',
  A_ArrayExpr: 'array',
  RowExpr: 'row',
  CoalesceExpr: 'coalesce',
  XmlSerialize: 'xmlserialize',
  JsonParseExpr: 'json',
  JsonScalarExpr: 'json_scalar',
  JsonSerializeExpr: 'json_serialize',
  JsonObjectConstructor: 'json_object',
  JsonArrayConstructor: 'json_array',
  JsonArrayQueryConstructor: 'json_array',
  JsonObjectAgg: 'json_objectagg',
  JsonArrayAgg: 'json_arrayagg',
};

const real = (name: string | undefined): Found | undefined =>
  name === undefined ? undefined : { name, strength: 2 };

function ofSublink(body: Tree): Found | undefined {
  const kind = asText(body['subLinkType']);
  if (kind === 'EXISTS_SUBLINK') return real('exists');
  if (kind === 'ARRAY_SUBLINK') return real('array');
  if (kind !== 'EXPR_SUBLINK') return undefined;
  const first = asTree(asTree(asList(asTree(asNode(body['subselect'])?.body)['targetList'])[0])['ResTarget']);
  return real(asText(first['name'])) ?? figure(first['val']);
}

function figure(value: unknown): Found | undefined {
  const node = asNode(value);
  if (!node) return undefined;
  const { type, body } = node;
  switch (type) {
    case 'ColumnRef':
      return real(asName(asList(body['fields']).at(-1)));
    case 'A_Indirection':
      return real(asNames(body['indirection']).at(-1)) ?? figure(body['arg']);
    case 'FuncCall':
      return real(asNames(body['funcname']).at(-1));
    case 'A_Expr':
      return body['kind'] === 'AEXPR_NULLIF' ? real('nullif') : undefined;
    case 'CollateClause':
      return figure(body['arg']);
    case 'TypeCast': {
      const inner = figure(body['arg']);
      const name = asNames(asTree(body['typeName'])['names']).at(-1);
      return inner?.strength === 2 || name === undefined ? inner : { name, strength: 1 };
    }
    case 'CaseExpr': {
      const inner = figure(body['defresult']);
      return inner?.strength === 2 ? inner : { name: 'case', strength: 1 };
    }
    case 'MinMaxExpr':
      return real(body['op'] === 'IS_LEAST' ? 'least' : 'greatest');
    case 'SubLink':
      return ofSublink(body);
    default:
      return real(Object.hasOwn(FIXED, type) ? FIXED[type] : undefined);
  }
}

/** Kinds whose names are not predicted here. */
const UNPREDICTED: ReadonlySet<string> = new Set(['XmlExpr', 'SQLValueFunction', 'JsonFuncExpr']);

export function columnName(value: unknown): string | undefined {
  const node = asNode(value);
  if (node && UNPREDICTED.has(node.type)) return undefined;
  return figure(value)?.name ?? (containsUnpredicted(value) ? undefined : '?column?');
}

/** A name may come out of something inside a cast, a collation or a CASE. */
function containsUnpredicted(value: unknown): boolean {
  const node = asNode(value);
  if (!node) return false;
  if (UNPREDICTED.has(node.type)) return true;
  return containsUnpredicted(node.body['arg']) || containsUnpredicted(node.body['defresult']);
}
