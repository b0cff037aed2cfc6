// Statements that sqlsmith makes from the catalogue, nobody's idea of an attack: nothing protected passes, nothing breaks.
import { connect, createServer, type Server } from 'node:net';
import { describe, expect, it } from 'vitest';
import { peer } from '../peers/peer.ts';
import { leaksInText } from './masking-leaks.ts';
import { openMaskingWorld } from './masking-world.ts';
import { smith, targetOf } from './sqlsmith.ts';

const QUERIES = 400;
const SEED = 2;

interface Tapped {
  readonly port: number;
  /** Bytes that came back. */
  readonly seen: () => number;
  readonly leaks: () => readonly string[];
  close(): void;
}

/** What the session says to its client, looked at on the way: rows, errors, notices, notifications. */
async function tap(to: number): Promise<Tapped> {
  const found: string[] = [];
  let seen = 0;
  const server: Server = createServer((client) => {
    const upstream = connect(to, '127.0.0.1');
    let asked = '';
    let rest = Buffer.alloc(0);
    client.on('data', (chunk: Buffer) => {
      asked = chunk.toString('latin1');
    });
    upstream.on('data', (chunk: Buffer) => {
      seen += chunk.length;
      rest = Buffer.concat([rest, chunk]);
      const bodies: string[] = [];
      let at = 0;
      while (at + 5 <= rest.length && at + 1 + rest.readInt32BE(at + 1) <= rest.length) {
        const end = at + 1 + rest.readInt32BE(at + 1);
        if ('DENAd'.includes(String.fromCharCode(rest[at] ?? 0)))
          bodies.push(rest.toString('latin1', at + 5, end));
        at = end;
      }
      rest = rest.subarray(at);
      for (const leak of leaksInText(bodies.join('\n'))) found.push(`${leak} after ${asked}`);
    });
    client.pipe(upstream).pipe(client);
    client.on('error', () => upstream.destroy());
    upstream.on('error', () => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return { port, seen: () => seen, leaks: () => found, close: () => void server.close() };
}

/** Times and digests are numbers of nobody. */
const withoutNumbers = (recorded: string): string =>
  recorded.replace(/"(?:time|digest|policyDigest|fingerprint)":"[^"]*"|"micros":\d+/g, '');

describe.runIf(peer('sqlsmith') && peer('postgres-15'))('random statements', () => {
  it.each([15, 18] as const)(
    'show nothing protected on PostgreSQL %i, and end no session',
    async (version) => {
      const world = await openMaskingWorld(version);
      const url = new URL(world.session.url);
      const tapped = await tap(Number(url.port));
      try {
        const said = await smith(targetOf(url, tapped.port), QUERIES, SEED);
        expect(said).toContain(`queries: ${QUERIES}`);
        expect(tapped.seen()).toBeGreaterThan(100_000);
        expect(tapped.leaks()).toEqual([]);
        expect(world.session.failures).toEqual([]);
        expect(leaksInText(withoutNumbers(world.session.recorded()))).toEqual([]);
      } finally {
        tapped.close();
        await world.stop();
      }
    },
    240_000,
  );
});
