// Credentials that must be given back even if this agent dies: one file each until that is done. Must never hold a secret.
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { processStart, sameProcess } from '../lib/process.ts';
import type { Connection } from '../model/connection.ts';
import type { Lease } from '../model/credential.ts';
import type { User } from '../model/principal.ts';
import { hasCode, messageOf } from './fault.ts';
import type { LeaseContext, Lender, Loan, Log } from './ports.ts';

export interface OpenLease {
  readonly session: string;
  readonly agent: { readonly pid: number; readonly start: string };
  readonly connection: Connection;
  readonly user: User;
  /** The caller's variables its credential source reads: names only. */
  readonly variables: readonly string[];
  /** From `Lease.resume`; empty while it is not known yet whether anything was lent. */
  readonly resume: Readonly<Record<string, string>>;
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

export class Leases implements Lender {
  readonly #folder: string;
  readonly #log: Log;
  /** Sessions and tests of this process that hold one. */
  readonly #held = new Set<string>();

  constructor(folder: string, log: Log) {
    this.#folder = folder;
    this.#log = log;
  }

  /** On disk before the source is asked: it may have lent already when we are killed. */
  async borrow(loan: Loan, obtain: (context: LeaseContext) => Promise<Lease>): Promise<Lease> {
    const { variables, ...context } = loan;
    this.#held.add(context.session);
    this.#remember(loan, {});
    try {
      const lease = await obtain(context);
      if (lease.resume) this.#remember(loan, lease.resume);
      else this.#forget(context.session);
      return lease;
    } catch (error) {
      this.#forget(context.session);
      throw error;
    }
  }

  /** False when that failed: then it is left for the next sweep. */
  async giveBack(session: string, lease: Lease | undefined): Promise<boolean> {
    try {
      await lease?.release();
      this.#forget(session);
      return true;
    } catch (error) {
      this.#log.warn({ session, reason: messageOf(error) }, 'the credential could not be given back yet');
      return false;
    } finally {
      this.#held.delete(session);
    }
  }

  /** Gives back what dead agents left and what could not be given back before. Returns how many are still open. */
  async sweep(give: (lease: OpenLease) => Promise<void>): Promise<number> {
    let left = 0;
    for (const name of names(this.#folder)) {
      const session = name.slice(0, -'.json'.length);
      if (this.#held.has(session)) continue;
      try {
        const lease = read(this.#folder, name);
        const mine = lease.agent.pid === process.pid;
        if (!mine && sameProcess(lease.agent.pid, lease.agent.start)) continue;
        await give(lease);
        this.#forget(session);
        this.#log.info({ session }, 'left-over credential given back');
      } catch (error) {
        left += 1;
        this.#log.warn(
          { session, reason: messageOf(error) },
          'a left-over credential cannot be given back yet',
        );
      }
    }
    return left;
  }

  #path(session: string): string {
    return join(this.#folder, `${session}.json`);
  }

  #remember({ session, connection, user, variables }: Loan, resume: OpenLease['resume']): void {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const agent = { pid: process.pid, start: processStart(process.pid) };
    const lease: OpenLease = { session, agent, connection, user, variables, resume };
    const draft = join(this.#folder, `.${session}`);
    writeFileSync(draft, JSON.stringify(lease), { mode: 0o600, flush: true });
    renameSync(draft, this.#path(session));
  }

  #forget(session: string): void {
    rmSync(this.#path(session), { force: true });
  }
}
