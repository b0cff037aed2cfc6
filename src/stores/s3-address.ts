// What an s3:// address means, and what its failures mean to a person. Must never put a key into a message.
import { BrokerError } from '../model/errors.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface S3Address {
  readonly bucket: string;
  /** Empty, or ending in a slash. */
  readonly prefix: string;
  readonly endpoint?: string;
  readonly region: string;
  readonly credentials?: { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
}

function wrong(store: string, reason: string): BrokerError {
  return new BrokerError('store-unreachable', { store, reason });
}

const LOOPBACK = new Set(['127.0.0.1', 'localhost', '[::1]']);

function checkEndpoint(url: string, endpoint: string): void {
  const { protocol, hostname } = URL.canParse(endpoint) ? new URL(endpoint) : { protocol: '', hostname: '' };
  if (protocol !== 'https:' && !(protocol === 'http:' && LOOPBACK.has(hostname)))
    throw wrong(url, 'endpoint must be https, or http on loopback');
}

function credentials(environment: Environment): Pick<S3Address, 'credentials'> {
  const accessKeyId = environment['AWS_ACCESS_KEY_ID'];
  const secretAccessKey = environment['AWS_SECRET_ACCESS_KEY'];
  const sessionToken = environment['AWS_SESSION_TOKEN'];
  if (!accessKeyId || !secretAccessKey) return {};
  return { credentials: { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) } };
}

/** Throws `store-unreachable` with the reason when the address is wrong. */
export function parseAddress(url: string, environment: Environment): S3Address {
  const { hostname: bucket, pathname, searchParams } = new URL(url);
  if (!/^[a-z0-9][a-z0-9.-]{1,62}$/.test(bucket))
    throw wrong(url, 'the bucket is missing; write s3://bucket/prefix');
  for (const name of searchParams.keys())
    if (name !== 'endpoint' && name !== 'region')
      throw wrong(url, `unknown setting ${name}; there are endpoint and region`);
  const endpoint =
    searchParams.get('endpoint') ?? environment['AWS_ENDPOINT_URL_S3'] ?? environment['AWS_ENDPOINT_URL'];
  if (endpoint) checkEndpoint(url, endpoint);
  const path = decodeURIComponent(pathname).replace(/^\/+|\/+$/g, '');
  return {
    bucket,
    prefix: path === '' ? '' : `${path}/`,
    region:
      searchParams.get('region') ??
      environment['AWS_REGION'] ??
      environment['AWS_DEFAULT_REGION'] ??
      'us-east-1',
    ...(endpoint ? { endpoint } : {}),
    ...credentials(environment),
  };
}

const REASONS: Readonly<Record<string, readonly [reason: string, hint?: string]>> = {
  AccessDenied: [
    'access denied',
    'let this key list and get under v1/, and put to its own prefix; `broker doctor --store` prints the policy',
  ],
  InvalidAccessKeyId: ['the access key is unknown there', 'check AWS_ACCESS_KEY_ID or the profile in use'],
  SignatureDoesNotMatch: ['the secret key is wrong', 'check AWS_SECRET_ACCESS_KEY or the profile in use'],
  ExpiredToken: ['its credentials expired', 'sign in to the cloud again'],
  NoSuchBucket: ['the bucket does not exist', 'create it, or correct store.url'],
  RequestTimeTooSkewed: ['the clocks differ too much', 'set this machine’s clock'],
  CredentialsProviderError: [
    'no credentials were found',
    'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile',
  ],
  TimeoutError: ['it did not answer in time'],
  ECONNREFUSED: ['nothing listens there'],
  ENOTFOUND: ['its host name is unknown'],
};

export function s3Failure(store: string, error: unknown): BrokerError {
  if (error instanceof BrokerError) return error;
  const { name, code, message } = error as NodeJS.ErrnoException;
  const [reason, hint] = REASONS[name ?? ''] ?? REASONS[code ?? ''] ?? [message || name || 'unknown failure'];
  return new BrokerError('store-unreachable', { store, reason }, { cause: error, ...(hint ? { hint } : {}) });
}
