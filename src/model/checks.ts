// Checks of untrusted values, member by member. Must never let an unknown member through unread.

export type Check = (value: unknown) => boolean;
export type Shape = Readonly<Record<string, readonly [required: boolean, check: Check]>>;

const MAX_TEXT = 4096;
export const text: Check = (value) => typeof value === 'string' && value.length <= MAX_TEXT;
export const natural: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
export const integer: Check = (value) => Number.isSafeInteger(value);
export const plain: Check = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
export const time: Check = (value) =>
  typeof value === 'string' &&
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/.test(value) &&
  !Number.isNaN(Date.parse(value));
export const oneOf =
  (...words: readonly string[]): Check =>
  (value) =>
    words.includes(value as string);
export const matches =
  (pattern: RegExp): Check =>
  (value) =>
    typeof value === 'string' && pattern.test(value);
export const list =
  (check: Check, most: number): Check =>
  (value) =>
    Array.isArray(value) && value.length <= most && value.every(check);
export const counts: Check = (value) => plain(value) && Object.values(value as object).every(natural);

export function shape(members: Shape): Check {
  const required = Object.keys(members).filter((name) => members[name]?.[0]);
  return (value) => {
    if (!plain(value)) return false;
    const given = value as Readonly<Record<string, unknown>>;
    return (
      required.every((name) => Object.hasOwn(given, name)) &&
      Object.keys(given).every((name) => Object.hasOwn(members, name) && members[name]?.[1](given[name]))
    );
  };
}

/** The first thing wrong with the members of `what`, or undefined when their shape is right. */
export function memberProblem(value: unknown, members: Shape, what: string): string | undefined {
  if (!plain(value)) return `${what} is not an object`;
  const given = value as Readonly<Record<string, unknown>>;
  for (const name of Object.keys(given))
    if (!Object.hasOwn(members, name)) return `${what} has an unknown member ${JSON.stringify(name)}`;
  for (const [name, [required, check]] of Object.entries(members)) {
    if (!Object.hasOwn(given, name)) {
      if (required) return `${what} has no ${name}`;
    } else if (!check(given[name])) return `${what}'s ${name} has the wrong shape`;
  }
  return undefined;
}
