// The coverage record: every cell is counted once, under what it is, with the reason why it was masked whole or not looked at.
import { loadModule } from 'libpg-query';
import { beforeAll, describe, expect, it } from 'vitest';
import { createScanner } from '../../../src/detectors/index.ts';
import { createMasker, type Masker } from '../../../src/flow/mask/index.ts';
import type { Catalogue } from '../../../src/model/catalogue.ts';
import type { MaskingSettings } from '../../../src/model/connection.ts';
import type { CoverageRow } from '../../../src/model/event.ts';
import type { Field } from '../../../src/model/masking.ts';
import { connectionWith, parse, unitOf } from './world.ts';

const CARD = '4111111111111111';
const TYPES = { id: 23, card: 25, note: 25, pin: 23, account: 20, blob: 17 } as const;
const NAMES = Object.keys(TYPES) as (keyof typeof TYPES)[];

const base = (oid: number, name: string, category: string) =>
  [oid, { oid, name, kind: 'b', category, elementOid: 0, baseOid: 0, relationOid: 0 }] as const;

const catalogue: Catalogue = {
  version: 1,
  serverVersion: 180_000,
  searchPath: ['public'],
  relations: new Map([
    [
      20_000,
      {
        oid: 20_000,
        schema: 'public',
        name: 'people',
        kind: 'table',
        columns: NAMES.map((name, index) => ({ attnum: index + 1, name, typeOid: TYPES[name] })),
        parents: [],
        dependsOn: [],
        temporary: false,
      },
    ],
  ]),
  relationByName: new Map([['public.people', 20_000]]),
  functionsByName: new Map(),
  types: new Map([base(23, 'int4', 'N'), base(20, 'int8', 'N'), base(17, 'bytea', 'U')]),
};

interface Asked {
  readonly masking?: Partial<MaskingSettings>;
  readonly columns?: readonly string[];
  readonly dataTypes?: readonly string[];
  readonly detectors?: readonly string[];
}

function masker({
  masking,
  columns = [],
  dataTypes = [],
  detectors = ['payment-card', 'email'],
}: Asked): Masker {
  return createMasker({
    connection: connectionWith({
      columns: { 'public.people.card': 'payment-card', 'public.people.pin': 'pin' },
      strategies: {},
      ...masking,
    }),
    revealed: { columns: new Set(columns), dataTypes: new Set(dataTypes) },
    scanner: createScanner(detectors),
    hashKey: Buffer.alloc(32, 1),
    parse,
  });
}

/** Sends rows of one text per column through the mask of `select columns from people`; what coverage says then. */
function covered(
  one: Masker,
  columns: readonly (keyof typeof TYPES)[],
  rows: readonly (readonly string[])[],
  described = true,
): CoverageRow[] {
  const plan = one.plan(unitOf(`select ${columns.join(', ')} from people`), catalogue);
  const fields = columns.map(
    (name): Field => ({
      name,
      tableOid: 20_000,
      attnum: NAMES.indexOf(name) + 1,
      typeOid: TYPES[name],
      format: 0,
    }),
  );
  const mask = one.columns(plan, described ? fields : undefined, catalogue);
  for (const row of rows)
    for (const [index, text] of row.entries()) mask.cells[index]?.(Buffer.from(text), 0, text.length);
  one.saw(mask, rows.length);
  return one.coverage();
}

const none = { lineage: 0, content: 0, unknown: 0 };

beforeAll(() => loadModule());

describe('coverage', () => {
  it('counts a protected column by what was seen and masked, and no reason where there was none', () => {
    expect(covered(masker({}), ['card'], [['x'], ['y'], ['z']])).toEqual([
      { subject: 'public.people.card', ...none, seen: 3, lineage: 3 },
    ]);
  });

  it('counts what became NULL because its type has no room for a word', () => {
    expect(covered(masker({}), ['pin'], [['40718236'], ['59203847']])).toEqual([
      { subject: 'public.people.pin', ...none, seen: 2, lineage: 2, unmaskable: 2, why: { form: 2 } },
    ]);
  });

  it('does not count as unmaskable what was wished to be NULL', () => {
    const masking = { strategies: { pin: 'null' } } as const;
    expect(covered(masker({ masking }), ['pin'], [['40718236']])).toEqual([
      { subject: 'public.people.pin', ...none, seen: 1, lineage: 1 },
    ]);
  });

  it('counts columns whose type holds nothing to look at', () => {
    expect(covered(masker({}), ['id', 'note'], [['1', 'a note']])).toEqual([
      { subject: 'public.people.id', ...none, seen: 1, skipped: 1, why: { type: 1 } },
    ]);
  });

  it('counts what was found in a note once for each find, and in bytes and numbers as masked whole', () => {
    const hex = `\\x${Buffer.from(`-- ${CARD} --`).toString('hex')}`;
    expect(
      covered(
        masker({}),
        ['note', 'blob', 'account'],
        [
          [`${CARD} ada@example.org`, hex, CARD],
          ['quiet', '\\x00', '17'],
        ],
      ),
    ).toEqual([
      { subject: 'email', ...none, seen: 1, content: 1 },
      { subject: 'payment-card', ...none, seen: 3, content: 3, unmaskable: 2, why: { form: 2 } },
    ]);
  });

  it('counts what is wrapped deeper than is read', () => {
    let wrapped = `{"card":"${CARD}"}`;
    for (let depth = 0; depth < 12; depth += 1) wrapped = Buffer.from(wrapped).toString('base64');
    expect(covered(masker({}), ['note'], [[wrapped]])).toEqual([
      { subject: 'encoded', ...none, seen: 1, content: 1, unmaskable: 1, why: { depth: 1 } },
    ]);
  });

  it('counts a protected column that may be seen as revealed', () => {
    const one = masker({ columns: ['public.people.card'] });
    expect(covered(one, ['card'], [[CARD], [CARD]])).toEqual([
      { subject: 'public.people.card', ...none, seen: 2, skipped: 2, why: { revealed: 2 } },
    ]);
  });

  it('says so when no detector was on', () => {
    expect(covered(masker({ detectors: [] }), ['note'], [[CARD]])).toEqual([
      { subject: 'public.people.note', ...none, seen: 1, skipped: 1, why: { off: 1 } },
    ]);
    expect(covered(masker({ dataTypes: ['payment-card', 'email'] }), ['note'], [[CARD]])).toEqual([
      { subject: 'public.people.note', ...none, seen: 1, skipped: 1, why: { off: 1 } },
    ]);
  });

  it('counts what nothing describes as masked whole', () => {
    expect(covered(masker({}), ['id', 'card'], [['1', 'x']], false)).toEqual([
      { subject: '(unknown)', ...none, seen: 1, unknown: 1, unmaskable: 1, why: { form: 1 } },
    ]);
  });

  it('counts no column of a result without rows, and adds up over results', () => {
    const one = masker({});
    expect(covered(one, ['id', 'card'], [])).toEqual([]);
    covered(one, ['id'], [['1'], ['2']]);
    expect(covered(one, ['id', 'pin'], [['3', '4']])).toEqual([
      { subject: 'public.people.id', ...none, seen: 3, skipped: 3, why: { type: 3 } },
      { subject: 'public.people.pin', ...none, seen: 1, lineage: 1, unmaskable: 1, why: { form: 1 } },
    ]);
  });

  it('keeps a bounded number of rows, and loses no cell', () => {
    const one = masker({});
    const wide: Catalogue = {
      ...catalogue,
      relations: new Map(
        Array.from({ length: 700 }, (_, at) => {
          const column = { attnum: 1, name: 'n', typeOid: 23 };
          const oid = 30_000 + at;
          return [
            oid,
            {
              oid,
              schema: 'public',
              name: `t${at}`,
              kind: 'table',
              columns: [column],
              parents: [],
              dependsOn: [],
              temporary: false,
            },
          ];
        }),
      ),
    };
    for (const oid of wide.relations.keys()) {
      const field: Field = { name: 'n', tableOid: oid, attnum: 1, typeOid: 23, format: 0 };
      const mask = one.columns(one.plan(unitOf('select 1 as n'), wide), [field], wide);
      one.saw(mask, 2);
    }
    const rows = one.coverage();
    expect(rows.length).toBeLessThanOrEqual(520);
    expect(rows.reduce((sum, { skipped }) => sum + (skipped ?? 0), 0)).toBe(1400);
    expect(rows.find(({ subject }) => subject === '(other columns)')?.skipped).toBeGreaterThan(300);
  });
});
