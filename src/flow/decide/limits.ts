// How much policy the engine is given: beyond these its stack overflows, and it never works again. Must look before the engine does.
import type { PolicyText } from '../../model/session.ts';

export const MAX_POLICIES = 5_000;
/** Characters of all files together, and of one policy. */
export const MAX_TEXT = 1_048_576;
export const MAX_POLICY = 65_536;
/** What the engine's stack takes of one policy, in operators; it was seen to fail at twice as much in a small stack. */
const MAX_LOAD = 128;
const BRACKET = 5;
const BRANCH = 2;
const SUM = 3;

const TOKEN =
  /\/\/[^\n\r]*|"(?:[^"\\]|\\[\s\S])*"|(?:\w+\s*::\s*){9}|[([{]|[)\]}]|&&|\|\||[!.*+-]|\b(?:if|when|unless)\b/g;

const WEIGHTS: Readonly<Record<string, number>> = {
  if: BRANCH,
  when: BRANCH,
  unless: BRANCH,
  '+': SUM,
  '-': SUM,
  '*': SUM,
};

/** Why one policy is more than the engine takes, or undefined. */
export function policyLimit(text: string): string | undefined {
  if (text.length > MAX_POLICY) return `has more than ${MAX_POLICY} characters`;
  let [depth, deepest, operators] = [0, 0, 0];
  for (const [token = ''] of text.matchAll(TOKEN)) {
    if (token.startsWith('"') || token.startsWith('//')) continue;
    if (token.includes('::')) return 'has a name of more than nine parts';
    if ('([{'.includes(token)) depth += 1;
    else if (')]}'.includes(token)) depth -= 1;
    else operators += WEIGHTS[token] ?? 1;
    deepest = Math.max(deepest, depth);
  }
  const load = deepest * BRACKET + operators;
  if (load <= MAX_LOAD) return undefined;
  return `has ${deepest} brackets within each other and ${operators} operators: write several policies, or a set and contains`;
}

/** Why all files together are more than the engine takes, or undefined. */
export function textLimit({ files }: PolicyText): string | undefined {
  const length = Object.values(files).reduce((sum, text) => sum + text.length, 0);
  return length > MAX_TEXT ? `the policies have more than ${MAX_TEXT} characters together` : undefined;
}
