// Pins of one server that several fronts see at once: none of them may lose what another one saw, or what a person trusted.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { Pins, readPins, trustPins } from '../../../src/front/mcp/pins.ts';
import { takeLock } from '../../../src/lib/row-lock.ts';
import { BrokerError } from '../../../src/model/errors.ts';

const folder = mkdtempSync(join(tmpdir(), 'broker-pins-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const CHILD = fileURLToPath(new URL('pinning-child.ts', import.meta.url));
const HOOK = fileURLToPath(new URL('../../../.ci/typescript.mjs', import.meta.url));
const ID = '0123456789ab';
const NOW = '2026-01-01T00:00:00Z';
const started = () => new Pins(folder, { id: ID, connection: 'prod-db', program: 'server' });
const told = (name: string, description: string) =>
  new Map([[name, { tool: { name, description }, flags: [] }]]);

async function front(own: string, rounds: number): Promise<number | null> {
  const child = spawn(process.execPath, ['--import', HOOK, CHILD, folder, ID, own, String(rounds)]);
  return new Promise((resolve) => child.once('close', resolve));
}

describe('pins that several fronts write at once', () => {
  it('keep what each of them saw', async () => {
    const owns = ['a', 'b', 'c', 'd'];
    expect(await Promise.all(owns.map((own) => front(own, 15)))).toEqual([0, 0, 0, 0]);
    const names = Object.keys(readPins(folder, ID)?.tools ?? {});
    expect(names.sort()).toEqual(
      owns.flatMap((own) => Array.from({ length: 15 }, (_, round) => `${own}-${round}`)).sort(),
    );
  }, 120_000);

  it('keep what a person trusted while a front that began before still runs', () => {
    const running = started();
    running.see(told('tool', 'one'), NOW);
    expect(running.see(told('tool', 'two'), NOW).get('tool')).toBe('changed');
    expect(trustPins(folder, ID, 'tool')).toEqual(['tool']);
    running.see(told('another', 'one'), NOW);
    expect(running.see(told('tool', 'two'), NOW).get('tool')).toBe('same');
    expect(readPins(folder, ID)?.tools['tool']?.changed).toBeUndefined();
  });

  it('are not written while another broker writes them: that is an error, and nothing is shown', () => {
    const lock = takeLock(folder, ID);
    try {
      expect(() => started().see(told('late', 'one'), NOW)).toThrowError(BrokerError);
      // What is known already needs no lock.
      expect(started().see(told('tool', 'two'), NOW).get('tool')).toBe('same');
    } finally {
      lock?.release();
    }
    expect(readPins(folder, ID)?.tools['late']).toBeUndefined();
  });
});
