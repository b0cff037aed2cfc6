// How published versions look to people. Pure; everything that came from the store is made visible.
import type { PublishedVersion } from '../../front/policy.ts';
import { lineDiff } from '../../lib/line-diff.ts';
import { visible } from '../../lib/visible.ts';

type Files = Readonly<Record<string, string>>;

export function signerOf({ signer }: Pick<PublishedVersion, 'signer'>): string {
  const { name, email, sub } = signer;
  if (name !== undefined && email !== undefined) return `${name} <${email}>`;
  return email ?? name ?? sub;
}

/** `published version 3 by dana@example.com at 2026-01-31T12:00:00Z: reason` */
export function titleOf(version: PublishedVersion): string {
  const { number, time, reason } = version;
  const why = reason === undefined ? '' : `: ${reason}`;
  return visible(`published version ${number} by ${signerOf(version)} at ${time.slice(0, 19)}Z${why}`);
}

function painted(line: string, fancy: boolean): string {
  if (!fancy) return line;
  if (line.startsWith('+')) return `\u001b[32m${line}\u001b[0m`;
  if (line.startsWith('-')) return `\u001b[31m${line}\u001b[0m`;
  return line.startsWith('@@') ? `\u001b[36m${line}\u001b[0m` : line;
}

/** A unified diff from one policy to another, file by file; empty when nothing changed. */
export function diffOf(before: Files, after: Files, fancy: boolean): string {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  const parts = names.flatMap((name) => {
    const lines = lineDiff(before[name] ?? '', after[name] ?? '');
    const [old, now] = [Object.hasOwn(before, name), Object.hasOwn(after, name)];
    if (lines.length === 0 && old === now) return [];
    const heading = [`--- ${old ? `a/${name}` : '/dev/null'}`, `+++ ${now ? `b/${name}` : '/dev/null'}`];
    return [...heading.map((line) => visible(line)), ...lines.map((line) => painted(visible(line), fancy))];
  });
  return parts.map((line) => `${line}\n`).join('');
}

/** Files one after the other, each under its name. */
export function filesText(files: Files, paths: Files = {}): string {
  return Object.entries(files)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, text]) => {
      const shown = visible(text, { multiline: true });
      return `// ${visible(paths[name] ?? name)}\n${shown}${shown.endsWith('\n') ? '' : '\n'}`;
    })
    .join('\n');
}
