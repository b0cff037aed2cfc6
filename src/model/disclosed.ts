// An event log told in part: events with their salts, and of those that are withheld the Merkle leaf. Pure; export writes it and verify reads it.
import { canonical } from '../lib/canonical.ts';
import { isSha256 } from '../lib/digest.ts';
import { lineLeaf } from './sealed.ts';

const FORMAT = 'urn:access-broker:disclosed:v1';

/** Stands for the log with this digest, which is not there. */
export function disclosedKey(log: string): string {
  return `v1/disclosed/${log}`;
}

/** Never the log's own salt: with it every leaf could be tried. */
export function disclosedHeader(log: string, session: string, first: number): string {
  return canonical({ ...(first > 0 ? { first } : {}), format: FORMAT, log, session });
}

export function parseDisclosedHeader(
  line: string,
): { readonly log: string; readonly session: string; readonly first: number } | undefined {
  try {
    const { log, session, first = 0 } = JSON.parse(line) as Record<string, unknown>;
    if (!isSha256(log) || typeof session !== 'string' || !Number.isSafeInteger(first)) return undefined;
    return disclosedHeader(log, session, first as number) === line
      ? { log, session, first: first as number }
      : undefined;
  } catch {
    return undefined;
  }
}

/** `+`, 32 hex characters of salt, and the line; or `-` and 64 hex characters of leaf. */
export function disclosedLine(salt: string, line: string, withheld: boolean): string {
  return withheld ? `-${lineLeaf(salt, line).toString('hex')}` : `+${salt}${line}`;
}

export type DisclosedLine =
  | { readonly leaf: Buffer; readonly line: string }
  | { readonly leaf: Buffer; readonly line?: undefined };

export function parseDisclosedLine(text: string): DisclosedLine | undefined {
  if (/^-[0-9a-f]{64}$/.test(text)) return { leaf: Buffer.from(text.slice(1), 'hex') };
  const [, salt, line] = /^\+([0-9a-f]{32})(\{.*)$/su.exec(text) ?? [];
  if (salt === undefined || line === undefined) return undefined;
  return { leaf: lineLeaf(salt, line), line };
}
