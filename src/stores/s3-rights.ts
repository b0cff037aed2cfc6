// The least an AWS identity needs in a bucket of evidence, as IAM policies by role. Never includes deleting. Pure.
import type { S3Address } from './s3-address.ts';

export interface Statement {
  readonly Sid: string;
  readonly Effect: 'Allow';
  readonly Action: readonly string[];
  readonly Resource: string | readonly string[];
}

export interface IamPolicy {
  readonly Version: '2012-10-17';
  readonly Statement: readonly Statement[];
}

/** `writer` has sessions and approves; `approver` only answers; `reader` looks. */
export type Role = 'writer' | 'approver' | 'reader';

/** What each role puts. An approver can neither ask nor use, so nobody can make up a request with an answer of their own. */
// Level by level: some gateways let a star stand for one level only.
const PUTS: Readonly<Record<Role, readonly string[]>> = {
  writer: ['store.json', 'stmt/*', 'blob/*', 'appr/*', 'policy/*', 'index/*', 'probe/*'],
  approver: ['stmt/*', 'blob/*', 'appr/day=*/req=*/decision-*', 'probe/*'],
  reader: [],
};

export function leastRights(
  { bucket, prefix }: S3Address,
  role: Role,
  { retention = false }: { readonly retention?: boolean } = {},
): IamPolicy {
  const place = (path: string) => `arn:aws:s3:::${bucket}/${prefix}v1/${path}`;
  const reading = ['s3:GetObject', ...(retention ? ['s3:GetObjectRetention'] : [])];
  const writing = ['s3:PutObject', ...(retention ? ['s3:PutObjectRetention'] : [])];
  return {
    Version: '2012-10-17',
    Statement: [
      { Sid: 'Evidence', Effect: 'Allow', Action: reading, Resource: place('*') },
      ...(PUTS[role].length > 0
        ? [{ Sid: 'Keeping', Effect: 'Allow' as const, Action: writing, Resource: PUTS[role].map(place) }]
        : []),
      // On the bucket, not on the prefix: without it a key that is not there is answered as forbidden.
      {
        Sid: 'Listing',
        Effect: 'Allow',
        Action: ['s3:ListBucket', 's3:ListBucketVersions'],
        Resource: `arn:aws:s3:::${bucket}`,
      },
    ],
  };
}

/** What to tell whoever administers the bucket about its other settings. */
export const BUCKET_ADVICE = [
  'turn on versioning, and Object Lock with a default retention in compliance mode for as long as evidence must be kept: broker never deletes',
  'let no lifecycle rule expire anything under v1/ but v1/probe/ (after a day) and incomplete uploads (after a week)',
  'keep noncurrent versions as long as the rest: they show what was written over',
].join('\n');
