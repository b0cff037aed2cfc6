// A time to work in: asked for with a reason, approved by somebody else, used, and taken back while it is used.
import type { ChildProcess } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApprovalRow } from '../../src/model/approval.ts';
import { startWorld, type World } from '../peers/world.ts';

const PATIENCE = 60_000;

const POLICY = `
@id("developers-read")
permit (principal in Group::"developers", action in [Action::"session:open", Action::"read", Action::"execute"], resource);

@id("prod-by-window")
@ask("production is opened for a while and with a reason")
@expires("30m")
forbid (principal, action == Action::"session:open", resource in Label::"env:prod");

@id("dba-approve")
permit (principal in Group::"dba", action == Action::"approve", resource in Label::"env:prod");
`;

const ACCOUNTS = {
  alice: { groups: ['developers'], email: 'alice@example.com' },
  dana: { groups: ['dba'], email: 'dana@example.com' },
};

interface Running {
  readonly printed: () => string;
  readonly code: Promise<number | null>;
}

function follow(child: ChildProcess): Running {
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
  return { printed: () => text, code: new Promise((resolve) => child.once('close', resolve)) };
}

describe('a window, between two people', () => {
  let alice: World;
  let dana: World;
  beforeAll(async () => {
    alice = await startWorld({ policy: POLICY, provider: { accounts: ACCOUNTS } });
    dana = alice.another('dana');
    await alice.signIn('alice');
    await dana.signIn('dana');
  }, 120_000);
  afterAll(async () => {
    await dana?.broker(['agent', 'stop']);
    await alice?.stop();
  }, 60_000);

  const ask = (...more: readonly string[]) => [
    ...['request', 'prod-db', '--for', '30m', '--reason', 'ticket 4711', ...more],
  ];

  /** The window as Dana's agent tells it. */
  async function window(state: ApprovalRow['state']): Promise<ApprovalRow> {
    let found: ApprovalRow | undefined;
    await expect
      .poll(
        async () => {
          const { stdout } = await dana.broker(['approvals', 'ls', '--all', '--json']);
          const rows = stdout.split('\n').filter(Boolean);
          found = rows.map((line) => JSON.parse(line) as ApprovalRow).find((row) => row.state === state);
          return found !== undefined;
        },
        { timeout: PATIENCE, interval: 300 },
      )
      .toBe(true);
    return found as ApprovalRow;
  }

  async function approve({ id, digest }: ApprovalRow): Promise<void> {
    const child = dana.spawn(['approvals', 'approve', id, '--no-browser', '--yes', '--digest', digest]);
    const { printed, code } = follow(child);
    const address = () => /(https?:\/\/\S+\/auth\?\S+)\s/.exec(printed())?.[1];
    await expect.poll(address, { timeout: PATIENCE }).toBeDefined();
    child.stdin?.end(`${await alice.provider.redirectOverHttp(address() ?? '', 'dana')}\n`);
    expect({ code: await code, printed: printed() }).toMatchObject({ code: 0 });
  }

  it('refuses to open a session without one, and says how to ask', async () => {
    const { code, stderr } = await alice.broker(['query', 'prod-db', 'select 1']);
    expect(stderr).toContain('prod-by-window');
    expect(stderr).toContain('broker request prod-db');
    expect(code).toBe(3);
  }, 60_000);

  it('with --no-wait says 8, and is denied with a reason', async () => {
    const { code, stdout } = await alice.broker(ask('--no-wait'));
    expect(code).toBe(8);
    const row = await window('pending');
    expect(stdout.trim()).toBe(row.id);
    expect(row).toMatchObject({
      genuine: true,
      own: false,
      what: { purpose: 'window', reason: 'ticket 4711' },
    });
    expect(await dana.broker(['approvals', 'deny', row.id, '--reason', 'ask on Monday'])).toMatchObject({
      code: 0,
    });
    await expect
      .poll(async () => (await alice.broker(['approvals', 'show', row.id])).stdout, { timeout: PATIENCE })
      .toMatch(/^state +denied$/m);
  }, 120_000);

  it('waits until somebody has approved; then sessions open, and end at once when it is revoked', async () => {
    const asking = follow(alice.spawn(ask()));
    const row = await window('pending');
    expect((await dana.broker(['approvals', 'show', row.id])).stdout).toMatch(
      /reason, 1 line:\n {2}1 │ ticket 4711/,
    );
    await approve(row);
    expect({ code: await asking.code, printed: asking.printed() }).toMatchObject({
      code: 0,
      printed: expect.stringContaining(
        'approved by dana@example.com: you may open sessions on prod-db for 30m',
      ),
    });
    expect(await alice.broker(['query', 'prod-db', 'select 1 as one', '--csv'])).toMatchObject({
      code: 0,
      stdout: 'one\n1\n',
    });
    const working = follow(alice.spawn(['query', 'prod-db', 'select pg_sleep(300)']));
    const sessions = async () => (await alice.broker(['status', '--json'])).stdout;
    await expect.poll(sessions, { timeout: PATIENCE }).toContain('"state":"open"');
    await window('approved');
    expect(await dana.broker(['approvals', 'revoke', row.id, '--reason', 'it is over'])).toMatchObject({
      code: 0,
    });
    expect(await working.code).not.toBe(0);
    expect(working.printed()).toMatch(/revoked/);
    expect(await alice.broker(['query', 'prod-db', 'select 1'])).toMatchObject({ code: 3 });
    await window('revoked');
  }, 240_000);

  it('is withdrawn by Ctrl-C', async () => {
    const child = alice.spawn(ask());
    const asking = follow(child);
    const { id } = await window('pending');
    await expect.poll(() => asking.printed(), { timeout: PATIENCE }).toContain(id);
    child.kill('SIGINT');
    expect(await asking.code).toBe(130);
    await expect
      .poll(async () => (await dana.broker(['approvals', 'show', id])).stdout, { timeout: PATIENCE })
      .toMatch(/^state +withdrawn$/m);
  }, 120_000);
});
