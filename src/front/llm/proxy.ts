// A loopback door to a language model: bytes pass as they are, and what they say is told. Must never hold a key of its own.
import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, request as plain, type ServerResponse } from 'node:http';
import { request as secure } from 'node:https';
import type { AddressInfo } from 'node:net';
import { pipeline, Transform, type TransformCallback } from 'node:stream';
import type { ModelExchange } from '../../protocols/llm/exchange.ts';
import { ModelObserver, shapeAt } from '../../protocols/llm/observer.ts';
import { decoderOf, readableCodings } from './coding.ts';
import { type ApiName, errorBody, forwarded, returned } from './headers.ts';

export interface ModelProxyOptions {
  /** In every path: whoever does not know it is refused. */
  readonly secret: string;
  /** Where each API really is, without a slash at the end; https, or http on loopback. */
  readonly upstreams: Readonly<Record<ApiName, string>>;
  /** Recorded before the answer's last byte is passed on. Throwing breaks the answer off: nothing goes unrecorded. */
  onExchange(exchange: ModelExchange): void;
}

export interface ModelProxy {
  readonly port: number;
  /** `http://127.0.0.1:<port>/<secret>/<api>` */
  base(api: ApiName): string;
  close(): Promise<void>;
}

interface Place {
  readonly api: ApiName;
  readonly url: URL;
}

/** Hands bytes on unchanged, and shows each chunk to somebody. */
class Glass extends Transform {
  readonly #see: (chunk: Uint8Array) => void;
  readonly #end: () => void;

  constructor(see: (chunk: Uint8Array) => void, end: () => void = () => undefined) {
    super();
    this.#see = see;
    this.#end = end;
  }

  override _transform(chunk: Buffer, _: BufferEncoding, done: TransformCallback): void {
    this.#see(chunk);
    done(null, chunk);
  }

  override _flush(done: TransformCallback): void {
    try {
      this.#end();
      done();
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)));
    }
  }
}

class Door {
  readonly #options: ModelProxyOptions;
  readonly #server = createServer((call, answer) => this.#serve(call, answer));

  constructor(options: ModelProxyOptions) {
    this.#options = options;
    // A realtime session would pass unseen.
    this.#server.on('upgrade', (_, socket) =>
      socket.end('HTTP/1.1 501 Not Implemented\r\ncontent-length: 0\r\n\r\n'),
    );
    this.#server.on('clientError', (_, socket) => socket.destroy());
  }

  async open(): Promise<ModelProxy> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ host: '127.0.0.1', port: 0 }, resolve);
    });
    const { port } = this.#server.address() as AddressInfo;
    return {
      port,
      base: (api) => `http://127.0.0.1:${port}/${this.#options.secret}/${api}`,
      close: () =>
        new Promise((resolve) => {
          this.#server.close(() => resolve());
          this.#server.closeAllConnections();
        }),
    };
  }

  #serve(call: IncomingMessage, answer: ServerResponse): void {
    const place = this.#place(call);
    if (!place) {
      answer.writeHead(403, { 'content-type': 'application/json' });
      answer.end(errorBody('anthropic', 'permission_error', 'this door is not yours'));
      call.resume();
      return;
    }
    const shape = call.method === 'POST' ? shapeAt(place.url.pathname) : undefined;
    const observer = shape ? new ModelObserver(shape) : undefined;
    const send = place.url.protocol === 'https:' ? secure : plain;
    const headers = forwarded(call.headers, place.url.host, observer ? readableCodings : undefined);
    const ahead = send(place.url, { method: call.method ?? 'GET', headers });
    ahead.once('response', (reply) => this.#answer(reply, answer, observer));
    ahead.once('error', (error) => this.#fail(answer, place.api, error));
    answer.once('close', () => ahead.destroy());
    pipeline(call, new Glass((chunk) => observer?.sent(chunk)), ahead, () => undefined);
  }

  /** Browsers are refused by their Origin, other names for this machine by their Host. */
  #place({ url = '', headers }: IncomingMessage): Place | undefined {
    const { port } = this.#server.address() as AddressInfo;
    if (headers.origin !== undefined || headers.host !== `127.0.0.1:${port}`) return undefined;
    const [, secret = '', api = '', rest = ''] = /^\/([^/?]*)\/([^/?]*)((?:\/[^#]*)?)$/.exec(url) ?? [];
    const { secret: own, upstreams } = this.#options;
    const same = secret.length === own.length && timingSafeEqual(Buffer.from(secret), Buffer.from(own));
    if (!same || (api !== 'anthropic' && api !== 'openai')) return undefined;
    return { api, url: new URL(`${upstreams[api]}${rest}`) };
  }

  #answer(reply: IncomingMessage, answer: ServerResponse, observer: ModelObserver | undefined): void {
    const { statusCode = 502, statusMessage, headers } = reply;
    answer.writeHead(statusCode, statusMessage, returned(headers));
    answer.flushHeaders();
    if (!observer) {
      pipeline(reply, answer, () => undefined);
      return;
    }
    observer.answers(headers['content-type'] ?? '');
    const decoder = decoderOf(headers['content-encoding'], (chunk) => observer.received(chunk));
    let told = false;
    const tell = () => {
      if (told) return;
      told = true;
      this.#options.onExchange(observer.finish());
    };
    const glass = new Glass(
      (chunk) => decoder.push(chunk),
      () => {
        decoder.end();
        tell();
      },
    );
    pipeline(reply, glass, answer, (error) => {
      if (!error) return;
      try {
        tell();
      } catch {
        // Whoever records has said so already; the answer is broken off as it is.
      }
      answer.destroy();
    });
  }

  #fail(answer: ServerResponse, api: ApiName, error: Error): void {
    if (answer.headersSent) {
      answer.destroy();
      return;
    }
    answer.writeHead(502, { 'content-type': 'application/json' });
    answer.end(errorBody(api, 'api_error', `the model's provider cannot be reached: ${error.message}`));
  }
}

/** Opens the door on a port the system picks. */
export function openModelProxy(options: ModelProxyOptions): Promise<ModelProxy> {
  return new Door(options).open();
}
