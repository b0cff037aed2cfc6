// One file of a host, read and replaced: links followed, mode kept, whole or not at all. Must never overwrite what somebody wrote meanwhile.
import { readFileSync, realpathSync, statSync } from 'node:fs';
import { chown, mkdir, rename, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { createExclusive, syncFolder, temporaryName } from '../../lib/atomic-file.ts';
import { BrokerError } from '../../model/errors.ts';
import type { Format } from './edit.ts';
import { readJsonc } from './jsonc.ts';
import { SyntaxFault } from './syntax.ts';
import { readToml } from './toml.ts';
import { lineAt, type Node, TwiceError } from './tree.ts';
import { readYaml } from './yaml.ts';

/** Larger files are not configurations; Claude Code's own can have megabytes of history. */
const LARGEST = 32 * 1024 * 1024;
const BOM = '\ufeff';

export interface HostFile {
  /** As the host names it, for people. */
  readonly shown: string;
  /** Links followed. */
  readonly path: string;
  /** Without the byte order mark; undefined when there is no such file. */
  readonly text: string | undefined;
  readonly bom: boolean;
  readonly bytes: Buffer | undefined;
}

const READERS: Readonly<Record<Format, (text: string) => Node>> = {
  json: readJsonc,
  yaml: readYaml,
  toml: readToml,
};

function invalid(file: string, line: number, reason: string): BrokerError {
  return new BrokerError('host-file-invalid', { file, line, reason });
}

function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return resolve(path);
  }
}

function bytesOf(path: string): Buffer | undefined {
  try {
    const { size } = statSync(path);
    if (size > LARGEST) throw invalid(path, 1, 'it is too large for a configuration');
    return readFileSync(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** Throws `host-file-invalid` for what is not UTF-8. */
export function readHostFile(shown: string): HostFile {
  const path = real(shown);
  const bytes = bytesOf(path);
  if (!bytes) return { shown, path, text: undefined, bom: false, bytes };
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw invalid(shown, 1, 'it is not UTF-8');
  }
  const bom = text.startsWith(BOM);
  return { shown, path, text: bom ? text.slice(1) : text, bom, bytes };
}

/** Runs something that reads the tree; what is wrong with the file becomes `host-file-invalid`. */
export function reading<T>(shown: string, text: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof SyntaxFault) throw invalid(shown, error.line, error.message);
    if (error instanceof TwiceError) throw invalid(shown, lineAt(text, error.offset), error.message);
    throw error;
  }
}

/** Throws `host-file-invalid`. A blank file is an empty map. */
export function treeOf(shown: string, format: Format, text: string): Node {
  if (text.trim() === '') return { kind: 'map', start: 0, end: 0, members: [], block: format !== 'json' };
  return reading(shown, text, () => READERS[format](text));
}

function unchanged(file: HostFile): boolean {
  const now = bytesOf(file.path);
  return now === undefined || file.bytes === undefined ? now === file.bytes : now.equals(file.bytes);
}

/** Replaces the file; undefined removes it. Throws `host-file-changed`. */
export async function replaceHostFile(file: HostFile, text: string | undefined): Promise<void> {
  const changed = new BrokerError('host-file-changed', { file: file.shown });
  if (text === undefined) {
    if (!unchanged(file)) throw changed;
    await rm(file.path, { force: true });
    return;
  }
  const folder = dirname(file.path);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const stat = file.bytes ? statSync(file.path) : undefined;
  const temporary = temporaryName(file.path);
  const handle = await createExclusive(temporary, 0o600);
  try {
    try {
      await handle.writeFile((file.bom ? BOM : '') + text);
      if (stat) await handle.chmod(stat.mode & 0o7777);
      await handle.sync();
    } finally {
      await handle.close();
    }
    // Root edits for others too.
    if (stat && process.getuid?.() === 0) await chown(temporary, stat.uid, stat.gid);
    if (!unchanged(file)) throw changed;
    await rename(temporary, file.path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(folder);
}
