// Places of the record that a client fills with its own words: what detectors know never lands there as it is.

import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PostgresPeer, startPostgres } from '../peers/postgres.ts';
import { type Raw, say } from '../protocols/postgres/raw.ts';
import { type Attacked, attack, openShop } from './session.ts';

const CARD = '4111111111111111';
const MAIL = 'jane.doe@mail.example';
const INT8 = Buffer.from(BigInt(CARD).toString(16).padStart(16, '0'), 'hex');
/** numeric's binary form: four digits to a group. */
const NUMERIC = Buffer.from([0, 4, 0, 3, 0, 0, 0, 0, 0x10, 0x0f, 0x04, 0x57, 0x04, 0x57, 0x04, 0x57]);

/** Bind of one parameter in binary. */
function bindBinary(value: Buffer): Buffer {
  const body = Buffer.concat([
    Buffer.from([0, 0, 0, 1, 0, 1, 0, 1]),
    Buffer.from([0, 0, 0, value.length]),
    value,
    Buffer.from([0, 0]),
  ]);
  const head = Buffer.alloc(5);
  head.write('B');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

describe('the record of a session', () => {
  let server: PostgresPeer;
  let session: Attacked;
  let client: Raw;
  beforeAll(async () => {
    server = await startPostgres({ version: 18 });
    await openShop(server);
    session = await attack(server, { detectors: 'on' });
    client = await session.client();
  });
  afterAll(async () => {
    await session?.stop();
    await server?.stop();
  });

  const clean = () => {
    const recorded = session.recorded();
    const forms = [CARD, MAIL, INT8.toString('hex'), NUMERIC.toString('hex')];
    const inHex = [CARD, MAIL].map((value) => Buffer.from(value).toString('hex'));
    expect([...forms, ...inHex].filter((form) => recorded.includes(form))).toEqual([]);
  };

  it.each([
    ['a literal', `select '${CARD}', '${MAIL}'`],
    ['the names of columns', `select 1 as "${CARD}", 2 as "${MAIL}"`],
    ['the name of a table that is not there', `select * from "${MAIL}"`],
    ['the name of a new table', `create table "of ${CARD}" (a int)`],
    ['an error', `select '${CARD}'::int`],
    ['a notice', `do $$ begin raise notice '${CARD}'; end $$`],
    ['a setting', `set application_name = '${MAIL}'`],
    ['a channel and a payload', `notify "${MAIL}", '${CARD}'`],
    ['a refusal', `drop table "${MAIL}"`],
    ['a text that is not SQL', `who is ${MAIL}`],
  ])('masks %s', async (_where, text) => {
    await session.query(client, text);
    clean();
  });

  it.each([
    ['text', 'text', Buffer.from(CARD)],
    ['bigint', 'int8', INT8],
    ['numeric', 'numeric', NUMERIC],
  ])('masks a parameter of type %s sent in binary', async (_name, type, value) => {
    client.send(
      say.parse('', `select length($1::${type}::text)`),
      bindBinary(value),
      say.execute(''),
      say.sync(),
    );
    const lines = await client.ready();
    expect(lines.some((line) => line.startsWith('E '))).toBe(false);
    clean();
  });

  it('does not cut a parameter where a value could no longer be recognised', async () => {
    const text = `${'x'.repeat(4_084)} ${CARD} ${'y'.repeat(8_000)}`;
    client.send(say.parse('', 'select length($1)'), say.bind('', '', [text]), say.execute(''), say.sync());
    await client.ready();
    expect(session.recorded()).not.toMatch(/x 4111/);
    expect(session.recorded()).toContain('(12102 bytes)');
  });

  it.each([
    ['application_name', { application_name: CARD }],
    ['database', { database: MAIL }],
    ['options', { options: `-c search_path=${CARD}` }],
  ])('masks %s given at the start', async (_name, parameters) => {
    const { hostname, port, username, password } = new URL(session.url);
    const config = { host: hostname, port: Number(port), user: username, password, database: 'shop' };
    const other = new pg.Client({ ...config, ...parameters });
    other.on('error', () => {});
    await other.connect().catch(() => {});
    await other.end().catch(() => {});
    clean();
  });
});
