// A real S3 on loopback: Ceph's RADOS gateway with its monitor and one in-memory OSD, all children of the test.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomInt, randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';

export interface S3User {
  readonly name: string;
  /** What a process of this user has in its environment. */
  readonly environment: Readonly<Record<string, string>>;
}

interface Rights {
  readonly Action: readonly string[];
  readonly Resource: string | readonly string[];
}

export interface S3Peer {
  readonly endpoint: string;
  readonly owner: S3User;
  /** With `lock` its objects can be locked, and it keeps versions. */
  createBucket(name: string, lock?: boolean): Promise<void>;
  /** From now on the bucket keeps what is deleted or written over. */
  keepVersions(bucket: string): Promise<void>;
  /** All keys, and what the bucket's owner may do to one against all advice. */
  keys(bucket: string): Promise<string[]>;
  overwrite(bucket: string, key: string): Promise<void>;
  remove(bucket: string, key: string): Promise<void>;
  /** Another user who may list and get in the bucket, and nothing else. */
  createReader(name: string, bucket: string): Promise<S3User>;
  /** Another user with these rights, as IAM statements, in the bucket. */
  createUser(name: string, bucket: string, rights: readonly Rights[]): Promise<S3User>;
  /** Store address of a prefix of a bucket. */
  url(bucket: string, prefix?: string): string;
  stop(): Promise<void>;
}

async function freePort(from = 0): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(from, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

/** Ports that are bound later must lie below the range the system hands out, or are lost to somebody else's connection. */
async function lowPort(): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const port = randomInt(20_000, 30_000);
    const both = await Promise.all([freePort(port), freePort(port + 1)]).catch(() => undefined);
    if (both) return port;
  }
  throw new Error('no free port for the store');
}

function configuration(folder: string, fsid: string, monitor: number, port: number): string {
  // With authentication off every messenger mode must be crc, or the gateway hangs.
  const modes = ['mon client', 'mon service', 'mon cluster', 'cluster', 'service', 'client'];
  return `[global]
fsid = ${fsid}
mon host = [v2:127.0.0.1:${monitor},v1:127.0.0.1:${monitor + 1}]
auth cluster required = none
auth service required = none
auth client required = none
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
mon allow pool size one = true
mon warn on pool no redundancy = false
mon max pg per osd = 1000
osd crush chooseleaf type = 0
osd objectstore = memstore
memstore device bytes = 1073741824
osd max object name len = 2048
osd data = ${folder}/osd.0
mon data = ${folder}/mon.a
run dir = ${folder}
admin socket = ${folder}/$name.asok
log file = ${folder}/$name.log
pid file = ${folder}/$name.pid
keyring = ${folder}/keyring
public addr = 127.0.0.1
ms bind ipv6 = false
${modes.map((mode) => `ms ${mode} mode = crc`).join('\n')}
rgw frontends = beast endpoint=127.0.0.1:${port}
rgw data = ${folder}/rgw
rgw thread pool size = 16
rgw dns name = 127.0.0.1
[client]
log file = ${folder}/client.log
`;
}

async function ready(endpoint: string, child: ChildProcess, folder: string): Promise<void> {
  for (const end = Date.now() + 90_000; Date.now() < end; await pause(100)) {
    if (child.exitCode !== null) break;
    const answer = await fetch(endpoint).catch(() => undefined);
    if (answer) return;
  }
  throw new Error(`the gateway did not come up; see ${folder}`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const left = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await left;
}

/** A port can still be lost, and a busy machine can be too slow: what did not come up is tried once more. */
export function startS3(): Promise<S3Peer> {
  return startOnce().catch(startOnce);
}

async function startOnce(): Promise<S3Peer> {
  const folder = mkdtempSync(join(tmpdir(), 'broker-s3-'));
  const [port, monitor] = [await lowPort(), await lowPort()];
  const endpoint = `http://127.0.0.1:${port}`;
  const fsid = randomUUID();
  for (const name of ['mon.a', 'osd.0', 'rgw']) mkdirSync(join(folder, name));
  writeFileSync(join(folder, 'ceph.conf'), configuration(folder, fsid, monitor, port));
  const env = { ...process.env, CEPH_CONF: join(folder, 'ceph.conf') };
  const run = (program: string, ...args: string[]) =>
    execFileSync(program, args, { env, stdio: ['ignore', 'pipe', 'ignore'], timeout: 60_000 }).toString();
  const start = (program: string, ...args: string[]) => spawn(program, args, { env, stdio: 'ignore' });
  const children: ChildProcess[] = [];
  const stop = async () => {
    for (const child of children.reverse()) await end(child);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const keyring = join(folder, 'keyring');
    run(
      'monmaptool',
      '--create',
      '--addv',
      'a',
      `[v2:127.0.0.1:${monitor},v1:127.0.0.1:${monitor + 1}]`,
      '--fsid',
      fsid,
      join(folder, 'monmap'),
    );
    run('ceph-authtool', '--create-keyring', keyring, '--gen-key', '-n', 'mon.', '--cap', 'mon', 'allow *');
    run(
      'ceph-authtool',
      keyring,
      '--gen-key',
      '-n',
      'client.admin',
      '--cap',
      'mon',
      'allow *',
      '--cap',
      'osd',
      'allow *',
    );
    run('ceph-mon', '--mkfs', '-i', 'a', '--monmap', join(folder, 'monmap'), '--keyring', keyring);
    children.push(start('ceph-mon', '-f', '-i', 'a'));
    const osd = randomUUID();
    run('ceph', 'osd', 'new', osd);
    run('ceph-osd', '-i', '0', '--mkfs', '--osd-uuid', osd);
    children.push(start('ceph-osd', '-f', '-i', '0'));
    const gateway = start('radosgw', '-f', '-n', 'client.rgw');
    children.push(gateway);
    const owner = makeUser(run, 'owner');
    await ready(endpoint, gateway, folder);
    return peerOf(endpoint, owner, run, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

type Run = (program: string, ...args: string[]) => string;

function makeUser(run: Run, name: string): S3User {
  const [key, secret] = [`key${name}`, randomUUID()];
  run(
    'radosgw-admin',
    'user',
    'create',
    `--uid=${name}`,
    `--display-name=${name}`,
    `--access-key=${key}`,
    `--secret=${secret}`,
  );
  return { name, environment: { AWS_ACCESS_KEY_ID: key, AWS_SECRET_ACCESS_KEY: secret } };
}

function peerOf(endpoint: string, owner: S3User, run: Run, stop: () => Promise<void>): S3Peer {
  const { AWS_ACCESS_KEY_ID: accessKeyId = '', AWS_SECRET_ACCESS_KEY: secretAccessKey = '' } =
    owner.environment;
  const client = new S3Client({
    endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
  });
  const createUser: S3Peer['createUser'] = async (name, bucket, rights) => {
    const user = makeUser(run, name);
    const Statement = rights.map(({ Action, Resource }) => ({
      Effect: 'Allow',
      Principal: { AWS: [`arn:aws:iam:::user/${name}`] },
      Action,
      Resource,
    }));
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
    await client.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy }));
    return user;
  };
  return {
    endpoint,
    owner,
    async createBucket(name, lock = false) {
      await client.send(new CreateBucketCommand({ Bucket: name, ObjectLockEnabledForBucket: lock }));
    },
    async keepVersions(bucket) {
      const VersioningConfiguration = { Status: 'Enabled' as const };
      await client.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration }));
    },
    async keys(bucket) {
      const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket }));
      return Contents.map(({ Key }) => Key ?? '');
    },
    async overwrite(bucket, key) {
      const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
      const bytes = await Body?.transformToByteArray();
      await client.send(
        new PutObjectCommand({ Bucket: bucket, Key: key, ...(bytes ? { Body: bytes } : {}) }),
      );
    },
    async remove(bucket, key) {
      await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }));
    },
    createReader: (name, bucket) =>
      createUser(name, bucket, [
        {
          Action: ['s3:ListBucket', 's3:GetObject'],
          Resource: [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`],
        },
      ]),
    createUser,
    url: (bucket, prefix = '') => `s3://${bucket}/${prefix}?endpoint=${encodeURIComponent(endpoint)}`,
    async stop() {
      client.destroy();
      await stop();
    },
  };
}
