// Deterministic text for the detector benchmark: logs, CSV, SQL and JSON as an operator sees them, with few sensitive values.

/** xorshift32: the same text on every machine. */
export function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const WORDS =
  'request handled worker queue customer order payment shipped cache miss index scan table rows update retry timeout connection closed user session token invoice region bucket upload finished started pending'.split(
    ' ',
  );
const CARDS = ['4111111111111111', '5555 5555 5555 4444', '3782-822463-10005'];

type Next = (below: number) => number;

const words = (next: Next, count: number): string =>
  Array.from({ length: count }, () => WORDS[next(WORDS.length)]).join(' ');
const hex = (next: Next, count: number): string =>
  Array.from({ length: count }, () => next(16).toString(16)).join('');
const two = (value: number): string => String(value).padStart(2, '0');
const time = (next: Next): string =>
  `2026-0${1 + next(9)}-${two(1 + next(28))}T${two(next(24))}:${two(next(60))}:${two(next(60))}.${String(next(1e6)).padStart(6, '0')}Z`;

function sensitive(next: Next): string {
  const kind = next(5);
  if (kind === 0) return CARDS[next(CARDS.length)] ?? '';
  if (kind === 1) return `user${next(100_000)}@example.com`;
  if (kind === 2) return 'DE89370400440532013000';
  if (kind === 3) return '+44 20 7946 0958';
  return `password=${hex(next, 8)}`;
}

const LINES: readonly ((next: Next) => string)[] = [
  (next) => `${time(next)} INFO [worker-${next(32)}] ${words(next, 6)} id=${next(1e9)} took=${next(9000)}ms`,
  (next) =>
    `${next(1e7)},${words(next, 2)},${next(1e5)}.${two(next(100))},${time(next)},${hex(next, 8)}-${hex(next, 4)}-${hex(next, 4)}-${hex(next, 4)}-${hex(next, 12)}`,
  (next) =>
    `10.${next(256)}.${next(256)}.${next(256)} - - "GET /api/v2/orders/${next(1e6)}?page=${next(50)} HTTP/1.1" 200 ${next(1e5)}`,
  (next) =>
    `{"level":"debug","msg":"${words(next, 4)}","count":${next(1e6)},"digest":"sha256:${hex(next, 64)}"}`,
  (next) => `${words(next, 12)}`,
  (next) => `${next(1e6)};${words(next, 1)};${sensitive(next)};${next(1e6)}`,
];

/** Mixed text of about `size` characters, all ASCII. */
export function mixedText(size: number, seed = 42): string {
  const next = generator(seed);
  const lines: string[] = [];
  for (let length = 0; length < size; ) {
    // One line in twenty or so carries something sensitive.
    const line = (next(20) === 0 ? LINES[5] : LINES[next(5)])?.(next) ?? '';
    lines.push(line);
    length += line.length + 1;
  }
  return lines.join('\n');
}
