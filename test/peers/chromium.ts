// Debian's Chromium, driven over its debugging pipe: a real browser for pages that people see. Knows nothing of broker.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

export interface ChromiumPage {
  goto(url: string): Promise<void>;
  /** Evaluates an expression in the page and answers its JSON value. */
  evaluate(expression: string): Promise<unknown>;
  /** Evaluates until the expression is true; throws with the page's text after the deadline. */
  until(expression: string, milliseconds?: number): Promise<void>;
  /** What the page complained about: console errors, refused content, exceptions. */
  readonly complaints: readonly string[];
  close(): Promise<void>;
}

/** Commands and events as NUL-terminated JSON on file descriptors 3 and 4. */
class Pipe {
  readonly #out: Writable;
  readonly #waiting = new Map<number, (message: Message) => void>();
  readonly #events: (message: Message) => void;
  #last = 0;
  #rest = '';

  constructor(child: ChildProcess, events: (message: Message) => void) {
    this.#events = events;
    this.#out = child.stdio[3] as Writable;
    (child.stdio[4] as Readable).setEncoding('utf8').on('data', (text: string) => this.#read(text));
  }

  #read(text: string): void {
    const parts = (this.#rest + text).split('\0');
    this.#rest = parts.pop() ?? '';
    for (const part of parts) {
      const message = JSON.parse(part) as Message;
      if (message.id === undefined) this.#events(message);
      else this.#waiting.get(message.id)?.(message);
    }
  }

  send(method: string, params: object = {}, sessionId?: string): Promise<Record<string, unknown>> {
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, ({ result, error }) => {
        this.#waiting.delete(id);
        if (error) reject(new Error(`${method}: ${error.message}`));
        else resolve(result ?? {});
      });
      this.#out.write(`${JSON.stringify({ id, method, params, ...(sessionId ? { sessionId } : {}) })}\0`);
    });
  }
}

function complaintOf({ method, params }: Message): string | undefined {
  const text = JSON.stringify(params);
  if (method === 'Runtime.exceptionThrown') return text;
  const { entry, type } = (params ?? {}) as { entry?: { level?: string }; type?: string };
  if (method === 'Log.entryAdded' && entry?.level === 'error') return text;
  return method === 'Runtime.consoleAPICalled' && type === 'error' ? text : undefined;
}

export async function openChromium(): Promise<ChromiumPage> {
  const folder = mkdtempSync(join(tmpdir(), 'chromium-'));
  const args = [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--no-first-run',
    '--remote-debugging-pipe',
    `--user-data-dir=${folder}`,
  ];
  const child = spawn('chromium', args, { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
  const complaints: string[] = [];
  const pipe = new Pipe(child, (message) => {
    const complaint = complaintOf(message);
    if (complaint !== undefined) complaints.push(complaint);
  });
  const { targetId } = await pipe.send('Target.createTarget', { url: 'about:blank' });
  const { sessionId } = await pipe.send('Target.attachToTarget', { targetId, flatten: true });
  const call = (method: string, params?: object) => pipe.send(method, params, String(sessionId));
  for (const domain of ['Page', 'Runtime', 'Log']) await call(`${domain}.enable`);
  const evaluate = async (expression: string): Promise<unknown> => {
    const { result } = await call('Runtime.evaluate', {
      expression,
      returnByValue: true,
      awaitPromise: true,
    });
    return (result as { value?: unknown }).value;
  };
  return {
    complaints,
    evaluate,
    goto: async (url) => void (await call('Page.navigate', { url })),
    until: async (expression, milliseconds = 10_000) => {
      const deadline = Date.now() + milliseconds;
      // A page that is being left has no context to evaluate in: that is "not yet".
      while ((await evaluate(expression).catch(() => false)) !== true) {
        if (Date.now() > deadline)
          throw new Error(`never true: ${expression}\n${await evaluate('document.body.innerText')}`);
        await new Promise((resolve) => setTimeout(resolve, 30));
      }
    },
    close: async () => {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      await pipe.send('Browser.close').catch(() => {});
      await ended;
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
