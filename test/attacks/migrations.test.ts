// Migration tools as people use them, through a whole session and without it: the same schema, and nothing protected is shown.
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { peer } from '../peers/peer.ts';
import { type PostgresPeer, startPostgres } from '../peers/postgres.ts';
import { installed, optional } from '../peers/registry.ts';
import { shopSql } from '../peers/shop.ts';
import { type Attacked, attack, leaked } from './session.ts';

const run = promisify(execFile);
const EVERYTHING = '@id("all") permit (principal, action, resource) unless { action == Action::"reveal" };';

/** Every relation with its columns, and every index and constraint, in words that name no oid. */
const SCHEMA = `select c.relname, c.relkind, array_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod) order by a.attnum)::text as columns
from pg_class c left join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where c.relnamespace = 'public'::regnamespace group by 1, 2
union all select conname, contype, pg_get_constraintdef(oid) from pg_constraint where connamespace = 'public'::regnamespace order by 1, 2, 3`;

interface Place {
  readonly host: string;
  readonly port: string;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

const KNEX = {
  'migrations/1_first.js': `exports.up = async (knex) => {
    await knex.schema.createTable('users', (t) => { t.increments(); t.string('name').notNullable().index(); t.timestamps(true, true); });
    await knex.schema.createTable('posts', (t) => { t.increments(); t.integer('user_id').references('users.id'); t.jsonb('body'); });
    await knex('users').insert([{ name: 'one' }, { name: 'two' }]);
  }; exports.down = async () => {};`,
  'migrations/2_second.js': `exports.up = async (knex) => {
    await knex.schema.alterTable('users', (t) => { t.renameColumn('name', 'called'); t.string('mail').defaultTo('none'); });
    const rows = await knex('users').select('called').orderBy('id');
    if (rows.map((r) => r.called).join() !== 'one,two') throw new Error('read ' + JSON.stringify(rows));
    await knex('users').update({ mail: knex.raw('upper(called)') });
    await knex.schema.createView('loud', (v) => { v.columns(['who']); v.as(knex('users').select('mail')); });
    await knex.schema.renameTable('posts', 'articles');
    await knex.schema.alterTable('articles', (t) => { t.dropColumn('body'); });
  }; exports.down = async () => {};`,
};

const NODE_PG_MIGRATE = {
  'migrations/1700000000001_first.js': `exports.up = (pgm) => {
    pgm.createTable('things', { id: 'id', name: { type: 'text', notNull: true }, at: { type: 'timestamptz', default: pgm.func('now()') } });
    pgm.createIndex('things', 'name'); pgm.sql("insert into things (name) values ('a'), ('b')");
    pgm.createType('mood', ['sad', 'ok']); pgm.addColumns('things', { mood: { type: 'mood', default: 'ok' } });
  };`,
  'migrations/1700000000002_second.js': `exports.up = (pgm) => {
    pgm.renameColumn('things', 'name', 'title'); pgm.createView('titles', {}, 'select title from things');
    pgm.addConstraint('things', 'short', { check: 'length(title) < 50' }); pgm.dropColumns('things', 'at');
  };`,
};

const MODELS = `from django.db import models
class Author(models.Model):
    name = models.CharField(max_length=50, db_index=True)
class Book(models.Model):
    author = models.ForeignKey(Author, on_delete=models.CASCADE)
    title = models.TextField(default='none')
    tags = models.JSONField(null=True)
    class Meta:
        unique_together = [('author', 'title')]
`;

const settings = ({ host, port, user, password, database }: Place) => `SECRET_KEY = 'x'
INSTALLED_APPS = ['django.contrib.contenttypes', 'django.contrib.auth', 'django.contrib.sessions', 'django.contrib.admin', 'django.contrib.messages', 'shop']
DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql', 'HOST': '${host}', 'PORT': '${port}', 'USER': '${user}', 'PASSWORD': '${password}', 'NAME': '${database}'}}
TEMPLATES = [{'BACKEND': 'django.template.backends.django.DjangoTemplates', 'OPTIONS': {'context_processors': ['django.template.context_processors.request', 'django.contrib.auth.context_processors.auth', 'django.contrib.messages.context_processors.messages']}}]
MIDDLEWARE = ['django.contrib.sessions.middleware.SessionMiddleware', 'django.contrib.auth.middleware.AuthenticationMiddleware', 'django.contrib.messages.middleware.MessageMiddleware']
DEFAULT_AUTO_FIELD = 'django.db.models.BigAutoField'
USE_TZ = True
`;

describe('migrations through a session', () => {
  let server: PostgresPeer;
  let folder: string;
  let session: Attacked | undefined;
  const output: string[] = [];
  beforeAll(async () => {
    server = await startPostgres({ version: 18 });
    await server.query('create role app');
    folder = mkdtempSync(join(tmpdir(), 'migrations-'));
  });
  afterAll(async () => {
    await session?.stop();
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const say = async (
    file: string,
    args: readonly string[],
    cwd: string,
    env: Record<string, string> = {},
  ) => {
    const { stdout, stderr } = await run(file, [...args], {
      cwd,
      timeout: 100_000,
      env: { PATH: process.env['PATH'] ?? '', HOME: folder, ...env },
    });
    output.push(stdout, stderr);
  };

  /** Runs the tool on an empty database directly, and on another through broker; compares what they are then. */
  async function compare(name: string, migrate: (place: Place, cwd: string) => Promise<void>): Promise<void> {
    const schemas: unknown[] = [];
    for (const way of ['direct', 'broker'] as const) {
      const database = `${name}_${way}`;
      await server.query(`create database ${database}`);
      await server.query(shopSql().replace('create role app;', ''), database);
      const { user, password } = server.superuser;
      let place: Place = { host: '127.0.0.1', port: String(server.port), user, password, database };
      if (way === 'broker') {
        session = await attack(server, {
          policy: EVERYTHING,
          connection: { database },
          account: { user, password },
        });
        const url = new URL(session.url);
        place = { ...place, port: url.port, password: url.password };
      }
      const cwd = join(folder, database);
      mkdirSync(cwd);
      await migrate(place, cwd);
      schemas.push(await server.query(SCHEMA, database));
      expect(session?.failures ?? []).toEqual([]);
      await session?.stop();
      session = undefined;
    }
    expect(schemas[1]).toEqual(schemas[0]);
    expect((schemas[1] as unknown[]).length).toBeGreaterThan(10);
    expect(leaked(output)).toEqual([]);
  }

  const put = (cwd: string, files: Readonly<Record<string, string>>) => {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(join(cwd, path, '..'), { recursive: true });
      writeFileSync(join(cwd, path), text);
    }
  };

  it.runIf(peer('django'))(
    'of Django: its own applications, then models that change',
    async () => {
      await compare('django', async (place, cwd) => {
        put(cwd, { 'conf.py': settings(place), 'shop/__init__.py': '', 'shop/models.py': MODELS });
        const admin = (...args: string[]) =>
          say('/usr/bin/python3', ['-m', 'django', ...args, '--settings', 'conf'], cwd, { PYTHONPATH: cwd });
        await admin('makemigrations', 'shop');
        await admin('migrate');
        put(cwd, {
          'shop/models.py': MODELS.replace(
            'tags = models.JSONField(null=True)',
            'pages = models.IntegerField(default=1)',
          ),
        });
        await admin('makemigrations', 'shop');
        await admin('migrate');
        await admin('migrate', 'shop', '0001');
        await admin('migrate');
        await admin('check', '--database', 'default');
        await admin('inspectdb');
      });
    },
    240_000,
  );

  it('of Knex, in transactions that read what they have just changed', async () => {
    const home = await optional('knex', () => installed('knex', { knex: '3.1.0', pg: '8.16.3' }));
    if (!home) return;
    await compare('knex', async ({ host, port, user, password, database }, cwd) => {
      const connection = { host, port: Number(port), user, password, database };
      put(cwd, {
        ...KNEX,
        'knexfile.js': `module.exports = { client: 'pg', connection: ${JSON.stringify(connection)} };`,
      });
      await say(
        process.execPath,
        [join(home, 'node_modules/knex/bin/cli.js'), 'migrate:latest', '--cwd', cwd],
        cwd,
        {
          NODE_PATH: join(home, 'node_modules'),
        },
      );
    });
  }, 400_000);

  it('of node-pg-migrate', async () => {
    const home = await optional('node-pg-migrate', () =>
      installed('node-pg-migrate', { 'node-pg-migrate': '8.0.3', pg: '8.16.3' }),
    );
    if (!home) return;
    await compare('npm', async ({ host, port, user, password, database }, cwd) => {
      put(cwd, NODE_PG_MIGRATE);
      await say(
        process.execPath,
        [join(home, 'node_modules/node-pg-migrate/bin/node-pg-migrate.js'), 'up', '-m', 'migrations'],
        cwd,
        {
          DATABASE_URL: `postgres://${user}:${password}@${host}:${port}/${database}`,
        },
      );
    });
  }, 400_000);
});
