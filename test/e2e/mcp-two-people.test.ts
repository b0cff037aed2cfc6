// A host's call that deletes rows waits at the database until somebody else approves it, runs once, and the bundle tells the whole story.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type McpPeers, mcpPeers } from '../peers/mcp.ts';
import { startWorld, type World } from '../peers/world.ts';
import { answer, untilAsked } from './approvals.ts';
import { hostOf, sealedSessions } from './mcp-hosted.ts';

const POLICY = `
@id("people")
permit (principal in Group::"developers", action in [Action::"session:open", Action::"read", Action::"write", Action::"execute"], resource);
@id("bots")
permit (principal is Bot, action in [Action::"session:open", Action::"read", Action::"write", Action::"mcp:call"], resource);
@id("bot-deletes-ask")
@ask("a bot deletes rows")
@expires("5m")
forbid (principal is Bot, action == Action::"sql:delete", resource in Label::"env:prod");
@id("dba-approves")
permit (principal in Group::"dba", action == Action::"approve", resource in Label::"env:prod");
`;

let alice: World;
let dana: World;
let peers: McpPeers;

beforeAll(async () => {
  [alice, peers] = await Promise.all([startWorld({ policy: POLICY }), mcpPeers()]);
  dana = alice.another('dana');
  await alice.signIn('alice');
  await dana.signIn('dana');
}, 300_000);

afterAll(async () => {
  await dana?.broker(['agent', 'stop']);
  await alice?.stop();
});

describe('two people and a bot', () => {
  it('holds the statement that a call runs, and releases exactly it', async () => {
    await alice.postgres.query(
      'insert into orders (customer_id, item, amount) select 1, $$gone$$, n from generate_series(1,3) n',
      'shop',
    );
    const hosted = await hostOf(peers, alice, ['prod-db'], { name: 'claude-code' });
    await hosted.client.listTools();
    const sql = "delete from orders where item = 'gone'";
    const _meta = { 'claudecode/toolUseId': 'toolu_123', 'x-codex-turn-metadata': { model: 'some-model' } };
    const call = hosted.client.callTool({ name: 'query', arguments: { sql }, _meta }, undefined, {
      timeout: 60_000,
    });
    const row = await untilAsked(dana, ({ what }) => what.text.includes('gone'));
    expect(row.requester.bot).toBe('claude-code@prod-db');
    expect(await answer(dana, 'dana', 'approve', row)).toMatchObject({ code: 0 });
    expect(await call).toMatchObject({ structuredContent: { command: 'DELETE' } });
    expect(await alice.postgres.query("select 1 from orders where item = 'gone'", 'shop')).toHaveLength(0);
    await hosted.close();
    const [session] = await sealedSessions(alice, 1);
    const story = (session?.events ?? []).map(({ type, recorder, data }) =>
      [recorder, type, data['subject'] ?? data['decision'] ?? data['status'] ?? ''].join(' '),
    );
    const order = [
      'front claim host',
      'front statement allow',
      'front claim call',
      'worker statement ask',
      'worker answer ok',
      'front answer ok',
    ];
    const found = order.map((step) => story.indexOf(step));
    expect(found).not.toContain(-1);
    expect(story).toContain('front claim model');
    // Asked after the call was let through, run before it was answered.
    expect(found[1]).toBeLessThan(found[3] ?? 0);
    expect(story.lastIndexOf('worker answer ok')).toBeLessThan(story.lastIndexOf('front answer ok'));
    expect(await alice.broker(['verify'])).toMatchObject({ code: 0 });
  }, 120_000);
});
