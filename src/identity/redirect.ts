// The loopback listener the provider sends the browser back to. Binds 127.0.0.1 only; each expected answer is taken once.
import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { BrokerError } from '../model/errors.ts';
import { PAGE_HEADERS, type Page, renderPage } from './page.ts';

/** One answer of the provider, with the browser still waiting for ours when it came through the listener. */
export interface Arrival {
  readonly url: URL;
  /** Sends the browser on; undefined when the URL was pasted. */
  readonly forward?: (to: URL) => void;
  /** Ends the browser's wait; does nothing when there is none. */
  answer(page: Page): void;
}

export interface RedirectListener {
  /** Exactly what is registered and sent: `http://127.0.0.1:<port>/callback`. */
  readonly redirectUri: string;
  /** Resolves with the answer that carries this state. */
  expect(state: string): Promise<Arrival>;
  close(): void;
}

export const CALLBACK = '/callback';
const MAX_URL = 16 * 1024;

function equal(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function send(response: ServerResponse, status: number, page: Page): void {
  response.writeHead(status, PAGE_HEADERS).end(renderPage(page));
}

const NOT_OURS: Page = {
  tone: 'bad',
  title: 'Nothing here',
  text: 'This address only takes the answer of a sign-in that is under way.',
};
const STALE: Page = {
  tone: 'bad',
  title: 'Not this sign-in',
  text: 'This answer belongs to another sign-in, or was used before. Go back to the terminal and start again.',
};

/** Why a request is not the provider's redirect; undefined when it may be. */
function refusal(request: IncomingMessage, host: string): number | undefined {
  if (request.headers.host !== host) return 421;
  if (request.method !== 'GET') return 405;
  if ((request.url ?? '').length > MAX_URL) return 414;
  return undefined;
}

interface Waiting {
  readonly state: string;
  resolve(arrival: Arrival): void;
}

type Found = { readonly url: URL; readonly found: Waiting };
type Refused = { readonly status: number; readonly page: Page };

/** The waiting question this request answers, or the status and page it is refused with. */
function match(request: IncomingMessage, base: string, waiting: Set<Waiting>): Found | Refused {
  const refused = refusal(request, base.slice('http://'.length));
  if (refused !== undefined) return { status: refused, page: NOT_OURS };
  const target = `${base}${request.url ?? '/'}`;
  const url = URL.canParse(target) ? new URL(target) : undefined;
  if (url?.pathname !== CALLBACK || url.origin !== base) return { status: 404, page: NOT_OURS };
  const states = url.searchParams.getAll('state');
  const found = [...waiting].find((one) => states.length === 1 && equal(states[0] ?? '', one.state));
  return found ? { url, found } : { status: 400, page: STALE };
}

function handler(origin: () => string, waiting: Set<Waiting>) {
  return (request: IncomingMessage, response: ServerResponse): void => {
    request.resume();
    const result = match(request, origin(), waiting);
    if ('status' in result) {
      send(response, result.status, result.page);
      return;
    }
    waiting.delete(result.found);
    result.found.resolve({
      url: result.url,
      forward: (to) => response.writeHead(302, { ...PAGE_HEADERS, location: to.href }).end(),
      answer: (page) => {
        if (!response.writableEnded) send(response, page.tone === 'good' ? 200 : 400, page);
      },
    });
  };
}

function bind(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const hint =
        'end the program that holds it, or set identity.redirect_port to 0 where the provider allows any port';
      const taken = error.code === 'EADDRINUSE';
      reject(taken ? new BrokerError('port-taken', { port }, { hint }) : error);
    });
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}

export async function listenForRedirect(port: number): Promise<RedirectListener> {
  const waiting = new Set<Waiting>();
  let origin = '';
  const server = createServer(
    { maxHeaderSize: 32 * 1024, requestTimeout: 10_000 },
    handler(() => origin, waiting),
  );
  server.maxConnections = 64;
  origin = `http://127.0.0.1:${await bind(server, port)}`;
  return {
    redirectUri: `${origin}${CALLBACK}`,
    expect: (state) => new Promise((resolve) => waiting.add({ state, resolve })),
    close: () => {
      waiting.clear();
      server.close();
      // The last page may still be on its way: let it out, but keep nothing alive for it.
      server.closeIdleConnections();
      setTimeout(() => server.closeAllConnections(), 1_000).unref();
    },
  };
}
