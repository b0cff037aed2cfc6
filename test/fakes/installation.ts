// One person's ledger on one machine: agent state, spool, outbox, a folder store. No agent process around it.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { OpenOrder } from '../../src/agent/evidence.ts';
import { Ledger } from '../../src/agent/ledger.ts';
import { Outbox } from '../../src/agent/outbox.ts';
import { StoreLink } from '../../src/agent/store-link.ts';
import { openRecorder } from '../../src/flow/record/journal.ts';
import { canonical } from '../../src/lib/canonical.ts';
import { type Clock, timestamp } from '../../src/lib/clock.ts';
import { sha256 } from '../../src/lib/digest.ts';
import type { EventOrigin, Recorder } from '../../src/model/event.ts';

export interface Installation {
  readonly folder: string;
  readonly spool: string;
  readonly store: string;
  readonly link: StoreLink;
  readonly outbox: Outbox;
  readonly ledger: Ledger;
  readonly clock: Clock;
}

export function workFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'broker-evidence-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

export async function install(
  folder: string,
  store: string,
  clock: Clock,
  environment: Readonly<Record<string, string | undefined>> = {},
): Promise<Installation> {
  const state = join(folder, 'state');
  const spool = join(folder, 'spool');
  mkdirSync(spool, { recursive: true, mode: 0o700 });
  mkdirSync(state, { recursive: true, mode: 0o700 });
  const link = new StoreLink({ url: store, unsafe: false, environment, folder: state });
  const outbox = new Outbox({
    folder: join(folder, 'outbox'),
    link,
    clock,
    pause: { first: 10, longest: 100 },
  });
  await outbox.load();
  const tool = { name: 'broker', version: '0.0.0', digest: `sha256:${'0'.repeat(64)}` };
  const ledger = await Ledger.load({ folder: state, outbox, link, clock, tool, enforcement: 'local' });
  return { folder, spool, store, link, outbox, ledger, clock };
}

const FILES = { 'all.cedar': 'permit (principal, action, resource);\n' };

export const POLICY = { digest: sha256(canonical({ files: FILES })), files: FILES };

export function openOrder(at: Installation, id: string): OpenOrder {
  const folder = join(at.spool, id);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return {
    folder,
    actor: { kind: 'human', name: 'alice' },
    policy: POLICY,
    session: {
      id,
      connection: 'prod-db',
      protocol: 'postgres',
      address: '127.0.0.1:5432',
      database: 'shop',
      client: 'query',
      credential: 'short-lived',
      opened: timestamp(at.clock.micros()),
    },
  };
}

export function origin(session: string, recorder: EventOrigin['recorder'] = 'worker'): EventOrigin {
  return {
    session,
    recorder,
    who: { iss: 'https://login.example.test', sub: 'alice', account: 'shop_reader' },
    where: { connection: 'prod-db', protocol: 'postgres', address: '127.0.0.1:5432', database: 'shop' },
    source: { host: 'host.example.test', user: 'alice', pid: 4711, tool: 'broker/0.0.0' },
  };
}

/** A statement that was decided and its answer. */
export function recordStatement(
  recorder: Recorder,
  number: number,
  decision: 'allow' | 'deny' = 'allow',
): void {
  recorder.append('statement', {
    conversation: 1,
    statement: number,
    phase: 'simple',
    text: `select name from customers where id = ${number}`,
    digest: '1'.repeat(64),
    actions: [{ action: 'sql:select', resource: { type: 'Table', id: 'prod-db/public.customers' } }],
    decision,
    policies: ['developers-work'],
    policyDigest: POLICY.digest,
    fingerprint: 'abc',
  });
  if (decision === 'allow')
    recorder.append('answer', {
      conversation: 1,
      statement: number,
      status: 'ok',
      tag: 'SELECT 1',
      rows: 1,
      bytes: 20,
      micros: 900,
      sample: [['[card]']],
      masked: 1,
    });
}

/** Opens a session, records some statements, and closes its recorder. */
export async function recordedSession(at: Installation, id: string, statements = 3): Promise<string> {
  const order = openOrder(at, id);
  await at.ledger.open(order);
  const recorder = openRecorder({ folder: order.folder, origin: origin(id), clock: at.clock });
  recorder.append('session.open', { client: 'query', listener: '127.0.0.1:1' });
  for (let number = 1; number <= statements; number++) recordStatement(recorder, number);
  recorder.append('session.close', { reason: 'client left' });
  await recorder.close();
  return order.folder;
}
