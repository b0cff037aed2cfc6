import { DeleteObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { identifyStore, openStore } from '../../src/stores/index.ts';
import { parseAddress } from '../../src/stores/s3-address.ts';
import { leastRights } from '../../src/stores/s3-rights.ts';
import { storeContract } from '../contracts/store.ts';
import { peer } from '../peers/peer.ts';
import { type S3Peer, startS3 } from '../peers/s3.ts';

describe.runIf(peer('s3'))('S3', () => {
  let s3: S3Peer;
  let count = 0;
  beforeAll(async () => {
    s3 = await startS3();
    await s3.createBucket('evidence');
  }, 120_000);
  afterAll(() => s3?.stop());
  const open = () => openStore(s3.url('evidence', `team-${count++}/broker`), s3.owner.environment);

  storeContract('a bucket of a real gateway', open);

  it('lets an auditor with read rights list and read, and nothing else', async () => {
    const store = await open();
    await identifyStore(store, true);
    await store.put('v1/a', Buffer.from('evidence'));
    const reader = await openStore(store.url, (await s3.createReader('auditor', 'evidence')).environment);
    expect(Buffer.from((await reader.get('v1/a')) ?? []).toString()).toBe('evidence');
    const found: string[] = [];
    for await (const { key } of reader.list('v1/')) found.push(key);
    expect(found).toEqual(['v1/a', 'v1/store.json']);
    await expect(reader.put('v1/b', Buffer.from('x'))).rejects.toMatchObject({
      code: 'store-unreachable',
      details: { reason: 'access denied' },
    });
  });

  it('needs no more than the rights that doctor prints, and those do not let anybody delete', async () => {
    await s3.createBucket('tight');
    const url = s3.url('tight', 'team/broker');
    const rights = leastRights(parseAddress(url, {}), 'writer');
    const { environment } = await s3.createUser('writer', 'tight', rights.Statement);
    const store = await openStore(url, environment);
    expect(await store.get('v1/nothing')).toBeUndefined();
    await identifyStore(store, true);
    expect((await store.probe()).problems).toEqual([]);
    expect(await store.put('v1/stmt/a', Buffer.from('evidence'))).toBe('created');
    const client = new S3Client({
      endpoint: s3.endpoint,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: {
        accessKeyId: environment['AWS_ACCESS_KEY_ID'] ?? '',
        secretAccessKey: environment['AWS_SECRET_ACCESS_KEY'] ?? '',
      },
    });
    const refused = { name: 'AccessDenied' };
    const Key = 'team/broker/v1/stmt/a';
    await expect(client.send(new DeleteObjectCommand({ Bucket: 'tight', Key }))).rejects.toMatchObject(
      refused,
    );
    await expect(
      client.send(new PutObjectCommand({ Bucket: 'tight', Key: 'other/v1/a', Body: 'x' })),
    ).rejects.toMatchObject(refused);
    client.destroy();
  });

  it.each([
    ['a wrong secret', 'evidence', { AWS_SECRET_ACCESS_KEY: 'wrong' }, 'the secret key is wrong'],
    ['an unknown key', 'evidence', { AWS_ACCESS_KEY_ID: 'nobody' }, 'the access key is unknown there'],
    ['a bucket that is not there', 'nothing', {}, 'the bucket does not exist'],
  ])('says what is wrong with %s', async (_, bucket, wrong, reason) => {
    const store = await openStore(s3.url(bucket), { ...s3.owner.environment, ...wrong });
    await expect(store.get('v1/a')).rejects.toMatchObject({ code: 'store-unreachable', details: { reason } });
    await expect(store.put('v1/a', Buffer.from('x'))).rejects.toMatchObject({
      code: 'store-unreachable',
      details: { reason },
    });
  });
});

describe('an S3 address', () => {
  const environment = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' };

  it('that nothing answers at is reported as unreachable, without its keys', async () => {
    const store = await openStore('s3://evidence?endpoint=http://127.0.0.1:1', environment);
    await expect(store.get('v1/a')).rejects.toMatchObject({
      code: 'store-unreachable',
      details: { reason: 'nothing listens there' },
    });
  }, 30_000);

  it.each(['s3://evidence?endpoint=http://example.com', 's3://evidence?other=1', 's3:///x'])(
    '%s is refused',
    async (url) => {
      await expect(openStore(url, environment)).rejects.toMatchObject({ code: 'store-unreachable' });
    },
  );
});
