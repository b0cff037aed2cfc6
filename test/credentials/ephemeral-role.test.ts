// Ephemeral roles on real PostgreSQL, 15 and 18, by a superuser and by an admin who is none.
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { roleName } from '../../src/credentials/role/role.ts';
import { scramVerifier } from '../../src/credentials/role/scram.ts';
import type { Credential } from '../../src/model/credential.ts';
import { contextOf, credentialContract, sourceOf, type World } from '../contracts/credential.ts';
import { peer } from '../peers/peer.ts';
import { type PostgresPeer, startPostgres } from '../peers/postgres.ts';

test('a role is named after its session, and no two sessions share a name', () => {
  expect(roleName('1jbx2k3m4n5p6q7r8')).toMatch(/^broker_1jbx2k3m4n5p6q7r8_[0-9a-f]{12}$/);
  expect(roleName('a-b')).not.toBe(roleName('a_b'));
  expect(roleName('A')).not.toBe(roleName('a'));
  expect(roleName('ü"; drop table x; --'.repeat(20)).length).toBeLessThanOrEqual(63);
});

const VERSIONS = [18, ...(peer('postgres-15') ? ([15] as const) : [])] as const;

describe.each(VERSIONS)('on PostgreSQL %i', (version) => {
  let postgres: PostgresPeer;
  beforeAll(async () => {
    postgres = await startPostgres({
      version,
      settings: { log_statement: 'all', log_min_messages: 'info', password_encryption: 'md5' },
    });
    await postgres.query(`
      set password_encryption = 'scram-sha-256';
      create role "read ""only""";
      create role writers;
      create role plain login password 'plain';
      create role admin login createrole password 'admin-secret';
      grant "read ""only""", writers to admin with admin option;
      create table ledger (id int);
      grant select on ledger to "read ""only""";
      grant create, usage on schema public to writers, admin`);
    await postgres.query('create database other');
    await postgres.query('grant create, usage on schema public to writers, admin', 'other');
  });
  afterAll(() => postgres.stop());

  const SETTINGS = {
    admin: { user: 'admin', secret: 'admin of prod' },
    grant: ['read "only"', 'writers'],
    ttl: 3600,
  };
  const world = (over: World = {}): World => ({
    host: postgres.host,
    port: postgres.port,
    secrets: { 'admin of prod': 'admin-secret', postgres: postgres.superuser.password },
    ...over,
  });
  const open = async ({ user, secret }: Credential, database = 'postgres') => {
    const password = secret.kind === 'password' ? secret.password : '';
    const client = new pg.Client({ host: postgres.host, port: postgres.port, user, password, database });
    client.on('error', () => {});
    await client.connect();
    return client;
  };
  const obtain = async (over: World = {}, settings: object = SETTINGS) =>
    (await sourceOf('ephemeral-role')).obtain(
      contextOf(world(over), { source: 'ephemeral-role', ...settings }),
    );
  const roles = async () =>
    (await postgres.query("select rolname from pg_roles where rolname like 'broker%'")).map(
      (row) => row['rolname'],
    );

  credentialContract({
    id: 'ephemeral-role',
    settings: SETTINGS,
    world,
    accepts: async (credential) => {
      const client = await open(credential);
      await client.query('select * from ledger');
      await client.end();
    },
    survivesRelease: false,
    label: 'ephemeral-role',
    wrong: [
      ['admin', { grant: ['a'] }],
      ['admin', { grant: ['a'], admin: 'postgres' }],
      ['admin.user', { grant: ['a'], admin: {} }],
      ['admin.port', { grant: ['a'], admin: { user: 'a', port: '5432' } }],
      ['admin.passwordVariable', { grant: ['a'], admin: { user: 'a', secret: 's', passwordVariable: 'P' } }],
      ['grant', { admin: { user: 'a' } }],
      ['grant', { admin: { user: 'a' }, grant: [] }],
      ['ttl', { ...SETTINGS, ttl: 5 }],
      ['connectionLimit', { ...SETTINGS, connectionLimit: 0 }],
    ],
    failing: [
      {
        title: 'no admin password',
        code: 'credential-failed',
        reason: /no secret named/,
        world: () => world({ secrets: {} }),
      },
      {
        title: 'a wrong admin password',
        code: 'credential-failed',
        reason: /refused the admin role/,
        world: () => world({ secrets: { 'admin of prod': 'wrong' } }),
      },
      {
        title: 'a granted role that is not there',
        code: 'credential-failed',
        reason: /"nobody" does not exist/,
        world,
        settings: { ...SETTINGS, grant: ['nobody'] },
      },
      {
        title: 'an admin who may not create roles',
        code: 'credential-failed',
        reason: /may not create role/,
        world: () => world({ secrets: { prod: 'plain' } }),
        settings: { ...SETTINGS, admin: { user: 'plain', secret: 'prod' } },
      },
      {
        title: 'no database',
        code: 'target-unreachable',
        reason: /cannot be reached/,
        world: () => world({ port: 9 }),
      },
    ],
  });

  test('computes the verifier as the server does', async () => {
    await postgres.query("set password_encryption = 'scram-sha-256'; create role witness password 'pencil'");
    const [row] = await postgres.query("select rolpassword from pg_authid where rolname = 'witness'");
    const theirs = String(row?.['rolpassword']);
    const [, salt = ''] = /^SCRAM-SHA-256\$4096:([^$]+)\$/.exec(theirs) ?? [];
    expect(scramVerifier('pencil', Buffer.from(salt, 'base64'))).toBe(theirs);
    await postgres.query('drop role witness');
  });

  test('never lets the password reach the server or its log', async () => {
    const lease = await obtain();
    const { secret } = lease.credential;
    expect(postgres.log()).toContain('create role "broker_');
    expect(postgres.log()).toContain('SCRAM-SHA-256$4096:');
    expect(secret.kind === 'password' && postgres.log().includes(secret.password)).toBe(false);
    await lease.release();
  });

  test('the role may do what it was granted and nothing else, and only for a while', async () => {
    const lease = await obtain();
    const [row] = await postgres.query(
      `select rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls, rolconnlimit,
         rolvaliduntil between now() + '59 min' and now() + '61 min' as bounded
       from pg_roles where rolname = '${lease.credential.user}'`,
    );
    expect(row).toEqual({
      rolsuper: false,
      rolcreaterole: false,
      rolcreatedb: false,
      rolreplication: false,
      rolbypassrls: false,
      rolconnlimit: 20,
      bounded: true,
    });
    await lease.release();
  });

  test.each([
    ['an admin who is no superuser', SETTINGS, 'admin'],
    ['a superuser', { ...SETTINGS, admin: { user: 'postgres', secret: 'postgres' } }, 'postgres'],
    ['an heir', { ...SETTINGS, admin: { user: 'postgres', secret: 'postgres' }, heir: 'writers' }, 'writers'],
  ])(
    'release ends its connections and hands on what it made, in every database: %s',
    async (_, settings, heir) => {
      const lease = await obtain({}, settings);
      const [here, there] = [await open(lease.credential), await open(lease.credential, 'other')];
      await here.query('create table made_here (id int); grant select on made_here to public');
      await there.query('create table made_there (id int)');
      await lease.release();
      await expect(here.query('select 1')).rejects.toThrow();
      await expect(there.query('select 1')).rejects.toThrow();
      const owner = (table: string) => `select tableowner from pg_tables where tablename = '${table}'`;
      expect(await postgres.query(owner('made_here'))).toEqual([{ tableowner: heir }]);
      expect(await postgres.query(owner('made_there'), 'other')).toEqual([{ tableowner: heir }]);
      expect(await roles()).toEqual([]);
      await postgres.query('drop table made_here');
      await postgres.query('drop table made_there', 'other');
    },
  );

  test('sweep drops what a crashed agent left behind, with or without its note, and does not mind when it is gone', async () => {
    const source = await sourceOf('ephemeral-role');
    const context = contextOf(world(), { source: 'ephemeral-role', ...SETTINGS });
    for (const note of [true, false]) {
      const lease = await source.obtain(context);
      expect(await roles()).toHaveLength(1);
      await source.sweep?.(context, note ? (lease.resume ?? {}) : {});
      expect(await roles()).toEqual([]);
      await source.sweep?.(context, lease.resume ?? {});
      await lease.release();
    }
  });

  test('the next session drops roles whose time is over, if they are ours and idle', async () => {
    await postgres.query(`
      create role broker_old login valid until '2020-01-01'; comment on role broker_old is 'access-broker session old';
      create role broker_foreign login valid until '2020-01-01';
      create role broker_live login valid until '2099-01-01'; comment on role broker_live is 'access-broker session live';
      grant broker_old to admin with admin option`);
    const lease = await obtain();
    await lease.release();
    expect((await roles()).sort()).toEqual(['broker_foreign', 'broker_live']);
    await postgres.query('drop role broker_foreign; drop role broker_live');
  });

  test('a session given up while its role is made leaves none', async () => {
    const stop = new AbortController();
    stop.abort();
    await expect(obtain({ signal: stop.signal })).rejects.toMatchObject({ code: 'interrupted' });
    expect(await roles()).toEqual([]);
  });

  test('the admin password may come from a variable', async () => {
    const settings = { ...SETTINGS, admin: { user: 'admin', passwordVariable: 'ADMIN_PASSWORD' } };
    const lease = await obtain({ environment: { ADMIN_PASSWORD: 'admin-secret' } }, settings);
    await lease.release();
    await expect(obtain({}, settings)).rejects.toMatchObject({ code: 'credential-failed' });
  });

  test('says what is in the way when the role cannot be dropped, and leaves it unable to log in', async () => {
    const lease = await obtain();
    const client = await open(lease.credential, 'other');
    await client.query('create table stuck (id int)');
    await client.end();
    await postgres.query('revoke connect on database other from public');
    await expect(lease.release()).rejects.toMatchObject({ code: 'credential-failed' });
    await expect(open(lease.credential)).rejects.toThrow();
    await postgres.query('grant connect on database other to public');
    await lease.release();
    expect(await roles()).toEqual([]);
    await postgres.query('drop table stuck', 'other');
  });
});
