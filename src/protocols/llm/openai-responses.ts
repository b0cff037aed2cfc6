// OpenAI's Responses API, streamed and whole. Reads, and never judges.
import type { Answer, AnswerReader, Piece, Shape } from './exchange.ts';
import { list, members, text, texts } from './json.ts';

/** Kinds of output items by which a model asks its host for something. */
const CALLS = new Set(['function_call', 'custom_tool_call', 'mcp_call', 'local_shell_call']);
const RESULTS = new Set(['function_call_output', 'custom_tool_call_output', 'local_shell_call_output']);

function pieceOf(item: unknown): Piece | undefined {
  const given = members(item);
  const kind = text(given['type']) ?? '';
  if (kind === 'message') {
    const words = texts(given['content']);
    return words === undefined ? undefined : { type: 'text', text: words };
  }
  if (!CALLS.has(kind)) return undefined;
  const { call_id: call, id, name, arguments: body, input, action } = given;
  return {
    type: 'tool',
    id: text(call) ?? text(id) ?? '',
    name: text(name) ?? kind,
    arguments: text(body) ?? text(input) ?? JSON.stringify(action ?? {}),
  };
}

class Reader implements AnswerReader {
  readonly answer: Answer = { complete: false, pieces: [] };

  event(data: unknown): void {
    const { type, item, response } = members(data);
    if (type === 'response.created') this.#about(response);
    if (type === 'response.output_item.done') this.#item(item);
    if (type === 'response.completed' || type === 'response.incomplete' || type === 'response.failed') {
      this.#about(response);
      this.answer.complete = type !== 'response.failed';
    }
    if (type === 'error') this.answer.failure = text(members(data)['code']) ?? 'error';
  }

  body(value: unknown): void {
    this.#about(value);
    const { output, status } = members(value);
    for (const item of list(output)) this.#item(item);
    this.answer.complete = status === 'completed' || status === 'incomplete';
  }

  #item(item: unknown): void {
    const piece = pieceOf(item);
    if (piece) this.answer.pieces.push(piece);
  }

  #about(response: unknown): void {
    const { id, model, status, error } = members(response);
    const [answer, name, stop] = [text(id), text(model), text(status)];
    if (answer !== undefined) this.answer.id = answer;
    if (name !== undefined) this.answer.model = name;
    if (stop !== undefined) this.answer.stop = stop;
    if (error !== undefined && error !== null) {
      const { code, type } = members(error);
      this.answer.failure = text(code) ?? text(type) ?? 'error';
    }
  }
}

export const openaiResponses: Shape = {
  api: 'openai-responses',
  matches: (path) => path.endsWith('/responses'),
  request: (body) => {
    const { model, input } = members(body);
    const items = list(input).map(members);
    const results = items.flatMap(({ type, call_id: id }) =>
      RESULTS.has(text(type) ?? '') ? (text(id) ?? []) : [],
    );
    const asked = text(model);
    const last = items.findLast(({ role }) => role === 'user');
    const words = typeof input === 'string' ? input : texts(last?.['content']);
    return {
      ...(asked === undefined ? {} : { model: asked }),
      ...(words === undefined ? {} : { said: words }),
      results,
    };
  },
  reader: () => new Reader(),
};
