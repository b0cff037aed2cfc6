// A call as one text: the exact one that people approve, and the same with everything masked. Pure; must never spell two calls alike.
import { jcs } from '../lib/jcs.ts';
import { BrokerError } from '../model/errors.ts';

/** What a call says, masked or not. */
export interface CallParts {
  readonly method: string;
  readonly name?: string | undefined;
  readonly arguments?: Readonly<Record<string, unknown>> | undefined;
  /** Everything else that the request says. */
  readonly rest?: Readonly<Record<string, unknown>> | undefined;
}

/** Names that can be told from what stands beside them; others are put in quotes. */
const PLAIN = /^[\w./:@-]+$/;

/** Indented, members in the order of RFC 8785: one value has one spelling. */
function spelled(value: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(JSON.parse(jcs(value)), null, 2);
}

function isEmpty(value: Readonly<Record<string, unknown>> | undefined): boolean {
  return value === undefined || Object.keys(value).length === 0;
}

/** `by`: lines that say which server answers it, and what its tool was when people trusted it. */
export function callText({ method, name, arguments: given, rest }: CallParts, by: string): string {
  const named = name === undefined || PLAIN.test(name) ? name : JSON.stringify(name);
  const lines = [named === undefined ? method : `${method} ${named}`];
  if (given !== undefined) lines.push(spelled(given));
  if (rest !== undefined && !isEmpty(rest)) lines.push(`and ${spelled(rest)}`);
  lines.push(by);
  return lines.join('\n');
}

const TOKENS = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/gs;

/** Digits of any decimal number that is still the same after it was read into a double and written again. */
const MOST_DIGITS = 15;

/** Throws `call-inexact` for a number that cannot be shown as it came: another one would be approved than the one that is used. */
export function checkNumbers(json: string, connection: string, what: string): void {
  for (const [token] of json.matchAll(TOKENS)) {
    if (token.startsWith('"')) continue;
    const [digits = ''] = token.split(/[eE]/);
    const significant = digits.replace(/[-.]/g, '').replace(/^0+/, '').replace(/0+$/, '');
    const whole = !/[.eE]/.test(token);
    if (significant.length <= MOST_DIGITS || (whole && Number.isSafeInteger(Number(token)))) continue;
    throw new BrokerError('call-inexact', { connection, what, number: token.slice(0, 40) });
  }
}
