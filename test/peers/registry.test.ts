// A machine that cannot reach the package registry: peers from there are left out by name, or fail where all of them are required.
import { existsSync, readdirSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { installed, optional } from './registry.ts';

const CACHE = new URL('../../node_modules/.cache', import.meta.url).pathname;

describe('without a package registry', () => {
  beforeEach(() => {
    vi.stubEnv('npm_config_registry', 'http://127.0.0.1:9/');
    vi.stubEnv('npm_config_fetch_retries', '0');
    vi.stubEnv('npm_config_offline', 'false');
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
  });

  const find = () => optional('nowhere', () => installed('nowhere', { 'is-number': '7.0.0' }));
  const left = () =>
    existsSync(CACHE) ? readdirSync(CACHE).filter((name) => name.startsWith('nowhere')) : [];

  it('a peer is left out, with the reason said', async () => {
    vi.stubEnv('BROKER_REQUIRE_PEERS', '');
    const said = vi.spyOn(console, 'log').mockImplementation(() => undefined);
    expect(await find()).toBeUndefined();
    expect(said.mock.calls.flat().join()).toMatch(
      /^Not run here: peer nowhere cannot be installed .*127\.0\.0\.1:9|ECONNREFUSED/s,
    );
    expect(left()).toEqual([]);
  });

  it('a peer that is required fails', async () => {
    vi.stubEnv('BROKER_REQUIRE_PEERS', '1');
    await expect(find()).rejects.toThrow('peer nowhere cannot be installed');
  });
});
