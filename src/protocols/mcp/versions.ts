// The versions of MCP that are understood, and which era a request belongs to. Must never let an unknown one through.
import type { Members } from './message.ts';
import { isMembers } from './message.ts';

export const HANDSHAKE_VERSIONS: readonly string[] = ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25'];
export const STATELESS_VERSIONS: readonly string[] = ['2026-07-28'];

export type Era = 'handshake' | 'stateless';

/** `_meta` keys of the stateless era, in every request. */
const VERSION = 'io.modelcontextprotocol/protocolVersion';
const CLIENT = 'io.modelcontextprotocol/clientInfo';

/** -32022 of the 2026-07-28 revision; -32602 before it. */
export const UNSUPPORTED_VERSION = { handshake: -32_602, stateless: -32_022 } as const;

function metaOf(params: Members): Members {
  const { _meta: meta } = params;
  return isMembers(meta) ? meta : {};
}

/** The version a request names for itself; undefined in the handshake era. */
export function namedVersion(params: Members): unknown {
  return metaOf(params)[VERSION];
}

export function eraOf(params: Members): Era {
  return namedVersion(params) === undefined ? 'handshake' : 'stateless';
}

export interface HostInfo {
  readonly name: string;
  readonly version?: string;
}

function infoOf(value: unknown): HostInfo | undefined {
  if (!isMembers(value) || typeof value['name'] !== 'string') return undefined;
  const { name, version } = value;
  return { name, ...(typeof version === 'string' ? { version } : {}) };
}

/** What the host calls itself, in either era. */
export function hostInfo(method: string, params: Members): HostInfo | undefined {
  return infoOf(method === 'initialize' ? params['clientInfo'] : metaOf(params)[CLIENT]);
}

/** What the stateless era does without. */
const GONE: ReadonlySet<string> = new Set([
  'initialize',
  'ping',
  'logging/setLevel',
  'resources/subscribe',
  'resources/unsubscribe',
]);

/** A request of the stateless era for something that this era has no more. */
export function isGone(method: string, params: Members): boolean {
  return GONE.has(method) && STATELESS_VERSIONS.includes(String(namedVersion(params)));
}

export interface VersionProblem {
  readonly requested: string;
  readonly supported: readonly string[];
  readonly era: Era;
}

/** Undefined when the request's version is one that is understood, or names none. */
export function versionProblem(method: string, params: Members): VersionProblem | undefined {
  if (method === 'initialize') {
    const version = params['protocolVersion'];
    if (typeof version === 'string' && HANDSHAKE_VERSIONS.includes(version)) return undefined;
    return { requested: String(version), supported: HANDSHAKE_VERSIONS, era: 'handshake' };
  }
  const named = namedVersion(params);
  if (named === undefined || STATELESS_VERSIONS.includes(String(named))) return undefined;
  return { requested: String(named), supported: STATELESS_VERSIONS, era: 'stateless' };
}
