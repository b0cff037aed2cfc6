// A PostgreSQL target served through the real protocol code, with a pipeline given by the test.
import { randomBytes } from 'node:crypto';
import { systemClock } from '../../src/lib/clock.ts';
import type { Connection } from '../../src/model/connection.ts';
import type { Credential } from '../../src/model/credential.ts';
import type { Endpoint } from '../../src/model/session.ts';
import { postgres } from '../../src/protocols/postgres/index.ts';
import type { Serving, Target } from '../../src/protocols/protocol.ts';
import type { PostgresPeer } from '../peers/postgres.ts';
import { FakePipeline } from './pipeline.ts';

export interface ServedSession {
  readonly target: Target;
  readonly endpoint: Endpoint;
  readonly pipeline: FakePipeline;
  readonly failures: Error[];
  /** libpq variables that reach it. */
  readonly environment: Record<string, string>;
  readonly url: string;
  serving: Serving;
  stop(): Promise<void>;
}

export function connectionTo(server: PostgresPeer, overrides: Partial<Connection> = {}): Connection {
  return {
    name: 'test-db',
    type: 'postgres',
    host: server.socketDir,
    port: server.port,
    database: 'postgres',
    tls: { mode: 'disable' },
    credential: { source: 'env' },
    labels: [],
    masking: { columns: {}, strategies: {}, onUnknown: 'mask' },
    recording: { maxRows: 100, maxBytes: 65_536 },
    ...overrides,
  };
}

export async function serveSession(
  server: PostgresPeer,
  options: { connection?: Partial<Connection>; credential?: Credential; pipeline?: FakePipeline } = {},
): Promise<ServedSession> {
  const { user, password } = server.superuser;
  const pipeline = options.pipeline ?? new FakePipeline();
  const failures: Error[] = [];
  const target = await postgres.open({
    connection: connectionTo(server, options.connection),
    credential: options.credential ?? { user, secret: { kind: 'password', password }, label: 'static' },
    clock: systemClock,
  });
  const serving = await target.serve({
    pipeline,
    session: 's-test',
    secret: randomBytes(24).toString('base64url'),
    port: 0,
    clock: systemClock,
    onFailure: (error) => failures.push(error),
  });
  const { endpoint } = serving;
  return {
    target,
    endpoint,
    pipeline,
    failures,
    serving,
    environment: {
      PGHOST: endpoint.host,
      PGPORT: String(endpoint.port),
      PGUSER: endpoint.user,
      PGDATABASE: endpoint.database,
      PGPASSWORD: endpoint.secret,
    },
    url: `postgres://${endpoint.user}:${endpoint.secret}@${endpoint.host}:${endpoint.port}/${endpoint.database}`,
    stop: async () => {
      await serving.close('test over');
      await target.close();
    },
  };
}
