import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DeleteObjectCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StoreLink } from '../../src/agent/store-link.ts';
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
  const clientOf = (environment: Readonly<Record<string, string>>) =>
    new S3Client({
      endpoint: s3.endpoint,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: {
        accessKeyId: environment['AWS_ACCESS_KEY_ID'] ?? '',
        secretAccessKey: environment['AWS_SECRET_ACCESS_KEY'] ?? '',
      },
    });
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
    const client = clientOf(environment);
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

  it('locks each object for as long as it is told, where the bucket can, and says so', async () => {
    await s3.createBucket('locked', true);
    const retention = { days: 1, mode: 'compliance' as const };
    const store = await openStore(s3.url('locked'), s3.owner.environment, { retention });
    await store.put('v1/blob/a', Buffer.from('evidence'));
    const lock = await store.retention?.('v1/blob/a');
    expect(lock?.mode).toBe('compliance');
    expect(Math.abs((lock?.until ?? 0) - Date.now() - 86_400_000)).toBeLessThan(600_000);
    const plain = await openStore(s3.url('locked'), s3.owner.environment);
    await plain.put('v1/blob/b', Buffer.from('evidence'));
    expect(await plain.retention?.('v1/blob/b')).toBeUndefined();
    // Not even the bucket's owner can remove the version that is locked.
    const client = clientOf(s3.owner.environment);
    const { Versions = [] } = await client.send(
      new ListObjectVersionsCommand({ Bucket: 'locked', Prefix: 'v1/blob/a' }),
    );
    const [{ VersionId } = { VersionId: undefined }] = Versions;
    await expect(
      client.send(new DeleteObjectCommand({ Bucket: 'locked', Key: 'v1/blob/a', VersionId })),
    ).rejects.toMatchObject({ name: 'AccessDenied' });
    client.destroy();
    const unlocked = await openStore(s3.url('evidence', 'no-lock'), s3.owner.environment, { retention });
    await expect(unlocked.put('v1/blob/a', Buffer.from('x'))).rejects.toMatchObject({
      code: 'store-unreachable',
    });
  });

  it.each(['approver', 'reader'] as const)(
    'lets whoever is %s do no more than the printed policy says',
    async (role) => {
      const bucket = `only-${role}`;
      await s3.createBucket(bucket);
      const url = s3.url(bucket, 'team/broker');
      const owner = await openStore(url, s3.owner.environment);
      await identifyStore(owner, true);
      const request = 'v1/appr/day=2026-03-01/req=request-1/request.sigstore.json';
      await owner.put(request, Buffer.from('asked'));
      const rights = leastRights(parseAddress(url, {}), role);
      const { environment } = await s3.createUser(role, bucket, rights.Statement);
      const store = await openStore(url, environment);
      expect(Buffer.from((await store.get(request)) ?? []).toString()).toBe('asked');
      expect(await store.get('v1/stmt/nothing')).toBeUndefined();
      const mayPut = async (key: string) =>
        store.put(key, Buffer.from('x')).then(
          () => true,
          (error: { details: { reason: string } }) => error.details.reason,
        );
      const place = 'v1/appr/day=2026-03-01/req=request-1';
      const answers = role === 'approver' ? true : 'access denied';
      expect(await mayPut(`${place}/decision-abc.sigstore.json`)).toBe(answers);
      expect(await mayPut('v1/stmt/day=2026-03-01/writer=w/a')).toBe(answers);
      expect(await mayPut('v1/blob/sha256/aa/a')).toBe(answers);
      expect(await mayPut(`${place}/consumed.sigstore.json`)).toBe('access denied');
      expect(await mayPut('v1/appr/day=2026-03-01/req=request-2/request.sigstore.json')).toBe(
        'access denied',
      );
      expect(await mayPut('v1/store.json')).toBe('access denied');
      if (role === 'approver') expect((await store.probe()).problems).toEqual([]);
      const client = clientOf(environment);
      await expect(
        client.send(new DeleteObjectCommand({ Bucket: bucket, Key: `team/broker/${request}` })),
      ).rejects.toMatchObject({ name: 'AccessDenied' });
      client.destroy();
    },
  );

  it('is refused, with the reason, where it lets evidence be overwritten', async () => {
    await s3.createBucket('forgetful');
    // This gateway forgets conditional puts where it keeps versions.
    await s3.keepVersions('forgetful');
    const folder = mkdtempSync(join(tmpdir(), 'broker-link-'));
    const link = new StoreLink({
      url: s3.url('forgetful'),
      unsafe: false,
      environment: s3.owner.environment,
      folder,
    });
    await expect(link.identity()).rejects.toMatchObject({
      code: 'store-unsafe',
      details: { reason: 'it ignores If-None-Match, so evidence could be overwritten' },
    });
    await link.close();
    rmSync(folder, { recursive: true });
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
