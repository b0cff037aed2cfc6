// What streamable HTTP repeats of a message in its headers (2026-07-28, "Request Metadata"), and which of a tool's arguments. Pure.
import { isMembers, type Members } from './message.ts';
import { eraOf, namedVersion } from './versions.ts';

export type Headers = Readonly<Record<string, string>>;

/** Methods whose subject stands in `Mcp-Name`, and the member that names it. */
const NAMED: Readonly<Record<string, string>> = {
  'tools/call': 'name',
  'prompts/get': 'name',
  'resources/read': 'uri',
};

const PLAIN = /^[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?$/;

/** A value as a header may carry it; everything else as `=?base64?…?=`. */
export function headerValue(text: string): string {
  const marked = text.startsWith('=?base64?') && text.endsWith('?=');
  return PLAIN.test(text) && !marked ? text : `=?base64?${Buffer.from(text).toString('base64')}?=`;
}

/** An argument that is repeated: its path in the arguments, and the header. */
export interface Mirrored {
  readonly path: readonly string[];
  readonly header: string;
}

const TOKEN = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/;
const PRIMITIVES: ReadonlySet<unknown> = new Set(['integer', 'string', 'boolean']);
const MARK = 'x-mcp-header';
const DEEPEST = 32;

class Invalid extends Error {}

/** Marks may stand only where `properties` alone lead to them. */
function walk(schema: unknown, path: readonly string[], reachable: boolean, found: Mirrored[]): void {
  if (path.length > DEEPEST) throw new Invalid('its schema is nested too deeply');
  if (Array.isArray(schema)) for (const each of schema) walk(each, path, false, found);
  if (!isMembers(schema)) return;
  const mark = Object.hasOwn(schema, MARK) ? schema[MARK] : undefined;
  if (mark !== undefined) {
    if (typeof mark !== 'string' || !TOKEN.test(mark))
      throw new Invalid(`its ${MARK} is not a header's name`);
    if (!reachable || path.length === 0) throw new Invalid(`its ${MARK} stands where no argument is`);
    if (!PRIMITIVES.has(schema['type']))
      throw new Invalid(`its ${MARK} is on an argument that is no single value`);
    if (found.some(({ header }) => header.toLowerCase() === `mcp-param-${mark}`.toLowerCase()))
      throw new Invalid(`it has the ${MARK} ${mark} twice`);
    found.push({ path, header: `Mcp-Param-${mark}` });
  }
  for (const [key, inner] of Object.entries(schema)) {
    if (key === MARK) continue;
    if (key === 'properties' && isMembers(inner))
      for (const [name, property] of Object.entries(inner)) walk(property, [...path, name], reachable, found);
    else walk(inner, path, false, found);
  }
}

/** Which arguments of a tool are repeated; text when its definition must not be used. */
export function mirroredArguments(inputSchema: unknown): readonly Mirrored[] | string {
  const found: Mirrored[] = [];
  try {
    walk(inputSchema, [], true, found);
    return found;
  } catch (error) {
    if (error instanceof Invalid) return error.message;
    throw error;
  }
}

function valueAt(given: unknown, path: readonly string[]): string | undefined {
  let at = given;
  for (const name of path) at = isMembers(at) && Object.hasOwn(at, name) ? at[name] : undefined;
  if (typeof at === 'string') return at;
  return typeof at === 'boolean' || Number.isSafeInteger(at) ? String(at) : undefined;
}

/** Headers of one message of the stateless era; none for the handshake era, which has its own. */
export function messageHeaders(method: string, params: Members, mirrored: readonly Mirrored[] = []): Headers {
  if (eraOf(params) !== 'stateless') return {};
  const member = NAMED[method];
  const name = member === undefined ? undefined : params[member];
  const arguments_ = mirrored.flatMap(({ path, header }) => {
    const value = valueAt(params['arguments'], path);
    return value === undefined ? [] : [[header, headerValue(value)] as const];
  });
  return {
    'MCP-Protocol-Version': headerValue(String(namedVersion(params))),
    'Mcp-Method': headerValue(method),
    ...(typeof name === 'string' ? { 'Mcp-Name': headerValue(name) } : {}),
    ...Object.fromEntries(arguments_),
  };
}
