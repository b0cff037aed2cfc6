// OpenAI's Chat Completions API and the many that speak it, streamed and whole. Reads, and never judges.
import type { Answer, AnswerReader, Shape } from './exchange.ts';
import { list, members, text, texts } from './json.ts';

interface Call {
  id: string;
  name: string;
  body: string;
}

class Reader implements AnswerReader {
  readonly answer: Answer = { complete: false, pieces: [] };
  #words = '';
  readonly #calls = new Map<unknown, Call>();

  event(data: unknown): void {
    if (data === '[DONE]') {
      this.#finish();
      return;
    }
    this.#about(data);
    for (const choice of list(members(data)['choices'])) {
      const { index, delta, finish_reason: reason } = members(choice);
      // Other choices are drafts that a host shows beside the first.
      if (index !== undefined && index !== 0) continue;
      this.#take(members(delta));
      this.#stop(reason);
    }
  }

  body(value: unknown): void {
    this.#about(value);
    const { message, finish_reason: reason } = members(list(members(value)['choices'])[0]);
    this.#take(members(message));
    this.#stop(reason);
    if (reason !== undefined) this.#finish();
  }

  #about(value: unknown): void {
    const { id, model, error } = members(value);
    const [answer, name] = [text(id), text(model)];
    if (answer !== undefined) this.answer.id = answer;
    if (name !== undefined) this.answer.model = name;
    if (error !== undefined && error !== null) {
      const { type, code } = members(error);
      this.answer.failure = text(type) ?? text(code) ?? 'error';
    }
  }

  #take(delta: Readonly<Record<string, unknown>>): void {
    this.#words += text(delta['content']) ?? '';
    list(delta['tool_calls']).forEach((given, place) => {
      const { index = place, id, function: called, custom } = members(given);
      const call = this.#calls.get(index) ?? { id: '', name: '', body: '' };
      this.#calls.set(index, call);
      const { name, arguments: part, input } = members(called ?? custom);
      call.id ||= text(id) ?? '';
      call.name ||= text(name) ?? '';
      call.body += text(part) ?? text(input) ?? '';
    });
  }

  #stop(reason: unknown): void {
    const stop = text(reason);
    if (stop !== undefined) this.answer.stop = stop;
  }

  #finish(): void {
    if (this.answer.complete) return;
    this.answer.complete = true;
    if (this.#words !== '') this.answer.pieces.push({ type: 'text', text: this.#words });
    for (const { id, name, body } of this.#calls.values())
      this.answer.pieces.push({ type: 'tool', id, name, arguments: body });
  }
}

export const openaiChat: Shape = {
  api: 'openai-chat',
  matches: (path) => path.endsWith('/chat/completions'),
  request: (body) => {
    const { model, messages } = members(body);
    const said = list(messages).map(members);
    // The results that answer the last assistant message stand after it.
    const after = said.slice(said.findLastIndex(({ role }) => role === 'assistant') + 1);
    const results = after.flatMap(({ role, tool_call_id: id }) => (role === 'tool' ? (text(id) ?? []) : []));
    const asked = text(model);
    const words = texts(after.findLast(({ role }) => role === 'user')?.['content']);
    return {
      ...(asked === undefined ? {} : { model: asked }),
      ...(words === undefined ? {} : { said: words }),
      results,
    };
  },
  reader: () => new Reader(),
};
