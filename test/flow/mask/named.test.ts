// Values that only the name of their column tells: hidden in every type and format, by the column's own name and by an alias alike.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createScanner } from '../../../src/detectors/index.ts';
import { openWorld, type World } from './world.ts';

const SCHEMA = `
create table personnel (id int, password text, pwd varchar(40), "apiSecret" text, pesel text, ssn int, us_ssn numeric, sin_no bigint,
  dob date, born_at timestamptz, date_of_birth text, passport_no char(9), cvv text, cvc int, phone text, old_passwords text[],
  hired date, password_changed timestamptz, login_count int, token_count int, note text, key text, passed text,
  pin int2, reset_token uuid, api_key bytea, old_pwd bytea, public_ref uuid, pin_length int2, logo bytea);
insert into personnel values (1, 'my dog Rex', 'x', 'zq9XkjV3wpHg7mLb', '44051401458', 219099999, 219099999, 130692544,
  '1980-02-03', '1980-02-03 04:05:06+00', '3 Feb 1980', 'C01X00T47', '123', 4821, '0171 1234567', array['tiger', 'two words'],
  '1980-02-03', '1980-02-03 04:05:06+00', 44051, 219099999, '44051401458', 'summer', 'hunter2',
  4821, '0b0c9f0e-5f6a-4a57-9d1c-2f3e4d5c6b7a', '\\x9f86d081884c7d659a2feaa0c55ad015', 'tiger', '0b0c9f0e-5f6a-4a57-9d1c-2f3e4d5c6b7a', 12345, '\\x9f86d081884c7d65');
`;

const HIDDEN: readonly (readonly [column: string, masked: string | null])[] = [
  ['password', '[password]'],
  ['pwd', '[password]'],
  ['"apiSecret"', '[secret]'],
  ['pesel', '[pl-pesel]'],
  ['ssn', null],
  ['us_ssn', null],
  ['sin_no', null],
  ['dob', null],
  ['born_at', null],
  ['date_of_birth', '[date-of-birth]'],
  ['passport_no', '[passport]'],
  ['cvv', '[card-code]'],
  ['cvc', null],
  ['phone', '[phone]'],
  ['pin', null],
  ['reset_token', null],
  ['api_key', null],
  ['old_pwd', null],
];

const SHOWN: readonly string[] = [
  'id',
  'hired',
  'password_changed',
  'login_count',
  'token_count',
  'note',
  'key',
  'passed',
  'public_ref',
  'pin_length',
  'logo',
];

describe.each([15, 18] as const)('on PostgreSQL %i', (version) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(version, { scanner: createScanner(), masking: { columns: {}, strategies: {} } });
    await world.server.query(SCHEMA);
    await world.refresh();
  });
  afterAll(() => world.stop());

  const read = async (sql: string, binary: boolean): Promise<string | null | undefined> =>
    (await world.run(sql, { binary })).rows[0]?.[0];

  for (const binary of [false, true])
    describe(binary ? 'in binary' : 'in text', () => {
      it.each(HIDDEN)('hides %s, whatever the result calls it', async (column, masked) => {
        expect(await read(`select ${column} from personnel`, binary)).toBe(masked);
        expect(await read(`select ${column} as x from personnel`, binary)).toBe(masked);
        expect(await read(`select x from (select ${column} as x from personnel) s`, binary)).toBe(masked);
      });

      it.each(SHOWN)('leaves %s alone', async (column) => {
        const plain = await world.client.query(`select ${column}::text as v from personnel`);
        const [row] = (await world.run(`select ${column}, ${column}::text as v from personnel`, { binary }))
          .rows;
        expect(row?.[0]).not.toBeNull();
        expect(row?.[1]).toBe((plain.rows[0] as { v: string }).v);
      });

      it('hides computed values under a telling name', async () => {
        expect(await read('select upper(password) as password from personnel', binary)).toBe('[password]');
        expect(await read(`select '44051401458' as pesel`, binary)).toBe('[pl-pesel]');
      });
    });

  it('hides the same in COPY', async () => {
    const columns = 'password, pesel, ssn, dob, cvv, note';
    const masked = '[password]\t[pl-pesel]\t\\N\t\\N\t[card-code]\t44051401458';
    for (const source of [`personnel (${columns})`, `(select ${columns} from personnel)`])
      expect((await world.copy(`copy ${source} to stdout`)).text?.trim()).toBe(masked);
    expect((await world.copy('copy (select password as x from personnel) to stdout')).text?.trim()).toBe(
      '[password]',
    );
    expect((await world.copy('copy personnel to stdout')).text).not.toMatch(/my dog|tiger|4821/);
  });

  it('follows names through views, unions and common table expressions where something is tagged', async () => {
    const tagged = await openWorld(version, {
      scanner: createScanner(),
      masking: { columns: { 'public.personnel.note': 'secret' }, strategies: {} },
    });
    try {
      await tagged.server.query(SCHEMA);
      await tagged.server.query(
        'create view renamed as select password as a, pesel as b, id as c from personnel',
      );
      await tagged.refresh();
      for (const sql of [
        'select a, b, c from renamed',
        'select password, pesel, 1 from personnel union all select password, pesel, 1 from personnel',
        'with w(a, b, c) as (select password, pesel, id from personnel) select a as x, b as y, c from w',
      ])
        expect((await tagged.run(sql)).rows[0]).toEqual(['[password]', '[pl-pesel]', '1']);
    } finally {
      await tagged.stop();
    }
  });

  it('hides each element of an array', async () => {
    const masked = '{"[password]","[password]"}';
    expect(await read('select old_passwords from personnel', false)).toBe(masked);
    expect(await read('select old_passwords as x from personnel', false)).toBe(masked);
    expect(await read(`select array['44051401458', 'b'] as pesel`, false)).toBe('{"[pl-pesel]",b}');
  });

  it('hides the whole of a password in JSON', async () => {
    expect(await read(`select json_build_object('password', password) as doc from personnel`, false)).toBe(
      '{"password" : "[password]"}',
    );
    expect(await read(`select jsonb_build_object('password', password) as doc from personnel`, false)).toBe(
      '{"password": "[password]"}',
    );
  });
});

describe('types whose every value is one', () => {
  let world: World;
  beforeAll(async () => {
    const scanner = createScanner(['ip-address', 'mac-address']);
    world = await openWorld(15, { scanner, masking: { columns: {}, strategies: {} } });
    await world.server.query(
      `create table seen (a inet, b cidr, c macaddr, d macaddr8, e inet[], f int);
       insert into seen values ('192.0.2.7', '192.0.2.0/24', '08:00:2b:01:02:03', '08:00:2b:01:02:03:04:05', '{192.0.2.9}', 7)`,
    );
    await world.refresh();
  });
  afterAll(() => world.stop());

  it.each([false, true])('are NULL when they are looked for, binary: %s', async (binary) => {
    const { rows } = await world.run('select a, b, c, d, host(a), f::text from seen', { binary });
    expect(rows[0]).toEqual([null, null, null, null, '[ip-address]', '7']);
    const { rows: arrays } = await world.run('select e from seen', { binary });
    expect(JSON.stringify(arrays)).not.toContain('192');
  });
});
