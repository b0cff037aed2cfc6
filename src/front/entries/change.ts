// What is about to be done to one file, shown. Must never show a secret, and never let pass what does not read back as meant.
import { isDeepStrictEqual } from 'node:util';
import { lineDiff } from '../../lib/line-diff.ts';
import { visible } from '../../lib/visible.ts';
import { BrokerError } from '../../model/errors.ts';
import type { Host } from '../hosts/host.ts';
import { type HostFile, treeOf } from './host-file.ts';
import type { Taken } from './kept.ts';
import type { FileRecord } from './record.ts';
import { type Path, plain } from './tree.ts';

export interface FileChange {
  readonly host: Host;
  readonly file: HostFile;
  /** Undefined: the file goes. */
  readonly after: string | undefined;
  readonly record: FileRecord;
  /** Secrets that go into the keychain, or come back out of it: no diff shows them. */
  readonly taken: readonly Taken[];
  readonly moves: 'in' | 'out';
  /** Names of those that the keychain forgets when the file has them again. */
  readonly forget: readonly string[];
}

/** Secrets as they may stand in a file, longest first, so that none is left in part. */
export function hidden(text: string, taken: readonly Taken[], put: (name: string) => string): string {
  return [...taken]
    .sort((a, b) => b.value.length - a.value.length)
    .reduce(
      (shown, { name, value }) =>
        shown
          .replaceAll(value, () => put(name))
          .replaceAll(JSON.stringify(value).slice(1, -1), () => put(name)),
      text,
    );
}

export function diffOf({ file, after, taken }: FileChange): string {
  const mask = (text: string) => hidden(text, taken, () => '••••••••');
  const lines = lineDiff(mask(file.text ?? ''), mask(after ?? ''));
  if (lines.length === 0) return '';
  const name = visible(file.shown);
  const head = [
    `--- ${file.text === undefined ? '/dev/null' : name}`,
    `+++ ${after === undefined ? '/dev/null' : name}`,
  ];
  return [...head, ...lines].map((line) => `${visible(line, { tabs: true })}\n`).join('');
}

function without(data: unknown, path: Path): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return undefined;
  if (Array.isArray(data)) return data.filter((item) => (item as { name?: unknown } | null)?.name !== key);
  if (typeof data !== 'object' || data === null) return data;
  const { [key]: below, ...others } = data as Record<string, unknown>;
  const left = without(below, rest);
  const gone =
    left === undefined || (typeof left === 'object' && left !== null && Object.keys(left).length === 0);
  return gone ? others : { ...others, [key]: left };
}

/** Throws `bug` when an edit did anything beyond the entries it was meant for. */
export function onlyChanged(
  host: Host,
  shown: string,
  before: string,
  after: string,
  paths: readonly Path[],
): void {
  const rest = (text: string) =>
    paths.reduce((data, path) => without(data, path), plain(treeOf(shown, host.format, text)));
  if (!isDeepStrictEqual(rest(before), rest(after)))
    throw new BrokerError('bug', { reason: `an edit of ${shown} would have changed more than it should` });
}
