// Rounds that alternate between ways, so that a noisy moment hits them all; medians, and how far the rounds lay apart.
import { spawn } from 'node:child_process';

export async function run(
  command: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  options: { cwd?: string } = {},
): Promise<string> {
  const child = spawn(command, args, {
    env: { PATH: process.env['PATH'], LANG: 'C', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(options.cwd ? { cwd: options.cwd } : {}),
  });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString('latin1');
  });
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString('latin1');
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}\n${err.slice(-2_000)}`);
  return out;
}

export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** Largest distance from the median, as a share of it. */
function spread(numbers: readonly number[]): number {
  const middle = median(numbers);
  return Math.max(...numbers.map((each) => Math.abs(each - middle))) / middle;
}

/** `rounds` measurements of every way, interleaved: way → all its figures. */
export async function interleaved<T extends { readonly name: string }>(
  rounds: number,
  ways: readonly T[],
  measure: (way: T) => Promise<number>,
): Promise<ReadonlyMap<string, readonly number[]>> {
  const figures = new Map<string, number[]>(ways.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++)
    for (const way of ways) figures.get(way.name)?.push(await measure(way));
  return figures;
}

/** One printed row: the figure, its peer, the ratio, and what was aimed at. */
export function print(
  row: string,
  figures: ReadonlyMap<string, readonly number[]>,
  of: string,
  against: string,
  goal: string,
): void {
  const [mine, peer] = [figures.get(of) ?? [], figures.get(against) ?? []];
  const ratio = (median(mine) / median(peer)).toFixed(2);
  const apart = `±${Math.round(Math.max(spread(mine), spread(peer)) * 100)} %`;
  console.log(
    `${row.padEnd(52)} ${ratio.padStart(6)} × ${against.padEnd(10)} ${apart.padStart(7)}   goal ${goal}`,
  );
}
