// The server that the official conformance suite asks for: its tools, prompts and resources, in both eras, on stdio. What each of them answers
// is what the suite's scenarios describe.
import { createHmac, randomBytes } from 'node:crypto';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==';
const WAV = 'UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAAAAA==';
const VERSION = 'io.modelcontextprotocol/protocolVersion';
const CAPABILITIES = 'io.modelcontextprotocol/clientCapabilities';
const STATELESS = '2026-07-28';
const INFO = { name: 'conformance-server', version: '1.0.0' };
const OWN = {
  tools: {},
  prompts: {},
  resources: { subscribe: true },
  logging: {},
  completions: {},
};

const send = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
const notify = (method, params) => send({ method, params });

class Refusal extends Error {
  constructor(code, message, data) {
    super(message);
    Object.assign(this, { code, data });
  }
}

const waiting = new Map();
let asked = 0;

/** Asks the client something, in the era of handshakes. */
function ask(method, params) {
  asked += 1;
  const id = `server-${asked}`;
  return new Promise((resolve, reject) => {
    waiting.set(id, ({ result, error }) => (error ? reject(new Error(error.message)) : resolve(result)));
    send({ id, method, params });
  });
}

const text = (words) => ({ content: [{ type: 'text', text: words }] });
const image = { type: 'image', data: PNG, mimeType: 'image/png' };
const embedded = (uri, mimeType, words) => ({ type: 'resource', resource: { uri, mimeType, text: words } });

// Input that the stateless era asks for within results.

const key = randomBytes(32);
const sealed = (step) => `${step}.${createHmac('sha256', key).update(step).digest('hex')}`;

function opened(state) {
  const [step = ''] = String(state).split('.');
  if (state !== sealed(step)) throw new Refusal(-32602, 'the request state was changed');
  return step;
}

const form = (message, properties) => ({
  method: 'elicitation/create',
  params: {
    mode: 'form',
    message,
    requestedSchema: { type: 'object', properties, required: Object.keys(properties) },
  },
});
const sample = (words, maxTokens) => ({
  method: 'sampling/createMessage',
  params: { messages: [{ role: 'user', content: { type: 'text', text: words } }], maxTokens },
});
const ROOTS = { method: 'roots/list', params: {} };
const NAME = { user_name: form('What is your name?', { name: { type: 'string' } }) };
const needs = (inputRequests, requestState) => ({
  resultType: 'input_required',
  inputRequests,
  ...(requestState === undefined ? {} : { requestState }),
});

/** What was answered under each key; undefined when one of them is missing or is no answer. */
function answers(given, ...names) {
  if (typeof given !== 'object' || given === null) return undefined;
  const found = names.map((name) => (Object.hasOwn(given, name) ? given[name] : undefined));
  return found.every((each) => typeof each === 'object' && each !== null) ? found : undefined;
}

const wordsOf = (answer) => answer.content?.text ?? JSON.stringify(answer.content ?? answer);

function supported(requests, capabilities) {
  const needed = {
    'elicitation/create': 'elicitation',
    'sampling/createMessage': 'sampling',
    'roots/list': 'roots',
  };
  return Object.fromEntries(
    Object.entries(requests).filter(([, { method }]) => capabilities[needed[method]]),
  );
}

function rounds({ inputResponses, requestState }) {
  const step = requestState === undefined ? 'none' : opened(requestState);
  if (step === 'one' && answers(inputResponses, 'step1'))
    return needs(
      { step2: form('Step 2: What is your favorite color?', { color: { type: 'string' } }) },
      sealed('two'),
    );
  if (step === 'two' && answers(inputResponses, 'step2')) return text('all rounds are done');
  return needs({ step1: form('Step 1: What is your name?', { name: { type: 'string' } }) }, sealed('one'));
}

function greeting({ inputResponses }) {
  const [answer] = answers(inputResponses, 'user_name') ?? [];
  const name = answer?.content?.name;
  return typeof name === 'string' ? text(`Hello, ${name}!`) : needs(NAME);
}

const everything = () => ({
  ...NAME,
  greeting: sample('Generate a greeting', 50),
  client_roots: ROOTS,
});

const confirmed = (params, words) => {
  if (params.requestState === undefined)
    return needs({ confirm: form('Please confirm', { ok: { type: 'boolean' } }) }, sealed('confirm'));
  opened(params.requestState);
  return answers(params.inputResponses, 'confirm') ? text(words) : needs({}, params.requestState);
};

const progress = async ({ _meta: meta }) => {
  for (const done of [0, 50, 100]) {
    if (meta?.progressToken !== undefined)
      notify('notifications/progress', { progressToken: meta.progressToken, progress: done, total: 100 });
    await sleep(50);
  }
  return text('it is done');
};

const log = (data) => notify('notifications/message', { level: 'info', logger: 'test', data });

const chosen = async (message, properties) => {
  const requestedSchema = { type: 'object', properties, required: [] };
  const { action, content } = await ask('elicitation/create', { message, requestedSchema });
  return text(`Elicitation completed: action=${action}, content=${JSON.stringify(content ?? {})}`);
};

const three = (kind, ...names) =>
  names.map((name, at) => ({ const: `value${at + 1}`, title: `${name} ${kind}` }));

const TOOLS = {
  test_simple_text: () => text('This is a simple text response for testing.'),
  test_image_content: () => ({ content: [image] }),
  test_audio_content: () => ({ content: [{ type: 'audio', data: WAV, mimeType: 'audio/wav' }] }),
  test_embedded_resource: () => ({
    content: [embedded('test://embedded-resource', 'text/plain', 'This is an embedded resource content.')],
  }),
  test_multiple_content_types: () => ({
    content: [
      { type: 'text', text: 'Multiple content types test:' },
      image,
      embedded('test://mixed-content-resource', 'application/json', '{"test":"data","value":123}'),
    ],
  }),
  test_tool_with_logging: async () => {
    log('Tool execution started');
    await sleep(50);
    log('Tool processing data');
    await sleep(50);
    log('Tool execution completed');
    return text('it was logged');
  },
  test_logging_tool: () => text('nothing is logged unless it is asked for'),
  test_tool_with_progress: progress,
  test_error_handling: () => ({
    isError: true,
    ...text('This tool intentionally returns an error for testing'),
  }),
  test_sampling: async ({ arguments: { prompt } }) => {
    const { content } = await ask('sampling/createMessage', sample(prompt, 100).params);
    return text(`LLM response: ${content.text}`);
  },
  test_elicitation: async ({ arguments: { message } }) => {
    const properties = {
      username: { type: 'string', description: "User's response" },
      email: { type: 'string', description: "User's email address" },
    };
    const requestedSchema = { type: 'object', properties, required: ['username', 'email'] };
    const { action, content } = await ask('elicitation/create', { message, requestedSchema });
    return text(`User response: action=${action}, content=${JSON.stringify(content ?? {})}`);
  },
  test_elicitation_sep1034_defaults: () =>
    chosen('Please say who you are', {
      name: { type: 'string', default: 'John Doe' },
      age: { type: 'integer', default: 30 },
      score: { type: 'number', default: 95.5 },
      status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
      verified: { type: 'boolean', default: true },
    }),
  test_elicitation_sep1330_enums: () =>
    chosen('Please choose', {
      untitledSingle: { type: 'string', enum: ['option1', 'option2', 'option3'] },
      titledSingle: { type: 'string', oneOf: three('Option', 'First', 'Second', 'Third') },
      legacyEnum: {
        type: 'string',
        enum: ['opt1', 'opt2', 'opt3'],
        enumNames: ['Option One', 'Option Two', 'Option Three'],
      },
      untitledMulti: { type: 'array', items: { type: 'string', enum: ['option1', 'option2', 'option3'] } },
      titledMulti: { type: 'array', items: { anyOf: three('Choice', 'First', 'Second', 'Third') } },
    }),
  test_input_required_result_elicitation: greeting,
  test_input_required_result_sampling: ({ inputResponses }) => {
    const [answer] = answers(inputResponses, 'capital_question') ?? [];
    return answer
      ? text(`The model says: ${wordsOf(answer)}`)
      : needs({ capital_question: sample('What is the capital of France?', 100) });
  },
  test_input_required_result_list_roots: ({ inputResponses }) => {
    const [answer] = answers(inputResponses, 'client_roots') ?? [];
    return answer ? text(`Roots: ${JSON.stringify(answer.roots)}`) : needs({ client_roots: ROOTS });
  },
  test_input_required_result_request_state: (params) => confirmed(params, 'state-ok'),
  test_input_required_result_tampered_state: (params) => confirmed(params, 'the state is as it was'),
  test_input_required_result_multiple_inputs: ({ inputResponses, requestState }) => {
    if (requestState !== undefined) opened(requestState);
    return answers(inputResponses, 'user_name', 'greeting', 'client_roots')
      ? text('everything was answered')
      : needs(everything(), sealed('many'));
  },
  test_input_required_result_multi_round: rounds,
  test_input_required_result_capabilities: ({ _meta: meta }) =>
    needs(supported(everything(), meta[CAPABILITIES])),
  test_missing_capability: ({ _meta: meta }) => {
    if (!meta?.[CAPABILITIES]?.sampling)
      throw new Refusal(-32021, 'it needs sampling', { requiredCapabilities: { sampling: {} } });
    return text('it could sample');
  },
  test_streaming_elicitation: progress,
};

const DRAFT = 'https://json-schema.org/draft/2020-12/schema';
const ARGUMENTS = { test_sampling: ['prompt'], test_elicitation: ['message'] };

const toolList = () => [
  ...Object.keys(TOOLS).map((name) => {
    const names = ARGUMENTS[name] ?? [];
    const properties = Object.fromEntries(names.map((each) => [each, { type: 'string' }]));
    return {
      name,
      description: `does ${name}`,
      inputSchema: { type: 'object', properties, required: names },
    };
  }),
  {
    name: 'json_schema_2020_12_tool',
    description: 'Tool with JSON Schema 2020-12 features',
    inputSchema: {
      $schema: DRAFT,
      type: 'object',
      $defs: {
        address: { $anchor: 'addressDef', type: 'object', properties: { street: { type: 'string' } } },
      },
      properties: { name: { type: 'string' }, address: { $ref: '#/$defs/address' } },
      allOf: [{ anyOf: [{ required: ['name'] }, { required: ['address'] }] }],
      if: { properties: { name: { const: 'a' } }, required: ['name'] },
      // biome-ignore lint/suspicious/noThenProperty: the keyword's name
      then: { required: ['address'] },
      else: {},
      additionalProperties: false,
    },
  },
];

const words = (said) => ({ role: 'user', content: { type: 'text', text: said } });

const PROMPTS = {
  test_simple_prompt: () => ({ messages: [words('This is a simple prompt for testing.')] }),
  test_prompt_with_arguments: ({ arguments: { arg1, arg2 } }) => ({
    messages: [words(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)],
  }),
  test_prompt_with_embedded_resource: ({ arguments: { resourceUri } }) => ({
    messages: [
      {
        role: 'user',
        content: embedded(resourceUri, 'text/plain', 'Embedded resource content for testing.'),
      },
      words('Please process the embedded resource above.'),
    ],
  }),
  test_prompt_with_image: () => ({
    messages: [{ role: 'user', content: image }, words('Please analyze the image above.')],
  }),
  test_input_required_result_prompt: ({ inputResponses }) => {
    const [answer] = answers(inputResponses, 'user_context') ?? [];
    const message = 'What context should the prompt use?';
    return answer
      ? { messages: [words(`In the context of ${JSON.stringify(answer.content)}`)] }
      : needs({ user_context: form(message, { context: { type: 'string' } }) });
  },
};

const PROMPT_ARGUMENTS = {
  test_prompt_with_arguments: ['arg1', 'arg2'],
  test_prompt_with_embedded_resource: ['resourceUri'],
};

const RESOURCES = {
  'test://static-text': { mimeType: 'text/plain', text: 'This is the content of the static text resource.' },
  'test://static-binary': { mimeType: 'image/png', blob: PNG },
  'test://watched-resource': { mimeType: 'text/plain', text: 'somebody watches this' },
};

function read({ uri }) {
  const [, id] = /^test:\/\/template\/([^/]+)\/data$/.exec(uri) ?? [];
  const templated = { id, templateTest: true, data: `Data for ID: ${id}` };
  const found = id ? { mimeType: 'application/json', text: JSON.stringify(templated) } : RESOURCES[uri];
  if (!found) throw new Refusal(-32602, 'Resource not found', { uri });
  return { contents: [{ uri, ...found }] };
}

const named = (table, { name }) => {
  if (!Object.hasOwn(table, name)) throw new Refusal(-32602, `there is no ${name}`);
  return table[name];
};

const CACHED = { ttlMs: 0, cacheScope: 'private' };

/** Methods of either era; `cached`: results that say how long they hold, in the stateless era. */
const METHODS = {
  'tools/list': { cached: true, run: () => ({ tools: toolList() }) },
  'tools/call': { run: (params) => named(TOOLS, params)({ arguments: {}, ...params }) },
  'prompts/list': {
    cached: true,
    run: () => ({
      prompts: Object.keys(PROMPTS).map((name) => ({
        name,
        description: `is ${name}`,
        arguments: (PROMPT_ARGUMENTS[name] ?? []).map((each) => ({
          name: each,
          description: each,
          required: true,
        })),
      })),
    }),
  },
  'prompts/get': { run: (params) => named(PROMPTS, params)({ arguments: {}, ...params }) },
  'resources/list': {
    cached: true,
    run: () => ({
      resources: Object.entries(RESOURCES).map(([uri, { mimeType }]) => ({
        uri,
        name: uri.slice('test://'.length),
        description: `is ${uri}`,
        mimeType,
      })),
    }),
  },
  'resources/templates/list': {
    cached: true,
    run: () => ({
      resourceTemplates: [
        { uriTemplate: 'test://template/{id}/data', name: 'template', mimeType: 'application/json' },
      ],
    }),
  },
  'resources/read': { cached: true, run: read },
  'completion/complete': {
    run: () => ({ completion: { values: ['paris', 'park'], total: 2, hasMore: false } }),
  },
};

const HANDSHAKE = {
  ...METHODS,
  initialize: {
    run: ({ protocolVersion }) => ({ protocolVersion, capabilities: OWN, serverInfo: INFO }),
  },
  ping: { run: () => ({}) },
  'logging/setLevel': { run: () => ({}) },
  'resources/subscribe': { run: () => ({}) },
  'resources/unsubscribe': { run: () => ({}) },
};

const { logging: _, ...KEPT } = OWN;
const LATER = {
  ...METHODS,
  'server/discover': {
    cached: true,
    run: () => ({ supportedVersions: [STATELESS], capabilities: { ...KEPT, resources: {} } }),
  },
};

function checkMeta(meta) {
  if (meta?.[VERSION] === undefined || typeof meta[CAPABILITIES] !== 'object')
    throw new Refusal(-32602, 'the request does not say its version and capabilities');
  if (meta[VERSION] !== STATELESS)
    throw new Refusal(-32022, 'Unsupported protocol version', {
      supported: [STATELESS],
      requested: meta[VERSION],
    });
}

let shaken = false;

async function answer({ method, params = {} }) {
  if (method === 'initialize' && params._meta?.[VERSION] === undefined) shaken = true;
  if (!shaken) checkMeta(params._meta);
  const rows = shaken ? HANDSHAKE : LATER;
  if (!Object.hasOwn(rows, method)) throw new Refusal(-32601, `there is no ${method}`);
  const { cached, run } = rows[method];
  const result = await run(params);
  if (shaken) return result;
  const said = { resultType: 'complete', _meta: { 'io.modelcontextprotocol/serverInfo': INFO }, ...result };
  return cached ? { ...said, ...CACHED } : said;
}

createInterface({ input: process.stdin }).on('line', async (line) => {
  const message = JSON.parse(line);
  const { id, method } = message;
  if (method === undefined) {
    waiting.get(id)?.(message);
    waiting.delete(id);
  } else if (id !== undefined) {
    try {
      send({ id, result: await answer(message) });
    } catch (error) {
      const { code = -32603, message: words_, data } = error;
      send({ id, error: { code, message: words_, ...(data === undefined ? {} : { data }) } });
    }
  }
});
