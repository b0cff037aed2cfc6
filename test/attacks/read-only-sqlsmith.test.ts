// A policy that only lets people read, and thousands of random statements: the server is what it was before.
import { describe, expect, it } from 'vitest';
import { worldSql } from '../flow/mask/world.ts';
import { peer } from '../peers/peer.ts';
import { type PostgresPeer, startPostgres } from '../peers/postgres.ts';
import { attack } from './session.ts';
import { smith, targetOf } from './sqlsmith.ts';

const POLICY = 'permit (principal, action in [Action::"session:open", Action::"read"], resource);';
const QUERIES = 500;
const SEED = 7;

/** Looks like a reader, and writes. */
const TRAPS = `
create sequence counted;
create table written (at timestamptz default now());
create function counts() returns bigint language sql as $$ select nextval('counted') $$;
create function writes() returns int language plpgsql as $$ begin insert into written default values; return 1; end $$;
create view written_by_looking as select writes() as w;
create table fired (id int);
create function fires() returns trigger language plpgsql as $$ begin insert into written default values; return new; end $$;
create trigger fires after insert on fired for each row execute function fires();`;

/** Rows of every table by count and digest, and whatever else statements can leave behind. */
async function state(server: PostgresPeer): Promise<string> {
  const tables = (await server.query(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables
      where schemaname not in ('pg_catalog', 'information_schema') order by 1`,
    'masked',
  )) as unknown as readonly { name: string }[];
  const contents: unknown[] = [];
  for (const { name } of tables) {
    const rows = `select '${name}' as name, count(*) as n, md5(string_agg(t::text, '' order by t::text)) as digest from ${name} t`;
    contents.push(...(await server.query(rows, 'masked')));
  }
  const rest = await server.query(
    `select
      (select json_agg(s order by s::text) from (select sequencename, last_value from pg_sequences) s) as sequences,
      (select json_agg(c order by c::text) from (select oid, relname, relkind, relacl::text from pg_class where relpersistence <> 't') c) as classes,
      (select json_agg(p order by p::text) from (select oid, proname, prosrc from pg_proc) p) as functions,
      (select json_agg(r order by r::text) from (select rolname, rolsuper from pg_roles) r) as roles,
      (select json_agg(d order by d::text) from (select datname from pg_database) d) as databases,
      (select json_agg(l order by l::text) from (select oid from pg_largeobject_metadata) l) as large_objects,
      (select json_agg(x order by x::text) from (select gid from pg_prepared_xacts) x) as prepared,
      (select json_agg(x order by x::text) from (select slot_name from pg_replication_slots) x) as slots,
      (select json_agg(f order by f::text) from (select name, setting from pg_file_settings) f) as settings`,
    'masked',
  );
  return JSON.stringify([contents, rest], undefined, 1);
}

describe.runIf(peer('sqlsmith') && peer('postgres-15'))('a policy that only permits reading', () => {
  it.each([15, 18] as const)(
    'leaves PostgreSQL %i as it was, whatever random statements try',
    async (version) => {
      const server = await startPostgres({ version });
      await server.query('create database masked');
      await server.query(worldSql() + TRAPS, 'masked');
      const { user, password } = server.superuser;
      const masking = { columns: {}, strategies: {}, onUnknown: 'mask', detectors: [] } as const;
      const connection = { database: 'masked', masking };
      const session = await attack(server, { policy: POLICY, account: { user, password }, connection });
      try {
        const before = await state(server);
        const url = new URL(session.url);
        const said = await smith(targetOf(url, Number(url.port)), QUERIES, SEED);
        expect(said).toContain(`queries: ${QUERIES}`);
        const decisions = session.recorded().match(/"decision":"\w+"/g) ?? [];
        const denied = decisions.filter((each) => each.includes('deny')).length;
        console.log(`PostgreSQL ${version}: ${decisions.length} statements, ${denied} denied`);
        expect(denied).toBeGreaterThan(50);
        expect(await state(server)).toBe(before);
        expect(session.failures).toEqual([]);
      } finally {
        await session.stop();
        await server.stop();
      }
    },
    240_000,
  );
});
