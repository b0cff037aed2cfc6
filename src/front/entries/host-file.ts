// One file of a host as it is: links followed, only a plain file of readable size. Must never wait on what is no file.
import { closeSync, constants, fstatSync, openSync, readFileSync, statSync } from 'node:fs';
import { BrokerError } from '../../model/errors.ts';
import type { Format } from './edit.ts';
import { readJsonc } from './jsonc.ts';
import { real } from './links.ts';
import { SyntaxFault } from './syntax.ts';
import { readToml } from './toml.ts';
import { lineAt, type Node, TwiceError } from './tree.ts';
import { readYaml } from './yaml.ts';

/** Larger files are not configurations; Claude Code's own can have megabytes of history. */
const LARGEST = 32 * 1024 * 1024;
export const BOM = '\ufeff';

export interface HostFile {
  /** As the host names it, for people. */
  readonly shown: string;
  /** Links followed, those that lead nowhere yet too. */
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

/** System error → what is wrong, and what mends it. */
const UNREADABLE: Readonly<Record<string, readonly [reason: string, mend: string]>> = {
  EACCES: ['permission denied', 'give yourself the right to read it'],
  EPERM: ['permission denied', 'give yourself the right to read it'],
  EISDIR: ['it is a folder', 'move it away'],
  ELOOP: ['its links lead in a circle', 'take the link away'],
  ENAMETOOLONG: ['its name is too long', 'shorten what the link says'],
};

function invalid(file: string, line: number, reason: string): BrokerError {
  return new BrokerError('host-file-invalid', { file, line, reason });
}

function unreadable(file: string, reason: string, mend: string): BrokerError {
  return new BrokerError('host-file-unreadable', { file, reason, mend });
}

function plainFile(shown: string, stat: { isFile(): boolean; isDirectory(): boolean; size: number }): void {
  if (stat.isDirectory()) throw unreadable(shown, 'it is a folder', 'move it away');
  if (!stat.isFile()) throw unreadable(shown, 'it is not a plain file', 'put a plain file in its place');
  if (stat.size > LARGEST) throw invalid(shown, 1, 'it is too large for a configuration');
}

/** Undefined when there is none. Opening a pipe would wait for a writer, opening a device may do something: both are looked at first. */
export function bytesOf(shown: string, path: string): Buffer | undefined {
  try {
    plainFile(shown, statSync(path));
    const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      plainFile(shown, fstatSync(file));
      return readFileSync(file);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if (error instanceof BrokerError) throw error;
    const { code = '', message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw unreadable(shown, ...(UNREADABLE[code] ?? ([message, 'see what is there'] as const)));
  }
}

/** Throws `host-file-unreadable` for what is no plain file, `host-file-invalid` for what is not UTF-8. */
export function readHostFile(shown: string): HostFile {
  const path = real(shown);
  const bytes = path === undefined ? undefined : bytesOf(shown, path);
  if (path === undefined) throw unreadable(shown, 'its links lead in a circle', 'take the link away');
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
    // Depth is bounded before anything descends; this is for what a parser does with it all the same.
    if (error instanceof RangeError)
      throw invalid(shown, 1, 'it is too deep, or has too long words, to be read safely');
    if (error instanceof TwiceError) throw invalid(shown, lineAt(text, error.offset), error.message);
    throw error;
  }
}

/** Throws `host-file-invalid`. A blank file is an empty map. */
export function treeOf(shown: string, format: Format, text: string): Node {
  if (text.trim() === '') return { kind: 'map', start: 0, end: 0, members: [], block: format !== 'json' };
  return reading(shown, text, () => READERS[format](text));
}
