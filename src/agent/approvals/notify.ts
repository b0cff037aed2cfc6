// Tells people that a request waits for them. Must never carry a value that was not masked, nor hold anybody up.
import { execFile } from 'node:child_process';
import type { Clock } from '../../lib/clock.ts';
import { visible } from '../../lib/visible.ts';
import type { RequestPredicate } from '../../model/approval.ts';
import type { ApprovalSettings } from '../../model/config.ts';
import type { ApprovalEvent } from '../../model/session.ts';
import { messageOf } from '../fault.ts';
import { messageFor, post } from './webhook.ts';

export interface NotifyPorts {
  readonly clock: Clock;
  /** The value of a keychain entry. */
  secret(name: string): Promise<string | undefined>;
  /** There is a desktop to show something on. */
  readonly desktop: boolean;
}

type Record = (event: ApprovalEvent) => void;

/** Milliseconds the desktop may take. */
const DESKTOP = 5_000;

/** Program and arguments; never a shell, and no text can become an option. */
export function desktopCommand(
  platform: NodeJS.Platform,
  title: string,
  text: string,
): readonly [file: string, args: readonly string[]] {
  if (platform !== 'darwin') return ['notify-send', ['--app-name=broker', '--', title, text]];
  const script = 'on run argv\ndisplay notification (item 2 of argv) with title (item 1 of argv)\nend run';
  return ['osascript', ['-e', script, '--', title, text]];
}

function show(title: string, text: string): Promise<void> {
  const [file, args] = desktopCommand(process.platform, title, text);
  return new Promise((resolve, reject) => {
    execFile(file, [...args], { timeout: DESKTOP }, (error) => (error ? reject(error) : resolve()));
  });
}

export class Notifier {
  readonly #ports: NotifyPorts;

  constructor(ports: NotifyPorts) {
    this.#ports = ports;
  }

  /** A request of ours stands. Returns at once; the outcome of each attempt is recorded when it is known. */
  asked(request: RequestPredicate, settings: ApprovalSettings | undefined, record: Record): void {
    for (const hook of settings?.webhooks ?? []) void this.#post(hook, request, record);
    if (settings?.desktop === false) return;
    const { id, asked } = request;
    const text = `${asked.titles.join('; ')} on ${asked.connection}: request ${id}`;
    void this.desktop(id, 'Waiting for approval', text, record);
  }

  /** What a person at this desktop should see. */
  async desktop(id: string, title: string, text: string, record: Record): Promise<void> {
    if (!this.#ports.desktop) return;
    try {
      await show(visible(title), visible(text));
      record({ type: 'approval.notify', data: { id, channel: 'desktop', outcome: 'sent', tries: 1 } });
    } catch (error) {
      const reason = messageOf(error);
      record({
        type: 'approval.notify',
        data: { id, channel: 'desktop', outcome: 'failed', tries: 1, reason },
      });
    }
  }

  async #post(
    { url, secret: name }: ApprovalSettings['webhooks'][number],
    request: RequestPredicate,
    record: Record,
  ): Promise<void> {
    const { id } = request;
    const base = { id, channel: 'webhook', to: new URL(url).host } as const;
    const secret = await this.#ports.secret(name).catch(() => undefined);
    const reason = `there is no secret ${name}: set it with \`broker secrets set ${name}\``;
    const posted = secret
      ? await post({ url, secret }, messageFor(request), this.#ports.clock)
      : { ok: false, tries: 0, reason };
    const why = posted.reason === undefined ? {} : { reason: posted.reason };
    const outcome = posted.ok ? 'sent' : 'failed';
    record({ type: 'approval.notify', data: { ...base, outcome, tries: posted.tries, ...why } });
  }
}
