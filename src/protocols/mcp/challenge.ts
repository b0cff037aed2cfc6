// What a server says it wants in WWW-Authenticate (RFC 9110 section 11.6.1, RFC 6750 section 3, RFC 9728 section 5.1). Pure; hostile input.

export interface Challenge {
  readonly error?: string;
  /** Scopes for what was just asked, separated by spaces. */
  readonly scope?: string;
  /** Where the protected resource's metadata lies. */
  readonly metadata?: string;
}

const MOST = 8192;

/** scheme, or `name=value`, or a comma. */
const PIECE = /\s*(?:([A-Za-z0-9!#$%&'*+.^_`|~-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))|([^\s,=]+)|,)/y;

/** The Bearer challenge among all that were sent; undefined without one. */
export function bearerChallenge(header: string | undefined): Challenge | undefined {
  const text = (header ?? '').slice(0, MOST);
  let bearer = false;
  let found = false;
  const said = new Map<string, string>();
  PIECE.lastIndex = 0;
  for (let piece = PIECE.exec(text); piece && piece[0] !== ''; piece = PIECE.exec(text)) {
    const [, name, quoted, plain, scheme] = piece;
    if (scheme !== undefined) {
      bearer = scheme.toLowerCase() === 'bearer' && !found;
      found ||= bearer;
    } else if (bearer && name !== undefined && !said.has(name.toLowerCase()))
      said.set(name.toLowerCase(), quoted === undefined ? (plain ?? '') : quoted.replace(/\\(.)/g, '$1'));
  }
  if (!found) return undefined;
  const [error, scope, metadata] = ['error', 'scope', 'resource_metadata'].map((name) => said.get(name));
  return { ...(error ? { error } : {}), ...(scope ? { scope } : {}), ...(metadata ? { metadata } : {}) };
}
