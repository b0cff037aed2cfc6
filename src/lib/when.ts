// Times as people type them: `30d`, `2h`, a day, or RFC 3339. Must never guess.

const UNITS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};
const DAY = /^\d{4}-\d\d-\d\d$/;
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/;

/** Milliseconds since the epoch: a span is counted back from `now`, a day begins in UTC. Undefined when it is neither. */
export function parseWhen(text: string, now: number): number | undefined {
  const [, count, unit] = /^(\d{1,6})([smhdw])$/.exec(text) ?? [];
  if (count && unit) return now - Number(count) * (UNITS[unit] ?? 0);
  if (!DAY.test(text) && !INSTANT.test(text)) return undefined;
  const time = Date.parse(DAY.test(text) ? `${text}T00:00:00Z` : text);
  // The parser rolls some impossible days over: what it gives must print the same day.
  const same = !DAY.test(text) || (!Number.isNaN(time) && new Date(time).toISOString().startsWith(text));
  return Number.isNaN(time) || !same ? undefined : time;
}

/** `3d 4h`, `12m`, `5s`: the two largest units that matter. */
export function formatSpan(milliseconds: number): string {
  let left = Math.max(0, Math.round(milliseconds / 1000));
  const parts: string[] = [];
  for (const [unit, size] of [
    ['d', 86_400],
    ['h', 3_600],
    ['m', 60],
    ['s', 1],
  ] as const) {
    const count = Math.floor(left / size);
    left -= count * size;
    if (count > 0) parts.push(`${count}${unit}`);
  }
  return parts.slice(0, 2).join(' ') || '0s';
}

/** `640 B`, `12.3 kB`, `4.0 MB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return unit === 0 ? `${bytes} B` : `${value.toFixed(1)} ${units[unit]}`;
}
