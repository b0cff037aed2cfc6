// An answer reaches whoever asked for it, once, and nobody else.
import { describe, expect, it } from 'vitest';
import { DROP, FORWARD, type Verdict } from '../../src/protocols/mcp/guard.ts';
import { answer, call, relayed } from '../protocols/mcp/relayed.ts';

describe('whose answer it is', () => {
  it('drops an answer to a request that nobody made', () => {
    const { fromServer, host, dropped } = relayed();
    fromServer(answer(1));
    expect(host).toEqual([]);
    expect(dropped).toEqual(['server: it answers a request that nobody made']);
  });

  it('tells 1 from "1"', () => {
    const { fromHost, fromServer, host } = relayed();
    fromHost(call(1));
    fromServer(answer('1'));
    expect(host).toEqual([]);
    fromServer(answer(1));
    expect(host).toHaveLength(1);
  });

  it('passes the first of two answers', () => {
    const { fromHost, fromServer, host } = relayed();
    fromHost(call(1));
    fromServer(answer(1, { a: 1 }), answer(1, { a: 2 }));
    expect(host.map((line) => JSON.parse(line).result)).toEqual([{ a: 1 }]);
  });

  it('refuses a second request with the id of one that waits, without answering for it', () => {
    const { fromHost, host, server, dropped } = relayed();
    fromHost(call(1), call(1, { name: 'drop' }));
    expect(server).toHaveLength(1);
    expect(host).toEqual([]);
    expect(dropped).toEqual(['host: its id is that of a request that still waits']);
  });

  it('lets an id be used again once it was answered', () => {
    const { fromHost, fromServer, server } = relayed();
    fromHost(call(1));
    fromServer(answer(1));
    fromHost(call(1));
    expect(server).toHaveLength(2);
  });

  it('drops an answer that comes before its request was let through', async () => {
    let allow: (verdict: Verdict) => void = () => undefined;
    const { fromHost, fromServer, host, server } = relayed({
      request: () =>
        new Promise((resolve) => {
          allow = resolve;
        }),
    });
    fromHost(call(1));
    fromServer(answer(1, { stolen: true }));
    expect(host).toEqual([]);
    allow(FORWARD);
    await new Promise(setImmediate);
    expect(server).toHaveLength(1);
    fromServer(answer(1, { honest: true }));
    expect(host.map((line) => JSON.parse(line).result)).toEqual([{ honest: true }]);
  });

  it('drops an answer of the host to a request that the server did not make', () => {
    const { fromHost, server } = relayed();
    fromHost(answer(1));
    expect(server).toEqual([]);
  });

  it('does not pass the answer to a request of the server that was refused', () => {
    const { fromServer, fromHost, server, host } = relayed({ fromServer: () => DROP });
    fromServer({ jsonrpc: '2.0', id: 9, method: 'sampling/createMessage', params: {} });
    expect(host).toEqual([]);
    fromHost(answer(9));
    expect(server).toEqual([]);
  });

  it('keeps its own requests to itself, and their ids out of reach', async () => {
    const { relay, fromHost, fromServer, host } = relayed();
    const asked = relay.ask('broker-0123', 'tools/list', {});
    fromHost(call('broker-0123'));
    expect(JSON.parse(host[0] ?? '')).toMatchObject({ error: { code: -32600 } });
    fromServer(answer('broker-0123', { tools: [] }));
    await expect(asked).resolves.toMatchObject({ result: { tools: [] } });
    expect(host).toHaveLength(1);
  });
});

describe('cancelling', () => {
  const cancel = (requestId: unknown) => ({
    jsonrpc: '2.0',
    method: 'notifications/cancelled',
    params: { requestId },
  });

  it('takes back a request that waits for a decision, and the server never hears of it', async () => {
    let signal: AbortSignal | undefined;
    let allow: (verdict: Verdict) => void = () => undefined;
    const { fromHost, server, relay } = relayed({
      request: (_, gone) => {
        signal = gone.signal;
        return new Promise((resolve) => {
          allow = resolve;
        });
      },
    });
    fromHost(call(1), cancel(1));
    expect(signal?.aborted).toBe(true);
    allow(FORWARD);
    await new Promise(setImmediate);
    expect(server).toEqual([]);
    expect(relay.waiting).toBe(0);
  });

  it('tells the server once the request is with it, and passes no answer after that', () => {
    const { fromHost, fromServer, host, server } = relayed();
    fromHost(call(1), cancel(1));
    expect(server).toHaveLength(2);
    fromServer(answer(1));
    expect(host).toEqual([]);
  });

  it('does not take "1" for 1', () => {
    const { fromHost, fromServer, host } = relayed();
    fromHost(call(1), cancel('1'));
    fromServer(answer(1));
    expect(host).toHaveLength(1);
  });
});

describe('versions', () => {
  const initialize = (protocolVersion: unknown) => ({
    jsonrpc: '2.0',
    id: 0,
    method: 'initialize',
    params: { protocolVersion, capabilities: {}, clientInfo: { name: 'host', version: '1' } },
  });

  it.each(['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25'])('lets %s through', (version) => {
    const { fromHost, server } = relayed();
    fromHost(initialize(version));
    expect(server).toHaveLength(1);
  });

  it.each(['2027-01-01', 'DRAFT', '', undefined, 20251125])('refuses %s', (version) => {
    const { fromHost, server, host } = relayed();
    fromHost(initialize(version));
    expect(server).toEqual([]);
    expect(JSON.parse(host[0] ?? '')).toMatchObject({
      error: { code: -32602, data: { supported: expect.any(Array) } },
    });
  });

  it('refuses an unknown version that a request names for itself', () => {
    const _meta = { 'io.modelcontextprotocol/protocolVersion': '2027-01-01' };
    const { fromHost, server, host } = relayed();
    fromHost({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: { _meta } });
    expect(server).toEqual([]);
    expect(JSON.parse(host[0] ?? '')).toMatchObject({
      error: { code: -32022, data: { requested: '2027-01-01' } },
    });
  });

  it('refuses the answer of a server that speaks another version', () => {
    const { fromHost, fromServer, host } = relayed();
    fromHost(initialize('2025-11-25'));
    fromServer(
      answer(0, { protocolVersion: '2031-01-01', capabilities: {}, serverInfo: { name: 's', version: '1' } }),
    );
    expect(JSON.parse(host[0] ?? '')).toMatchObject({ id: 0, error: { code: -32602 } });
  });
});

describe('floods and bombs', () => {
  it('answers for a result that is too long, as a result of its call', () => {
    const { fromHost, fromServer, host, outsize } = relayed({}, 2000);
    fromHost(call(1));
    fromServer(answer(1, { content: [{ type: 'text', text: 'a'.repeat(5000) }] }));
    expect(JSON.parse(host[0] ?? '').result).toMatchObject({ isError: true });
    expect(outsize[0]).toBeGreaterThan(5000);
    fromHost(call(2));
    fromServer(answer(2));
    expect(host).toHaveLength(2);
  });

  it('keeps the newest of a thousand notes of progress, in front of the answer', () => {
    const { fromHost, fromServer, host } = relayed();
    fromHost(call(1));
    const progress = (done: number) => ({
      jsonrpc: '2.0',
      method: 'notifications/progress',
      params: { progressToken: 't', progress: done },
    });
    fromServer(...Array.from({ length: 1000 }, (_, done) => progress(done)), answer(1));
    expect(host.length).toBeLessThan(100);
    expect(JSON.parse(host.at(-2) ?? '').params.progress).toBe(999);
    expect(JSON.parse(host.at(-1) ?? '')).toHaveProperty('result');
  });

  it('refuses more requests than anybody could wait for', () => {
    const { fromHost, server, host } = relayed();
    fromHost(...Array.from({ length: 4097 }, (_, id) => call(id)));
    expect(server).toHaveLength(4096);
    expect(JSON.parse(host[0] ?? '')).toMatchObject({ id: 4096, error: { code: -32600 } });
  });
});
