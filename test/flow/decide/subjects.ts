// Connections and principals of the decision tests, complete where the vectors are brief.
import type { Connection } from '../../../src/model/connection.ts';
import type { Principal, User } from '../../../src/model/principal.ts';

export interface BriefConnection {
  readonly labels: readonly string[];
  readonly columns: Readonly<Record<string, string>>;
}

export function connectionOf(name: string, { labels, columns }: BriefConnection): Connection {
  return {
    name,
    type: 'postgres',
    host: '127.0.0.1',
    port: 5432,
    tls: { mode: 'disable' },
    credential: { source: 'env' },
    labels,
    masking: { columns, strategies: {}, onUnknown: 'mask' },
    recording: { maxRows: 100, maxBytes: 65_536 },
  };
}

export const PROD = connectionOf('prod-db', {
  labels: ['env:prod'],
  columns: { 'public.customers.card': 'payment-card', 'public.customers.email': 'email' },
});

const person = (sub: string, groups: readonly string[]): User => ({
  iss: 'https://idp.example',
  sub,
  groups,
});

export const ADA = person('ada', ['engineers']);
export const ENGINEER: Principal = { kind: 'user', user: ADA };
export const STRANGER: Principal = { kind: 'user', user: person('mallory', []) };
