// A role's life: made for one session, dropped with everything it owns. Knows SQL, not configuration.
import { createHash } from 'node:crypto';
import pg from 'pg';
import type { Admin } from './admin.ts';

export interface NewRole {
  readonly name: string;
  readonly session: string;
  readonly verifier: string;
  /** Seconds until it can no longer log in, by the server's clock. */
  readonly ttl: number;
  readonly grant: readonly string[];
  readonly connectionLimit: number;
}

const PREFIX = 'broker_';
/** Only roles with this comment are ever swept. */
const MARK = 'access-broker session ';

const identifier = pg.escapeIdentifier;
const literal = pg.escapeLiteral;

/** At most 63 bytes, and another name for another session whatever its letters. */
export function roleName(session: string): string {
  const readable = session
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .slice(0, 40);
  const digest = createHash('sha256').update(session).digest('hex').slice(0, 12);
  return `${PREFIX}${readable}_${digest}`;
}

export async function createRole(admin: Admin, role: NewRole): Promise<void> {
  const [row] = await admin.query('select (now() + make_interval(secs => $1))::text as until', [role.ttl]);
  const name = identifier(role.name);
  await admin.query('begin');
  try {
    await admin.query(
      [
        `create role ${name} login nosuperuser nocreatedb nocreaterole noreplication nobypassrls`,
        `connection limit ${role.connectionLimit}`,
        `password ${literal(role.verifier)}`,
        `valid until ${literal(String(row?.['until']))}`,
        `in role ${role.grant.map(identifier).join(', ')}`,
      ].join(' '),
    );
    await admin.query(`comment on role ${name} is ${literal(`${MARK}${role.session}`)}`);
    await admin.query('commit');
  } catch (error) {
    await admin.query('rollback').catch(() => {});
    throw error;
  }
}

async function endBackends(admin: Admin, name: string): Promise<void> {
  for (let round = 0; round < 100; round++) {
    const rows = await admin.query(
      'select pg_terminate_backend(pid) from pg_stat_activity where usename = $1',
      [name],
    );
    if (rows.length === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Databases in which the role owns something or has been granted something. */
async function databasesOf(admin: Admin, name: string): Promise<string[]> {
  const rows = await admin.query(
    `select distinct d.datname from pg_shdepend s join pg_database d on d.oid = s.dbid
     where s.refclassid = 'pg_authid'::regclass and s.refobjid = (select oid from pg_roles where rolname = $1)`,
    [name],
  );
  return rows.map((row) => String(row['datname']));
}

/** Drops the role: no new logins, its connections ended, what it made given to `heir`. Does nothing when it is gone. */
export async function dropRole(
  admin: Admin,
  name: string,
  heir: string | undefined,
  open: (database: string) => Promise<Admin>,
): Promise<void> {
  const role = identifier(name);
  const [self] = await admin.query(
    'select rolsuper, exists (select from pg_roles where rolname = $1) as found from pg_roles where rolname = current_user',
    [name],
  );
  if (self?.['found'] !== true) return;
  await admin.query(`alter role ${role} nologin`);
  // What it owns can only be given away by a member; superusers are members of everything.
  if (self['rolsuper'] !== true) await admin.query(`grant ${role} to current_user`);
  await endBackends(admin, name);
  for (const database of await databasesOf(admin, name)) {
    const there = await open(database);
    try {
      await there.query(
        `reassign owned by ${role} to ${heir === undefined ? 'current_user' : identifier(heir)}`,
      );
      await there.query(`drop owned by ${role}`);
    } finally {
      await there.end();
    }
  }
  await admin.query(`drop role if exists ${role}`);
}

/** Roles of ours whose time is over and which nobody uses: left behind by an agent that never came back. */
export async function expiredRoles(admin: Admin): Promise<string[]> {
  const rows = await admin.query(
    `select r.rolname from pg_roles r
     where r.rolname like 'broker\\_%' and r.rolvaliduntil < now() - interval '5 minutes'
       and shobj_description(r.oid, 'pg_authid') like $1
       and not exists (select from pg_stat_activity a where a.usesysid = r.oid)
     order by r.rolvaliduntil limit 20`,
    [`${MARK}%`],
  );
  return rows.map((row) => String(row['rolname']));
}
