// Signs that a tool's description speaks to the model rather than about the tool, or that its name is made to be taken for another's.
// Signs only: they are told and recorded, and no rule depends on them.
import { isMembers, type Members } from '../../protocols/mcp/index.ts';

/** Characters that no reader sees and every model reads: tags, zero-width and bidirectional controls, variation selectors 17-256. */
const UNSEEN = /[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u00ad\u{e0000}-\u{e01ef}]/u;

const SIGNS: readonly (readonly [string, RegExp])[] = [
  ['hidden characters', UNSEEN],
  [
    'speaks to the model as an authority',
    /<\s*(?:important|system|instructions?|secret|hidden)\b[^>]*>|\bsystem prompt\b/i,
  ],
  [
    'tells the model to keep something from the person',
    /\b(?:do not|don't|never|without)\s+(?:\w+\s+){0,3}(?:tell|mention|inform|notify|show|reveal|notifying|telling|mentioning|informing)\w*\b/i,
  ],
  [
    'tells the model to forget what it was told',
    /\b(?:ignore|disregard|forget|override)\s+(?:\w+\s+){0,3}(?:instructions?|rules?|prompts?|above|previous|prior)\b/i,
  ],
  [
    'asks for files that hold secrets',
    /(?:~|\$HOME|\/home\/\w+)\/\.(?:ssh|aws|config|gnupg|kube)\b|\bid_rsa\b|\.env\b|\bmcp\.json\b/i,
  ],
  [
    'tells the model when to use other tools',
    /\b(?:before|after|instead of|whenever)\s+(?:using|calling|you use|you call|invoking)\s+(?:any|every|all|another|other|the)\b/i,
  ],
];

function* texts(value: unknown): Generator<string> {
  if (typeof value === 'string') yield value;
  else if (Array.isArray(value)) for (const item of value) yield* texts(item);
  else if (isMembers(value))
    for (const [key, inner] of Object.entries(value)) {
      yield key;
      yield* texts(inner);
    }
}

/** What is suspicious about one definition, in words. */
export function signsOf(tool: Members): string[] {
  const { _meta: _, ...told } = tool;
  const all = [...texts(told)];
  return SIGNS.filter(([, sign]) => all.some((text) => sign.test(text))).map(([words]) => words);
}

/** More of one look are not told one by one. */
const MOST_ALIKE = 16;

/** Letters that people take for each other, and what joins words, out of the way. */
function appearance(name: string): string {
  return name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[аạ]/g, 'a')
    .replace(/[еẹ]/g, 'e')
    .replace(/[оο0]/g, 'o')
    .replace(/[рρ]/g, 'p')
    .replace(/[сϲ]/g, 'c')
    .replace(/[хχ]/g, 'x')
    .replace(/[уү]/g, 'y')
    .replace(/[іıӏl|1]/g, 'i')
    .replace(/rn/g, 'm')
    .replace(/vv/g, 'w')
    .replace(/[^\p{L}\p{N}]/gu, '');
}

/** For each of these names, the others that it could be taken for. */
export function lookAlikes(names: ReadonlySet<string>): (name: string) => string[] {
  const groups = new Map<string, string[]>();
  for (const name of names) {
    const look = appearance(name);
    groups.set(look, [...(groups.get(look) ?? []), name].slice(0, MOST_ALIKE));
  }
  return (name) => (groups.get(appearance(name)) ?? []).filter((other) => other !== name);
}
