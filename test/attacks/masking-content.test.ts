// Values that nobody tagged, stored in every form a document or a type can hold them: whatever is asked for, in every mode of the
// protocol, shows none to the client and leaves none in the bundle. Prints the number of cases.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { peer } from '../peers/peer.ts';
import { type PostgresPeer, startPostgres } from '../peers/postgres.ts';
import { raw } from '../protocols/postgres/raw.ts';
import { FORMS, QUERIES, SCHEMA, SCRIPTS, shapesOf } from './masking-content-cases.ts';
import { shownIn } from './masking-content-leaks.ts';
import { type Mode, messagesFor, modesOf } from './masking-world.ts';
import { type Attacked, attack } from './session.ts';

const POLICY = `
@id("all")
permit (principal in Group::"developers", action, resource);
@id("no-reveal")
forbid (principal, action == Action::"reveal", resource);
`;

const SOME: ReadonlySet<Mode> = new Set(['simple', 'binary', 'copy csv']);

interface Seen {
  readonly found: readonly string[];
  /** Messages as their types, to see that something was answered. */
  readonly types: string;
}

/** Bodies of messages, without what would part what they say. */
function listen(bytes: Buffer): Seen {
  const out: Buffer[] = [];
  let types = '';
  for (let at = 0; at + 5 <= bytes.length; ) {
    const size = 1 + bytes.readInt32BE(at + 1);
    types += String.fromCharCode(bytes[at] ?? 0);
    out.push(bytes.subarray(at + 5, at + size), Buffer.from('\n'));
    at += size;
  }
  return { found: shownIn(Buffer.concat(out)), types };
}

async function ask(url: string, statements: readonly string[], mode: Mode): Promise<Seen> {
  const client = await raw(url);
  const chunks: Buffer[] = [];
  client.socket.on('data', (chunk: Buffer) => chunks.push(Buffer.from(chunk)));
  try {
    for (const sql of statements) {
      const { messages } = messagesFor(sql, mode);
      for (const message of mode === 'cursor' ? messages : [Buffer.concat(messages)]) {
        client.send(message);
        await client.ready();
      }
    }
  } catch {
    // The session ends a conversation it cannot follow; what was seen until then counts.
  }
  client.close();
  return listen(Buffer.concat(chunks));
}

describe.each([15, 18] as const)('on PostgreSQL %i', (version) => {
  describe.runIf(version === 18 || peer('postgres-15'))('a session over documents', () => {
    let server: PostgresPeer;
    let session: Attacked;
    let direct: string;
    let cases = 0;
    const tables = new Map<string, string>();

    beforeAll(async () => {
      server = await startPostgres({ version, settings: { max_connections: '100', wal_level: 'logical' } });
      await server.query('create database content');
      await server.query(SCHEMA, 'content');
      for (const [index, [form, [type, expression]]] of Object.entries(FORMS).entries()) {
        await server.query(`create table form_${index} as select (${expression})::${type} as v`, 'content');
        tables.set(form, `form_${index}`);
      }
      await server.query(`select pg_create_logical_replication_slot('content', 'test_decoding')`, 'content');
      await server.query('update people set doc = doc, mail = mail', 'content');
      const { user, password } = server.superuser;
      session = await attack(server, {
        policy: POLICY,
        account: { user, password },
        detectors: 'on',
        connection: {
          database: 'content',
          masking: { columns: {}, strategies: {}, onUnknown: 'mask' },
        },
      });
      direct = `postgres://${user}:${encodeURIComponent(password)}@${server.host}:${server.port}/content`;
    }, 120_000);
    afterAll(async () => {
      await session?.stop();
      await server?.stop();
    });

    const check = async (statements: readonly string[], mode: Mode): Promise<string[]> => {
      const { found, types } = await ask(session.url, statements, mode);
      cases += 1;
      if (types === '') return [`${mode}: ${statements.join('; ')} was not answered`];
      return found.map((value) => `${mode}: ${statements.join('; ')} shows ${value}`);
    };

    it.each(Object.keys(FORMS))('shows nothing in %s', { timeout: 120_000 }, async (form) => {
      const [bare = '', ...more] = shapesOf(tables.get(form) ?? '');
      const found: string[] = [];
      for (const mode of modesOf(bare)) found.push(...(await check([bare], mode)));
      for (const sql of more) for (const mode of SOME) found.push(...(await check([sql], mode)));
      expect(found).toEqual([]);
    });

    it.each(Object.keys(QUERIES))('shows nothing in %s', { timeout: 240_000 }, async (family) => {
      const found: string[] = [];
      for (const sql of QUERIES[family] ?? [])
        for (const mode of modesOf(sql).filter((one) => SOME.has(one)))
          found.push(...(await check([sql], mode)));
      expect(found).toEqual([]);
    });

    it('shows nothing in conversations', { timeout: 240_000 }, async () => {
      const found: string[] = [];
      for (const statements of SCRIPTS) found.push(...(await check(statements, 'simple')));
      expect(found).toEqual([]);
    });

    it('would show them without a mask', { timeout: 120_000 }, async () => {
      const silent: string[] = [];
      for (const [form, table] of tables)
        if ((await ask(direct, [`select v from ${table}`], 'simple')).found.length === 0) silent.push(form);
      expect(silent).toEqual([]);
    });

    it('leaves nothing in the bundle', { timeout: 120_000 }, async () => {
      expect(session.failures).toEqual([]);
      const bundle = await session.sealed();
      expect(bundle.length).toBeGreaterThan(50_000);
      expect(shownIn(Buffer.from(bundle, 'latin1'))).toEqual([]);
      process.stdout.write(`PostgreSQL ${version}: ${cases} cases of content, 0 leaks\n`);
    });
  });
});
