// The masker's own decisions, without a server: what is revealed, what a doubt does, and that a plan never fails open.
import fc from 'fast-check';
import { loadModule } from 'libpg-query';
import { beforeAll, describe, expect, it } from 'vitest';
import { createScanner } from '../../../src/detectors/index.ts';
import { createMasker, type Masker } from '../../../src/flow/mask/index.ts';
import type { Catalogue, CatalogueRelation } from '../../../src/model/catalogue.ts';
import type { MaskingSettings } from '../../../src/model/connection.ts';
import type { Field, ResultMask } from '../../../src/model/masking.ts';
import { connectionWith, parse, unitOf } from './world.ts';

const CARD = '4111111111111111';
const TEXT = 25;

const customers: CatalogueRelation = {
  oid: 20_000,
  schema: 'public',
  name: 'customers',
  kind: 'table',
  columns: ['id', 'card', 'email', 'note'].map((name, index) => ({
    attnum: index + 1,
    name,
    typeOid: index === 0 ? 23 : TEXT,
  })),
  parents: [],
  dependsOn: [],
  temporary: false,
};

const catalogue: Catalogue = {
  version: 1,
  serverVersion: 180_000,
  searchPath: ['public'],
  relations: new Map([[customers.oid, customers]]),
  relationByName: new Map([['public.customers', customers.oid]]),
  functionsByName: new Map(),
  types: new Map([
    [23, { oid: 23, name: 'int4', kind: 'b', category: 'N', elementOid: 0, baseOid: 0, relationOid: 0 }],
  ]),
};

const TAGS = { 'public.customers.card': 'payment-card', 'public.customers.email': 'email' };

function masker(
  options: { masking?: Partial<MaskingSettings>; columns?: string[]; dataTypes?: string[] } = {},
): Masker {
  return createMasker({
    connection: connectionWith({ columns: TAGS, strategies: {}, ...options.masking }),
    revealed: { columns: new Set(options.columns ?? []), dataTypes: new Set(options.dataTypes ?? []) },
    scanner: createScanner(['payment-card', 'email']),
    hashKey: Buffer.alloc(32, 1),
    parse,
  });
}

const field = (attnum: number): Field => ({
  name: customers.columns[attnum - 1]?.name ?? 'x',
  tableOid: attnum > 0 ? customers.oid : 0,
  attnum,
  typeOid: attnum === 1 ? 23 : TEXT,
  format: 0,
});

function shown(mask: ResultMask, index: number, text: string): string | null {
  const bytes = Buffer.from(text);
  const masked = mask.cells[index]?.(bytes, 0, bytes.length);
  if (masked === null) return null;
  return Buffer.from(masked ?? bytes).toString('utf8');
}

beforeAll(() => loadModule());

describe('what is revealed', () => {
  it('shows a revealed column, sparing it its own detector but no other', () => {
    const one = masker({ columns: ['public.customers.card'] });
    const plan = one.plan(unitOf('select card, email from customers'), catalogue);
    const mask = one.columns(plan, [field(2), field(3)], catalogue);
    expect(shown(mask, 0, `${CARD} ada@example.org`)).toBe(`${CARD} [email]`);
    expect(shown(mask, 1, 'x')).toBe('[email]');
  });

  it('leaves a revealed data type alone wherever it is found', () => {
    const one = masker({ dataTypes: ['payment-card'] });
    const plan = one.plan(unitOf('select note from customers'), catalogue);
    const mask = one.columns(plan, [field(4)], catalogue);
    expect(shown(mask, 0, `${CARD} ada@example.org`)).toBe(`${CARD} [email]`);
    expect(one.scrubText(`${CARD} ada@example.org`)).toBe(`${CARD} [email]`);
  });

  it('still looks at contents when no column is protected', () => {
    const one = masker({ masking: { columns: {} } });
    const plan = one.plan(unitOf('select anything_at_all(1)'), catalogue);
    expect(plan).toMatchObject({ reaches: false, unknown: false, sideways: [] });
    const mask = one.columns(plan, [{ ...field(0), name: 'anything_at_all' }], catalogue);
    expect(shown(mask, 0, CARD)).toBe('[payment-card]');
    expect(
      one.scrub(
        plan,
        new Map([
          ['M', `bad ${CARD}`],
          ['D', 'kept'],
        ]),
      ),
    ).toEqual(
      new Map([
        ['M', 'bad [payment-card]'],
        ['D', 'kept'],
      ]),
    );
  });
});

describe('a doubt', () => {
  const sql = 'select anything_at_all(1) as v';
  it.each([
    ['mask', '[masked]'],
    ['deny', '[masked]'],
    ['pass', 'plain'],
  ] as const)('is handled as on-unknown says: %s', (onUnknown, expected) => {
    const one = masker({ masking: { onUnknown } });
    const plan = one.plan(unitOf(sql), catalogue);
    expect(plan.unknown).toBe(true);
    const mask = one.columns(plan, [{ ...field(0), name: 'v' }], catalogue);
    expect(shown(mask, 0, 'plain')).toBe(expected);
  });

  it('hides everything that is not proven clean while nothing describes the columns', () => {
    const one = masker();
    const plan = one.plan(unitOf('select id, card from customers'), catalogue);
    const mask = one.columns(plan, undefined, catalogue);
    expect(mask.cells.length).toBe(2);
    expect([shown(mask, 0, '12'), shown(mask, 1, 'x'), shown(mask, 0, CARD)]).toEqual(['12', null, null]);
  });

  it('trusts the wire for a plain column where names could not be told', () => {
    const one = masker();
    const plan = one.plan(unitOf('select * from customers'), catalogue, { uncertain: true });
    const mask = one.columns(plan, [field(1), field(2), field(4)], catalogue);
    expect([shown(mask, 0, '7'), shown(mask, 1, 'x'), shown(mask, 2, 'n')]).toEqual([
      '7',
      '[payment-card]',
      'n',
    ]);
  });

  it('takes a protected column on the wire over a plan that knows nothing of it', () => {
    const one = masker();
    const plan = one.plan(unitOf('select note as card from customers'), catalogue);
    const mask = one.columns(plan, [{ ...field(2), name: 'card' }], catalogue);
    expect(shown(mask, 0, 'x')).toBe('[payment-card]');
  });

  it('withholds everything but class and position of an error of unknown origin', () => {
    const fields = new Map([
      ['S', 'ERROR'],
      ['C', '22P02'],
      ['M', `invalid input: "${CARD}"`],
      ['D', 'd'],
      ['W', 'w'],
      ['q', 'q'],
      ['n', 'n'],
    ]);
    expect(masker().scrub(undefined, fields)).toEqual(
      new Map([
        ['S', 'ERROR'],
        ['C', '22P02'],
        ['M', 'a value does not fit its type or the operation'],
      ]),
    );
  });
});

describe('a plan', () => {
  const SEEDS = [
    'with recursive r(a) as (select card from customers union select a from r) select r.a || c.email, count(*) from r join customers c on c.card = r.a group by 1 order by 1 limit 3',
    'insert into customers (id, note) select id, card from customers returning *',
    'select (c).card, c, to_json(c) from (select * from customers) c, lateral (select c.email) x',
    'copy (select card from customers) to stdout',
    'create function f() returns text language sql as $$ select card from customers $$',
  ];

  /** Removes or blanks one node somewhere in a tree. */
  function damaged(tree: unknown, path: readonly number[]): unknown {
    const [step, ...rest] = path;
    if (step === undefined) return [undefined, {}, [], 'x', 7][path.length % 5];
    if (Array.isArray(tree))
      return tree.map((item, index) => (index === step % tree.length ? damaged(item, rest) : item));
    if (typeof tree !== 'object' || tree === null) return undefined;
    const entries = Object.entries(tree);
    return Object.fromEntries(
      entries.map(([key, value], index) => [
        key,
        index === step % entries.length ? damaged(value, rest) : value,
      ]),
    );
  }

  it('never fails on a damaged tree', () => {
    const one = masker();
    fc.assert(
      fc.property(
        fc.constantFrom(...SEEDS),
        fc.array(fc.nat(20), { minLength: 1, maxLength: 14 }),
        (sql, path) => {
          const unit = unitOf(sql);
          const plan = one.plan({ ...unit, tree: damaged(unit.tree, path) }, catalogue);
          expect(plan.rest).toBeDefined();
        },
      ),
      { numRuns: 3_000 },
    );
  });

  it('of a text that was not parsed reaches everything and carries everything away', () => {
    const { tree: _, ...unparsed } = unitOf('select 1');
    expect(masker().plan(unparsed, catalogue)).toMatchObject({
      outputs: undefined,
      reaches: true,
      unknown: true,
      sideways: ['public.customers.card', 'public.customers.email'],
    });
  });

  it('gives up on a statement too deep or too large to resolve, and calls it unknown', () => {
    const one = masker();
    const wide = one.plan(unitOf(`select ${'card || note, '.repeat(70_000)} 1 from customers`), catalogue);
    let expression: unknown = { A_Const: { ival: { ival: 1 } } };
    for (let depth = 0; depth < 50_000; depth++) expression = { NamedArgExpr: { arg: expression } };
    const tree = { SelectStmt: { targetList: [{ ResTarget: { val: expression } }] } };
    const deep = one.plan({ ...unitOf('select 1'), tree }, catalogue);
    for (const plan of [wide, deep]) {
      expect(plan).toMatchObject({ outputs: undefined, unknown: true, reaches: true });
      expect(plan.knows('secret')).toBe(false);
    }
  });
});
