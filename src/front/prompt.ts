// How a person is asked to sign in on a plain terminal: what to open is opened or printed, what was pasted is read. Sees no token.
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { SignInPrompt } from '../agent/client.ts';
import { openBrowser } from '../identity/browser.ts';
import { visible } from '../lib/visible.ts';
import type { FrontContext } from './compose.ts';

export interface PromptContext extends FrontContext {
  readonly stdin: Readable & { isTTY?: boolean };
  readonly stderr: Writable & { isTTY?: boolean };
  readonly json: boolean;
}

/** Resolves with the first line; never when there is none. */
export function pastedLine(context: PromptContext): { line: Promise<string>; close(): void } {
  const reader = createInterface({ input: context.stdin, terminal: false });
  const line = new Promise<string>((resolve) => reader.once('line', resolve));
  return { line, close: () => reader.close() };
}

/** Opens the provider's page where there is a browser to open, and says what to do everywhere else. */
export async function showPrompt(context: PromptContext, prompt: SignInPrompt): Promise<void> {
  const tell = (text: string) => void context.stderr.write(`${text}\n`);
  if (context.json) tell(JSON.stringify({ prompt }));
  if (prompt.kind === 'device') {
    if (!context.json)
      tell(`broker: open ${visible(prompt.url)} on any device and enter the code ${visible(prompt.code)}`);
    return;
  }
  const opened = prompt.kind === 'browser' && (await openBrowser(prompt.url, context.environment));
  if (context.json) return;
  if (opened) tell('broker: sign in in the browser window that has opened');
  else tell(`broker: open this address in a browser:\n\n  ${visible(prompt.url)}\n`);
  if (prompt.kind === 'paste')
    tell('broker: if the browser cannot come back here, paste the address it ends on:');
}
