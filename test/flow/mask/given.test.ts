// Values that a text gives to columns are found in time that grows with the text, whatever its shape.
import { beforeAll, describe, expect, it } from 'vitest';
import { loadGrammar, parse } from '../../../src/flow/classify/grammar.ts';
import { givenValues, literalEnd, literalText } from '../../../src/flow/mask/given.ts';
import type { Catalogue } from '../../../src/model/catalogue.ts';

const NONE = { relations: new Map() } as unknown as Catalogue;

function given(sql: string): readonly string[] {
  const { statements = [] } = parse(sql);
  const bytes = Buffer.from(sql).toString('latin1');
  return statements.flatMap(({ stmt }) =>
    givenValues(stmt, NONE).map(({ at, parameter, names }) => {
      const value = at === undefined ? `$${parameter}` : literalText(bytes.slice(at, literalEnd(bytes, at)));
      return `${names.join(' ')}: ${value}`;
    }),
  );
}

describe('values given to columns', () => {
  beforeAll(() => loadGrammar());

  it.each([
    [`update t set a = 'x''y', b = -5, c = $1`, ["a: x'y", 'b: -5', 'c: $1']],
    [`select 1 where a = 'x' and 'y' <> b`, ['a: x', 'b: y']],
    [`select 1 where lower(t.a) like E'x\\'y' || $$z$$`, [`a: x\\'y`, 'a: z']],
    [`select 1 where d->>'k' = 'x'`, ['d k: x']],
    [`select 1 where d #>> '{a,k}' in ('x', 2)`, ['d k: x', 'd k: 2']],
    [`insert into t (a, b) select 'x', c from u where c = 'y'`, ['a: x', 'c: y']],
    ['select a + 1, b || 2 from t', []],
  ])('%s', (sql, expected) => expect(given(sql)).toEqual(expected));

  it('are found in deep and wide texts alike', () => {
    const many = 20_000;
    const chain = given(`select 1 where a = ${Array.from({ length: 2_000 }, () => `'x'`).join(' || ')}`);
    expect(chain).toHaveLength(2_000);
    const wide = given(
      `insert into t (a, b) values ${Array.from({ length: many }, () => `('x', 2)`).join(', ')}`,
    );
    expect(wide).toHaveLength(2 * many);
    const ors = given(`select 1 where ${Array.from({ length: many }, (_, i) => `a = ${i}`).join(' or ')}`);
    expect(ors).toHaveLength(many);
    const nested = given(`select 1 where ${'(a = 1) = ('.repeat(200)}true${')'.repeat(200)}`);
    expect(nested).toHaveLength(200);
  });
});
