// Tells the demo's story: headings, commands as typed, what they proved. Plain lines where there is no terminal.
import { createInterface } from 'node:readline';

const INDENT = '   ';
const tty = process.stdout.isTTY === true;
const coloured = tty && !process.env['NO_COLOR'];
const paint = (code: string) => (text: string) => (coloured ? `\u001b[${code}m${text}\u001b[0m` : text);
export const bold = paint('1');
export const dim = paint('2');
export const green = paint('32');
export const red = paint('31');
export const cyan = paint('36');

export interface Narrator {
  /** A numbered step; waits for Enter before all but the first, in a terminal. */
  step(title: string, why: string): Promise<void>;
  /** A command as a person would type it. */
  typed(command: string): void;
  /** Its output, indented. */
  output(text: string): void;
  /** What this step showed. */
  proved(text: string): void;
  line(text?: string): void;
}

function enter(): Promise<void> {
  const reader = createInterface({ input: process.stdin, output: process.stdout });
  return new Promise((resolve) => {
    // The line editor takes Ctrl-C for itself; here it means the same as everywhere.
    reader.once('SIGINT', () => process.kill(process.pid, 'SIGINT'));
    reader.once('close', resolve);
    reader.question(dim('  ⏎ to go on '), () => reader.close());
  });
}

/** Breaks between words where the terminal would break inside one. */
function wrapped(text: string): string {
  const width = Math.max((process.stdout.columns ?? Number.POSITIVE_INFINITY) - INDENT.length - 2, 30);
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    if (line !== '' && line.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines.join(`\n${INDENT}`);
}

export function createNarrator(pauses: boolean): Narrator {
  let number = 0;
  const line = (text = '') => void process.stdout.write(`${text}\n`);
  return {
    step: async (title, why) => {
      if (number > 0 && pauses) await enter();
      number += 1;
      line();
      line(bold(`${number}. ${title}`));
      line(dim(`${INDENT}${wrapped(why)}`));
    },
    typed: (command) => line(`\n   ${cyan('$')} ${bold(command)}`),
    output: (text) => {
      for (const row of text.replace(/\s+$/, '').split('\n')) line(`   ${row.replace(/\r/g, '')}`);
    },
    proved: (text) => line(`${INDENT}${green('✔')} ${wrapped(text)}`),
    line,
  };
}
