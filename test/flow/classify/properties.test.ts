// Whatever the text, the classifier answers; what is cut short, garbled or strange is unknown and never a read.

import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { type ClassifyEnvironment, classify, loadGrammar } from '../../../src/flow/classify/index.ts';
import { ACTIONS } from '../../../src/model/action.ts';
import type { Classification } from '../../../src/model/classification.ts';
import { fixtureCatalogue } from './catalogue.ts';

const env: ClassifyEnvironment = {
  connection: 'db',
  catalogue: fixtureCatalogue(),
  names: { statement: () => undefined, portal: () => undefined },
  searchPathUncertain: false,
};
const folder = new URL('../../vectors/statements/', import.meta.url);
const CORPUS = readdirSync(folder)
  .filter((name) => name.endsWith('.json') && name !== 'catalogue.json')
  .flatMap(
    (name) => (JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as { cases: { sql: string }[] }).cases,
  )
  .map(({ sql }) => sql);

const actionsOf = ({ units }: Classification): string[] =>
  units.flatMap((unit) => unit.actions.map((use) => use.action));
const onlyReads = (text: string): boolean =>
  actionsOf(classify(text, env)).every((action) => ACTIONS[action as keyof typeof ACTIONS] === 'read');
const changes = (text: string): boolean => !onlyReads(text);

beforeAll(loadGrammar);

describe('any text at all', () => {
  it('is answered without throwing, and every unit says what it does', () => {
    const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }));
    fc.assert(
      fc.property(text, (sql) => {
        const { units, fingerprint, parseError } = classify(sql, env);
        expect(fingerprint).toMatch(/^[0-9a-f]{16,64}$/);
        for (const unit of units) expect(unit.actions.length).toBeGreaterThan(0);
        if (parseError !== undefined)
          expect(units.map((unit) => unit.actions[0]?.action)).toEqual(['sql:unknown']);
      }),
      { numRuns: 2_000 },
    );
  });

  it('has units whose byte ranges follow each other inside the text', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...CORPUS), { maxLength: 5 }), (texts) => {
        const sql = texts.join(';');
        let at = 0;
        for (const { start, end } of classify(sql, env).units) {
          expect(start).toBeGreaterThanOrEqual(at);
          expect(end).toBeGreaterThanOrEqual(start);
          at = end;
        }
        expect(at).toBeLessThanOrEqual(Buffer.byteLength(sql));
      }),
      { numRuns: 300 },
    );
  });

  it('gets the same answer twice', () => {
    fc.assert(
      fc.property(fc.constantFrom(...CORPUS), (sql) => {
        expect(classify(sql, env)).toEqual(classify(sql, env));
      }),
      { numRuns: 300 },
    );
  });
});

describe('a statement that changes something', () => {
  const WRITES = CORPUS.filter((sql) => !sql.includes('\0'));

  it('is never a read once it is cut short or garbled, unless what is left is one by itself', () => {
    const writes = [
      'delete from orders where id = 1',
      'update orders set total = 1 where id = 2',
      'drop table orders',
      'truncate orders',
      'insert into orders (id) values (1)',
      'grant select on orders to public',
      'set role bob',
    ];
    fc.assert(
      fc.property(fc.constantFrom(...writes), fc.nat(), fc.string({ maxLength: 3 }), (sql, at, noise) => {
        const cut = at % sql.length;
        const shorter = sql.slice(0, cut);
        if (shorter.trim() !== '') expect([shorter, onlyReads(shorter)]).toEqual([shorter, false]);
        const garbled = sql.slice(0, cut) + noise + sql.slice(cut);
        // Another setting, such as role0, changes no role.
        if (sql.startsWith('set') && !/^set\s+role\b/i.test(garbled)) return;
        const { parseError, units } = classify(garbled, env);
        // A comment or a string may swallow the rest; a read must then say SELECT, SHOW or nothing itself.
        if (parseError === undefined && units.length > 0)
          expect([garbled, onlyReads(garbled)]).toEqual([garbled, false]);
      }),
      { numRuns: 2_000 },
    );
  });

  it('stays one beside any other statement, in either order', () => {
    fc.assert(
      fc.property(fc.constantFrom(...WRITES), fc.constantFrom(...WRITES), (first, second) => {
        if (!changes(first) || classify(first, env).parseError !== undefined) return;
        expect(changes(`${first}\n;${second}`)).toBe(true);
        expect(changes(`select 1;${first}`)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('stays one inside EXPLAIN ANALYZE, PREPARE, a WITH query and COPY', () => {
    const rows = CORPUS.filter(
      (sql) => /^\s*(?:insert|update|delete)\b/i.test(sql) && !/returning|;/i.test(sql),
    );
    for (const sql of rows) {
      const one = classify(sql, env);
      if (one.parseError !== undefined) continue;
      for (const text of [
        `explain analyze ${sql}`,
        `prepare p as ${sql}`,
        `with x as (${sql} returning 1) select 1`,
        `copy (${sql} returning 1) to stdout`,
      ]) {
        const wrapped = classify(text, env);
        if (wrapped.parseError === undefined)
          expect([text, actionsOf(wrapped)]).toEqual([text, expect.arrayContaining(actionsOf(one))]);
      }
    }
  });

  it('is found in an expression as deep as the grammar goes', () => {
    const nest = fc.letrec<{ e: string }>((tie) => ({
      e: fc.oneof(
        { maxDepth: 6, withCrossShrink: true },
        fc.constantFrom('wipe(1)', "nextval('orders_id_seq')", "pg_read_file('x')"),
        tie('e').map((e) => `coalesce(${e}, 1)`),
        tie('e').map((e) => `(select ${e})`),
        tie('e').map((e) => `case when true then ${e} end`),
        tie('e').map((e) => `(array[${e}])[1]`),
        tie('e').map((e) => `(${e} + 1)`),
        tie('e').map((e) => `(with x as (select ${e}) select 1)`),
        tie('e').map((e) => `(select 1 from customers where id = ${e})`),
        tie('e').map((e) => `(select count(*) filter (where ${e} > 0) from customers)`),
        tie('e').map((e) => `(${e})::text::int`),
        tie('e').map((e) => `(select max(x) from generate_series(1, ${e}) x)`),
        tie('e').map((e) => `not exists (select 1 order by ${e})`),
        tie('e').map((e) => `json_value(jsonb '{}', '$.a' default ${e} on empty)`),
      ),
    }));
    fc.assert(
      fc.property(nest.e, (expression) => {
        const sql = `select ${expression}`;
        if (classify(sql, env).parseError === undefined) expect([sql, changes(sql)]).toEqual([sql, true]);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('a text that exhausts the grammar', () => {
  it('is unknown, and the next text is read by a fresh grammar', async () => {
    for (let round = 0; round < 40; round++) {
      const deep = classify(`select ${'1 + '.repeat(20_000)}1`, env);
      expect(actionsOf(deep)).toEqual(['sql:unknown']);
      await loadGrammar();
      expect(actionsOf(classify('delete from orders', env))).toEqual(['sql:delete-all']);
    }
  });

  it('is unknown where it is only too deep for us', () => {
    const deep = `select ${'('.repeat(3_000)}1${')'.repeat(3_000)}`;
    expect(actionsOf(classify(deep, env)).length).toBeGreaterThan(0);
    const chain = `select 1 ${'union select 1 '.repeat(900)}; delete from orders`;
    expect(changes(chain)).toBe(true);
  });

  it('is unknown when it is longer than we read', () => {
    expect(actionsOf(classify(`select '${'x'.repeat(8_400_000)}'`, env))).toEqual(['sql:unknown']);
  });
});
