import { afterAll, expect, it } from 'vitest';
import { noteRules } from '../../src/agent/rules.ts';
import { sha256 } from '../../src/lib/digest.ts';
import type { Connection } from '../../src/model/connection.ts';
import { workFolder } from '../fakes/installation.ts';

const folder = workFolder();
afterAll(() => folder.remove());

const CONNECTION: Connection = {
  name: 'prod-db',
  type: 'postgres',
  host: 'db.example.com',
  port: 5432,
  tls: { mode: 'verify-full' },
  credential: { source: 'keychain', entry: 'prod' },
  labels: ['env:prod'],
  masking: { columns: { 'public.customers.card': 'payment-card' }, strategies: {}, onUnknown: 'mask' },
  recording: { maxRows: 50, maxBytes: 65_536, prompts: 'digest' },
};

const told: Readonly<Record<string, unknown>>[] = [];
const note = (more: Partial<Connection>) =>
  noteRules(folder.path, { ...CONNECTION, ...more }, async (detail) => void told.push(detail));

it('says what is other at a connection than at its last session, and nothing while nothing is', async () => {
  await note({});
  await note({ description: 'words change nothing' });
  expect(told).toEqual([]);
  await note({ masking: { ...CONNECTION.masking, columns: {} }, labels: [] });
  expect(told).toMatchObject([
    {
      changed: 'connection',
      connection: 'prod-db',
      different: ['columns', 'labels'],
      rules: { columns: {} },
    },
  ]);
  await note({ masking: { ...CONNECTION.masking, columns: {} }, labels: [] });
  expect(told).toHaveLength(1);
  await note({ credential: { source: 'env', variable: 'HUNTER2' }, port: 6543 });
  expect(told[1]).toMatchObject({
    different: ['address', 'columns', 'credential', 'labels'],
    was: told[0]?.['digest'],
  });
  expect(JSON.stringify(told)).not.toContain('HUNTER2');
});

it('names the digest only of rules that a statement cannot hold', async () => {
  const columns = Object.fromEntries(Array.from({ length: 2_000 }, (_, at) => [`public.t.c${at}`, 'email']));
  await note({ masking: { ...CONNECTION.masking, columns } });
  expect(told.at(-1)).not.toHaveProperty('rules');
  expect(told.at(-1)?.['digest']).toMatch(/^[0-9a-f]{64}$/);
  expect(told.at(-1)?.['digest']).not.toBe(sha256(''));
});
