// The least an AWS identity needs to keep evidence in a bucket, as an IAM policy. Never includes deleting. Pure.
import type { S3Address } from './s3-address.ts';

export interface Statement {
  readonly Sid: string;
  readonly Effect: 'Allow';
  readonly Action: readonly string[];
  readonly Resource: string;
}

export interface IamPolicy {
  readonly Version: '2012-10-17';
  readonly Statement: readonly Statement[];
}

/** For people whose sessions are recorded; whoever only reads evidence (`auditor`) needs no PutObject. */
export function leastRights({ bucket, prefix }: S3Address, role: 'writer' | 'auditor'): IamPolicy {
  const Action = role === 'writer' ? ['s3:GetObject', 's3:PutObject'] : ['s3:GetObject'];
  return {
    Version: '2012-10-17',
    Statement: [
      { Sid: 'Evidence', Effect: 'Allow', Action, Resource: `arn:aws:s3:::${bucket}/${prefix}v1/*` },
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
