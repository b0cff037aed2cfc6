// What psql asks behind its backslash commands must be reads: a person who may read may look around.
import { spawnSync } from 'node:child_process';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ClassifyEnvironment, classify, loadGrammar } from '../../../src/flow/classify/index.ts';
import { ACTIONS } from '../../../src/model/action.ts';
import { loadCatalogue } from '../../../src/protocols/postgres/catalogue.ts';
import { peer } from '../../peers/peer.ts';
import { type PostgresPeer, startPostgres } from '../../peers/postgres.ts';

const COMMANDS = [
  '\\d',
  '\\d customers',
  '\\d+ customers',
  '\\d+ cards',
  '\\dt *.*',
  '\\dt+',
  '\\dv',
  '\\dm',
  '\\di',
  '\\di+',
  '\\ds',
  '\\d ids',
  '\\df',
  '\\df+',
  '\\da',
  '\\do',
  '\\dT',
  '\\dT+',
  '\\dn',
  '\\dn+',
  '\\du',
  '\\du+',
  '\\dg',
  '\\l',
  '\\l+',
  '\\dp',
  '\\ddp',
  '\\dx',
  '\\dx+',
  '\\dC',
  '\\dc',
  '\\dd',
  '\\dD',
  '\\dE',
  '\\des',
  '\\det',
  '\\dew',
  '\\dF',
  '\\dFd',
  '\\dL',
  '\\dO',
  '\\dP',
  '\\dy',
  '\\dA',
  '\\dAc',
  '\\db',
  '\\dRp',
  '\\drds',
  '\\sf total',
  '\\sv cards',
  '\\dconfig',
  '\\dX',
  '\\z customers',
];
const QUERY = /\*+ QUERY \*+\n([\s\S]*?)\n\*{20,}/g;

describe.runIf(peer('psql'))('psql looking around', () => {
  let server: PostgresPeer;
  let env: ClassifyEnvironment;

  beforeAll(async () => {
    await loadGrammar();
    server = await startPostgres({ version: 18 });
    await server.query(`create table customers (id int primary key, card text default 'x' check (card <> ''));
      create index on customers (card); create view cards as select card from customers; create sequence ids;
      create function total(int) returns int language sql as 'select 1'; create type mood as enum ('a');
      create policy p on customers using (true); create publication pub for table customers`);
    const { user, password } = server.superuser;
    const client = new pg.Client({
      host: server.host,
      port: server.port,
      user,
      password,
      database: 'postgres',
    });
    await client.connect();
    const types = { getTypeParser: () => (value: string) => value };
    await client.query('begin');
    const catalogue = await loadCatalogue(
      async (sql) => (await client.query({ text: sql, rowMode: 'array', types } as pg.QueryArrayConfig)).rows,
      1,
    );
    await client.end();
    const names = { statement: () => undefined, portal: () => undefined };
    env = { connection: 'db', catalogue, names, searchPathUncertain: false };
  });
  afterAll(() => server?.stop());

  it.each(COMMANDS)('reads for %s', (command) => {
    const { user, password } = server.superuser;
    const args = [
      '-XE',
      '-h',
      server.host,
      '-p',
      String(server.port),
      '-U',
      user,
      '-d',
      'postgres',
      '-c',
      command,
    ];
    // An older psql asks a newer server for columns it has renamed: what matters is what was asked.
    const { stdout: output } = spawnSync('psql', args, {
      env: { PATH: process.env['PATH'], PGPASSWORD: password },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const queries = [...output.matchAll(QUERY)].map(([, sql]) => sql ?? '');
    expect(queries.length).toBeGreaterThan(0);
    for (const sql of queries) {
      const { units, parseError } = classify(sql, env);
      const others = units.flatMap((unit) => unit.actions).filter(({ action }) => ACTIONS[action] !== 'read');
      expect([sql, parseError, others]).toEqual([sql, undefined, []]);
    }
  });
});
