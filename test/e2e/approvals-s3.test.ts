// The same over an S3 bucket, with two people who must both say yes, and an answer of somebody in no group that does not count.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { peer } from '../peers/peer.ts';
import { type S3Peer, startS3 } from '../peers/s3.ts';
import { startWorld, type World } from '../peers/world.ts';
import { ASKING, answer, untilAsked } from './approvals.ts';

const TWO = ASKING.replace('@expires("5m")', '@expires("5m")\n@quorum("2")');

describe.runIf(peer('s3'))('a held statement over S3 that two people must approve', () => {
  let s3: S3Peer;
  let alice: World;
  let dana: World;
  let dave: World;
  let mallory: World;
  beforeAll(async () => {
    s3 = await startS3();
    await s3.createBucket('evidence');
    alice = await startWorld({
      policy: TWO,
      store: s3.url('evidence', 'team'),
      environment: s3.owner.environment,
      provider: {
        accounts: {
          alice: { groups: ['developers'] },
          dana: { groups: ['dba'] },
          dave: { groups: ['dba'] },
          mallory: { groups: ['developers'] },
        },
      },
    });
    [dana, dave, mallory] = ['dana', 'dave', 'mallory'].map((name) => alice.another(name)) as [
      World,
      World,
      World,
    ];
    await Promise.all([
      alice.signIn('alice'),
      dana.signIn('dana'),
      dave.signIn('dave'),
      mallory.signIn('mallory'),
    ]);
  }, 180_000);
  afterAll(async () => {
    await Promise.all([dana, dave, mallory].map((world) => world?.broker(['agent', 'stop'])));
    await alice?.stop();
    await s3?.stop();
  }, 60_000);

  it('runs after both, and not for one of them, for oneself or for somebody without the right', async () => {
    await alice.postgres.query('create table doomed (id int); alter table doomed owner to app', 'shop');
    const running = alice.broker(['query', 'prod-db', 'drop table doomed']);
    const row = await untilAsked(dana);
    expect(await answer(dana, 'dana', 'approve', row)).toMatchObject({ code: 0 });
    const own = await alice.broker(['approvals', 'approve', row.id, '--yes', '--digest', row.digest]);
    expect(own.stderr).toMatch(/somebody else answers/);
    const stranger = await mallory.broker(['approvals', 'approve', row.id, '--yes', '--digest', row.digest]);
    expect(stranger).toMatchObject({ code: 3, stderr: expect.stringContaining('default deny') });
    expect((await untilAsked(dave)).decisions).toHaveLength(1);
    expect(await answer(dave, 'dave', 'approve', row)).toMatchObject({ code: 0 });
    expect(await running).toMatchObject({ code: 0 });
    const rows = await alice.postgres.query("select to_regclass('public.doomed')::text as t", 'shop');
    expect(rows).toEqual([{ t: null }]);
    expect(readFileSync(join(alice.home, '.local/state/broker/agent.log'), 'utf8')).not.toContain(
      'cannot be followed',
    );
  }, 180_000);
});
