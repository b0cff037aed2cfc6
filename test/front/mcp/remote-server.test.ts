// The transport to a remote MCP server against one that behaves badly: each wrong is a few lines, named.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { AgentClient, RemoteTokenRequest } from '../../../src/agent/client.ts';
import { RemoteServer } from '../../../src/front/mcp/remote/remote-server.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { BrokerError } from '../../../src/model/errors.ts';

type Handler = (request: IncomingMessage, response: ServerResponse, body: string) => unknown;

interface Line {
  readonly id?: unknown;
  readonly method?: string;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly code: number; readonly message: string };
}

const running: { server: Server; remote: RemoteServer }[] = [];
afterEach(async () => {
  for (const { server, remote } of running.splice(0)) {
    await remote.end();
    server.closeAllConnections();
    server.close();
  }
});

const HELLO = {
  jsonrpc: '2.0',
  id: 0,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'host', version: '1' } },
};
const HI = {
  protocolVersion: '2025-11-25',
  capabilities: { tools: { listChanged: true } },
  serverInfo: { name: 'bad', version: '1' },
};

/** A server by its answers to POSTs; greets as it should unless told otherwise. */
async function start(
  handler: Handler,
  token: (request: RemoteTokenRequest) => object = () => ({ name: '' }),
) {
  const said: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.once('end', () => handler(request, response, Buffer.concat(chunks).toString('utf8')));
    response.on('error', () => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`);
  const agent = {
    remoteToken: async (request: RemoteTokenRequest) => token(request),
  } as unknown as AgentClient;
  const context = {
    environment: {},
    cwd: '/',
    home: '/',
    clock: systemClock,
    signal: new AbortController().signal,
  };
  const remote = new RemoteServer({
    connection: 'tickets',
    url,
    context,
    agent: async () => agent,
    say: (line) => said.push(line),
  });
  running.push({ server, remote });
  const lines: Line[] = [];
  let rest = '';
  remote.stdout.on('data', (chunk: Buffer) => {
    rest += chunk.toString('utf8');
    const parts = rest.split('\n');
    rest = parts.pop() ?? '';
    for (const part of parts) lines.push(JSON.parse(part) as Line);
  });
  const send = (message: object) => remote.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  const line = async (match: (line: Line) => boolean): Promise<Line> => {
    const deadline = Date.now() + 30_000;
    for (;;) {
      const found = lines.find(match);
      if (found) return found;
      if (Date.now() > deadline) throw new Error(`never came; there are ${JSON.stringify(lines)}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  const ask = (id: number | string, method = 'tools/call', params: object = { name: 'x' }) => {
    send({ id, method, params });
    return line((each) => each.id === id);
  };
  const greet = async () => {
    await ask(0, 'initialize', HELLO.params);
    send({ method: 'notifications/initialized' });
  };
  return { url, said, lines, send, ask, line, greet, remote, server };
}

const json = (response: ServerResponse, value: object, headers: object = {}) =>
  response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value));

const idOf = (body: string): unknown => (body === '' ? undefined : (JSON.parse(body) as { id?: unknown }).id);

/** Greets, takes notifications, offers no stream; the rest is the test's. */
function polite(rest: Handler, session?: () => string): Handler {
  return (request, response, body) => {
    if (request.method !== 'POST') return response.writeHead(request.method === 'GET' ? 405 : 200).end();
    const { id, method } = JSON.parse(body) as { id?: unknown; method?: string };
    if (method === 'initialize')
      return json(
        response,
        { jsonrpc: '2.0', id, result: HI },
        session ? { 'mcp-session-id': session() } : {},
      );
    if (id === undefined || method === undefined) return response.writeHead(202).end();
    return rest(request, response, body);
  };
}

const textOf = ({ result }: Line): string => JSON.stringify(result?.['content'] ?? '');
const done = (id: unknown, text = 'done') => ({
  jsonrpc: '2.0',
  id,
  result: { content: [{ type: 'text', text }] },
});

describe('answers that are all right', () => {
  it('may be written over several lines, and come byte by byte', async () => {
    const { ask, greet } = await start(
      polite((_, response, body) => {
        response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' });
        const bytes = Buffer.from(JSON.stringify(done(idOf(body), 'ü€𝄞'), undefined, '\r\n\t'));
        let at = 0;
        const more = (): void => {
          if (at === bytes.length) response.end();
          else response.write(bytes.subarray(at, ++at), () => setImmediate(more));
        };
        more();
      }),
    );
    await greet();
    expect(textOf(await ask(1))).toContain('ü€𝄞');
  });

  it('may be streams with a byte order mark, comments, CRLF, pings and progress, byte by byte', async () => {
    const { ask, greet, lines } = await start(
      polite((_, response, body) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        const progress = {
          jsonrpc: '2.0',
          method: 'notifications/progress',
          params: { progressToken: 1, progress: 1 },
        };
        const text = `\uFEFF: hello\r\n\r\nevent: ping\r\ndata: {}\r\n\r\ndata: ${JSON.stringify(progress)}\r\n\r\n: again\r\ndata: ${JSON.stringify(done(idOf(body), 'ü€𝄞')).replace(',', ',\r\ndata: ')}\r\n\r\n`;
        const bytes = Buffer.from(text);
        let at = 0;
        const more = (): void => {
          if (at === bytes.length) response.end();
          else response.write(bytes.subarray(at, ++at), () => setImmediate(more));
        };
        more();
      }),
    );
    await greet();
    expect(textOf(await ask(1))).toContain('ü€𝄞');
    expect(lines.map(({ method }) => method)).toContain('notifications/progress');
  });

  it('may take longer than an idle connection is kept', async () => {
    const { ask, greet } = await start(
      polite((_, response, body) => {
        setTimeout(() => json(response, done(idOf(body), 'at leisure')), 5000);
      }),
    );
    await greet();
    expect(textOf(await ask(1))).toContain('at leisure');
  }, 60_000);

  it('are taken up where the stream broke, after the time the server wants', async () => {
    const resumed: unknown[] = [];
    let id: unknown;
    const { ask, greet } = await start((request, response, body) => {
      if (request.method === 'GET' && request.headers['last-event-id'] !== undefined) {
        resumed.push([request.headers['last-event-id'], request.headers['mcp-session-id']]);
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        if (resumed.length < 3) return response.end(`id: ${resumed.length}\ndata:\n\n`);
        return response.end(`data: ${JSON.stringify(done(id, 'at last'))}\n\n`);
      }
      return polite(
        () => {
          id = idOf(body);
          response.writeHead(200, { 'content-type': 'text/event-stream' });
          response.write('retry: 10\nid: first\ndata:\n\n', () => response.destroy());
        },
        () => 'the-session',
      )(request, response, body);
    });
    await greet();
    expect(textOf(await ask(1))).toContain('at last');
    expect(resumed).toEqual([
      ['first', 'the-session'],
      ['1', 'the-session'],
      ['2', 'the-session'],
    ]);
  });
});

describe('a session', () => {
  it('that the server forgot is begun again without the host noticing, once for all requests', async () => {
    let sessions = 0;
    const thanks: unknown[] = [];
    const { ask, greet, line, server } = await start((request, response, body) => {
      const given = request.headers['mcp-session-id'];
      if (request.method === 'POST' && body.includes('notifications/initialized')) thanks.push(given);
      if (given !== undefined && given !== `s${sessions}`) return response.writeHead(404).end();
      return polite(
        () => json(response, done(idOf(body), `in ${String(given)}`)),
        () => `s${++sessions}`,
      )(request, response, body);
    });
    await greet();
    expect(textOf(await ask(1))).toContain('in s1');
    sessions = 5;
    const answers = await Promise.all([2, 3, 4].map((id) => ask(id)));
    expect(answers.map(textOf).every((text) => text.includes('in s6'))).toBe(true);
    expect(sessions).toBe(6);
    expect(thanks).toEqual(['s1', 's6']);
    await line(({ method }) => method === 'notifications/tools/list_changed');
    expect(server.listening).toBe(true);
  });

  it('is ended when the host leaves', async () => {
    const seen: unknown[] = [];
    const { greet, ask, remote } = await start((request, response, body) => {
      if (request.method === 'DELETE') seen.push(request.headers['mcp-session-id']);
      return polite(
        () => json(response, done(idOf(body))),
        () => 'mine',
      )(request, response, body);
    });
    await greet();
    await ask(1);
    await remote.end();
    expect(seen).toEqual(['mine']);
  });

  it('with a name that cannot be sent is refused', async () => {
    const { ask } = await start(
      polite(
        () => undefined,
        () => 'two words',
      ),
    );
    expect((await ask(0, 'initialize', HELLO.params)).error?.message).toContain('session');
  });
});

describe('answers that are not', () => {
  const wrong: Readonly<Record<string, readonly [Handler, string]>> = {
    'lead elsewhere': [
      (_, response) => response.writeHead(307, { location: 'http://127.0.0.1:1/other' }).end(),
      'does not follow',
    ],
    'are a page': [
      (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>hello</h1>'),
      'text/html',
    ],
    'are empty': [(_, response) => response.writeHead(202).end(), 'something'],
    'are for another request': [(_, response) => json(response, done(999)), 'did not answer'],
    'are a batch': [
      (_, response, body) =>
        response
          .writeHead(200, { 'content-type': 'application/json' })
          .end(JSON.stringify([done(idOf(body))])),
      'did not answer',
    ],
    'have a key twice': [
      (_, response, body) =>
        response
          .writeHead(200, { 'content-type': 'application/json' })
          .end(`{"jsonrpc":"2.0","id":${String(idOf(body))},"id":7,"result":{}}`),
      'did not answer',
    ],
    'break off': [
      (_, response) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
        response.write('{"jsonrpc"', () => response.destroy());
      },
      'cannot be reached',
    ],
    'break off as a stream that cannot be taken up': [
      (_, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write('data: {"jso', () => response.destroy());
      },
      'cannot be reached',
    ],
    'end as a stream without an answer': [
      (_, response) => response.writeHead(200, { 'content-type': 'text/event-stream' }).end(': nothing\n\n'),
      'did not answer',
    ],
    'are packed': [
      (_, response) =>
        response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' }).end('x'),
      'gzip',
    ],
    'are failures': [(_, response) => response.writeHead(500).end('oh'), '500'],
    'are bigger than a message may be': [
      (_, response) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(Buffer.alloc(11 << 20, 0x20));
      },
      'MiB',
    ],
    'are a stream with an event bigger than a message may be': [
      (_, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.end(Buffer.concat([Buffer.from('data: "'), Buffer.alloc(11 << 20, 0x20)]));
      },
      'MiB',
    ],
  };

  it.each(Object.entries(wrong))(
    '%s: the host is told, and the next call goes on',
    async (_, [handler, word]) => {
      let bad = true;
      const { ask, greet } = await start(
        polite((request, response, body) => {
          if (bad) return handler(request, response, body);
          return json(response, done(idOf(body)));
        }),
      );
      await greet();
      const told = await ask(1);
      expect(told.result?.['isError']).toBe(true);
      expect(textOf(told)).toContain(word);
      bad = false;
      expect(textOf(await ask(2))).toContain('done');
    },
  );

  it('passes on an error of the server under the id of the request it did not name', async () => {
    const { ask, greet } = await start(
      polite((_, response) =>
        response.writeHead(400, { 'content-type': 'application/json' }).end(
          JSON.stringify({
            jsonrpc: '2.0',
            id: null,
            error: { code: -32_020, message: 'Header mismatch' },
          }),
        ),
      ),
    );
    await greet();
    expect(await ask(7)).toMatchObject({ id: 7, error: { code: -32_020, message: 'Header mismatch' } });
  });

  it('a cancelled request of the stateless era ends its stream, and nobody is answered', async () => {
    let gone = 0;
    const { send, lines, line } = await start((_, response, body): void => {
      if (!body.includes('"slow"')) {
        json(response, done(idOf(body)));
        return;
      }
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(
        'data: {"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1,"progress":1}}\n\n',
      );
      response.once('close', () => {
        gone += 1;
      });
    });
    const _meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' };
    send({ id: 5, method: 'tools/call', params: { name: 'slow', _meta } });
    await line(({ method }) => method === 'notifications/progress');
    send({ method: 'notifications/cancelled', params: { requestId: 5, _meta } });
    const deadline = Date.now() + 20_000;
    while (gone === 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(gone).toBe(1);
    send({ id: 6, method: 'tools/call', params: { name: 'quick', _meta } });
    await line(({ id }) => id === 6);
    expect(lines.some(({ id }) => id === 5)).toBe(false);
  });
});

describe('a token', () => {
  it('that is refused is asked for once more, and a server that goes on refusing is believed', async () => {
    const asked: (string | undefined)[] = [];
    const given: (string | undefined)[] = [];
    const { ask } = await start(
      (request, response) => {
        given.push(request.headers.authorization);
        response
          .writeHead(401, { 'www-authenticate': 'Bearer resource_metadata="http://127.0.0.1:1/x"' })
          .end();
      },
      ({ refused, challenge }) => {
        asked.push(refused);
        if (asked.length > 1) expect(challenge?.metadata).toBe('http://127.0.0.1:1/x');
        return { token: `t${asked.length}`, name: `n${asked.length}` };
      },
    );
    const told = await ask(1);
    expect(textOf(told)).toContain('401');
    expect(given).toEqual(['Bearer t1', 'Bearer t2', 'Bearer t3']);
    expect(asked).toEqual([undefined, 'n1', 'n2']);
  });

  it('is not sent on to where the server redirects', async () => {
    const other: unknown[] = [];
    const elsewhere = createServer((request, response) => {
      other.push(request.headers.authorization);
      response.end();
    }).listen(0, '127.0.0.1');
    await once(elsewhere, 'listening');
    const { port } = elsewhere.address() as AddressInfo;
    const { ask } = await start(
      (_, response) => response.writeHead(308, { location: `http://127.0.0.1:${port}/mcp` }).end(),
      () => ({ token: 'secret', name: 'n' }),
    );
    expect(textOf(await ask(1))).toContain('does not follow');
    expect(other).toEqual([]);
    elsewhere.close();
  });

  it('that nobody has makes every call say what helps', async () => {
    const { ask } = await start(
      (_, response) => response.writeHead(401).end(),
      ({ refused }) => {
        if (refused === undefined) return { name: '' };
        const about = {
          connection: 'tickets',
          server: 'x',
          login: 'tickets',
          reason: 'nobody has signed in there',
        };
        throw new BrokerError('remote-sign-in', about);
      },
    );
    const hello = await ask(0, 'initialize', HELLO.params);
    expect(hello.result).toMatchObject({ protocolVersion: '2025-11-25' });
    expect(String(hello.result?.['instructions'])).toContain('broker login tickets');
    expect(textOf(await ask(1))).toContain('broker login tickets');
  });
});
