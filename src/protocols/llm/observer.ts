// Watches one call of a language model as its bytes go by, and says afterwards what it was. Must never hold the call up or change it.
import { createHash } from 'node:crypto';
import { EventStream } from '../../lib/event-stream.ts';
import { jcsDigest } from '../../lib/jcs.ts';
import { anthropic } from './anthropic.ts';
import type { AnswerReader, ModelExchange, Piece, Shape, ToolUse } from './exchange.ts';
import { openaiChat } from './openai-chat.ts';
import { openaiResponses } from './openai-responses.ts';

const SHAPES: readonly Shape[] = [anthropic, openaiChat, openaiResponses];

/** A request or an answer beyond this is not looked into; its digest is still told. */
const MAX_BODY = 32 << 20;

/** The API shape that is served under a path, by its end: providers and gateways put their own words before it. */
export function shapeAt(path: string): Shape | undefined {
  return SHAPES.find((shape) => shape.matches(path));
}

function toolUse({ id, name, arguments: text }: Extract<Piece, { type: 'tool' }>): ToolUse {
  try {
    return { id, name, arguments: JSON.parse(text) as unknown };
  } catch {
    return { id, name };
  }
}

function generatedOf(piece: Piece): string {
  return piece.type === 'text' ? piece.text : `${piece.name} ${piece.arguments}`;
}

/** Bytes gathered up to a limit; beyond it only their number goes on. */
class Body {
  #chunks: Uint8Array[] = [];
  #size = 0;

  push(chunk: Uint8Array): void {
    this.#size += chunk.byteLength;
    if (this.#size > MAX_BODY) this.#chunks = [];
    else this.#chunks.push(Uint8Array.from(chunk));
  }

  json(): unknown {
    if (this.#size > MAX_BODY) return undefined;
    try {
      return JSON.parse(Buffer.concat(this.#chunks).toString('utf8'));
    } catch {
      return undefined;
    }
  }
}

export class ModelObserver {
  readonly #shape: Shape;
  readonly #hash = createHash('sha256');
  readonly #request = new Body();
  readonly #answer = new Body();
  readonly #reader: AnswerReader;
  #events: EventStream | undefined;
  #streamed = false;
  #lost = false;

  constructor(shape: Shape) {
    this.#shape = shape;
    this.#reader = shape.reader();
  }

  /** Bytes of the request's body. */
  sent(chunk: Uint8Array): void {
    this.#hash.update(chunk);
    this.#request.push(chunk);
  }

  /** The answer begins; `contentType` of its header. */
  answers(contentType: string): void {
    this.#streamed = /^text\/event-stream\b/i.test(contentType);
    if (this.#streamed) this.#events = new EventStream();
  }

  /** Bytes of the answer's body, without its content coding. */
  received(chunk: Uint8Array): void {
    if (!this.#events) {
      if (!this.#streamed) this.#answer.push(chunk);
      return;
    }
    try {
      for (const { data } of this.#events.push(chunk))
        this.#reader.event(data === '[DONE]' ? data : JSON.parse(data));
    } catch {
      // Not the shape it should be: what was understood so far stands, as incomplete.
      this.#events = undefined;
      this.#lost = true;
    }
  }

  /** What it was, once the answer has ended, or has broken off. */
  finish(): ModelExchange {
    const { model: asked, said, results } = this.#shape.request(this.#request.json());
    if (!this.#streamed) this.#reader.body(this.#answer.json());
    const { model: answered, id, stop, failure, complete, pieces } = this.#reader.answer;
    return {
      api: this.#shape.api,
      prompt: this.#hash.digest('hex'),
      uses: pieces.flatMap((piece) => (piece.type === 'tool' ? [toolUse(piece)] : [])),
      results,
      complete: complete && !this.#lost,
      ...(asked === undefined ? {} : { asked }),
      ...(answered === undefined ? {} : { answered }),
      ...(id === undefined ? {} : { answer: id }),
      ...(stop === undefined ? {} : { stop }),
      ...(failure === undefined ? {} : { failure }),
      ...(said === undefined ? {} : { said }),
      ...(pieces.length === 0
        ? {}
        : { completion: jcsDigest(pieces), generated: pieces.map(generatedOf).join('\n') }),
    };
  }
}
