// What psql asks the catalogue for its backslash commands must come back as it is, with columns protected.
import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { peer } from '../../peers/peer.ts';
import { openWorld, unitOf, type World } from './world.ts';

const COMMANDS = [
  [
    '\\d',
    '\\d customers',
    '\\d+ customers',
    '\\d+ payments',
    '\\d payments_low',
    '\\d+ v_cards',
    '\\d+ mv_cards',
    '\\d staff',
  ],
  [
    '\\dt+',
    '\\dv+',
    '\\dm+',
    '\\di+',
    '\\ds+',
    '\\dE',
    '\\dP+',
    '\\dn+',
    '\\dT+',
    '\\dD',
    '\\df',
    '\\df+ slug',
    '\\da',
    '\\do',
  ],
  [
    '\\du',
    '\\dp',
    '\\dd',
    '\\dx',
    '\\dC',
    '\\dO',
    '\\dRp',
    '\\dX',
    '\\db+',
    '\\det',
    '\\dy',
    '\\drds',
    '\\dL+',
    '\\dF+',
    '\\sf slug',
    '\\sv v_cards',
  ],
].flat();

describe.runIf(peer('psql') && peer('postgres-15'))('psql on PostgreSQL 15', () => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(15);
  });
  afterAll(() => world.stop());

  /** The statements psql sends for a command. */
  function asked(command: string): readonly string[] {
    const { host, port, superuser } = world.server;
    const args = [
      '-X',
      '-E',
      '-h',
      host,
      '-p',
      String(port),
      '-U',
      superuser.user,
      '-d',
      'postgres',
      '-c',
      command,
    ];
    const env = { ...process.env, PGPASSWORD: superuser.password };
    const text = execFileSync('psql', args, { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    return [...text.matchAll(/\*{9} QUERY \*{10}\n([\s\S]*?)\n\*{26}/g)].map(([, sql]) => sql ?? '');
  }

  it.each(COMMANDS)('answers %s unmasked', (command) => {
    const queries = asked(command);
    expect(queries.length).toBeGreaterThan(0);
    for (const sql of queries) {
      const plan = world.masker.plan(unitOf(sql), world.catalogue());
      expect(
        plan.outputs?.filter((output) => output.lineage.kind !== 'clean').map((output) => output.name),
      ).toEqual([]);
      expect(plan.sideways).toEqual([]);
    }
  });
});
