// Member names that MCP gives a meaning, and how they could be disguised. Pure.

const NAMES =
  `jsonrpc id method params result error code message data name arguments uri _meta content structuredContent
isError protocolVersion capabilities clientInfo serverInfo tools resources prompts resourceTemplates contents messages
cursor nextCursor progressToken requestId inputRequests inputResponses requestState resultType cacheScope ttlMs
supportedVersions instructions level logger ref argument`.split(/\s+/);

/** Everything that is not a letter, a digit or `_` could be invisible, or be dropped by a lenient reader. */
const IGNORED = /[^\p{L}\p{N}_$/.-]/gu;

/** Latin letters that look like others: Cyrillic and Greek ones that MCP's own words could be written with. */
const LOOKS: Readonly<Record<string, string>> = {
  а: 'a',
  с: 'c',
  ԁ: 'd',
  е: 'e',
  һ: 'h',
  і: 'i',
  ј: 'j',
  ӏ: 'l',
  м: 'm',
  о: 'o',
  р: 'p',
  ԛ: 'q',
  ѕ: 's',
  т: 't',
  у: 'y',
  х: 'x',
  ԝ: 'w',
  α: 'a',
  ε: 'e',
  ι: 'i',
  κ: 'k',
  ν: 'v',
  ο: 'o',
  ρ: 'p',
  τ: 't',
  υ: 'u',
  ı: 'i',
  ſ: 's',
};

const PLAIN = /^[a-z0-9_$/.-]*$/;

/** One spelling for all names that a reader could take for each other. */
export function fold(name: string): string {
  const lower = name.toLowerCase();
  if (PLAIN.test(lower)) return lower;
  const flat = lower.normalize('NFKD').replace(/\p{M}/gu, '').replace(IGNORED, '').toLowerCase();
  return [...flat].map((letter) => LOOKS[letter] ?? letter).join('');
}

function table(): ReadonlyMap<string, readonly string[]> {
  const rows = new Map<string, string[]>();
  for (const name of NAMES) rows.set(fold(name), [...(rows.get(fold(name)) ?? []), name]);
  return rows;
}

/** Folded name → the names that are meant by it. */
export const RESERVED = table();
