// What a bucket with versions hides from a plain listing: delete markers and second versions. Must never call hidden what a bucket without versions holds.
import { parseStatementKey } from '../../model/bundle.ts';
import { BrokerError } from '../../model/errors.ts';
import type { Findings } from './findings.ts';
import { dayOf, type EvidenceReader, type Span } from './source.ts';

const WORDS = {
  deleted: 'it was deleted: a delete marker hides what was written',
  replaced: 'it has a second version: what was written first is hidden',
} as const;

function within(key: string, { since, until }: Span): boolean {
  const day = parseStatementKey(key)?.day;
  if (day === undefined) return true;
  return (since === undefined || day >= dayOf(since)) && (until === undefined || day <= dayOf(until));
}

/** Statements of the span; blobs and the rest only when the span is everything, so that a day costs a day. */
export async function findHidden(reader: EvidenceReader, span: Span, findings: Findings): Promise<void> {
  if (!reader.hidden) return;
  const whole = span.since === undefined && span.until === undefined;
  const after = span.since === undefined ? undefined : `v1/stmt/day=${dayOf(span.since)}`;
  try {
    for (const prefix of whole
      ? ['v1/appr/', 'v1/blob/', 'v1/jwks/', 'v1/policy/', 'v1/stmt/', 'v1/store.json']
      : ['v1/stmt/'])
      for await (const { key, how } of reader.hidden(prefix, after))
        if (within(key, span))
          findings.completeness({ verdict: 'HIDDEN', step: 'versions', file: key, reason: WORDS[how] });
  } catch (error) {
    if (!(error instanceof BrokerError) || error.code !== 'store-unreachable') throw error;
    const text = `versions could not be listed, so nobody looked for delete markers: ${String(error.details['reason'])}`;
    findings.note({ about: 'versions', file: '', text });
  }
}
