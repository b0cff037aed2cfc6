// Lines that two readers could read differently never reach host or server.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineFramer } from '../../src/protocols/mcp/framer.ts';
import { parseMessage } from '../../src/protocols/mcp/message.ts';
import { call, relayed } from '../protocols/mcp/relayed.ts';

const CALL =
  '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"query","arguments":{"sql":"select 1"}}}';

const HOSTILE: Readonly<Record<string, string | Buffer>> = {
  'a method twice': '{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call"}',
  'a method twice, once in escapes': '{"jsonrpc":"2.0","id":1,"method":"ping","\\u006dethod":"tools/call"}',
  'an argument twice': CALL.replace('"sql":', '"sql":"drop table t","sql":'),
  'an argument twice, deep inside': CALL.replace('"sql":', '"a":[{"b":1,"b":2}],"sql":'),
  'a method in capitals': '{"jsonrpc":"2.0","id":1,"Method":"tools/call","method":"ping"}',
  'arguments in capitals beside them': CALL.replace(
    '"arguments":',
    '"Arguments":{"sql":"drop"},"arguments":',
  ),
  'an argument in capitals beside it': CALL.replace('"sql":', '"SQL":"drop table t","sql":'),
  'a name with a Kelvin sign': '{"jsonrpc":"2.0","id":1,"method":"ping","params":{"progressTo\u212Aen":1}}',
  'a name with a Cyrillic letter': CALL.replace('"name"', '"n\u0430me"'),
  'a name with a zero-width joiner': CALL.replace('"name"', '"na\u200Dme"'),
  'a name with NUL': CALL.replace('"name"', '"name\\u0000"'),
  'full-width letters': CALL.replace('"params"', '"\uFF50arams"'),
  'bytes that are not UTF-8': Buffer.from(CALL.replace('select', 'sel\xffect'), 'latin1'),
  'an overlong encoding': Buffer.concat([
    Buffer.from(CALL.slice(0, -5)),
    Buffer.from([0xc0, 0xaf]),
    Buffer.from(CALL.slice(-5)),
  ]),
  'half of a surrogate pair': CALL.replace('select', '\\ud800select'),
  'a batch': `[${CALL}]`,
  'an empty batch': '[]',
  'a byte order mark': `\ufeff${CALL}`,
  'two objects in a line': `${CALL}${CALL}`,
  'a carriage return that some readers take for the end': `{"x":\r${CALL}\r}`,
  'nesting beyond 128': CALL.replace('"select 1"', `${'['.repeat(126)}${']'.repeat(126)}`),
  'nesting without an end': '['.repeat(100_000),
  'a number of a thousand digits': CALL.replace('"select 1"', '9'.repeat(1000)),
  'an id that is a fraction': CALL.replace('"id":1', '"id":1.0'),
  'an id with an exponent': CALL.replace('"id":1', '"id":1e0'),
  'an id that is not exact': CALL.replace('"id":1', '"id":9007199254740993'),
  'an id that is negative zero': CALL.replace('"id":1', '"id":-0'),
  'an id that is null': CALL.replace('"id":1', '"id":null'),
  'an id that is an object': CALL.replace('"id":1', '"id":{}'),
  'another version of JSON-RPC': CALL.replace('"2.0"', '"1.0"'),
  'no version of JSON-RPC': CALL.replace('"jsonrpc":"2.0",', ''),
  'params in a list': CALL.replace(/"params":.*/, '"params":[1]}'),
  'a request that is also a response': CALL.replace('"id":1', '"id":1,"result":{}'),
  'a method that is not a name': CALL.replace('tools/call', 'tools/call\\nping'),
  'a response with result and error': '{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":"x"}}',
  'something that is not JSON': 'Server listening on port 3000',
  'JSON with a comment': `${CALL.slice(0, -1)}/* */}`,
  'not a number': CALL.replace('"select 1"', 'NaN'),
};

describe('lines that nobody may pass on', () => {
  it.each(Object.entries(HOSTILE))('%s', (_, line) => {
    const { fromHost, fromServer, server, host, dropped } = relayed();
    fromHost(line);
    expect(server).toEqual([]);
    expect(dropped).toHaveLength(1);
    // Only ever an answer in broker's own words.
    for (const text of host) expect(JSON.parse(text)).toMatchObject({ error: { code: -32600 } });
    const before = host.length;
    fromServer(line);
    const passed = host.slice(before);
    // A server may use keys of its own that differ in case; everything else is refused from it as well.
    if (!/capitals beside it/.test(_)) expect(passed).toEqual([]);
  });

  it('answers what can be answered, so that a host does not wait for nothing', () => {
    const { fromHost, host } = relayed();
    fromHost('{"jsonrpc":"1.0","id":"a","method":"tools/call"}');
    expect(JSON.parse(host[0] ?? '')).toMatchObject({ id: 'a', error: { code: -32600 } });
  });

  it('passes on the very bytes that were read', () => {
    const odd =
      ' {"method" : "tools/call","params":{"name":"x","arguments":{"n":1.50,"e":1E3}}, "id":"1","jsonrpc":"2.0"} ';
    const { fromHost, server } = relayed();
    fromHost(odd);
    expect(server).toEqual([odd]);
  });

  it('escapes U+2028, where some readers of lines would find another message', () => {
    const inside = `{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"drop"}}`;
    const { fromHost, server } = relayed();
    fromHost(call(1, { name: 'echo', arguments: { text: `a\u2028${inside}\u2029b` } }));
    expect(server[0]).not.toMatch(/[\u2028\u2029]/);
    expect(JSON.parse(server[0] ?? '').params.arguments.text).toBe(`a\u2028${inside}\u2029b`);
  });
});

describe('framing', () => {
  it('reads the same lines however the bytes are cut', () => {
    const text = Buffer.from(`${CALL}\r\n\n${CALL.replace('1', '"ü€😀"')}\n`);
    const whole = new LineFramer().push(text).map((line) => line.kind === 'line' && line.bytes.toString());
    for (let at = 0; at <= text.length; at++) {
      const framer = new LineFramer();
      const lines = [...framer.push(text.subarray(0, at)), ...framer.push(text.subarray(at))];
      expect(lines.map((line) => line.kind === 'line' && line.bytes.toString())).toEqual(whole);
    }
  });

  it('keeps nothing of a line that never ends', () => {
    const framer = new LineFramer(1000);
    for (let count = 0; count < 100; count++) framer.push(Buffer.alloc(1000, 'a'));
    expect(framer.held).toBe(0);
  });

  it.each([
    ['in front', (id: string) => `{"id":${id},"jsonrpc":"2.0","result":{"x":"${'a'.repeat(2000)}"}}`],
    [
      'behind',
      (id: string) => `{"result":{"id":7,"x":"${'a\\"'.repeat(900)}"},"jsonrpc":"2.0","id" : ${id}}`,
    ],
  ])('finds whose answer was too long: id %s', (_, make) => {
    for (const id of ['5', '"five"']) {
      const [line] = new LineFramer(1000).push(Buffer.from(`${make(id)}\n`));
      expect(line).toMatchObject({ kind: 'outsize', id, method: false });
    }
  });

  it('believes no id of a too long line that has two, or hides its keys', () => {
    const long = `"x":"${'a'.repeat(2000)}"`;
    for (const text of [`{"id":1,${long},"id":2}`, `{"\\u0069d":1,${long},"id":2}`]) {
      const [line] = new LineFramer(1000).push(Buffer.from(`${text}\n`));
      expect(line).not.toHaveProperty('id');
    }
  });
});

describe('any bytes', () => {
  it('are refused or read as JSON.parse reads them', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), fc.string(), (json, noise) => {
        for (const text of [json, noise, `{"jsonrpc":"2.0","id":1,"method":"m","params":${json}}`]) {
          const parsed = parseMessage(Buffer.from(text), 'host');
          if (parsed.ok) expect(parsed.message.value).toEqual(JSON.parse(text));
        }
      }),
      { numRuns: 300 },
    );
  });
});
