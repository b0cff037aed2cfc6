import { describe, expect, it } from 'vitest';
import { shapeOf } from '../../src/flow/shape.ts';

describe('shapeOf', () => {
  it.each([
    [
      'SELECT abalance FROM pgbench_accounts WHERE aid = 4711;',
      'SELECT abalance FROM pgbench_accounts WHERE aid = ?;',
    ],
    ['UPDATE t SET a = a + -12 WHERE id = 7 and b = 8', 'UPDATE t SET a = a + -? WHERE id = ? and b = ?'],
    ['insert into h (a, b) values (1, 2)', 'insert into h (a, b) values (?, ?)'],
    ['select t1.c2 from t1 limit 5', 'select t1.c2 from t1 limit ?'],
  ])('finds the shape of %s', (text, shape) => {
    expect(shapeOf(text)).toBe(shape);
  });

  it.each([
    ['nothing to replace', 'select a from t'],
    ['a string', "select a from t where b = 'x' and c = 1"],
    ['a quoted name', 'select "a1" from t where b = 1'],
    ['a parameter', 'select a from t where b = $1 limit 3'],
    ['a comment', 'select a from t -- 1\n'],
    ['a block comment', 'select 1 /* 2 */'],
    ['a fraction', 'select a from t where b = .5'],
    ['an exponent only', 'select 1e5'],
    ['a based literal only', 'select 0x1f'],
    ['a grouped literal only', 'select 1_000'],
    ['two statements', 'select 1; select 2'],
    ['a setting', 'set standard_conforming_strings = 0'],
    ['a write whose condition is constant', 'delete from t where 1 = 1'],
    ['a write with OR', 'delete from t where id = 1 or id = 2'],
    ['a write whose condition compares numbers', 'update t set a = 1 where 2 > 1'],
    ['a write without condition', 'update t set a = 1'],
    ['a write with a nested condition', 'delete from t where id = (select max(id) from u where v = 3)'],
    ['a write inside a CTE', 'with d as (delete from t where id = 1 returning a) select a from d'],
    ['a sort by position', 'select a, b from t where c = 3 order by 2'],
    ['a group by position', 'select a, count(*) from t group by 1'],
  ])('finds none where there is %s', (_why, text) => {
    expect(shapeOf(text)).toBeUndefined();
  });
});
