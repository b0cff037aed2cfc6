// How commands reach evidence: the configured store or an exported folder, whose keys count, and which statements are meant.

import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { loadConfig } from '../config/load.ts';
import type { IssuerPin } from '../flow/verify/index.ts';
import { formatSpan } from '../lib/when.ts';
import { MAX_STATEMENT, parseBundle, parseStatementKey } from '../model/bundle.ts';
import type { IdentitySettings } from '../model/config.ts';
import { BrokerError } from '../model/errors.ts';
import type { Predicate, Subject } from '../model/evidence.ts';
import type { Store } from '../model/store.ts';
import { identifyStore, openStore, type StoreIdentity } from '../stores/index.ts';
import type { CommandContext } from './command.ts';
import type { Filters } from './evidence-filters.ts';

export interface Evidence {
  readonly store: Store;
  readonly identity: StoreIdentity;
  /** Of this machine's configuration, when there is one. */
  readonly settings: IdentitySettings | undefined;
  /** True when it is an exported folder and not the configured store. */
  readonly exported: boolean;
}

async function config(context: CommandContext) {
  const { home, cwd, environment } = context;
  return (await loadConfig({ home, cwd, environment })).config;
}

/** Opens the folder given, or else the configured store. */
export async function openEvidence(context: CommandContext, folder?: string): Promise<Evidence> {
  if (folder !== undefined) {
    const path = resolve(context.cwd, folder);
    const found = await stat(join(path, 'v1')).catch(() => undefined);
    if (!found?.isDirectory())
      throw new BrokerError('usage', {
        reason: `${folder} is not an exported folder: it has no v1/`,
        command: 'verify',
      });
    const store = await openStore(
      `file:${encodeURI(path).replaceAll('?', '%3F').replaceAll('#', '%23')}`,
      {},
    );
    const settings = await config(context).then(
      (each) => each.identity,
      () => undefined,
    );
    return { store, identity: await identifyStore(store), settings, exported: true };
  }
  const { store: chosen, identity: settings } = await config(context);
  const store = await openStore(chosen.url, context.environment);
  return { store, identity: await identifyStore(store), settings, exported: false };
}

/** The provider's keys as this machine sees them now; without them, archived keys must corroborate each other. */
export async function pinsOf(
  context: CommandContext,
  settings: IdentitySettings | undefined,
  offline: boolean,
): Promise<{ readonly pins?: readonly IssuerPin[]; readonly problem?: string }> {
  if (!settings) return {};
  const { issuer, clientId } = settings;
  const pin = { issuer, audiences: [clientId] };
  if (offline) return { pins: [pin] };
  try {
    const { discover } = await import('../identity/provider.ts');
    const provider = await discover({ issuer, clientId, clock: context.clock, signal: context.signal });
    return { pins: [{ ...pin, jwks: (await provider.sightJwks()).text }] };
  } catch (error) {
    return { pins: [pin], problem: (error as Error).message };
  }
}

export interface ListedStatement {
  readonly key: string;
  readonly predicate: Predicate;
  readonly subjects: readonly Subject[];
}

const DAY = 86_400_000;

/** Statements of a span, read but not verified, in key order. Files that cannot be read are left to `broker verify`. */
export async function* listStatements(store: Store, span: Filters): AsyncGenerator<ListedStatement> {
  const day = (time: number) => new Date(time).toISOString().slice(0, 10);
  const after = span.since === undefined ? undefined : `v1/stmt/day=${day(span.since)}`;
  const last = span.until === undefined ? undefined : day(span.until);
  const { ordered } = await import('../lib/ordered.ts');
  const keys = (async function* () {
    for await (const { key } of store.list('v1/stmt/', after)) {
      const parts = parseStatementKey(key);
      if (parts && last !== undefined && parts.day > last) return;
      if (parts && (parts.kind === 'open' || parts.kind === 'session')) yield key;
    }
  })();
  for await (const read of ordered(keys, 32, (key) => readStatement(store, key))) if (read) yield read;
}

async function readStatement(store: Store, key: string): Promise<ListedStatement | undefined> {
  try {
    const bytes = await store.get(key, MAX_STATEMENT);
    if (!bytes) return undefined;
    const { predicate, subject } = parseBundle(bytes).statement;
    return { key, predicate, subjects: subject };
  } catch (error) {
    if (error instanceof BrokerError && error.code === 'store-unreachable') throw error;
    return undefined;
  }
}

/** The newest statement about a session; a final one rather than its `open`. Looks back day by day, then through everything. */
export async function findSession(store: Store, session: string, now: number): Promise<ListedStatement> {
  for (const since of [now - 2 * DAY, now - 31 * DAY, undefined]) {
    let found: ListedStatement | undefined;
    for await (const each of listStatements(store, since === undefined ? {} : { since }))
      if (each.predicate.session?.id === session && found?.predicate.kind !== 'session') found = each;
    if (found?.predicate.kind === 'session' || (found && since === undefined)) return found;
  }
  throw new BrokerError('session-unknown', { session });
}

export function ago(time: string | undefined, now: number): string {
  return time === undefined ? '' : `${formatSpan(now - Date.parse(time))} ago`;
}
