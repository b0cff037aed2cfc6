// Finds a client program as a careful shell would, and says how it ended. Must never run one from the current folder by accident.
import { accessSync, constants, statSync } from 'node:fs';
import { constants as system } from 'node:os';
import { delimiter, isAbsolute, join } from 'node:path';

function runnable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Absolute path of a program on PATH. Empty and relative entries are passed over: they mean the current folder. */
export function findProgram(name: string, path: string | undefined): string | undefined {
  const folders = (path ?? '').split(delimiter).filter(isAbsolute);
  return folders.map((folder) => join(folder, name)).find(runnable);
}

/** As `findProgram`; a name with a slash is a path and is meant as one. */
export function resolveProgram(name: string, path: string | undefined, cwd: string): string | undefined {
  if (!name.includes('/')) return findProgram(name, path);
  const absolute = isAbsolute(name) ? name : join(cwd, name);
  return runnable(absolute) ? absolute : undefined;
}

/** A shell's exit code for how a program ended. */
export function exitCode(code: number, signal: number): number {
  return signal > 0 ? 128 + signal : code;
}

export function signalNumber(name: NodeJS.Signals | null): number {
  return name === null ? 0 : (system.signals[name] ?? 0);
}

export function signalName(number: number): NodeJS.Signals | undefined {
  return (Object.keys(system.signals) as NodeJS.Signals[]).find((name) => system.signals[name] === number);
}
