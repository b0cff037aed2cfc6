// Reads the agent's log for a person. Bounded: only the end of the file is ever held.
import { open } from 'node:fs/promises';
import { visible } from '../lib/visible.ts';

const END = 4 << 20;

async function lastLines(path: string, count: number): Promise<string[]> {
  let file: Awaited<ReturnType<typeof open>>;
  try {
    file = await open(path, 'r');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
  try {
    const { size } = await file.stat();
    const from = Math.max(0, size - END);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size - from), 0, size - from, from);
    const lines = buffer
      .toString('utf8', 0, bytesRead)
      .split('\n')
      .filter((line) => line !== '');
    return count === 0 ? [] : lines.slice(from > 0 ? 1 : 0).slice(-count);
  } finally {
    await file.close();
  }
}

interface Entry {
  readonly level?: string;
  readonly time?: string;
  readonly msg?: string;
  readonly [field: string]: unknown;
}

function render(line: string): string {
  try {
    const { level = '', time = '', msg = '', pid: _, ...fields } = JSON.parse(line) as Entry;
    const rest = Object.entries(fields).map(
      ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
    );
    return visible([time.slice(0, 23), level.padEnd(5), msg, ...rest].join(' '));
  } catch {
    return visible(line);
  }
}

export async function readLog(path: string, count: number, json: boolean): Promise<string> {
  const lines = await lastLines(path, count);
  return lines.map((line) => `${json ? line : render(line)}\n`).join('');
}
