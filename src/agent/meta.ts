// What the agent keeps beside a session's journal: who runs it and how to give its credential back. Must never hold a secret.
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { processStart, sameProcess } from '../lib/process.ts';
import type { Connection } from '../model/connection.ts';
import type { User } from '../model/principal.ts';
import type { SessionEnd } from './evidence.ts';
import { hasCode } from './fault.ts';
import { secureFolder } from './place.ts';

const FILE = 'meta.json';
const SESSION_FOLDER = /^[0-9a-z]{17}$/;

export interface SessionMeta {
  readonly version: 1;
  readonly session: string;
  /** The process that runs it, told apart from a later one with the same pid. */
  readonly agent: { readonly pid: number; readonly start: string };
  readonly front: { readonly pid: number; readonly start: string };
  readonly worker?: { readonly pid: number; readonly start: string };
  readonly store: string;
  readonly connection: Connection;
  readonly user: User;
  /** Whether the `open` statement was stored: without it nothing ran and there is nothing to seal. */
  readonly opened: boolean;
  /** Set when it ended in an orderly way and only sealing is left. */
  readonly end?: SessionEnd;
}

export interface SpooledSession {
  readonly folder: string;
  readonly meta: SessionMeta;
}

/** Makes the session's folder; everything recorded about it goes there. */
export function createSpoolFolder(spool: string, session: string): string {
  secureFolder(spool);
  const folder = join(spool, session);
  mkdirSync(folder, { mode: 0o700 });
  return folder;
}

/** Of a session that begins: run by this process for that front. */
export function newMeta(
  parts: Pick<SessionMeta, 'session' | 'store' | 'connection' | 'user'>,
  front: number,
): SessionMeta {
  return {
    version: 1,
    ...parts,
    agent: thisProcess(),
    front: { pid: front, start: processStart(front) },
    opened: false,
  };
}

/** Replaces the file in one step: a reader sees the old or the new one, never half. */
export function writeMeta(folder: string, meta: SessionMeta): void {
  const draft = join(folder, `.${FILE}.${process.pid}`);
  writeFileSync(draft, JSON.stringify(meta), { mode: 0o600, flush: true });
  renameSync(draft, join(folder, FILE));
}

export function readMeta(folder: string): SessionMeta | undefined {
  try {
    const meta = JSON.parse(readFileSync(join(folder, FILE), 'utf8')) as SessionMeta;
    return meta.version === 1 ? meta : undefined;
  } catch {
    return undefined;
  }
}

export function thisProcess(): { readonly pid: number; readonly start: string } {
  return { pid: process.pid, start: processStart(process.pid) };
}

/** True while the agent that runs the session lives, so that nobody else may seal it. */
export function isRun(meta: SessionMeta): boolean {
  return sameProcess(meta.agent.pid, meta.agent.start);
}

/** Sessions in the spool, oldest first. */
export function spooled(spool: string): readonly SpooledSession[] {
  let names: string[];
  try {
    names = readdirSync(spool).filter((name) => SESSION_FOLDER.test(name));
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  }
  return names.sort().flatMap((name) => {
    const folder = join(spool, name);
    const meta = readMeta(folder);
    return meta ? [{ folder, meta }] : [];
  });
}

export function removeSpoolFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}
