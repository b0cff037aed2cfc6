// An AI agent with a brokered connection and a recorded door to its model: what it asked, what it ran, and what it may not.

import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256 } from '../../src/lib/digest.ts';
import { jcsDigest } from '../../src/lib/jcs.ts';
import { peer } from '../peers/peer.ts';
import { startWorld, type World } from '../peers/world.ts';

const POLICY = `
@id("developers")
permit (principal in Group::"developers", action, resource);
@id("bots-read")
permit (principal in Group::"readers", action in [Action::"session:open", Action::"read"], resource);
`;

/** A host as AI agents are built: asks its model, runs the SQL that the model wants, with what is in its environment. */
const HOST = `
import { execFileSync } from 'node:child_process';
import Anthropic from '@anthropic-ai/sdk';
const client = new Anthropic({ apiKey: 'key-of-the-caller', maxRetries: 0 });
const ask = { model: 'model-alias', max_tokens: 64, messages: [{ role: 'user', content: 'who paid with 4111 1111 1111 1111?' }] };
const message = await client.messages.stream(ask).finalMessage();
for (const part of message.content) {
  if (part.type !== 'tool_use') continue;
  try {
    const rows = execFileSync('psql', [process.env.PROD_DB_URL, '-Atc', part.input.sql], { encoding: 'utf8', stdio: 'pipe' });
    console.log('ran', part.input.sql, '→', rows.trim());
  } catch (error) {
    console.log('refused', String(error.stderr).split('\\n')[0]);
  }
}
`;

const CALLS = ['select count(*) from customers', 'delete from orders where id = 1'];

function answer(): string {
  const events: { type: string; [key: string]: unknown }[] = [
    {
      type: 'message_start',
      message: {
        id: 'msg_1',
        type: 'message',
        role: 'assistant',
        model: 'model-2026',
        content: [],
        usage: {},
      },
    },
  ];
  CALLS.forEach((sql, index) => {
    const block = { type: 'tool_use', id: `toolu_${index}`, name: 'query', input: {} };
    const delta = { type: 'input_json_delta', partial_json: JSON.stringify({ sql }) };
    events.push({ type: 'content_block_start', index, content_block: block });
    events.push({ type: 'content_block_delta', index, delta });
    events.push({ type: 'content_block_stop', index });
  });
  events.push({ type: 'message_delta', delta: { stop_reason: 'tool_use' }, usage: { output_tokens: 1 } });
  events.push({ type: 'message_stop' });
  return events.map((data) => `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`).join('');
}

interface Line {
  readonly session: string;
  readonly type: string;
  readonly who: { readonly bot?: string };
  readonly data: Readonly<Record<string, unknown>>;
}

describe.runIf(peer('psql'))('an AI agent that is run with a connection', () => {
  let world: World;
  let provider: Server;
  let base: string;
  const prompts: string[] = [];

  beforeAll(async () => {
    provider = createServer((call, reply) => {
      let body = '';
      call.on('data', (chunk: Buffer) => {
        body += chunk.toString();
      });
      call.on('end', () => {
        prompts.push(`${call.headers.authorization ?? call.headers['x-api-key']} ${body}`);
        reply.writeHead(200, { 'content-type': 'text/event-stream' });
        reply.end(answer());
      });
    });
    await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve));
    base = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`;
    world = await startWorld({
      policy: POLICY,
      settings: 'bots:\n  host:\n    groups: [readers]\n',
      environment: { ANTHROPIC_BASE_URL: base },
    });
    await world.signIn();
    const modules = new URL('../../node_modules', import.meta.url).pathname;
    writeFileSync(
      join(world.home, 'host.mjs'),
      HOST.replace('@anthropic-ai/sdk', `${modules}/@anthropic-ai/sdk/index.mjs`),
    );
  }, 90_000);
  afterAll(async () => {
    await world.stop();
    provider.closeAllConnections();
    await new Promise((resolve) => provider.close(resolve));
  }, 60_000);

  async function events(session: string): Promise<Line[]> {
    const { code, stdout, stderr } = await world.broker(['export', '--since', '1h', '--format', 'jsonl']);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const lines = stdout.trim().split('\n');
    return lines.map((line) => JSON.parse(line) as Line).filter((line) => line.session === session);
  }

  it('reads as its bot may, is refused what its owner alone may, and its model is on record', async () => {
    const host = [process.execPath, join(world.home, 'host.mjs')];
    const done = await world.broker(['run', '--with', 'prod-db', '--as', 'host', '--', ...host]);
    expect(done).toMatchObject({ code: 0, stderr: '' });
    expect(done.stdout).toMatch(/^ran select count\(\*\) from customers → \d+$/m);
    expect(done.stdout).toMatch(/^refused .*DELETE/m);
    expect(prompts).toHaveLength(1);
    expect(prompts[0]).toContain('key-of-the-caller');
    expect(prompts[0]).toContain('4111 1111 1111 1111');

    const listed = await world.broker(['sessions', 'ls', '--json']);
    const rows = listed.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { session: string });
    const lines = await events(rows[0]?.session ?? '');
    const [exchange] = lines.filter(({ type }) => type === 'model.exchange');
    expect(exchange).toMatchObject({
      who: { bot: 'host@prod-db' },
      data: {
        asked: 'model-alias',
        answered: 'model-2026',
        stop: 'tool_use',
        complete: true,
        uses: CALLS.map((sql, index) => ({
          id: `toolu_${index}`,
          name: 'query',
          arguments: jcsDigest({ sql }),
        })),
      },
    });
    expect(exchange?.data['said']).toBeUndefined();
    // What the model wanted to run and what ran are the same texts.
    const ran = lines.filter(({ type }) => type === 'statement').map(({ data }) => data['digest']);
    expect(ran).toEqual(CALLS.map((sql) => sha256(sql)));
    const decisions = lines.filter(({ type }) => type === 'statement').map(({ data }) => data['decision']);
    expect(decisions).toContain('deny');
    expect(JSON.stringify(lines)).not.toContain('4111 1111');
  }, 90_000);

  it('gives no session to a bot nobody has given rights', async () => {
    const refused = await world.broker(['run', '--with', 'prod-db', '--', '/bin/true']);
    expect(refused.code).toBe(3);
    expect(refused.stderr).toContain('prod-db');
  }, 60_000);

  it('does not send the caller’s key in the open, and wants a connection', async () => {
    const elsewhere = world.another('elsewhere', { ANTHROPIC_BASE_URL: 'http://models.example.test' });
    await elsewhere.signIn();
    const open = await elsewhere.broker(['run', '--with', 'prod-db', '--as', 'host', '--', '/bin/true']);
    expect(open.code).toBe(2);
    expect(open.stderr).toContain('https://');
    await elsewhere.broker(['agent', 'stop']);
    const none = await world.broker(['run', '--', '/bin/true']);
    expect(none).toMatchObject({ code: 2 });
    expect(none.stderr).toContain('--with');
  }, 90_000);
});
