import { execFileSync } from 'node:child_process';
import { createServer, type IncomingMessage } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { desktopCommand } from '../../../src/agent/approvals/notify.ts';
import { messageFor, post } from '../../../src/agent/approvals/webhook.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import type { RequestPredicate } from '../../../src/model/approval.ts';
import { peer } from '../../peers/peer.ts';

const REQUEST = {
  id: '1jbx2k3m4n5p6q7r8',
  expires: '2026-01-01T00:10:00.000000Z',
  requester: { iss: 'https://id.example', sub: 'alice', email: 'alice@example.com' },
  asked: {
    connection: 'prod-db',
    text: 'drop table orders -- <!channel> ``` <https://evil.example|click>',
    titles: ['DROP TABLE public.orders'],
    reason: 'dropping a table loses data',
    policies: ['drops-ask'],
  },
} as unknown as RequestPredicate;

interface Got {
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** A real server that answers with these statuses in turn, the last one for ever. */
async function listen(statuses: readonly number[], headers: Record<string, string> = {}) {
  const got: Got[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => {
      got.push({ headers: request.headers, body });
      response.writeHead(statuses[Math.min(got.length, statuses.length) - 1] ?? 200, headers).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => new Promise((resolve) => server.close(() => resolve())));
  const address = server.address();
  return { got, url: `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/hook` };
}

describe('a webhook', () => {
  it.runIf(peer('openssl-jq'))('signs what it posts, as openssl recomputes', async () => {
    const { got, url } = await listen([200]);
    expect(await post({ url, secret: 's3cr3t' }, messageFor(REQUEST), systemClock)).toEqual({
      ok: true,
      tries: 1,
    });
    const [{ headers, body } = { headers: {}, body: '' }] = got;
    const [, seconds, mac] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['x-broker-signature'])) ?? [];
    const input = `${seconds}.${body}`;
    const out = execFileSync('openssl', ['dgst', '-sha256', '-hmac', 's3cr3t', '-r'], { input });
    expect(out.toString().slice(0, 64)).toBe(mac);
  });

  it('tries again while the other side fails, and not when it refuses', async () => {
    const failing = await listen([503, 200]);
    expect(await post({ url: failing.url, secret: 'x' }, '{}', systemClock)).toEqual({ ok: true, tries: 2 });
    const refusing = await listen([404]);
    expect(await post({ url: refusing.url, secret: 'x' }, '{}', systemClock)).toEqual({
      ok: false,
      tries: 1,
      reason: 'it answered 404',
    });
    expect(refusing.got).toHaveLength(1);
  });

  it('follows no redirect', async () => {
    const other = await listen([200]);
    const { url } = await listen([302], { location: other.url });
    expect(await post({ url, secret: 'x' }, '{}', systemClock)).toMatchObject({ ok: false });
    expect(other.got).toEqual([]);
  });

  it('lets nothing of a statement become a link, a mention or the end of its block', () => {
    const { text, blocks } = JSON.parse(messageFor(REQUEST)) as { text: string; blocks: unknown };
    expect(text).toContain('broker approvals show 1jbx2k3m4n5p6q7r8');
    expect(JSON.stringify(blocks)).not.toMatch(/<!channel>|<https/);
    expect(JSON.stringify(blocks)).toContain("''' &lt;https://evil.example|click&gt;```");
  });
});

describe('a desktop notification', () => {
  it('is a program with arguments, none of which can become an option', () => {
    expect(desktopCommand('linux', '--icon=x', '-t 1')).toEqual([
      'notify-send',
      ['--app-name=broker', '--', '--icon=x', '-t 1'],
    ]);
    const [file, args] = desktopCommand('darwin', 'a" & b', '-x');
    expect(file).toBe('osascript');
    expect(args.slice(-3)).toEqual(['--', 'a" & b', '-x']);
    expect(args[1]).not.toContain('a" & b');
  });
});
