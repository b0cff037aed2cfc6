// Anthropic's Messages API, streamed and whole (docs.anthropic.com, Messages and Streaming Messages). Reads, and never judges.
import type { Answer, AnswerReader, Shape } from './exchange.ts';
import { list, members, text, texts } from './json.ts';

interface Block {
  readonly kind: 'text' | 'tool' | 'other';
  readonly id: string;
  readonly name: string;
  body: string;
  /** Input that came with the start of the block, before any delta. */
  readonly input: unknown;
}

function open(content: unknown): Block {
  const { type, id, name, text: start, input } = members(content);
  const kind = type === 'text' ? 'text' : type === 'tool_use' ? 'tool' : 'other';
  return { kind, id: text(id) ?? '', name: text(name) ?? '', body: text(start) ?? '', input };
}

class Reader implements AnswerReader {
  readonly answer: Answer = { complete: false, pieces: [] };
  readonly #blocks = new Map<unknown, Block>();

  event(data: unknown): void {
    const given = members(data);
    const { type, index } = given;
    if (type === 'message_start') this.#about(given['message']);
    if (type === 'content_block_start') this.#blocks.set(index, open(given['content_block']));
    if (type === 'content_block_delta') this.#delta(this.#blocks.get(index), members(given['delta']));
    if (type === 'content_block_stop') this.#close(index);
    if (type === 'message_delta') this.#stop(members(given['delta'])['stop_reason']);
    if (type === 'message_stop') this.answer.complete = true;
    if (type === 'error') this.answer.failure = text(members(given['error'])['type']) ?? 'error';
  }

  body(value: unknown): void {
    const given = members(value);
    if (given['type'] === 'error') {
      this.answer.failure = text(members(given['error'])['type']) ?? 'error';
      return;
    }
    this.#about(value);
    this.#stop(given['stop_reason']);
    list(given['content']).forEach((content, index) => {
      this.#blocks.set(index, open(content));
      this.#close(index);
    });
    this.answer.complete = given['type'] === 'message';
  }

  #about(message: unknown): void {
    const { id, model } = members(message);
    const [answer, name] = [text(id), text(model)];
    if (answer !== undefined) this.answer.id = answer;
    if (name !== undefined) this.answer.model = name;
  }

  #stop(reason: unknown): void {
    const stop = text(reason);
    if (stop !== undefined) this.answer.stop = stop;
  }

  #delta(block: Block | undefined, delta: Readonly<Record<string, unknown>>): void {
    if (!block) return;
    if (block.kind === 'text') block.body += text(delta['text']) ?? '';
    if (block.kind === 'tool') block.body += text(delta['partial_json']) ?? '';
  }

  #close(index: unknown): void {
    const block = this.#blocks.get(index);
    this.#blocks.delete(index);
    if (block?.kind === 'text') this.answer.pieces.push({ type: 'text', text: block.body });
    if (block?.kind !== 'tool') return;
    // A tool without parameters streams no delta at all.
    const given = block.body === '' ? JSON.stringify(block.input ?? {}) : block.body;
    this.answer.pieces.push({ type: 'tool', id: block.id, name: block.name, arguments: given });
  }
}

export const anthropic: Shape = {
  api: 'anthropic-messages',
  matches: (path) => path.endsWith('/v1/messages'),
  request: (body) => {
    const { model, messages } = members(body);
    const said = list(messages);
    const last = members(said.at(-1));
    const results = list(last['content']).flatMap((part) => {
      const { type, tool_use_id: id } = members(part);
      return type === 'tool_result' ? (text(id) ?? []) : [];
    });
    const asked = text(model);
    const words = last['role'] === 'user' ? texts(last['content']) : undefined;
    return {
      ...(asked === undefined ? {} : { model: asked }),
      ...(words === undefined ? {} : { said: words }),
      results,
    };
  },
  reader: () => new Reader(),
};
