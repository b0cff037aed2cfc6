// masking.md section 7 through a whole session: whatever is asked, in whatever way, shows no piece of a protected value to
// the client and leaves none in the bundle. Prints the number of cases. BROKER_MASKING_MODES=all asks every case in every mode.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { READS, SIDEWAYS } from '../flow/mask/cases.ts';
import { peer } from '../peers/peer.ts';
import { say } from '../protocols/postgres/raw.ts';
import { QUERIES, QUERIES_18, SCRIPTS } from './masking-cases.ts';
import { leaksInText } from './masking-leaks.ts';
import { MORE_PROTECTED, MORE_SQL } from './masking-schema.ts';
import { type MaskingWorld, type Mode, modesOf, openMaskingWorld } from './masking-world.ts';

const USUAL: ReadonlySet<Mode> = new Set(['simple', 'binary', 'copy csv']);
const ALL = process.env['BROKER_MASKING_MODES'] === 'all';

const modes = (sql: string): readonly Mode[] => modesOf(sql).filter((mode) => ALL || USUAL.has(mode));

/** What of a bundle was said by the target: the client's own texts, digests and times are left out. */
function saidByTarget(bundle: string): string {
  return bundle
    .split('\n')
    .filter((line) => line.startsWith('{"data"'))
    .map((line) => {
      const { data } = JSON.parse(line) as { data: Record<string, unknown> };
      const { text, digest, fingerprint, policyDigest, micros, ...rest } = data;
      return JSON.stringify(rest);
    })
    .join('\n');
}

describe.each([15, 18] as const)('on PostgreSQL %i', (version) => {
  describe.runIf(version === 18 || peer('postgres-15'))('a session over protected columns', () => {
    let world: MaskingWorld;
    let cases = 0;
    let leaked = 0;
    let telling = 0;
    beforeAll(async () => {
      world = await openMaskingWorld(version, MORE_SQL, MORE_PROTECTED);
    }, 120_000);
    afterAll(() => world?.stop());

    const check = async (statements: readonly string[], mode: Mode, rollback: boolean): Promise<string[]> => {
      const { leaks } = await world.ask(statements, mode, rollback);
      cases += 1;
      if (leaks.length === 0) return [];
      leaked += 1;
      return [`${mode}: ${statements.join('; ')} shows ${leaks.slice(0, 3).join(', ')}`];
    };

    const families: Readonly<Record<string, readonly string[]>> = {
      ...READS,
      'written elsewhere': SIDEWAYS,
      ...QUERIES,
      ...(version === 18 ? QUERIES_18 : {}),
    };

    it.each(Object.keys(families))('shows nothing through %s', { timeout: 300_000 }, async (family) => {
      const found: string[] = [];
      for (const sql of families[family] ?? [])
        for (const mode of modes(sql)) found.push(...(await check([sql], mode, true)));
      expect(found).toEqual([]);
    });

    it.each(Object.keys(SCRIPTS))('shows nothing through %s', { timeout: 300_000 }, async (family) => {
      const found: string[] = [];
      for (const statements of SCRIPTS[family] ?? [])
        found.push(...(await check(statements, 'simple', false)));
      expect(found).toEqual([]);
    });

    const { parse, bind, describe: ask, execute, sync, query, close, call } = say;
    it.each<[string, readonly Buffer[]]>([
      [
        'a statement described once and executed many times',
        [parse('s', 'select card, account from customers'), ask('S', 's'), sync()].concat(
          ...Array.from({ length: 5 }, (_, n) => [bind('', 's', [], n % 2 === 0), execute(''), sync()]),
        ),
      ],
      [
        'a statement never described',
        [parse('', 'select card from customers'), bind('', '', [], true), execute(''), sync()],
      ],
      [
        'a name given to another statement',
        [
          parse('n', 'select id, name from customers'),
          ask('S', 'n'),
          close('S', 'n'),
          parse('n', 'select id, card from customers'),
          bind('', 'n'),
          execute(''),
          sync(),
        ],
      ],
      [
        'a portal read by FETCH and by Execute',
        [
          query('begin'),
          parse('', 'select card from customers'),
          bind('door', ''),
          execute('door', 1),
          sync(),
          query('fetch all from door'),
          query('rollback'),
        ],
      ],
      [
        'a cursor read as a portal',
        [
          query('begin'),
          query('declare door cursor for select card from customers'),
          ask('P', 'door'),
          execute('door'),
          sync(),
          query('rollback'),
        ],
      ],
      [
        'a pipeline of several executions',
        [
          parse('', 'select id from customers'),
          bind('', ''),
          execute(''),
          parse('', 'select card from customers'),
          bind('', '', [], true),
          execute(''),
          parse('', 'select get_card(1)'),
          bind('', ''),
          execute(''),
          sync(),
        ],
      ],
      [
        'a parameter given other types',
        [
          parse('', 'select $1, card from customers where $1 is null or true', [25]),
          bind('', '', ['x']),
          execute(''),
          parse('', 'select $1, account from customers', [20]),
          bind('', '', ['1'], true),
          execute(''),
          sync(),
        ],
      ],
      ['the fast path', [call(765)]],
      [
        'requests behind an error',
        [
          parse('', 'select card::int from customers'),
          bind('', ''),
          execute(''),
          parse('', 'select card from customers'),
          bind('', ''),
          execute(''),
          sync(),
        ],
      ],
    ])('shows nothing through %s', async (_name, messages) => {
      const client = await world.client();
      for (const message of messages) client.raw.send(message);
      const ends = messages.filter((message) => 'QSF'.includes(String.fromCharCode(message[0] ?? 0))).length;
      await client.raw.ready(ends).catch(() => {});
      const { leaks, types } = client.seen();
      client.close();
      cases += 1;
      leaked += leaks.length > 0 ? 1 : 0;
      expect(types.length).toBeGreaterThan(0);
      expect(leaks).toEqual([]);
    });

    it('would show it without a mask', { timeout: 120_000 }, async () => {
      const all = Object.values(READS).flat();
      for (const sql of all) if ((await world.askServer([sql], 'simple')).leaks.length > 0) telling += 1;
      expect(telling).toBeGreaterThan(all.length / 2);
    });

    it('leaves nothing in the bundle', { timeout: 120_000 }, async () => {
      expect(world.session.failures).toEqual([]);
      const bundle = await world.session.sealed();
      expect(bundle.length).toBeGreaterThan(100_000);
      expect(leaksInText(saidByTarget(bundle))).toEqual([]);
      process.stdout.write(`PostgreSQL ${version}: ${cases} cases, ${leaked} leaks\n`);
    });
  });
});
