// What policy files are called in evidence: the same on every machine that has the same policy. Must never call two files alike.
import { basename, relative, sep } from 'node:path';
import type { PolicyText } from '../model/session.ts';

/** An entry of `policy:` and the files it stands for, all absolute. */
export interface PolicyEntry {
  readonly entry: string;
  readonly files: readonly string[];
}

function shortName(entry: string, file: string): string {
  return entry === file ? basename(file) : relative(entry, file).split(sep).join('/');
}

function ending(file: string, parts: number): string {
  return file
    .split(sep)
    .filter((part) => part !== '')
    .slice(-parts)
    .join('/');
}

/** As few trailing folders as tell these files apart. */
function apart(files: readonly string[]): Map<string, string> {
  for (let parts = 2; ; parts++) {
    const names = new Map(files.map((file) => [file, ending(file, parts)]));
    if (new Set(names.values()).size === files.length) return names;
    // Whole paths differ, whatever they look like.
    if (files.every((file) => file.split(sep).length <= parts))
      return new Map(files.map((file) => [file, file]));
  }
}

/** Path → name: a file's own name, or its path inside the folder that was named; with folders before it where two are alike. */
export function policyNames(entries: readonly PolicyEntry[]): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const { entry, files } of entries)
    for (const file of files) if (!names.has(file)) names.set(file, shortName(entry, file));
  const alike = new Map<string, string[]>();
  for (const [file, name] of names) alike.set(name, [...(alike.get(name) ?? []), file]);
  for (const files of alike.values())
    if (files.length > 1) for (const [file, name] of apart(files)) names.set(file, name);
  return names;
}

/** Reads all of them; `paths` is for messages, not for evidence. */
export async function readPolicyEntries(
  entries: readonly PolicyEntry[],
  read: (path: string) => Promise<string>,
): Promise<PolicyText & { readonly paths: Readonly<Record<string, string>> }> {
  const names = [...policyNames(entries)];
  const texts = await Promise.all(names.map(async ([path, name]) => [name, await read(path)] as const));
  return {
    files: Object.fromEntries(texts),
    paths: Object.fromEntries(names.map(([path, name]) => [name, path])),
  };
}
