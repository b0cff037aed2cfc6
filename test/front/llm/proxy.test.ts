// The loopback door to a language model, with the providers' own clients in front of it.
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ModelProxy, openModelProxy } from '../../../src/front/llm/proxy.ts';
import type { ModelExchange } from '../../../src/protocols/llm/exchange.ts';

const SECRET = 'c2VjcmV0LW9mLXRoZS1zZXNzaW9u';

function frames(events: readonly unknown[]): string {
  return events
    .map((data) => `event: ${(data as { type: string }).type}\ndata: ${JSON.stringify(data)}\n\n`)
    .join('');
}

const MESSAGE = frames([
  {
    type: 'message_start',
    message: { id: 'msg_1', type: 'message', role: 'assistant', model: 'model-2026', content: [], usage: {} },
  },
  {
    type: 'content_block_start',
    index: 0,
    content_block: { type: 'tool_use', id: 'toolu_1', name: 'query', input: {} },
  },
  {
    type: 'content_block_delta',
    index: 0,
    delta: { type: 'input_json_delta', partial_json: '{"sql":"select 1"}' },
  },
  { type: 'content_block_stop', index: 0 },
  { type: 'message_delta', delta: { stop_reason: 'tool_use' }, usage: { output_tokens: 3 } },
  { type: 'message_stop' },
]);

describe('the door to a language model', () => {
  let upstream: Server;
  let door: ModelProxy;
  let exchanges: ModelExchange[];
  let calls: IncomingMessage[];
  let answer: (call: IncomingMessage, reply: ServerResponse) => void;
  let record: (exchange: ModelExchange) => void;

  beforeEach(async () => {
    exchanges = [];
    calls = [];
    record = (exchange) => void exchanges.push(exchange);
    upstream = createServer((call, reply) => {
      calls.push(call);
      call.resume().once('end', () => answer(call, reply));
    });
    await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
    const base = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
    door = await openModelProxy({
      secret: SECRET,
      upstreams: { anthropic: base, openai: `${base}/v1` },
      onExchange: (exchange) => record(exchange),
    });
  });
  afterEach(async () => {
    await door.close();
    upstream.closeAllConnections();
    await new Promise((resolve) => upstream.close(resolve));
  });

  function stream(reply: ServerResponse, text: string): void {
    reply.writeHead(200, { 'content-type': 'text/event-stream', 'request-id': 'req_7' });
    for (let at = 0; at < text.length; at += 40) reply.write(text.slice(at, at + 40));
    reply.end();
  }

  const ask = {
    model: 'model-alias',
    max_tokens: 16,
    messages: [{ role: 'user' as const, content: 'how many?' }],
  };

  it('lets Anthropic’s client stream through it, and tells the tool use', async () => {
    answer = (_, reply) => stream(reply, MESSAGE);
    const client = new Anthropic({
      apiKey: 'key-of-the-caller',
      baseURL: door.base('anthropic'),
      maxRetries: 0,
    });
    const message = await client.messages.stream(ask).finalMessage();
    expect(message.content).toEqual([expect.objectContaining({ id: 'toolu_1', input: { sql: 'select 1' } })]);
    expect(calls[0]?.url).toBe('/v1/messages');
    expect(calls[0]?.headers.authorization ?? calls[0]?.headers['x-api-key']).toContain('key-of-the-caller');
    await expect.poll(() => exchanges).toHaveLength(1);
    expect(exchanges[0]).toMatchObject({
      asked: 'model-alias',
      answered: 'model-2026',
      complete: true,
      said: 'how many?',
      uses: [{ id: 'toolu_1', name: 'query', arguments: { sql: 'select 1' } }],
    });
  });

  it('lets OpenAI’s client through it, compressed as it likes', async () => {
    const message = {
      role: 'assistant',
      content: null,
      tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'query', arguments: '{"sql":"x"}' } }],
    };
    answer = (call, reply) => {
      expect(call.headers['accept-encoding']).toMatch(/gzip/);
      expect(call.headers['accept-encoding']).not.toMatch(/zstd/);
      reply.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
      const choices = [{ index: 0, message, finish_reason: 'tool_calls' }];
      reply.end(
        gzipSync(JSON.stringify({ id: 'c1', object: 'chat.completion', model: 'gpt-2026', choices })),
      );
    };
    const client = new OpenAI({ apiKey: 'key-of-the-caller', baseURL: door.base('openai'), maxRetries: 0 });
    const done = await client.chat.completions.create({ model: 'gpt-alias', messages: ask.messages });
    expect(done.choices[0]?.message.tool_calls?.[0]).toMatchObject({ id: 'call_1' });
    expect(calls[0]?.url).toBe('/v1/chat/completions');
    expect(calls[0]?.headers.authorization).toBe('Bearer key-of-the-caller');
    await expect.poll(() => exchanges).toHaveLength(1);
    expect(exchanges[0]).toMatchObject({
      api: 'openai-chat',
      answered: 'gpt-2026',
      uses: [{ id: 'call_1' }],
    });
  });

  it('changes no byte of an answer, and tells nothing of paths that are no calls of a model', async () => {
    answer = (call, reply) => (call.url === '/v1/models' ? reply.end('{"data":[]}') : stream(reply, MESSAGE));
    const post = {
      method: 'POST',
      body: JSON.stringify(ask),
      headers: { 'content-type': 'application/json' },
    };
    const passed = await fetch(`${door.base('anthropic')}/v1/messages`, post);
    expect(passed.headers.get('request-id')).toBe('req_7');
    expect(await passed.text()).toBe(MESSAGE);
    expect(await (await fetch(`${door.base('openai')}/models`)).text()).toBe('{"data":[]}');
    expect(exchanges).toHaveLength(1);
  });

  it('has told an exchange before its caller has the end of the answer', async () => {
    answer = (_, reply) => stream(reply, MESSAGE);
    await (await fetch(`${door.base('anthropic')}/v1/messages`, { method: 'POST', body: '{}' })).text();
    expect(exchanges).toHaveLength(1);
  });

  it('breaks the answer off when what was said cannot be recorded', async () => {
    answer = (_, reply) => stream(reply, MESSAGE);
    record = () => {
      throw new Error('the journal is full');
    };
    const broken = fetch(`${door.base('anthropic')}/v1/messages`, { method: 'POST', body: '{}' });
    await expect(broken.then((reply) => reply.text())).rejects.toThrow();
  });

  it('ends the call at the provider when its caller leaves, and tells that it was incomplete', async () => {
    let left = false;
    answer = (_, reply) => {
      reply.once('close', () => {
        left = true;
      });
      reply.writeHead(200, { 'content-type': 'text/event-stream' });
      reply.write(MESSAGE.slice(0, 300));
    };
    const leaving = new AbortController();
    const order = { method: 'POST', body: JSON.stringify(ask), signal: leaving.signal };
    const begun = await fetch(`${door.base('anthropic')}/v1/messages`, order);
    await begun.body?.getReader().read();
    leaving.abort();
    await expect.poll(() => left, { timeout: 20_000 }).toBe(true);
    await expect.poll(() => exchanges, { timeout: 20_000 }).toHaveLength(1);
    expect(exchanges[0]).toMatchObject({ complete: false, asked: 'model-alias' });
  });

  it('says in the API’s own words that a provider cannot be reached', async () => {
    upstream.closeAllConnections();
    await new Promise((resolve) => upstream.close(resolve));
    const client = new Anthropic({ apiKey: 'k', baseURL: door.base('anthropic'), maxRetries: 0 });
    await expect(client.messages.create(ask)).rejects.toMatchObject({
      status: 502,
      error: { type: 'error', error: { type: 'api_error', message: expect.stringContaining('broker:') } },
    });
  });

  it.each([
    ['another secret', { path: `/${SECRET.replace('c2V', 'xxx')}/anthropic/v1/messages` }],
    ['no secret', { path: '/anthropic/v1/messages' }],
    ['another API', { path: `/${SECRET}/other/v1/messages` }],
    ['a browser', { headers: { origin: 'https://elsewhere.example.test' } }],
    ['another name of this machine', { headers: { host: 'rebound.example.test' } }],
  ])('refuses %s', async (_, change) => {
    answer = (__, reply) => reply.end();
    const path = `/${SECRET}/anthropic/v1/messages`;
    const status = await new Promise((resolve, reject) => {
      const call = request(
        { host: '127.0.0.1', port: door.port, method: 'POST', path, ...change },
        (reply) => {
          reply.resume();
          resolve(reply.statusCode);
        },
      );
      call.once('error', reject);
      call.end('{}');
    });
    expect(status).toBe(403);
    expect(calls).toEqual([]);
  });

  it('opens no realtime session, which would pass unseen', async () => {
    const socket = connect(door.port, '127.0.0.1');
    socket.write(
      `GET /${SECRET}/openai/realtime HTTP/1.1\r\nhost: 127.0.0.1:${door.port}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n`,
    );
    const said = await new Promise((resolve) => socket.once('data', (bytes) => resolve(bytes.toString())));
    expect(said).toMatch(/^HTTP\/1\.1 501 /);
    socket.destroy();
    expect(calls).toEqual([]);
  });
});
