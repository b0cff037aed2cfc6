// A session over the shop as its worker runs it, for clients that mean harm: what reached them and what was recorded.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { WorkerSession } from '../../src/agent/worker/session.ts';
import { loadGrammar } from '../../src/flow/classify/index.ts';
import { sealContent } from '../../src/flow/seal/index.ts';
import { systemClock } from '../../src/lib/clock.ts';
import type { Connection } from '../../src/model/connection.ts';
import type { PostgresPeer } from '../peers/postgres.ts';
import { shopSql, TEST_CARDS } from '../peers/shop.ts';
import { type Raw, raw, say } from '../protocols/postgres/raw.ts';

/** Everything but what administers, what deletes blindly and what drops. */
const POLICY = `
@id("work")
permit (
  principal in Group::"developers",
  action in [Action::"session", Action::"read", Action::"write", Action::"define", Action::"execute", Action::"destroy"],
  resource
);
@id("no-blind-writes")
forbid (principal, action in [Action::"sql:delete-all", Action::"sql:update-all"], resource);
@id("drops-ask")
@ask("dropping a table loses data")
forbid (principal, action == Action::"sql:drop", resource);
`;

const USER = 'dev';
const PASSWORD = 'dev-password';

/** The shop, and a role that may use and add to it. */
export async function openShop(server: PostgresPeer): Promise<void> {
  await server.query('create database shop');
  await server.query(shopSql(), 'shop');
  await server.query(`create role ${USER} login password '${PASSWORD}' in role app`, 'shop');
}

export interface Attacked {
  readonly session: WorkerSession;
  readonly url: string;
  /** Why the session ended by itself. */
  readonly failures: readonly Error[];
  client(): Promise<Raw>;
  /** Sends one simple query and returns what came until the server was ready. */
  query(client: Raw, text: string): Promise<string[]>;
  /** Everything recorded so far. */
  recorded(): string;
  /** Ends the session, seals it, and returns every blob of its bundle as text. */
  sealed(): Promise<string>;
  stop(): Promise<void>;
}

function connectionTo(server: PostgresPeer, detectors: readonly string[] | undefined): Connection {
  return {
    name: 'shop',
    type: 'postgres',
    host: '127.0.0.1',
    port: server.port,
    database: 'shop',
    tls: { mode: 'disable' },
    credential: { source: 'env' },
    labels: ['env:prod'],
    masking: {
      columns: { 'public.customers.card': 'payment-card', 'public.customers.email': 'email' },
      strategies: {},
      onUnknown: 'mask',
      ...(detectors ? { detectors } : {}),
    },
    recording: { maxRows: 100, maxBytes: 65_536 },
  };
}

/** Detectors are off unless asked for, so that lineage alone must hold. */
export async function attack(
  server: PostgresPeer,
  options: {
    readonly detectors?: 'on' | 'off';
    readonly policy?: string;
    readonly connection?: Partial<Connection>;
    readonly account?: { readonly user: string; readonly password: string };
  } = {},
): Promise<Attacked> {
  await loadGrammar();
  const folder = mkdtempSync(join(tmpdir(), 'attack-'));
  const spool = join(folder, 'spool');
  mkdirSync(spool);
  const failures: Error[] = [];
  const order = {
    id: 's-attack',
    connection: {
      ...connectionTo(server, options.detectors === 'on' ? undefined : []),
      ...options.connection,
    },
    principal: {
      kind: 'user',
      user: { iss: 'https://issuer.example', sub: 'mallory', groups: ['developers'] },
    },
    policy: { files: { 'policy.cedar': options.policy ?? POLICY } },
    client: 'proxy',
    port: 0,
    spool,
    hashKey: Buffer.alloc(32, 7).toString('base64'),
    tool: 'test',
  } as const;
  const session = await WorkerSession.admit(order, {
    clock: systemClock,
    failed: (error) => failures.push(error),
    activity: () => {},
  });
  const { endpoint } = await session.serve({
    user: options.account?.user ?? USER,
    secret: { kind: 'password', password: options.account?.password ?? PASSWORD },
    label: 'static',
  });
  const { host, port, user, database, secret } = endpoint;
  const url = `postgres://${user}:${secret}@${host}:${port}/${database}`;
  const open: Raw[] = [];
  return {
    session,
    url,
    failures,
    client: async () => {
      const client = await raw(url);
      open.push(client);
      return client;
    },
    query: (client, text) => {
      client.send(say.query(text));
      return client.ready();
    },
    recorded: () =>
      readdirSync(spool)
        .map((name) => readFileSync(join(spool, name), 'latin1'))
        .join('\n'),
    sealed: async () => {
      for (const client of open) client.close();
      await session.close('test over');
      const blobs = join(folder, 'blobs');
      mkdirSync(blobs, { recursive: true });
      await sealContent({ folder: spool, session: 's-attack', blobs, salt: 'ab'.repeat(32) });
      return readdirSync(blobs)
        .map((name) => readFileSync(join(blobs, name)))
        .map((blob) => (blob[0] === 0x1f ? gunzipSync(blob) : blob).toString('latin1'))
        .join('\n');
    },
    stop: async () => {
      for (const client of open) client.close();
      await session.close('test over');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Protected values of the shop that stand in these texts, plainly or in hexadecimal. */
export function leaked(texts: readonly string[]): string[] {
  const text = texts.join('\n');
  const values = [...TEST_CARDS, ...(/customer\d{4}@example\.com/.exec(text) ?? [])];
  return values.filter((value) => text.includes(value) || text.includes(Buffer.from(value).toString('hex')));
}
