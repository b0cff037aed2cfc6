// What V8 makes of the grammar after a while of use must read what it read at first.
import { beforeAll, describe, expect, it } from 'vitest';
import { fingerprint, loadGrammar, parse } from '../../../src/flow/classify/grammar.ts';

const nested = (depth: number) =>
  `select * from ${'(select case when true then 1 end, * from '.repeat(depth)}t${' as x)'.repeat(depth)}`;
const report = `select o.id, c.name, sum(l.qty * l.price) from orders o join customers c on c.id = o.customer_id
 join lines l on l.order_id = o.id where o.placed > '2026-01-01' and c.city in ('a', 'b') group by 1, 2 having count(*) > 3`;

describe('the grammar, after thousands of statements', () => {
  beforeAll(async () => {
    await loadGrammar();
    for (let round = 0; round < 4_000; round += 1) {
      parse(report);
      fingerprint(report, true);
    }
    // The optimising compiler, if it were at work, would have to be done.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }, 60_000);

  it.each([10, 60, 400])('still knows a statement nested %i deep by its shape', (depth) => {
    const text = nested(depth);
    expect(parse(text)).toMatchObject({ statements: [{ start: 0 }] });
    expect(fingerprint(text, true)).toMatch(/^[0-9a-f]{16}$/);
    expect(parse(report)).toMatchObject({ statements: [{ start: 0 }] });
  });
});
