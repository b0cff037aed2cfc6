// A store in any S3-compatible bucket: conditional puts, checked bodies, bounded reads. Must never overwrite or delete evidence.

import { createHash, randomBytes } from 'node:crypto';
import type { PutObjectCommandInput, S3Client } from '@aws-sdk/client-s3';
import { systemClock } from '../lib/clock.ts';
import { BrokerError } from '../model/errors.ts';
import type {
  HiddenObject,
  Retention,
  Store,
  StoreEntry,
  StoreKind,
  StoreOpening,
  StoreProbe,
} from '../model/store.ts';
import { checkKey } from './key.ts';
import { type Environment, parseAddress, type S3Address, s3Failure } from './s3-address.ts';

type Sdk = typeof import('@aws-sdk/client-s3');

const DEFAULT_LIMIT = 1 << 30;
const CONFLICT_TRIES = 5;
const BODY_TRIES = 3;

function digest(algorithm: 'sha256' | 'md5', bytes: Uint8Array): string {
  return createHash(algorithm).update(bytes).digest('base64');
}

function status(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
}

class BucketStore implements Store {
  readonly url: string;
  readonly #address: S3Address;
  readonly #sdk: Sdk;
  readonly #client: S3Client;
  readonly #retention: StoreOpening['retention'];

  constructor(
    url: string,
    address: S3Address,
    { sdk, client, retention }: { sdk: Sdk; client: S3Client } & StoreOpening,
  ) {
    this.#retention = retention;
    this.url = url;
    this.#address = address;
    this.#sdk = sdk;
    this.#client = client;
  }

  async put(key: string, bytes: Uint8Array): Promise<'created' | 'exists'> {
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#put(key, bytes, { sha256: digest('sha256', bytes), md5: digest('md5', bytes) });
        return 'created';
      } catch (error) {
        // 412: somebody was first. 409: somebody is putting it right now, so ask again.
        if (status(error) === 412) return 'exists';
        if (status(error) !== 409 || attempt === CONFLICT_TRIES) throw s3Failure(this.url, error);
      }
    }
  }

  #put(key: string, bytes: Uint8Array, sums: { sha256: string; md5: string }): Promise<unknown> {
    return this.#client.send(
      new this.#sdk.PutObjectCommand({
        Bucket: this.#address.bucket,
        Key: this.#address.prefix + checkKey(key),
        Body: bytes,
        ContentLength: bytes.byteLength,
        IfNoneMatch: '*',
        ChecksumSHA256: sums.sha256,
        ContentMD5: sums.md5,
        ...this.#lock(key),
      }),
    );
  }

  /** What is stored to try the store out is not kept. */
  #lock(key: string): Pick<PutObjectCommandInput, 'ObjectLockMode' | 'ObjectLockRetainUntilDate'> {
    if (!this.#retention || key.startsWith('v1/probe/')) return {};
    const { days, mode } = this.#retention;
    return {
      ObjectLockMode: mode === 'compliance' ? 'COMPLIANCE' : 'GOVERNANCE',
      ObjectLockRetainUntilDate: new Date(systemClock.now() + days * 86_400_000),
    };
  }

  async retention(key: string): Promise<Retention | undefined> {
    const Key = this.#address.prefix + checkKey(key);
    try {
      const { ObjectLockMode: mode, ObjectLockRetainUntilDate: until } = await this.#client.send(
        new this.#sdk.HeadObjectCommand({ Bucket: this.#address.bucket, Key }),
      );
      return mode && until ? { mode: mode.toLowerCase(), until: until.getTime() } : undefined;
    } catch (error) {
      throw s3Failure(this.url, error);
    }
  }

  async get(key: string, limit = DEFAULT_LIMIT): Promise<Uint8Array | undefined> {
    const Key = this.#address.prefix + checkKey(key);
    for (let attempt = 1; ; attempt++) {
      let body: AsyncIterable<Uint8Array> | undefined;
      try {
        const answer = await this.#client.send(
          new this.#sdk.GetObjectCommand({ Bucket: this.#address.bucket, Key }),
        );
        body = answer.Body as AsyncIterable<Uint8Array>;
        return await collect(body, key, limit, answer.ContentLength ?? 0);
      } catch (error) {
        if (error instanceof BrokerError) throw error;
        if (status(error) === 404 && (error as Error).name !== 'NoSuchBucket') return undefined;
        // The client asks again for an answer, but not for one that broke off in the middle.
        if (!body || attempt === BODY_TRIES) throw s3Failure(this.url, error);
      }
    }
  }

  async *list(prefix: string, after?: string): AsyncGenerator<StoreEntry> {
    const { bucket, prefix: base } = this.#address;
    let token: string | undefined;
    do {
      const page = await this.#client
        .send(
          new this.#sdk.ListObjectsV2Command({
            Bucket: bucket,
            Prefix: base + prefix,
            ...(after && !token ? { StartAfter: base + after } : {}),
            ...(token ? { ContinuationToken: token } : {}),
          }),
        )
        .catch((error: unknown) => {
          throw s3Failure(this.url, error);
        });
      for (const { Key, Size, LastModified } of page.Contents ?? [])
        if (Key)
          yield { key: Key.slice(base.length), size: Size ?? 0, modified: LastModified?.getTime() ?? 0 };
      token = page.IsTruncated ? page.NextContinuationToken : undefined;
    } while (token);
  }

  async *hidden(prefix: string, after?: string): AsyncGenerator<HiddenObject> {
    const { bucket, prefix: base } = this.#address;
    let marker: { KeyMarker?: string; VersionIdMarker?: string } = after ? { KeyMarker: base + after } : {};
    for (;;) {
      const page = await this.#client
        .send(new this.#sdk.ListObjectVersionsCommand({ Bucket: bucket, Prefix: base + prefix, ...marker }))
        .catch((error: unknown) => {
          throw s3Failure(this.url, error);
        });
      // Once a key: what a marker hides is there as an older version too.
      const found = new Map<string, HiddenObject['how']>();
      for (const { Key } of page.DeleteMarkers ?? []) if (Key) found.set(Key, 'deleted');
      for (const { Key, IsLatest } of page.Versions ?? [])
        if (Key && IsLatest === false && !found.has(Key)) found.set(Key, 'replaced');
      for (const [key, how] of found) yield { key: key.slice(base.length), how };
      if (!page.IsTruncated || !page.NextKeyMarker) return;
      marker = {
        KeyMarker: page.NextKeyMarker,
        ...(page.NextVersionIdMarker ? { VersionIdMarker: page.NextVersionIdMarker } : {}),
      };
    }
  }

  async probe(): Promise<StoreProbe> {
    const key = `v1/probe/${randomBytes(12).toString('hex')}`;
    const before = systemClock.now();
    await this.put(key, Buffer.from('first'));
    const second = await this.put(key, Buffer.from('second'));
    const kept = Buffer.from((await this.get(key)) ?? []).toString() === 'first';
    const conditionalPut = second === 'exists' && kept;
    const checksums = await this.#refusesWrongSums();
    const skew = await this.#skew(key, before);
    const problems = [
      ...(conditionalPut ? [] : ['it ignores If-None-Match, so evidence could be overwritten']),
      ...(checksums ? [] : ['it accepts bodies that do not match their checksums']),
      ...(Math.abs(skew) > 5 * 60_000
        ? [`its clock differs from this machine's by ${Math.round(skew / 1000)} s`]
        : []),
    ];
    return { conditionalPut, checksums, skew, problems };
  }

  /** One of the two sums must be checked by the store: older gateways know only Content-MD5. */
  async #refusesWrongSums(): Promise<boolean> {
    const body = Buffer.from('body');
    const right = { sha256: digest('sha256', body), md5: digest('md5', body) };
    const wrong = Buffer.from('another body');
    const attempts = [
      { ...right, sha256: digest('sha256', wrong) },
      { ...right, md5: digest('md5', wrong) },
    ];
    for (const sums of attempts) {
      const key = `v1/probe/${randomBytes(12).toString('hex')}`;
      try {
        await this.#put(key, body, sums);
      } catch (error) {
        if (status(error) === 400) return true;
        throw s3Failure(this.url, error);
      }
    }
    return false;
  }

  async #skew(key: string, before: number): Promise<number> {
    for await (const entry of this.list(key)) {
      // Stores answer in whole seconds.
      const skew = entry.modified - before;
      return Math.abs(skew) < 2000 ? 0 : skew;
    }
    return 0;
  }

  async close(): Promise<void> {
    this.#client.destroy();
  }
}

async function collect(
  body: AsyncIterable<Uint8Array>,
  key: string,
  limit: number,
  announced: number,
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  if (announced <= limit) {
    for await (const piece of body) {
      size += piece.byteLength;
      if (size > limit) break;
      pieces.push(piece);
    }
  }
  if (announced > limit || size > limit) {
    (body as unknown as { destroy?(): void }).destroy?.();
    throw new BrokerError('not-verified', { what: key, reason: `it is longer than ${limit} bytes`, limit });
  }
  return Buffer.concat(pieces);
}

/** `s3://bucket/prefix?endpoint=http://127.0.0.1:9000&region=…`; credentials as the AWS tools find them. */
async function openBucket(
  url: string,
  environment: Environment,
  { retention }: StoreOpening = {},
): Promise<Store> {
  const address = parseAddress(url, environment);
  const sdk = await import('@aws-sdk/client-s3');
  const client = new sdk.S3Client({
    region: address.region,
    ...(address.endpoint ? { endpoint: address.endpoint, forcePathStyle: true } : {}),
    ...(address.credentials ? { credentials: address.credentials } : {}),
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    maxAttempts: 3,
    requestHandler: { connectionTimeout: 5_000, requestTimeout: 120_000 },
  });
  return new BucketStore(url, address, { sdk, client, retention });
}

export const s3Store: StoreKind = { scheme: 's3:', open: openBucket };
