// Texts written so that other settings would make them mean something else, behind code that changes the settings.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type PostgresPeer, startPostgres } from '../peers/postgres.ts';
import { errorOf, type Raw, say } from '../protocols/postgres/raw.ts';
import { type Attacked, attack, leaked, openShop } from './session.ts';

const { parse, bind, execute, sync, query } = say;
const STRINGS_OFF = 'do $$ begin set standard_conforming_strings = off; end $$';
const JAPANESE = "do $$ begin set client_encoding = 'SJIS'; end $$";
const UNSETTLE = `create function unsettle() returns trigger language plpgsql as $f$
  begin perform set_config('standard_conform' || 'ing_strings', 'off', false); return new; end $f$`;
/** A constant while backslashes are characters; cards when they escape. */
const TWO_FACED = "select '\\' || $q$ ' || card || '' from customers --$q$";
const TWO_FACED_DROP = "select '\\' || $q$'; drop table orders; --$q$";
/** Characters whose second byte in Shift JIS is a backslash and a bar: the values between them move by one. */
const SHIFTING =
  "copy (select chr(34920), card, chr(12509) from customers limit 3) to stdout (delimiter '|')";

describe.each([15, 18] as const)('texts with two meanings, on PostgreSQL %i', (version) => {
  let server: PostgresPeer;
  let session: Attacked;
  let client: Raw;
  beforeAll(async () => {
    server = await startPostgres({ version });
    await openShop(server);
  });
  afterAll(() => server?.stop());
  beforeEach(async () => {
    session = await attack(server);
    client = await session.client();
  });
  afterEach(() => session?.stop());

  const run = (text: string) => [parse('', text), bind('', ''), execute('')];

  it('mean in a pipeline what they meant when they were judged', async () => {
    client.send(...run(STRINGS_OFF), ...run(TWO_FACED), sync());
    const lines = await client.ready();
    expect(leaked(lines)).toEqual([]);
    expect(lines.map((line) => line[0]).join('')).toBe('12C12DCZ');
    expect(lines[5]).toContain(' || card || ');
  });

  it('mean what they were judged to mean when a trigger changes the settings', async () => {
    const made = [
      ...(await session.query(client, 'create table scratch (a int)')),
      ...(await session.query(client, UNSETTLE)),
      ...(await session.query(
        client,
        'create trigger unsettling before insert on scratch for each row execute function unsettle()',
      )),
    ];
    expect(errorOf(made)).toEqual(new Map());
    client.send(...run('insert into scratch values (1)'), ...run(TWO_FACED), sync());
    const lines = await client.ready();
    expect(leaked(lines)).toEqual([]);
    expect(lines.filter((line) => line.startsWith('D '))).toHaveLength(1);
  });

  it('wait for the answer to what could change them, and then never run', async () => {
    client.send(query(STRINGS_OFF), query(TWO_FACED_DROP));
    expect(errorOf(await client.closed()).get('R')).toBe('broker:unsupported');
    expect(await server.query("select to_regclass('orders')::text as t", 'shop')).toEqual([{ t: 'orders' }]);
    expect(session.recorded()).not.toContain('drop table orders');
  });

  it('keeps a stream of COPY in the encoding it is cut in, in a pipeline', async () => {
    client.send(...run(JAPANESE), ...run(SHIFTING), sync());
    const lines = await client.ready();
    expect(leaked(lines)).toEqual([]);
    expect(lines.filter((line) => line.startsWith('d '))).toHaveLength(3);
  });

  it('refuses COPY behind code in one text, where it could be in another encoding', async () => {
    client.send(query(`${JAPANESE}; ${SHIFTING}`));
    const lines = await client.closed();
    expect(leaked(lines)).toEqual([]);
    expect(errorOf(lines).get('R')).toBe('broker:unsupported');
  });

  it('lets COPY by behind BEGIN and SET in one text', async () => {
    client.send(
      query(
        'begin; set local work_mem = 1024; copy (select id, card from customers limit 2) to stdout; commit',
      ),
    );
    const lines = await client.ready();
    expect(leaked(lines)).toEqual([]);
    expect(lines.filter((line) => line.startsWith('d '))).toHaveLength(2);
  });
});
