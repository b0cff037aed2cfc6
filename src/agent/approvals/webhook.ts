// Posts one message to one webhook: Slack-compatible JSON, signed, retried, bounded in time. Must never follow a redirect.
import { createHmac } from 'node:crypto';
import type { Clock } from '../../lib/clock.ts';
import type { RequestPredicate } from '../../model/approval.ts';
import { messageOf } from '../fault.ts';
import { pause } from './pace.ts';

/** Milliseconds: one try, and the pauses between tries. */
const TRY = 10_000;
const PAUSES = [500, 2_000, 8_000] as const;
const MAX_TEXT = 2_000;

export interface Posted {
  readonly ok: boolean;
  readonly tries: number;
  readonly reason?: string;
}

/** Slack reads `&`, `<` and `>` as markup: nothing of a statement may become a link or a mention. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** What is posted: who asks, what for and how to see it. Only what the request itself shows, which is masked. */
export function messageFor({ id, asked, requester, expires }: RequestPredicate): string {
  const who = requester.email ?? requester.name ?? requester.sub;
  const whole =
    asked.text.length > MAX_TEXT ? `${asked.text.slice(0, MAX_TEXT)}…`.toWellFormed() : asked.text;
  const title = escaped(`${who} asks on ${asked.connection}: ${asked.titles.join('; ')}`);
  const text = `${title}\n${escaped(asked.reason)}\nsee it with: broker approvals show ${id}`;
  const code = escaped(whole).replaceAll('```', "'''");
  return JSON.stringify({
    text,
    blocks: [
      { type: 'section', text: { type: 'mrkdwn', text: title } },
      { type: 'section', text: { type: 'mrkdwn', text: `\`\`\`${code}\`\`\`` } },
      {
        type: 'context',
        elements: [
          {
            type: 'mrkdwn',
            text: escaped(`${asked.reason} (${asked.policies.join(', ')}), until ${expires}`),
          },
          { type: 'mrkdwn', text: `broker approvals show ${id}` },
        ],
      },
    ],
    request: { id, connection: asked.connection, expires },
  });
}

/** `t=<seconds>,v1=<hex>`: HMAC-SHA256 of `<seconds>.<body>`, so that a message cannot be altered nor sent again later. */
export function signatureOf(body: string, secret: string, seconds: number): string {
  const mac = createHmac('sha256', secret).update(`${seconds}.${body}`, 'utf8').digest('hex');
  return `t=${seconds},v1=${mac}`;
}

async function once(url: string, body: string, signature: string): Promise<{ status: number }> {
  const response = await fetch(url, {
    method: 'POST',
    redirect: 'manual',
    headers: { 'content-type': 'application/json', 'x-broker-signature': signature },
    body,
    signal: AbortSignal.timeout(TRY),
  });
  await response.body?.cancel();
  return response;
}

/** Tries again when the other side fails or cannot be reached; what it refuses stays refused. */
export async function post(
  hook: { readonly url: string; readonly secret: string },
  body: string,
  clock: Clock,
): Promise<Posted> {
  let reason = '';
  for (let tries = 1; ; tries += 1) {
    try {
      const signature = signatureOf(body, hook.secret, Math.floor(clock.now() / 1000));
      const { status } = await once(hook.url, body, signature);
      if (status >= 200 && status < 300) return { ok: true, tries };
      reason = `it answered ${status}`;
      if (status < 500 && status !== 429) return { ok: false, tries, reason };
    } catch (error) {
      reason = messageOf(error instanceof Error && error.cause ? error.cause : error);
    }
    const wait = PAUSES[tries - 1];
    if (wait === undefined) return { ok: false, tries, reason };
    await pause(wait, new AbortController().signal);
  }
}
