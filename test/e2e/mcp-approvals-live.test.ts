// Calls that wait while the world changes: other rules, windows, a killed session, an agent that stops; approvals for a session and by two.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { RawHost, wordsOf } from '../attacks/mcp-host.ts';
import { startWorld, type World } from '../peers/world.ts';
import { answer, listed, untilAsked } from './approvals.ts';
import { sealedSessions } from './mcp-hosted.ts';

const MIRROR = new URL('../peers/mcp-mirror.mjs', import.meta.url).pathname;

const POLICY = `
@id("people")
permit (principal in Group::"developers", action in [Action::"session:open", Action::"execute"], resource);
@id("bots")
permit (principal is Bot, action in [Action::"session:open", Action::"mcp:call"], resource);
@id("acts-ask")
@ask("it acts")
@strength("session-key")
forbid (principal is Bot, action == Action::"mcp:call", resource == Tool::"prod-db/act")
unless { context.arguments.json like "*often*" || context.arguments.json like "*grave*" || context.grants.contains("prod-db") };
@id("often-asks-once")
@ask("it acts again and again")
@scope("session")
@strength("session-key")
forbid (principal is Bot, action == Action::"mcp:call", resource == Tool::"prod-db/act")
when { context.arguments.json like "*often*" };
@id("grave-asks-two")
@ask("it acts for good")
@quorum("2")
@strength("session-key")
forbid (principal is Bot, action == Action::"mcp:call", resource == Tool::"prod-db/act")
when { context.arguments.json like "*grave*" };
@id("windows-ask")
@ask("a window")
@strength("session-key")
forbid (principal is User, action == Action::"session:open", resource)
when { context has reason && context.reason like "ticket*" };
@id("dba-approves")
permit (principal in Group::"dba", action == Action::"approve", resource in Label::"env:prod");
`;

vi.setConfig({ testTimeout: 120_000 });

let alice: World;
let dana: World;
let erin: World;
let host: RawHost;

beforeAll(async () => {
  const accounts = {
    alice: { groups: ['developers'] },
    dana: { groups: ['dba'] },
    erin: { groups: ['dba'] },
  };
  alice = await startWorld({ policy: POLICY, provider: { accounts } });
  [dana, erin] = [alice.another('dana'), alice.another('erin')];
  await alice.signIn('alice');
  await dana.signIn('dana');
  await erin.signIn('erin');
}, 300_000);

afterEach(() => host?.close());

afterAll(async () => {
  await dana?.broker(['agent', 'stop']);
  await erin?.broker(['agent', 'stop']);
  await alice?.stop();
});

async function begin(hold = '60s'): Promise<RawHost> {
  const log = join(alice.folder, 'mirror.jsonl');
  host = new RawHost(alice, ['--hold', hold, 'prod-db', '--', process.execPath, MIRROR, log]);
  await host.initialize();
  return host;
}

const policyFile = (): string => join(alice.home, '.config', 'broker', 'policy.cedar');

const state = async (id: string) => (await listed(dana, '--all')).find((row) => row.id === id)?.state;

describe('rules that change while a call waits', () => {
  afterEach(() => writeFileSync(policyFile(), POLICY, { mode: 0o600 }));

  it('let it go when they ask no more, and take the request back', async () => {
    const begun = await begin();
    const call = begun.call('act', '{"n":1}');
    const row = await untilAsked(dana);
    const text = readFileSync(policyFile(), 'utf8');
    writeFileSync(
      policyFile(),
      text.replace('== Tool::"prod-db/act")\nunless', '== Tool::"prod-db/other")\nunless'),
    );
    const { result } = await call;
    expect(result?.content?.[0]?.text).toBe('{"n":1}');
    await expect.poll(() => state(row.id), { timeout: 20_000 }).toBe('withdrawn');
  });

  it('refuse it when they forbid it now, whatever people answered', async () => {
    const begun = await begin();
    const call = begun.call('act', '{"n":2}');
    const row = await untilAsked(dana);
    const never = '\n@id("never") forbid (principal, action == Action::"mcp:call", resource);\n';
    writeFileSync(policyFile(), `${POLICY}${never}`);
    expect(wordsOf(await call)).toContain('never');
    await expect.poll(() => state(row.id), { timeout: 20_000 }).toBe('withdrawn');
    expect((await answer(dana, 'dana', 'approve', row)).code).not.toBe(0);
  });
});

it('a session that is killed refuses what waits in it, and takes the request back', async () => {
  const begun = await begin();
  const call = begun.call('act', '{"n":3}');
  const row = await untilAsked(dana);
  expect(await alice.broker(['sessions', 'kill', row.what.session ?? ''])).toMatchObject({ code: 0 });
  const said = await call;
  expect(said.error ?? said.result?.isError).toBeTruthy();
  await expect.poll(() => state(row.id), { timeout: 20_000 }).toBe('withdrawn');
  expect(wordsOf(await begun.call('act', '{"n":3}'))).toMatch(/killed|ended/);
});

it('an agent that stops refuses what waits; the next call begins anew', async () => {
  const begun = await begin();
  const call = begun.call('act', '{"n":4}');
  const row = await untilAsked(dana);
  expect(await alice.broker(['agent', 'stop', '--now'])).toMatchObject({ code: 0 });
  const said = await call;
  expect(said.error ?? said.result?.isError).toBeTruthy();
  const again = begun.call('act', '{"n":4}');
  const next = await untilAsked(dana, ({ id }) => id !== row.id);
  await answer(dana, 'dana', 'approve', next);
  expect((await again).result?.content?.[0]?.text).toBe('{"n":4}');
});

it('an approval for a session lets the very same call through again, another one not, until it is revoked', async () => {
  const begun = await begin('1s');
  await begun.call('act', '{"how":"often"}');
  const row = await untilAsked(dana, ({ what }) => what.text?.includes('often') ?? false);
  expect(row.what.purpose).toBe('session');
  expect(await answer(dana, 'dana', 'approve', row)).toMatchObject({ code: 0 });
  for (let time = 0; time < 3; time++)
    expect((await begun.call('act', '{"how":"often"}')).result?.content?.[0]?.text).toBe('{"how":"often"}');
  expect(wordsOf(await begun.call('act', '{"how":"often","n":1}'))).toContain('waits for a person');
  expect(await answer(dana, 'dana', 'revoke', row, ['--reason', 'enough'])).toMatchObject({ code: 0 });
  await expect
    .poll(async () => wordsOf(await begun.call('act', '{"how":"often"}')), { timeout: 20_000 })
    .toContain('waits for a person');
});

it('two people have to approve what asks for two, and the record names both', async () => {
  const begun = await begin();
  const call = begun.call('act', '{"how":"grave"}');
  const row = await untilAsked(dana, ({ what }) => what.text?.includes('grave') ?? false);
  let settled = false;
  void call.then(() => {
    settled = true;
  });
  expect(await answer(dana, 'dana', 'approve', row)).toMatchObject({ code: 0 });
  // The same person once more is still one.
  await answer(dana, 'dana', 'approve', row);
  expect(await state(row.id)).toBe('pending');
  expect(settled).toBe(false);
  expect(await answer(erin, 'erin', 'approve', row)).toMatchObject({ code: 0 });
  expect((await call).result?.content?.[0]?.text).toBe('{"how":"grave"}');
  await begun.close();
  const [session] = (await sealedSessions(alice, 1)).slice(-1);
  const decisions = session?.events.filter(({ type }) => type === 'approval.decision') ?? [];
  const used = session?.events.filter(({ type }) => type === 'approval.use') ?? [];
  expect(used).toHaveLength(1);
  for (const person of ['dana', 'erin']) expect(JSON.stringify(decisions)).toContain(`"sub":"${person}"`);
  expect(await alice.broker(['verify', '--deep'])).toMatchObject({ code: 0 });
});

it('a window that opens lets the call go', async () => {
  const begun = await begin();
  const call = begun.call('act', '{"n":5}');
  const row = await untilAsked(dana);
  const asked = alice.broker(['request', 'prod-db', '--for', '10m', '--reason', 'ticket 7']);
  const window = await untilAsked(dana, ({ what }) => what.purpose === 'window');
  expect(await answer(dana, 'dana', 'approve', window)).toMatchObject({ code: 0 });
  expect(await asked).toMatchObject({ code: 0 });
  expect((await call).result?.content?.[0]?.text).toBe('{"n":5}');
  await expect.poll(() => state(row.id), { timeout: 20_000 }).toBe('withdrawn');
});
