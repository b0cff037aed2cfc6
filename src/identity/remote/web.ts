// How addresses that a foreign server names are asked: bounded, never redirected, never into a network the server itself is not in.
import { type LookupAddress, lookup } from 'node:dns';
import { request as plain } from 'node:http';
import { request as secure } from 'node:https';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { failedRequest } from '../../lib/failed-request.ts';

export interface Asked {
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
}

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** Milliseconds one answer may take in all, and its most bytes. */
const ANSWER_TIME = 15_000;
const MOST = 512 * 1024;

const LOOPBACK_NAMES: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Of this machine and its links; of a private network; of everybody. */
export type Reach = 'local' | 'private' | 'public';

const RANK: Readonly<Record<Reach, number>> = { public: 0, private: 1, local: 2 };

const LISTS = (() => {
  const [local, inner] = [new BlockList(), new BlockList()];
  local.addSubnet('127.0.0.0', 8);
  local.addSubnet('169.254.0.0', 16);
  local.addSubnet('0.0.0.0', 8);
  local.addAddress('::1', 'ipv6');
  local.addAddress('::', 'ipv6');
  local.addSubnet('fe80::', 10, 'ipv6');
  for (const [net, bits] of [
    ['10.0.0.0', 8],
    ['172.16.0.0', 12],
    ['192.168.0.0', 16],
    ['100.64.0.0', 10],
    ['198.18.0.0', 15],
    ['224.0.0.0', 3],
  ] as const)
    inner.addSubnet(net, bits);
  inner.addSubnet('fc00::', 7, 'ipv6');
  inner.addSubnet('ff00::', 8, 'ipv6');
  return { local, inner };
})();

const MAPPED = /^(?:::ffff:|64:ff9b::)(\d+\.\d+\.\d+\.\d+)$/i;

export function reachOf(address: string): Reach {
  const bare = MAPPED.exec(address)?.[1] ?? address;
  const family = isIP(bare) === 6 ? 'ipv6' : 'ipv4';
  if (LISTS.local.check(bare, family)) return 'local';
  return LISTS.inner.check(bare, family) ? 'private' : 'public';
}

/** The literal address of a host, without brackets; undefined for a name. */
function literal(hostname: string): string | undefined {
  const bare = hostname.replace(/^\[(.*)\]$/, '$1');
  return isIP(bare) === 0 ? undefined : bare;
}

export class Web {
  readonly #most: Reach;
  readonly #own: ReadonlySet<string>;

  /** `own`: hosts that a person named; `most`: how far inward others may lie. */
  private constructor(own: readonly string[], most: Reach) {
    this.#own = new Set(own);
    this.#most = most;
  }

  /** What a server names may lie where the server itself lies, and no further inward. `issuer`: a person named it too. */
  static async of(server: URL, issuer?: string): Promise<Web> {
    const { hostname } = server;
    const own = [
      hostname,
      ...(issuer === undefined || !URL.canParse(issuer) ? [] : [new URL(issuer).hostname]),
    ];
    const given = literal(hostname);
    if (LOOPBACK_NAMES.has(hostname)) return new Web(own, 'local');
    if (given !== undefined) return new Web(own, reachOf(given));
    const found = await new Promise<readonly LookupAddress[]>((resolve) =>
      lookup(hostname, { all: true }, (error, addresses) => resolve(error ? [] : addresses)),
    );
    const ranks = found.map(({ address }) => reachOf(address));
    return new Web(own, ranks.includes('local') ? 'local' : ranks.includes('private') ? 'private' : 'public');
  }

  /** Why an address may not be asked; undefined when it may. */
  refuses(text: string): string | undefined {
    if (!URL.canParse(text)) return 'it is no address';
    const { protocol, hostname, username, password } = new URL(text);
    if (username !== '' || password !== '') return 'it carries a password';
    const own = LOOPBACK_NAMES.has(hostname);
    if (protocol !== 'https:' && !(protocol === 'http:' && own)) return 'it is not https';
    const given = own ? '127.0.0.1' : literal(hostname);
    if (given === undefined || this.#own.has(hostname) || this.#may(given)) return undefined;
    return `it lies in a ${reachOf(given)} network`;
  }

  #may(address: string): boolean {
    return RANK[reachOf(address)] <= RANK[this.#most];
  }

  /** Names are looked up once, and what they stand for is judged: they could mean another network the next time. */
  #lookup(hostname: string): LookupFunction {
    return (name, options, done) => {
      lookup(name, { ...options, all: true }, (error, found) => {
        if (error) return done(error, []);
        const good = this.#own.has(hostname) ? found : found.filter(({ address }) => this.#may(address));
        const [first] = good;
        if (!first) return done(new Error(`${name} lies in a network it should not`), []);
        return options.all ? done(null, good) : done(null, first.address, first.family);
      });
    };
  }

  /** Throws Error with a reason for people. */
  ask(address: string, asked: Asked = {}): Promise<Answered> {
    const problem = this.refuses(address);
    if (problem !== undefined) return Promise.reject(new Error(`${address} is not asked: ${problem}`));
    const url = new URL(address);
    const { method = 'GET', headers = {}, body, signal } = asked;
    const limit = AbortSignal.timeout(ANSWER_TIME);
    return new Promise((resolve, reject) => {
      const call = (url.protocol === 'https:' ? secure : plain)(url, {
        method,
        headers: {
          accept: 'application/json',
          'accept-encoding': 'identity',
          ...headers,
          ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
        },
        lookup: this.#lookup(url.hostname),
        agent: false,
        signal: signal ? AbortSignal.any([signal, limit]) : limit,
      });
      const fail = (error: Error): void =>
        reject(
          new Error(
            limit.aborted
              ? `${url.host} did not answer within ${ANSWER_TIME / 1000} s`
              : failedRequest(error),
          ),
        );
      call.once('error', fail);
      call.once('response', (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        response.on('data', (chunk: Buffer) => {
          size += chunk.length;
          chunks.push(chunk);
          if (size > MOST) call.destroy(new Error(`${url.host} answers with more than ${MOST} bytes`));
        });
        response.once('error', fail);
        response.once('end', () => {
          const pairs = Object.entries(response.headersDistinct).flatMap(([name, values = []]) =>
            values.map((value): [string, string] => [name, value]),
          );
          const text = Buffer.concat(chunks).toString('utf8');
          resolve({ status: response.statusCode ?? 0, headers: new Headers(pairs), text });
        });
      });
      call.end(body);
    });
  }

  /** A JSON object, or undefined where there is none. */
  async json(address: string, signal: AbortSignal): Promise<Readonly<Record<string, unknown>> | undefined> {
    const { status, text } = await this.ask(address, { signal });
    if (status >= 300 && status < 400) throw new Error(`${address} leads elsewhere, which is not followed`);
    if (status !== 200) return undefined;
    try {
      const value: unknown = JSON.parse(text);
      if (typeof value === 'object' && value !== null && !Array.isArray(value))
        return value as Readonly<Record<string, unknown>>;
    } catch {
      // Said below.
    }
    throw new Error(`${address} does not answer with a JSON object`);
  }
}
