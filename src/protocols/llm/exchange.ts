// What one call of a language model says of itself. Claims only: nothing here is proof, and nothing here changes a byte.

/** A tool the model asked its host to use. */
export interface ToolUse {
  /** The provider's id of this use; the host repeats it with the result, and some hosts tell MCP servers. */
  readonly id: string;
  readonly name: string;
  /** As they were generated, when they are JSON. Never stored unmasked. */
  readonly arguments?: unknown;
}

export interface ModelExchange {
  readonly api: 'anthropic-messages' | 'openai-chat' | 'openai-responses';
  /** The model that was asked for, and the one that says it answered. */
  readonly asked?: string;
  readonly answered?: string;
  /** The provider's id of the answer. */
  readonly answer?: string;
  readonly stop?: string;
  /** SHA-256 hex of the request's body. */
  readonly prompt: string;
  /** SHA-256 hex of the canonical list of what was generated: texts and tool uses, in order. */
  readonly completion?: string;
  /** What the person or the host wrote last, and what the model generated, as they are: for policy that keeps text. Never stored unmasked. */
  readonly said?: string;
  readonly generated?: string;
  readonly uses: readonly ToolUse[];
  /** Ids of tool uses whose results went back to the model in this request. */
  readonly results: readonly string[];
  /** The answer came to its own end. */
  readonly complete: boolean;
  /** What the provider called the failure, if it failed. */
  readonly failure?: string;
}

/** A piece of what was generated. */
export type Piece =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'tool'; readonly id: string; readonly name: string; readonly arguments: string };

/** What an answer told, whatever its shape. */
export interface Answer {
  model?: string;
  id?: string;
  stop?: string;
  failure?: string;
  complete: boolean;
  readonly pieces: Piece[];
}

/** Follows one answer. Throws when it is not of its API's shape; the call itself goes on. */
export interface AnswerReader {
  readonly answer: Answer;
  /** One server-sent event of a streamed answer. */
  event(data: unknown): void;
  /** A whole answer. */
  body(value: unknown): void;
}

/** One API shape: where it is served, and how to read it. */
export interface Shape {
  readonly api: ModelExchange['api'];
  matches(path: string): boolean;
  /** What a request's body tells. */
  request(body: unknown): {
    readonly model?: string;
    readonly said?: string;
    readonly results: readonly string[];
  };
  reader(): AnswerReader;
}
