// The official conformance suite against one server on stdio, directly and behind `broker mcp`: the same result for every check.
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { bridge } from '../peers/mcp-bridge.ts';
import { installed, optional } from '../peers/registry.ts';
import { startWorld, type World } from '../peers/world.ts';

const BROKER = new URL('../../bin/broker.js', import.meta.url).pathname;
const SERVER = new URL('../peers/mcp-conformance-server.mjs', import.meta.url).pathname;

const POLICY = `
@id("people")
permit (principal in Group::"developers", action, resource);
@id("bots")
permit (principal is Bot, action, resource);
`;

vi.setConfig({ testTimeout: 300_000 });

interface Check {
  readonly id: string;
  readonly status: string;
}

/** `scenario check: STATUS`, one line for each check of a run. */
type Result = readonly string[];

// The suite wants Node 22, which the registry has as a package.
const PACKAGES = { '@modelcontextprotocol/conformance': '0.2.0-alpha.12', node: '22.23.3' };
const suite = await optional('mcp-conformance', () =>
  installed('mcp-conformance', PACKAGES, { scripts: true }),
);

describe.runIf(suite)('the official conformance suite', () => {
  let world: World;
  let folder: string;

  beforeAll(async () => {
    world = await startWorld({ policy: POLICY });
    folder = mkdtempSync(join(tmpdir(), 'broker-conformance-'));
    await world.signIn('alice');
  }, 300_000);
  afterAll(async () => {
    await world?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function run(name: string, command: readonly string[], revision: string): Promise<Result> {
    const { url, close } = await bridge(command, world.environment, world.home);
    const output = join(folder, `${name}-${revision}`);
    const modules = join(suite ?? '', 'node_modules');
    const node = join(modules, '.bin', 'node');
    const program = join(modules, '@modelcontextprotocol', 'conformance', 'dist', 'index.js');
    const args = [program, 'server', '--url', url, '--requirements', revision, '--output-dir', output];
    await new Promise((resolve) => execFile(node, args, { timeout: 240_000, maxBuffer: 1 << 26 }, resolve));
    await close();
    return readdirSync(output)
      .sort()
      .flatMap((scenario) => {
        const checks = JSON.parse(readFileSync(join(output, scenario, 'checks.json'), 'utf8')) as Check[];
        const title = scenario.replace(/^server-/, '').replace(/-\d{4}-\d\d-\d\dT.*$/, '');
        return checks.map(({ id, status }) => `${title} ${id}: ${status}`);
      });
  }

  it.each([
    ['2025-11-25', 30],
    ['2026-07-28', 37],
  ])('gives the same result through broker as without it: %s', async (revision, scenarios) => {
    const server = [process.execPath, SERVER];
    const direct = await run('direct', server, revision);
    const through = await run(
      'broker',
      [process.execPath, BROKER, 'mcp', 'prod-db', '--', ...server],
      revision,
    );
    const passed = direct.filter((line) => line.endsWith(': SUCCESS')).length;
    console.log(`conformance ${revision}: ${direct.length} checks, ${passed} pass directly`);
    expect(new Set(direct.map((line) => line.split(' ')[0])).size).toBeGreaterThanOrEqual(scenarios);
    expect(through).toEqual(direct);
  });
});
