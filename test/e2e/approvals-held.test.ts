import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startWorld, type World } from '../peers/world.ts';
import { ASKING, answer, untilAsked } from './approvals.ts';

describe('a held statement, two people and a folder', () => {
  let alice: World;
  let dana: World;
  beforeAll(async () => {
    alice = await startWorld({ policy: ASKING });
    dana = alice.another('dana');
    await alice.signIn('alice');
    await dana.signIn('dana');
  }, 120_000);
  afterAll(async () => {
    await dana?.broker(['agent', 'stop']);
    await alice?.stop();
  });

  it('runs once after somebody else approved exactly these bytes', async () => {
    await alice.postgres.query('create table doomed (id int); grant all on doomed to app', 'shop');
    await alice.postgres.query('alter table doomed owner to app', 'shop');
    const running = alice.broker(['query', 'prod-db', 'drop table doomed']);
    const row = await untilAsked(dana);
    expect(row).toMatchObject({
      genuine: true,
      own: false,
      requester: { sub: 'alice' },
      what: { text: 'drop table doomed', exact: true, tables: ['public.doomed'], policies: ['drops-ask'] },
    });
    const answered = await answer(dana, 'dana', 'approve', row);
    expect(answered).toMatchObject({ code: 0 });
    const { code, stderr } = await running;
    expect(stderr).toContain(row.id);
    expect(code).toBe(0);
    const left = await alice.postgres.query("select to_regclass('public.doomed')::text as t", 'shop');
    expect(left).toEqual([{ t: null }]);
  }, 120_000);
});
