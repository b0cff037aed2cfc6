// A person's terminal as streams: a keyboard that is typed on, a screen that remembers, a size that changes.
import { PassThrough, Writable } from 'node:stream';
import type { Streams } from '../../src/front/screen.ts';

export interface FakeScreen extends Streams {
  readonly stdin: PassThrough & { isTTY?: boolean };
  readonly stdout: Writable & { isTTY?: boolean; columns?: number; rows?: number };
  /** Everything shown so far. */
  shown(): string;
  errors(): string;
  /** The modes the terminal was put into, in order. */
  readonly modes: boolean[];
  type(text: string): void;
  resize(columns: number, rows: number): void;
  /** Called with each chunk before it counts as shown. */
  onShow: (chunk: Buffer) => void;
  until(text: string): Promise<void>;
}

export function fakeScreen(terminal: boolean, size = { columns: 90, rows: 30 }): FakeScreen {
  const shown: Buffer[] = [];
  const errors: Buffer[] = [];
  const modes: boolean[] = [];
  const sink = (into: Buffer[], look: (chunk: Buffer) => void) =>
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        look(chunk);
        into.push(Buffer.from(chunk));
        done();
      },
    });
  const stdin = Object.assign(new PassThrough(), {
    isTTY: terminal,
    setRawMode: (mode: boolean) => void modes.push(mode),
  });
  const screen: FakeScreen = {
    stdin,
    stdout: Object.assign(
      sink(shown, (chunk) => screen.onShow(chunk)),
      { isTTY: terminal, ...size },
    ),
    stderr: Object.assign(
      sink(errors, () => undefined),
      { isTTY: terminal },
    ),
    shown: () => Buffer.concat(shown).toString('utf8'),
    errors: () => Buffer.concat(errors).toString('utf8'),
    modes,
    type: (text) => void stdin.write(text),
    resize: (columns, rows) => {
      Object.assign(screen.stdout, { columns, rows });
      screen.stdout.emit('resize');
    },
    onShow: () => undefined,
    until: async (text) => {
      const deadline = performance.now() + 10_000;
      while (!screen.shown().includes(text)) {
        if (performance.now() > deadline) throw new Error(`never shown: ${text}\n${screen.shown()}`);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
  };
  return screen;
}
