// Whether a computed value is there at all tells as much as the value: one column per guess spells out a card.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PostgresPeer, startPostgres } from '../peers/postgres.ts';
import { type Attacked, attack, openShop } from './session.ts';

const GUESSES = [
  "nullif(substr(card, 1, 1), '4') is null",
  "(case when card like '4%' then 1 end) is not null",
  "count(nullif(substr(card, 1, 1), '4'))",
  "num_nulls(nullif(substr(card, 1, 1), '4'))",
  "count(*) filter (where card like '4%')",
  "row(nullif(substr(card, 1, 1), '4')) is null",
];

describe('asking whether something computed from a card is null', () => {
  let server: PostgresPeer;
  let session: Attacked;
  beforeAll(async () => {
    server = await startPostgres({ version: 18 });
    await openShop(server);
    session = await attack(server);
  });
  afterAll(async () => {
    await session?.stop();
    await server?.stop();
  });

  const rows = async (text: string) => {
    const client = await session.client();
    const lines = await session.query(client, text);
    return lines.filter((line) => line.startsWith('D '));
  };

  it.each(GUESSES)('tells nothing: %s', async (guess) => {
    expect(await rows(`select ${guess} from customers group by id, card order by id limit 1`)).toEqual([
      'D \\0\\1\\ff\\ff\\ff\\ff',
    ]);
  });

  it('still tells which plain columns and rows are null, and how many are not', async () => {
    expect(
      await rows(
        'select card is null, c is null, count(card), count(c), count(*) from customers c group by card, c limit 1',
      ),
    ).toEqual(['D \\0\\5\\0\\0\\0\\1f\\0\\0\\0\\1f\\0\\0\\0\\11\\0\\0\\0\\11\\0\\0\\0\\11']);
  });
});
