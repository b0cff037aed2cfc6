import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Leases, type OpenLease } from '../../src/agent/leases.ts';
import type { Lease } from '../../src/model/credential.ts';
import { connection } from '../fakes/agent.ts';

const SILENT = { info: () => undefined, warn: () => undefined, error: () => undefined };
const lease: Lease = {
  credential: { user: 'r1', secret: { kind: 'password', password: 'hidden' }, label: 'ephemeral-role' },
  release: async () => undefined,
  resume: { role: 'r1' },
};
const loan = {
  session: '1m0000000000000aa',
  connection: connection('db'),
  user: { iss: 'https://login.example.test', sub: 'alice', groups: [] },
  signal: new AbortController().signal,
  environment: { ADMIN_PASSWORD: 'hidden' },
  variables: ['ADMIN_PASSWORD'],
};

describe('a borrowed credential', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'leases-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const swept = async (leases = new Leases(folder, SILENT)) => {
    const found: OpenLease[] = [];
    const left = await leases.sweep(async (each) => void found.push(each));
    return { left, sessions: found.map(({ session }) => session) };
  };

  it('is noted before its source is asked, without any secret', async () => {
    const leases = new Leases(folder, SILENT);
    await leases.borrow(loan, async () => {
      const text = readFileSync(join(folder, `${loan.session}.json`), 'utf8');
      expect(JSON.parse(text)).toMatchObject({ session: loan.session, variables: ['ADMIN_PASSWORD'] });
      expect(text).not.toContain('hidden');
      return lease;
    });
    expect(readFileSync(join(folder, `${loan.session}.json`), 'utf8')).not.toContain('hidden');
  });

  it('is never swept from under whoever holds it, not even while it is being made', async () => {
    const leases = new Leases(folder, SILENT);
    await leases.borrow(loan, async () => {
      expect(await swept(leases)).toEqual({ left: 0, sessions: [] });
      return lease;
    });
    expect(await swept(leases)).toEqual({ left: 0, sessions: [] });
  });

  it('that could not be given back is swept later; one that could, never', async () => {
    const leases = new Leases(folder, SILENT);
    await leases.borrow(loan, async () => lease);
    const broken = { ...lease, release: () => Promise.reject(new Error('the server restarts')) };
    expect(await leases.giveBack(loan.session, broken)).toBe(false);
    expect(await swept(leases)).toEqual({ left: 0, sessions: [loan.session] });
    await leases.borrow(loan, async () => lease);
    expect(await leases.giveBack(loan.session, lease)).toBe(true);
    expect(await swept(leases)).toEqual({ left: 0, sessions: [] });
    expect(readdirSync(folder)).toEqual([]);
  });

  it('leaves no note when there was none, or nothing to give back', async () => {
    const leases = new Leases(folder, SILENT);
    await expect(leases.borrow(loan, () => Promise.reject(new Error('no admin')))).rejects.toThrow();
    const { resume: _, ...kept } = lease;
    await leases.borrow(loan, async () => kept);
    expect(readdirSync(folder)).toEqual([]);
  });
});
