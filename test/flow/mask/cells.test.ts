// Values masked inside their types, checked by the server itself: what is sent back must be accepted as the same type.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createScanner } from '../../../src/detectors/index.ts';
import type { CellMask } from '../../../src/model/masking.ts';
import { openWorld, rawQuery, type World } from './world.ts';

const CARD = '4111111111111111';
const MAIL = 'ada@example.org';

/** Expressions whose value holds a card or an address somewhere, with what must be left of it. */
const VALUES: readonly (readonly [type: string, expression: string, masked: string | null])[] = [
  ['text', `'pay ${CARD} now'`, 'pay [payment-card] now'],
  ['text', `'héllo ${MAIL} ✓ ${CARD}'`, 'héllo [email] ✓ [payment-card]'],
  ['varchar', `'${CARD}'`, '[payment-card]'],
  [
    'json',
    `'{"a": 1.50, "card": "${CARD}", "n": ${CARD}, "a": "${MAIL}"}'`,
    '{"a": 1.50, "card": "[payment-card]", "n": "[payment-card]", "a": "[email]"}',
  ],
  [
    'jsonb',
    `'{"k": ["x", "\\u0034111111111111111", {"${MAIL}": 1}]}'`,
    '{"k": ["x", "[payment-card]", {"[email]": 1}]}',
  ],
  ['jsonb', `'"${CARD}"'`, '"[payment-card]"'],
  ['text[]', `array['a', 'b "q" \\ ${CARD}', null, '']`, '{a,"b \\"q\\" \\\\ [payment-card]",NULL,""}'],
  ['text[]', `array[['${MAIL}', 'x'], ['y', '{z}']]`, '{{[email],x},{y,"{z}"}}'],
  ['bigint[]', `array[1, ${CARD}]`, '{1,NULL}'],
  ['numeric[]', `array[1.5, ${CARD}]`, '{1.5,NULL}'],
  ['bigint', CARD, null],
  ['bigint', `-${CARD}`, null],
  ['numeric', CARD, null],
  ['numeric', `${CARD}.25`, null],
  ['contact', `row('x, "y"', '${CARD}')`, '("x, ""y""",[payment-card])'],
  ['contact[]', `array[row('${MAIL}', null)::contact]`, '{"([email],)"}'],
  ['hstore', `hstore('card', '${CARD}')`, null],
  ['bytea', `'${CARD}'::bytea`, null],
  ['tsvector', `to_tsvector('simple', '${CARD}')`, null],
  ['numrange', `numrange(${CARD}, null)`, null],
  ['int8range', `int8range(1, ${CARD})`, null],
  ['nummultirange', `nummultirange(numrange(1, 2), numrange(3, ${CARD}))`, null],
  ['xml', `xmlelement(name a, '${CARD}')`, '<a>[payment-card]</a>'],
  ['mail', `'${MAIL}'`, '[email]'],
];

const QUIET: readonly (readonly [type: string, expression: string])[] = [
  ['text', `'nothing here'`],
  ['json', `'{"a": [1, 2.50, "x\\ny"], "b": null}'`],
  ['text[]', `array['a b', 'c"d', null]`],
  ['bigint', '12345678901234'],
  ['numeric', '123456789012345.678'],
  ['numeric', `'NaN'`],
  ['numeric', '0.0000000000001234'],
  ['contact', `row('a', 'b')`],
  ['int8range', `int8range(1, 20)`],
  ['numrange', `'empty'`],
  ['nummultirange', `nummultirange(numrange(1, 2), numrange(3, null))`],
  ['bytea', `'\\x00ff'`],
  ['int', '4111'],
  ['timestamptz', `'2020-01-01'`],
];

/** Counts and lengths as binary arrays and rows have them, often wrong. */
const nearMiss = fc
  .array(fc.constantFrom(0, 1, 2, -1, 4, 8, 16, 25, 1700, 2249, 0x7fffffff, 0x34313131), {
    minLength: 1,
    maxLength: 16,
  })
  .map((words) => {
    const out = Buffer.alloc(words.length * 4);
    words.forEach((word, index) => {
      out.writeInt32BE(word, index * 4);
    });
    return out;
  });

describe.each([15, 18] as const)('on PostgreSQL %i', (version) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(version, {
      scanner: createScanner(['payment-card', 'email', 'password']),
      masking: { strategies: {} },
    });
  });
  afterAll(() => world.stop());

  /** The value as sent in the format, and its mask. */
  async function fetch(
    type: string,
    expression: string,
    binary: boolean,
  ): Promise<{ bytes: Buffer; cell: CellMask | undefined }> {
    const answer = await rawQuery(world.client, `select (${expression})::${type} as v`, { binary });
    const plan = world.plan('select 1 as v');
    const mask = world.masker.columns(plan, answer.fields, world.catalogue());
    return { bytes: answer.rows[0]?.[0] ?? Buffer.alloc(0), cell: mask.cells[0] };
  }

  async function readBack(type: string, bytes: Uint8Array, binary: boolean): Promise<string> {
    const value = binary ? Buffer.from(bytes) : Buffer.from(bytes).toString('utf8');
    const result = await world.client.query(`select $1::${type}::text as v`, [value]);
    return (result.rows[0] as { v: string }).v;
  }

  for (const binary of [false, true])
    describe(binary ? 'in binary' : 'in text', () => {
      it.each(VALUES)('masks %s inside: %s', async (type, expression, expected) => {
        const { bytes, cell } = await fetch(type, expression, binary);
        // Something else lies before the value in the buffer, as on the wire.
        const buffer = Buffer.concat([
          Buffer.from('4111111111111111'),
          bytes,
          Buffer.from('junk@example.org'),
        ]);
        const masked = cell?.(buffer, 16, 16 + bytes.length);
        if (expected === null) expect(masked).toBeNull();
        else expect(await readBack(type, masked ?? Buffer.from('not masked'), binary)).toBe(expected);
      });

      it.each(QUIET)('passes %s as it is: %s', async (type, expression) => {
        const { bytes, cell } = await fetch(type, expression, binary);
        expect(cell?.(bytes, 0, bytes.length)).toBeUndefined();
      });

      it('masks protected columns of every type by lineage, in their own type', async () => {
        const answer = await world.run(
          'select card, email, account, phones, pin, doc from customers where id = 1',
          { binary },
        );
        const [row] = answer.rows;
        expect(row?.[0]).toBe('[payment-card]');
        expect(row?.[2]).toBeNull();
        expect(row?.[4]).toBeNull();
        const phones = await readBack('text[]', Buffer.from(row?.[3] ?? '', 'latin1'), binary);
        expect(phones).toBe('{[phone]}');
        const doc = await readBack('jsonb', Buffer.from(row?.[5] ?? '', 'latin1'), binary);
        expect(doc).toBe('"[secret]"');
      });
    });

  it('needs no look at types that cannot hold text', async () => {
    const answer = await world.run('select id, amount > 1 as b, now() as n from orders');
    const mask = world.masker.columns(answer.plan, answer.fields, world.catalogue());
    expect(mask.untouched).toBe(true);
  });

  it('answers any bytes without failing', () => {
    const plan = world.plan('select 1 as v');
    const names = [
      'text',
      'json',
      'jsonb',
      'int8',
      'numeric',
      'bytea',
      '_text',
      '_numeric',
      'record',
      'contact',
      '_contact',
      'hstore',
      'numrange',
      'nummultirange',
      'xml',
      'tsvector',
    ];
    const oids = [...world.catalogue().types.values()]
      .filter((type) => names.includes(type.name))
      .map((type) => type.oid);
    expect(oids.length).toBe(names.length);
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 80 }),
      fc.string({ maxLength: 60 }).map((text) => Buffer.from(`{"(${text}`)),
      nearMiss,
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...oids),
        fc.constantFrom(0 as const, 1 as const),
        bytes,
        (typeOid, format, value) => {
          const mask = world.masker.columns(
            plan,
            [{ name: 'v', tableOid: 0, attnum: 0, typeOid, format }],
            world.catalogue(),
          );
          const masked = mask.cells[0]?.(value, 0, value.length);
          expect(masked === null || masked === undefined || masked instanceof Uint8Array).toBe(true);
        },
      ),
      { numRuns: 3_000 },
    );
  });

  it('finds nothing passable in arrays and rows that do not parse', async () => {
    const { cell: array } = await fetch('text[]', `array['${CARD}']`, true);
    const { cell: row } = await fetch('contact', `row('a', '${CARD}')`, true);
    const broken = Buffer.from('00000001000000000000001900000001000000010000ffff34', 'hex');
    expect(array?.(broken, 0, broken.length)).toBeNull();
    const cut = Buffer.from('0000000200000019000000ff', 'hex');
    expect(row?.(cut, 0, cut.length)).toBeNull();
  });
});
