// Credentials that must be given back even if this agent dies: one file each until that is done. Must never hold a secret.
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Connection } from '../model/connection.ts';
import type { User } from '../model/principal.ts';
import { hasCode, messageOf } from './fault.ts';
import type { Log } from './ports.ts';
import { processStart, sameProcess } from './process.ts';

export interface OpenLease {
  readonly session: string;
  readonly agent: { readonly pid: number; readonly start: string };
  readonly connection: Connection;
  readonly user: User;
  /** The caller's variables its credential source reads: names only. */
  readonly variables: readonly string[];
  /** From `Lease.resume`. */
  readonly resume: Readonly<Record<string, string>>;
}

function path(folder: string, session: string): string {
  return join(folder, `${session}.json`);
}

/** On disk before the credential is used. */
export function rememberLease(folder: string, lease: Omit<OpenLease, 'agent'>): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const agent = { pid: process.pid, start: processStart(process.pid) };
  const draft = join(folder, `.${lease.session}`);
  writeFileSync(draft, JSON.stringify({ ...lease, agent }), { mode: 0o600, flush: true });
  renameSync(draft, path(folder, lease.session));
}

export function forgetLease(folder: string, session: string): void {
  rmSync(path(folder, session), { force: true });
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => name.endsWith('.json') && !name.startsWith('.'));
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  }
}

function read(folder: string, name: string): OpenLease {
  return JSON.parse(readFileSync(join(folder, name), 'utf8')) as OpenLease;
}

/** Variables whoever starts an agent should pass on to it, so that it can give back what its predecessor could not. */
export function leaseVariables(folder: string): readonly string[] {
  const found = new Set<string>();
  for (const name of names(folder)) {
    try {
      for (const variable of read(folder, name).variables) found.add(variable);
    } catch {
      // The agent itself says what is wrong with it.
    }
  }
  return [...found];
}

/** Gives back what dead agents left and what could not be given back before. Returns how many are still open. */
export async function sweepLeases(
  folder: string,
  own: ReadonlySet<string>,
  log: Log,
  sweep: (lease: OpenLease) => Promise<void>,
): Promise<number> {
  let left = 0;
  for (const name of names(folder)) {
    const session = name.slice(0, -'.json'.length);
    if (own.has(session)) continue;
    try {
      const lease = read(folder, name);
      const mine = lease.agent.pid === process.pid;
      if (!mine && sameProcess(lease.agent.pid, lease.agent.start)) continue;
      await sweep(lease);
      forgetLease(folder, session);
      log.info({ session }, 'left-over credential given back');
    } catch (error) {
      left += 1;
      log.warn({ session, reason: messageOf(error) }, 'a left-over credential cannot be given back yet');
    }
  }
  return left;
}
