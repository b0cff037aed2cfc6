// Reads a secret from a person or a pipe. Must never show it, and never take it from the command line.
import type { Readable, Writable } from 'node:stream';
import type { ReadStream } from 'node:tty';
import { visible } from '../lib/visible.ts';
import { BrokerError } from '../model/errors.ts';

export interface SecretContext {
  readonly stdin: Readable & { isTTY?: boolean };
  readonly stderr: Writable;
  readonly mayAsk: boolean;
}

const LIMIT = 64 * 1024;

async function readPipe(stdin: Readable): Promise<string> {
  let text = '';
  stdin.setEncoding('utf8');
  for await (const chunk of stdin) {
    text += chunk as string;
    if (text.length > LIMIT)
      throw new BrokerError('usage', { reason: 'the secret is over 64 KiB', command: 'secrets set' });
  }
  return text.replace(/\r?\n$/, '');
}

/** Raw mode: nothing is echoed; Enter ends, backspace takes back, Ctrl-U starts over, Ctrl-C and Ctrl-D give up. */
function readHidden(stdin: ReadStream): Promise<string> {
  stdin.setRawMode(true);
  stdin.setEncoding('utf8');
  stdin.resume();
  return new Promise<string>((resolve, reject) => {
    let text = '';
    const finish = (settle: () => void) => {
      stdin.removeListener('data', type);
      stdin.setRawMode(false);
      stdin.pause();
      settle();
    };
    const type = (chunk: string) => {
      for (const key of chunk) {
        if (key === '\r' || key === '\n') return finish(() => resolve(text));
        if (key === '\x03' || key === '\x04') return finish(() => reject(new BrokerError('interrupted')));
        if (key === '\x7f' || key === '\b') text = [...text].slice(0, -1).join('');
        else if (key === '\x15') text = '';
        else if (key >= ' ') text += key;
      }
    };
    stdin.on('data', type);
  });
}

export async function readSecret(context: SecretContext, question: string): Promise<string> {
  if (context.stdin.isTTY !== true) return readPipe(context.stdin);
  if (!context.mayAsk)
    throw new BrokerError('usage', {
      reason: 'the secret has to come from standard input',
      command: 'secrets set',
    });
  context.stderr.write(visible(question));
  try {
    return await readHidden(context.stdin as unknown as ReadStream);
  } finally {
    context.stderr.write('\n');
  }
}
