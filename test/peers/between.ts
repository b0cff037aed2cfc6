// Stands between a client and a real S3: counts what is asked, and lets the network fail as networks do.
import {
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** `cut` ends in the middle of a body, `short` says that half of it is all there is, `busy` answers 503. */
type Fault = 'gone' | 'slow' | 'cut' | 'short' | 'busy';

export interface Between {
  readonly endpoint: string;
  /** What was asked, oldest first: `GET /bucket/key?query`. */
  readonly asked: string[];
  /** Which requests fail, and how; none when undefined. Called once a request, with its path and how many came before. */
  fault: ((path: string, before: number) => Fault | undefined) | undefined;
  close(): Promise<void>;
}

const DELAY = 25;

async function pass(reply: IncomingMessage, answer: ServerResponse, fault: Fault | undefined): Promise<void> {
  if (fault !== 'cut' && fault !== 'short') {
    answer.writeHead(reply.statusCode ?? 502, reply.headers);
    reply.pipe(answer);
    return;
  }
  const pieces: Buffer[] = [];
  for await (const piece of reply) pieces.push(piece as Buffer);
  const body = Buffer.concat(pieces);
  const half = body.subarray(0, body.byteLength >> 1);
  const headers: OutgoingHttpHeaders = { ...reply.headers };
  if (fault === 'short') headers['content-length'] = half.byteLength;
  answer.writeHead(reply.statusCode ?? 502, headers);
  if (fault === 'short') answer.end(half);
  else answer.write(half, () => answer.destroy());
}

export async function startBetween(endpoint: string): Promise<Between> {
  const { hostname, port } = new URL(endpoint);
  const server = createServer(async (asked, answer) => {
    const { url: path = '/', method, headers } = asked;
    const fault = between.fault?.(path, between.asked.length);
    between.asked.push(`${method} ${path}`);
    if (fault === 'gone') {
      asked.socket.destroy();
      return;
    }
    if (fault === 'busy') {
      answer.writeHead(503, { 'content-type': 'application/xml' });
      answer.end('<Error><Code>SlowDown</Code><Message>reduce your request rate</Message></Error>');
      return;
    }
    if (fault === 'slow') await pause(DELAY);
    const passed = request({ hostname, port, path, method, headers }, (reply) => pass(reply, answer, fault));
    passed.on('error', () => answer.destroy());
    asked.pipe(passed);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const between: Between = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: [],
    fault: undefined,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  return between;
}
