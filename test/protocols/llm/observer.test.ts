// What calls of language models say of themselves, cut at every byte.
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { jcs } from '../../../src/lib/jcs.ts';
import { ModelObserver, shapeAt } from '../../../src/protocols/llm/observer.ts';

function observe(path: string, request: unknown, type: string, answer: string, cut = answer.length) {
  const shape = shapeAt(path);
  if (!shape) throw new Error(`no shape serves ${path}`);
  const observer = new ModelObserver(shape);
  observer.sent(Buffer.from(JSON.stringify(request)));
  observer.answers(type);
  const bytes = Buffer.from(answer);
  for (let at = 0; at < bytes.length; at += cut) observer.received(bytes.subarray(at, at + cut));
  return observer.finish();
}

function stream(events: readonly (readonly [string, unknown])[]): string {
  return events.map(([type, data]) => `event: ${type}\ndata: ${JSON.stringify(data)}\n\n`).join('');
}

const ANTHROPIC_REQUEST = {
  model: 'model-alias',
  stream: true,
  messages: [
    { role: 'user', content: 'how many orders are late?' },
    { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_0', name: 'query', input: {} }] },
    {
      role: 'user',
      content: [
        { type: 'tool_result', tool_use_id: 'toolu_0', content: '3' },
        { type: 'text', text: 'and yesterday?' },
      ],
    },
  ],
};
const ANTHROPIC_STREAM = stream([
  ['message_start', { type: 'message_start', message: { id: 'msg_1', model: 'model-2026', content: [] } }],
  [
    'content_block_start',
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
  ],
  ['ping', { type: 'ping' }],
  [
    'content_block_delta',
    { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Ünder' } },
  ],
  [
    'content_block_delta',
    { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: ' way' } },
  ],
  ['content_block_stop', { type: 'content_block_stop', index: 0 }],
  [
    'content_block_start',
    {
      type: 'content_block_start',
      index: 1,
      content_block: { type: 'tool_use', id: 'toolu_1', name: 'query', input: {} },
    },
  ],
  [
    'content_block_delta',
    {
      type: 'content_block_delta',
      index: 1,
      delta: { type: 'input_json_delta', partial_json: '{"sql": "sel' },
    },
  ],
  [
    'content_block_delta',
    {
      type: 'content_block_delta',
      index: 1,
      delta: { type: 'input_json_delta', partial_json: 'ect 1", "limit": 1.50}' },
    },
  ],
  ['content_block_stop', { type: 'content_block_stop', index: 1 }],
  [
    'message_delta',
    { type: 'message_delta', delta: { stop_reason: 'tool_use' }, usage: { output_tokens: 9 } },
  ],
  ['message_stop', { type: 'message_stop' }],
]);

describe('a call of the Messages API', () => {
  it('tells its models, its tool uses and the results it answers, however its bytes are cut', () => {
    const whole = observe(
      '/v1/messages',
      ANTHROPIC_REQUEST,
      'text/event-stream; charset=utf-8',
      ANTHROPIC_STREAM,
    );
    expect(whole).toMatchObject({
      api: 'anthropic-messages',
      asked: 'model-alias',
      answered: 'model-2026',
      answer: 'msg_1',
      stop: 'tool_use',
      complete: true,
      said: 'and yesterday?',
      results: ['toolu_0'],
      uses: [{ id: 'toolu_1', name: 'query', arguments: { limit: 1.5, sql: 'select 1' } }],
      prompt: createHash('sha256').update(JSON.stringify(ANTHROPIC_REQUEST)).digest('hex'),
    });
    expect(whole.generated).toContain('Ünder way');
    for (const cut of [1, 2, 3, 7, 61])
      expect(observe('/v1/messages', ANTHROPIC_REQUEST, 'text/event-stream', ANTHROPIC_STREAM, cut)).toEqual(
        whole,
      );
  });

  it('tells the same of an answer that is not streamed', () => {
    const body = JSON.stringify({
      id: 'msg_1',
      type: 'message',
      model: 'model-2026',
      stop_reason: 'tool_use',
      content: [
        { type: 'text', text: 'Ünder way' },
        { type: 'tool_use', id: 'toolu_1', name: 'query', input: { sql: 'select 1', limit: 1.5 } },
      ],
    });
    const whole = observe('/v1/messages', ANTHROPIC_REQUEST, 'application/json', body, 5);
    expect(whole).toMatchObject({ complete: true, answered: 'model-2026', stop: 'tool_use' });
    expect(whole.uses).toEqual([
      { id: 'toolu_1', name: 'query', arguments: { sql: 'select 1', limit: 1.5 } },
    ]);
  });

  it('is incomplete when it breaks off, and says how it failed when it says so', () => {
    const cut = ANTHROPIC_STREAM.slice(0, ANTHROPIC_STREAM.indexOf('event: message_stop'));
    expect(observe('/v1/messages', ANTHROPIC_REQUEST, 'text/event-stream', cut).complete).toBe(false);
    const overloaded = stream([
      ['error', { type: 'error', error: { type: 'overloaded_error', message: 'busy' } }],
    ]);
    expect(observe('/v1/messages', ANTHROPIC_REQUEST, 'text/event-stream', overloaded)).toMatchObject({
      complete: false,
      failure: 'overloaded_error',
    });
  });

  it('is told as not understood when it is not of its shape, and throws nothing', () => {
    for (const hostile of [
      'data: {"type":\n\n',
      'data: []\n\n',
      'data: null\n\n',
      '\u0000\n\n',
      'data: [DONE]\n\n',
    ])
      expect(observe('/v1/messages', 17, 'text/event-stream', hostile)).toMatchObject({
        complete: false,
        uses: [],
      });
    for (const hostile of ['', 'null', '[]', '{"content":7}', '{"content":[null,{"type":"tool_use"}]}'])
      expect(observe('/v1/messages', null, 'application/json', hostile)).toMatchObject({ complete: false });
  });
});

describe('a call of the Chat Completions API', () => {
  const request = {
    model: 'chat-model',
    messages: [
      { role: 'user', content: 'late orders?' },
      { role: 'assistant', tool_calls: [] },
      { role: 'tool', tool_call_id: 'call_0', content: '3' },
    ],
  };

  it('puts streamed tool calls together', () => {
    const chunk = (delta: unknown, reason: string | null = null) => ({
      id: 'chatcmpl-1',
      model: 'chat-model-2026',
      choices: [{ index: 0, delta, finish_reason: reason }],
    });
    const parts = [
      chunk({ role: 'assistant', content: '' }),
      chunk({ tool_calls: [{ index: 0, id: 'call_1', function: { name: 'query', arguments: '' } }] }),
      chunk({ tool_calls: [{ index: 0, function: { arguments: '{"sql":' } }] }),
      chunk({ tool_calls: [{ index: 0, function: { arguments: '"select 2"}' } }] }),
      chunk({ tool_calls: [{ index: 1, id: 'call_2', function: { name: 'stop', arguments: '{}' } }] }),
      chunk({}, 'tool_calls'),
    ];
    const text = `${parts.map((part) => `data: ${JSON.stringify(part)}\r\n\r\n`).join('')}data: [DONE]\r\n\r\n`;
    for (const cut of [1, 4, 1000])
      expect(observe('/openai/v1/chat/completions', request, 'text/event-stream', text, cut)).toMatchObject({
        asked: 'chat-model',
        answered: 'chat-model-2026',
        stop: 'tool_calls',
        complete: true,
        results: ['call_0'],
        uses: [
          { id: 'call_1', name: 'query', arguments: { sql: 'select 2' } },
          { id: 'call_2', name: 'stop', arguments: {} },
        ],
      });
  });

  it('reads a whole answer, and arguments that are no JSON have no digest', () => {
    const message = {
      content: 'done',
      tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'query', arguments: '{"sql' } }],
    };
    const body = { id: 'c', model: 'm', choices: [{ index: 0, message, finish_reason: 'length' }] };
    const exchange = observe('/v1/chat/completions', request, 'application/json', JSON.stringify(body));
    expect(exchange.uses).toEqual([{ id: 'call_1', name: 'query' }]);
    expect(exchange.complete).toBe(true);
  });
});

describe('a call of the Responses API', () => {
  it('tells function calls by their call id', () => {
    const item = {
      type: 'function_call',
      id: 'fc_1',
      call_id: 'call_9',
      name: 'query',
      arguments: '{"sql":"x"}',
    };
    const text = stream([
      [
        'response.created',
        { type: 'response.created', response: { id: 'resp_1', model: 'r', status: 'in_progress' } },
      ],
      ['response.output_item.done', { type: 'response.output_item.done', item }],
      [
        'response.completed',
        { type: 'response.completed', response: { id: 'resp_1', model: 'r-2026', status: 'completed' } },
      ],
    ]);
    const request = { model: 'r', input: [{ type: 'function_call_output', call_id: 'call_8', output: '1' }] };
    const streamed = observe('/v1/responses', request, 'text/event-stream', text, 3);
    expect(streamed).toMatchObject({
      api: 'openai-responses',
      answered: 'r-2026',
      stop: 'completed',
      complete: true,
      results: ['call_8'],
      uses: [{ id: 'call_9', name: 'query', arguments: { sql: 'x' } }],
    });
    const whole = { id: 'resp_1', model: 'r-2026', status: 'completed', output: [item] };
    const body = observe('/v1/responses', request, 'application/json', JSON.stringify(whole));
    expect(body).toEqual(streamed);
  });
});

describe('canonical JSON of others', () => {
  it('prints numbers as RFC 8785 wants them, and refuses what has no form', () => {
    expect(jcs({ b: [1.5, 1e21, 1e-7, -0, 333333333.3333333], a: '\u20ac$\u000F\nA\'B"\\"/' })).toBe(
      '{"a":"€$\\u000f\\nA\'B\\"\\\\\\"/","b":[1.5,1e+21,1e-7,0,333333333.3333333]}',
    );
    expect(() => jcs('\ud800')).toThrow(TypeError);
    expect(() => jcs({ a: undefined })).toThrow(TypeError);
    expect(() => jcs(Number.NaN)).toThrow(TypeError);
  });
});
