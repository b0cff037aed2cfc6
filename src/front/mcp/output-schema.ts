// What a tool promises of its results, once values in them may be hidden: still true, and no less than that. Pure.
import { isMembers, type Members } from '../../protocols/mcp/index.ts';

/** A word in a value's place has another length and form. */
const OF_TEXT = ['format', 'pattern', 'minLength', 'maxLength', 'contentEncoding', 'contentMediaType'];
const NUMERIC = new Set(['number', 'integer']);
/** Members of a schema that hold schemas. */
const SCHEMA_MAPS = ['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas'];
const SCHEMA_LISTS = ['allOf', 'anyOf', 'oneOf', 'prefixItems'];
const SCHEMAS = [
  'items',
  'additionalProperties',
  'contains',
  'if',
  'then',
  'else',
  'not',
  'unevaluatedProperties',
  'unevaluatedItems',
];

function typed(schema: Members): Record<string, unknown> {
  const { type } = schema;
  const types = (Array.isArray(type) ? type : [type]) as readonly unknown[];
  if (!types.some((each) => NUMERIC.has(String(each))) || types.includes('string')) return { ...schema };
  return { ...schema, type: [...types, 'string'] };
}

function each(value: unknown): unknown {
  return isMembers(value) ? honestSchema(value) : value;
}

/** A number may become a word, and text another text. Everything else stays as it was promised. */
export function honestSchema(schema: Members): Members {
  const honest = typed(schema);
  for (const name of OF_TEXT) delete honest[name];
  for (const name of SCHEMAS) if (Object.hasOwn(honest, name)) honest[name] = each(honest[name]);
  for (const name of SCHEMA_LISTS) {
    const list = honest[name];
    if (Array.isArray(list)) honest[name] = list.map(each);
  }
  for (const name of SCHEMA_MAPS) {
    const map = honest[name];
    if (isMembers(map))
      honest[name] = Object.fromEntries(Object.entries(map).map(([key, value]) => [key, each(value)]));
  }
  return honest;
}
