// An exported folder carries what people were asked and answered, and both verifiers see what was done to it.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exportEvidence } from '../../src/commands/export.ts';
import { verify } from '../../src/commands/verify.ts';
import { APPROVAL_FORM } from '../../src/model/approval-predicate.ts';
import { parseSigned } from '../../src/model/bundle.ts';
import {
  answer,
  approvedSession,
  ask,
  clock,
  closeStory,
  consume,
  finish,
  named,
  openStory,
  provider,
  root,
  seal,
  work,
} from '../fakes/approved.ts';
import { runCommand } from '../fakes/command.ts';
import { peer } from '../peers/peer.ts';

let scene: Awaited<ReturnType<typeof approvedSession>>;
let whole: string;
let count = 0;

const at = () => {
  const home = join(work.path, 'auditor');
  return { home, cwd: home, environment: { BROKER_CONFIG: join(home, 'broker.yaml') }, clock };
};

async function exported(options: Record<string, string> = {}): Promise<string> {
  const output = join(work.path, `export-${count++}`);
  const done = await runCommand(exportEvidence, { ...at(), options: { offline: true, output, ...options } });
  expect(done.code).toBe(0);
  return output;
}

beforeAll(async () => {
  await openStory();
  const config = join(work.path, 'auditor');
  mkdirSync(config, { recursive: true });
  writeFileSync(
    join(config, 'broker.yaml'),
    `version: 1
identity: { issuer: '${provider.issuer}', client_id: ${provider.audience} }
store: { url: 'file:${root}' }
policy: []
`,
  );
  scene = await approvedSession();
  const quick = await ask({ id: 'request-quick', asked: { strength: 'session-key' } });
  const weak = await answer(quick, {
    strength: 'session-key',
    decision: { reason: 'tick \u007f "off" \\u007f' },
  });
  await seal([
    named(scene.request, [scene.decided], scene.consumed),
    named(quick, [weak], await consume(quick, [weak]), { strength: 'session-key' }),
  ]);
  await finish();
  whole = await exported();
}, 60_000);
afterAll(closeStory);

function files(folder: string, below = 'v1/appr'): string[] {
  if (!existsSync(join(folder, below))) return [];
  return readdirSync(join(folder, below), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.json'))
    .map((name) => `${below}/${name}`)
    .sort();
}

function script(folder: string): string {
  const keys = join(work.path, 'jwks.json');
  writeFileSync(keys, provider.jwks);
  try {
    return execFileSync(join(folder, 'verify.sh'), [keys], { encoding: 'utf8', stdio: 'pipe' }).trim();
  } catch (error) {
    return (error as { stderr: string }).stderr.trim();
  }
}

async function broker(folder: string): Promise<string[]> {
  const { stdout } = await runCommand(verify, {
    ...at(),
    args: [folder],
    json: true,
    options: { offline: true },
  });
  const { integrity, completeness } = JSON.parse(stdout);
  return [...integrity.findings, ...completeness.findings]
    .map((each: { verdict: string; step: string }) => `${each.verdict} ${each.step}`)
    .filter((each) => each !== 'UNCORROBORATED corroboration');
}

/** A copy in which something was done. */
function changed(change: (folder: string) => void): string {
  const folder = join(work.path, `changed-${count++}`);
  cpSync(whole, folder, { recursive: true });
  change(folder);
  return folder;
}

describe.runIf(peer('openssl-jq'))('an export', () => {
  it('carries every object of its sessions’ requests, byte for byte, and holds for both verifiers', async () => {
    expect(files(whole)).toEqual(files(root));
    expect(files(whole)).toHaveLength(6);
    for (const name of files(whole))
      expect(readFileSync(join(whole, name))).toEqual(readFileSync(join(root, name)));
    expect(JSON.parse(readFileSync(join(whole, 'index.json'), 'utf8')).withheld).toEqual([]);
    expect(script(whole)).toMatch(
      /^OK: \d+ statements hold, with every blob they name, and 6 requests, answers and uses/,
    );
    expect(await broker(whole)).toEqual([]);
  });

  it('leaves out those of other sessions, says so, and still holds', async () => {
    const folder = await exported({ user: 'dana' });
    // Dana's chain repeats her answers: what she answered goes along with it.
    expect(files(folder)).toHaveLength(6);
    const other = await exported({ connection: 'another-db' });
    expect(files(other)).toEqual([]);
    const { withheld } = JSON.parse(readFileSync(join(other, 'index.json'), 'utf8'));
    for (const { digest } of [scene.request, scene.decided, scene.consumed])
      expect(withheld).toContain(digest);
    expect(await broker(other)).toEqual([]);
    expect(script(other)).toMatch(/^OK: /);
  });
});

describe.runIf(peer('openssl-jq'))('what was done to an export is named by both verifiers', () => {
  it.each([
    ['a removed request', 'request', 'request'],
    ['a removed answer', 'decided', 'decision'],
    ['a removed use', 'consumed', 'consumed'],
  ] as const)('%s', async (_, which, kind) => {
    const folder = changed((path) => rmSync(join(path, scene[which].key)));
    expect(script(folder)).toMatch(new RegExp(`^BAD .*${kind}`));
    expect(await broker(folder)).toContain(`MISSING ${kind}`);
  });

  it('an answer signed for it and put in another’s place', async () => {
    const folder = changed((path) => {
      const [, other] = files(path).filter((name) => name.includes('/decision-'));
      writeFileSync(join(path, scene.decided.key), readFileSync(join(path, other as string)));
    });
    expect(script(folder)).toMatch(/^BAD .*missing: the decision/);
    expect(await broker(folder)).toContain('INVALID decision');
  });

  it('a PK token exchanged for another', async () => {
    const folder = changed((path) => {
      const { identity } = parseSigned(scene.decided.bytes, APPROVAL_FORM).statement.predicate;
      const token = join(path, 'v1/blob/sha256', identity.pkToken.slice(0, 2), identity.pkToken);
      writeFileSync(token, readFileSync(token, 'utf8').replace('"payload":"', '"payload":"A'));
    });
    expect(script(folder)).toMatch(/^BAD .*digest differs/);
    expect(await broker(folder)).toContain('INVALID pk-token');
  });
});

it.runIf(peer('openssl-jq'))(
  'does not mind rubbish beside the answers, as anybody who may write can leave it',
  async () => {
    const junk = scene.request.key.replace('request.', `decision-${'J'.repeat(43)}.`);
    writeFileSync(join(root, junk), '{"not":"an answer"}');
    const folder = await exported();
    expect(files(folder)).toContain(junk);
    expect(await broker(folder)).toEqual([]);
    expect(script(folder)).toMatch(/^OK: /);
  },
);
