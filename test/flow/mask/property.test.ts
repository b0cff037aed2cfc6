// Random statements over protected columns: whatever the server answers, no piece of a protected value is seen.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { statement } from './random-statements.ts';
import { leaks, messageText, openWorld, queryRows, rawQuery, type World } from './world.ts';

/** Statements per run: few enough for every run, more where asked for. */
const RUNS = Number(process.env['BROKER_PROPERTY_RUNS'] ?? 10_000);

/** Expressions over columns nobody protects. */
const plain = fc.constantFrom(
  'id',
  'note',
  'amount',
  'customer_id',
  'tags',
  `upper(note)`,
  `note || '!'`,
  'amount * 2',
  `coalesce(note, '-')`,
  `to_json(o)`,
  'tags[1]',
  `(select name from customers c where c.id = o.customer_id)`,
  `(select count(card) from customers)`,
);

describe('random statements on PostgreSQL 18', () => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(18);
  });
  afterAll(() => world.stop());

  it.each([false, true])('would be caught if nothing were masked (binary: %s)', async (binary) => {
    for (const column of ['card', 'email', 'account', 'phones', 'pin', 'doc']) {
      const { rows } = await rawQuery(world.client, `select ${column} from customers`, { binary });
      expect(leaks(rows.map((row) => row.map((value) => value?.toString('latin1') ?? null)))).not.toEqual([]);
    }
  });

  it(`show no piece of a protected value (${RUNS} statements)`, { timeout: 600_000 }, async () => {
    let answered = 0;
    await fc.assert(
      fc.asyncProperty(statement, fc.boolean(), async (sql, binary) => {
        const answer = await world.run(sql, { binary });
        if (!answer.error) answered += 1;
        expect(leaks(answer.rows, messageText(answer))).toEqual([]);
      }),
      { numRuns: RUNS },
    );
    expect(answered).toBeGreaterThan(RUNS / 2);
  });

  it('leave plain columns as they are', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(plain, { minLength: 1, maxLength: 4 }), async (targets) => {
        const sql = `select ${targets.join(', ')} from orders o order by o.id`;
        const answer = await world.run(sql);
        expect(answer.rows).toEqual(await queryRows(world.client, sql));
      }),
      { numRuns: Math.min(RUNS, 300) },
    );
  });
});
