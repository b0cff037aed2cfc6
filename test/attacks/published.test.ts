// Every way we know to put another policy in force than the one that the team's signers published last. Real provider, real stores.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { canonical } from '../../src/lib/canonical.ts';
import { blobKey } from '../../src/model/bundle.ts';
import { publicationKey } from '../../src/model/publication.ts';
import { openStore } from '../../src/stores/index.ts';
import { OTHER_STORE } from '../fakes/approvals.ts';
import { peer } from '../peers/peer.ts';
import { startS3 } from '../peers/s3.ts';
import {
  CLOSED,
  closeTeam,
  elsewhere,
  enter,
  type Machine,
  machine,
  NOTHING,
  OPEN,
  openShelf,
  openTeam,
  overwrite,
  provider,
  publish,
  push,
  remove,
  version,
} from './published.ts';

let shelf: Awaited<ReturnType<typeof openShelf>>;
let bob: Machine;
beforeAll(openTeam, 60_000);
afterAll(closeTeam, 60_000);
beforeEach(async () => {
  shelf = await openShelf();
  bob = machine(shelf);
});
afterEach(() => {
  shelf.close();
  rmSync(bob.folder, { recursive: true, force: true });
});

/** Version 1 is open, version 2 is closed, and bob is under it. */
async function two() {
  const one = await publish(shelf, 'dana', 1, '');
  const next = await publish(shelf, 'dana', 2, one.digest, { text: CLOSED });
  expect(await bob.inForce()).toBe(2);
  return { one, two: next };
}

describe('going back to an older version', () => {
  it('rollback: an older signed version is not taken again when the store is put back', async () => {
    const { two: newest } = await two();
    remove(shelf, newest.key);
    expect(await bob.inForce()).toBe(2);
    expect(await bob.again().inForce()).toBe(2);
    expect(await bob.refused()).toEqual(['2 hidden']);
  });

  it('rollback: an older signed version under a newer number', async () => {
    const { one } = await two();
    await shelf.store.put(publicationKey(3), one.bytes);
    expect(await bob.refused()).toEqual(['3 key']);
    expect(await bob.inForce()).toBe(2);
  });

  it('rollback: an older signed version in the place of the newest', async () => {
    const { one, two: newest } = await two();
    overwrite(shelf, newest.key, one.bytes);
    expect(await bob.refused()).toEqual(expect.arrayContaining(['2 hidden', '2 key']));
    expect(await bob.again().inForce()).toBe(2);
  });

  it('a deleted newest version is named, recorded, and put back by whoever publishes next', async () => {
    const { two: newest } = await two();
    remove(shelf, newest.key);
    rmSync(join(shelf.folder, blobKey(newest.policy)));
    await bob.refused();
    expect(bob.told.at(-1)?.detail).toMatchObject({ refused: { version: 2, step: 'hidden' } });
    const { version: three, restored } = await push(bob, OPEN, { version: 2, digest: newest.digest });
    expect([three.number, restored]).toEqual([3, [2]]);
    expect(await machine(shelf).inForce()).toBe(3);
  });

  it('a memory that was altered forgets nothing', async () => {
    const { two: newest } = await two();
    const [name = ''] = readdirSync(bob.folder);
    const path = join(bob.folder, name);
    writeFileSync(path, readFileSync(path, 'utf8').replace('\\"version\\":2', '\\"version\\":1'));
    remove(shelf, newest.key);
    expect(await bob.again().inForce()).toContain('is not readable');
  });

  it('a signer who is not trusted any more takes nobody back to what was before', async () => {
    const { two: newest } = await two();
    await publish(shelf, 'emil', 3, newest.digest, { text: OPEN });
    const both = bob.again([{ email: 'dana@example.com' }, { email: 'emil@example.com' }]);
    expect(await both.inForce()).toBe(3);
    const alone = bob.again();
    expect(await alone.inForce()).toMatch(/emil@example.com is not one of the pinned signers|older/);
    const { version: four } = await push(alone, CLOSED, { version: 2, digest: newest.digest });
    expect([four.number, await alone.inForce()]).toEqual([4, 4]);
  });
});

describe('somebody else’s policy', () => {
  it('by an unpinned signer', async () => {
    const { two: newest } = await two();
    await publish(shelf, 'mallory', 3, newest.digest);
    expect(await bob.refused()).toEqual(['3 signer']);
    expect(await bob.inForce()).toBe(2);
    expect(bob.told.at(-1)?.detail).toMatchObject({ refused: { version: 3, step: 'signer' } });
  });

  it('by one with the address of a signer that nobody verified', async () => {
    await publish(shelf, 'dora', 1, '');
    expect(await bob.inForce()).toContain('not one of the pinned signers');
  });

  it('by a signer’s namesake at another provider', async () => {
    await publish(shelf, 'dana', 1, '', { entry: { at: elsewhere } });
    expect(await bob.refused()).toEqual(['1 issuer']);
  });

  it('forged with a signer’s token and another key', async () => {
    const { two: newest } = await two();
    const [dana, mallory] = await Promise.all([enter('dana'), enter('mallory')]);
    const by = { ...dana, signer: { ...mallory.signer, identity: dana.signer.identity } };
    const forged = await version(shelf, 'dana', 3, newest.digest, { by });
    await shelf.store.put(forged.key, forged.bytes);
    expect(await bob.refused()).toEqual(['3 signature']);
    const weak = await version(shelf, 'dana', 4, newest.digest, {
      by,
      predicate: { strength: 'session-key' },
    });
    await shelf.store.put(weak.key, weak.bytes);
    expect(await bob.again().refused()).toEqual(expect.arrayContaining(['4 signature']));
  });

  it('forged by one who may write to the store: rubbish, another key in the file, altered text', async () => {
    const { two: newest } = await two();
    await shelf.store.put(publicationKey(3), Buffer.from('{}'));
    const four = await version(shelf, 'dana', 4, newest.digest);
    const altered = Buffer.from(four.bytes.toString().replace(/"payload":"./, '"payload":"f'));
    await shelf.store.put(four.key, altered);
    const five = await version(shelf, 'dana', 5, newest.digest, {
      publication: { previous: { version: 2, digest: newest.digest } },
    });
    const bundle = JSON.parse(five.bytes.toString());
    const payload = JSON.parse(Buffer.from(bundle.dsseEnvelope.payload, 'base64').toString());
    payload.predicate.publication.reason = 'something else';
    bundle.dsseEnvelope.payload = Buffer.from(canonical(payload)).toString('base64');
    await shelf.store.put(five.key, Buffer.from(canonical(bundle)));
    expect(await bob.refused()).toEqual(['3 format', '4 format', '5 signature']);
    expect(await bob.inForce()).toBe(2);
  });

  it('signed with a sign-in that was made for something else', async () => {
    const by = await enter('dana', { att: 'a'.repeat(64) });
    await publish(shelf, 'dana', 1, '', { by });
    await publish(shelf, 'dana', 2, 'a'.repeat(64), { by, predicate: { strength: 'session-key' } });
    expect(await bob.refused()).toEqual(['1 att', '2 att']);
  });

  it('signed without a fresh sign-in, where one is wanted', async () => {
    const by = await enter('dana');
    await publish(shelf, 'dana', 1, '', { by, predicate: { strength: 'session-key' } });
    expect(await bob.refused()).toEqual(['1 strength']);
    expect(await machine(shelf, { strength: 'session-key' }).inForce()).toBe(1);
  });

  it('signed after the token had expired', async () => {
    const at = Date.now() + 2 * 3_600_000;
    await publish(shelf, 'dana', 1, '', { at });
    expect(await bob.refused()).toEqual(['1 validity-at-signing']);
    const early = Date.now() - 2 * 3_600_000;
    await publish(shelf, 'dana', 2, 'a'.repeat(64), { at: early });
    expect(await bob.refused()).toContain('2 validity-at-signing');
  });

  it('of another store, replayed here', async () => {
    const other = await version(shelf, 'dana', 1, '', { publication: { store: OTHER_STORE } });
    await shelf.store.put(other.key, other.bytes);
    expect(await bob.refused()).toEqual(['1 store']);
  });
});

describe('what was signed, altered', () => {
  it('a tampered blob never comes into force, and the version before it stays', async () => {
    const { two: newest } = await two();
    const three = await version(shelf, 'dana', 3, newest.digest, {
      text: '@id("x") permit (principal, action, resource);',
    });
    overwrite(shelf, blobKey(three.policy), canonical({ files: { 'team.cedar': OPEN } }));
    await shelf.store.put(three.key, three.bytes);
    expect(await bob.inForce()).toBe(2);
    expect(await bob.refused()).toEqual(['3 blob']);
  });

  it('a blob that is not there, or is no policy, or poses as a local file', async () => {
    await publish(shelf, 'dana', 1, '', {
      text: '@id("n") permit (principal, action, resource == Nothing::"1");',
    });
    expect(await bob.refused()).toEqual(['1 policy']);
    await publish(shelf, 'dana', 2, '', {
      publication: { previous: { version: 0, digest: '0'.repeat(64) } },
    });
    expect(await machine(shelf).refused()).toContain('2 chain');
  });

  it('a chain with a version taken out', async () => {
    const { one } = await two();
    remove(shelf, one.key);
    expect(await machine(shelf).inForce()).toContain('version 1, which it follows, is not there');
    expect(await bob.inForce()).toBe(2);
  });

  it('two versions that follow the same one: whoever has one keeps it', async () => {
    const { one, two: newest } = await two();
    await publish(shelf, 'dana', 3, '', { publication: { previous: { version: 1, digest: one.digest } } });
    expect(await bob.refused()).toEqual(['3 chain']);
    expect(await machine(shelf).inForce()).toBe(2);
    const { version: four } = await push(bob, OPEN, { version: 2, digest: newest.digest });
    expect([four.number, await machine(shelf).inForce()]).toEqual([4, 4]);
  });
});

describe('publishing', () => {
  it('two racing pushes: exactly one wins, and the other is told who did', async () => {
    const dana = machine(shelf);
    const emil = machine(shelf, { account: 'emil', signers: [{ group: 'dba' }] });
    const results = await Promise.allSettled([push(dana, OPEN, NOTHING), push(emil, CLOSED, NOTHING)]);
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const lost = results.find((each) => each.status === 'rejected');
    expect(lost?.reason).toMatchObject({
      code: 'policy-overtaken',
      hint: expect.stringContaining('push again'),
    });
    expect(await emil.inForce()).toBe(1);
  });

  it('over a version that was not shown is refused', async () => {
    await two();
    await expect(push(bob, OPEN, NOTHING)).rejects.toMatchObject({
      code: 'policy-overtaken',
      message: expect.stringContaining('dana@example.com published version 2 meanwhile'),
    });
  });

  it('of policies that cannot be loaded, or by somebody who is no signer, is refused before a sign-in', async () => {
    await expect(push(bob, 'permit', NOTHING)).rejects.toMatchObject({ code: 'policy-invalid' });
    const mallory = machine(shelf, { account: 'mallory' });
    await expect(push(mallory, OPEN, NOTHING)).rejects.toMatchObject({ code: 'policy-not-yours' });
  });

  it('goes on past numbers that somebody filled with rubbish', async () => {
    const { two: newest } = await two();
    for (const number of [3, 4]) await shelf.store.put(publicationKey(number), Buffer.from('x'));
    const { version: five } = await push(bob, OPEN, { version: 2, digest: newest.digest });
    expect([five.number, await machine(shelf).inForce()]).toEqual([5, 5]);
  });
});

describe('a provider and a store that are away', () => {
  it('change nothing for who has a policy, and open nothing for who has none', async () => {
    await two();
    const away = { ...shelf, store: await openStore('file:/nowhere/at/all', {}) };
    expect(await machine(away, { folder: bob.folder }).inForce()).toBe(2);
    expect(await machine(away).inForce()).toContain('does not exist');
  });
});

describe.runIf(peer('s3'))('a bucket that keeps versions', () => {
  it('a deleted newest version is noticed by one who never saw it', async () => {
    const s3 = await startS3();
    try {
      await s3.createBucket('team');
      await s3.keepVersions('team');
      const url = s3.url('team', 'p');
      const bucket = { store: await openStore(url, s3.owner.environment), folder: '', url };
      const one = await publish(bucket, 'dana', 1, '');
      const next = await publish(bucket, 'dana', 2, one.digest, { text: CLOSED });
      expect(await machine(bucket).inForce()).toBe(2);
      await s3.remove('team', `p/${next.key}`);
      expect(await machine(bucket).inForce()).toContain('version 2 was deleted from the store');
      await bucket.store.close();
    } finally {
      await s3.stop();
    }
  }, 180_000);
});

describe('a project’s file, which came with a repository', () => {
  it('cannot pin signers, however it says it', async () => {
    const home = mkdtempSync(join(tmpdir(), 'pinned-'));
    try {
      mkdirSync(join(home, '.config/broker'), { recursive: true, mode: 0o700 });
      writeFileSync(
        join(home, '.config/broker/broker.yaml'),
        'team_policy: { signers: [{ email: dana@example.com }] }\n',
        { mode: 0o600 },
      );
      mkdirSync(join(home, 'work'));
      const options = {
        home,
        cwd: join(home, 'work'),
        environment: { XDG_CONFIG_HOME: join(home, '.config') },
      };
      expect((await loadConfig(options)).config.teamPolicy?.signers).toMatchObject([
        { email: 'dana@example.com' },
      ]);
      for (const text of [
        'team_policy: { signers: [{ email: mallory@example.com }] }',
        'team_policy: { strength: session-key }',
        'team_policy:',
        '"team_policy": null',
      ]) {
        writeFileSync(join(home, 'work/.broker.yaml'), `${text}\n`);
        await expect(loadConfig(options)).rejects.toMatchObject({
          code: 'config-invalid',
          message: expect.stringMatching(/work\/\.broker\.yaml:1:1 team_policy: a project file/),
        });
      }
    } finally {
      rmSync(home, { recursive: true, force: true });
    }
  });
});

it('knows its own provider', () => expect(provider.issuer).not.toBe(elsewhere.issuer));
