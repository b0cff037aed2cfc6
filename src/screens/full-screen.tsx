// Takes a whole terminal for one picture and gives it back as it was, however that ends. Must never leave it raw or on the other screen.
import { render } from 'ink';
import type { ReactElement } from 'react';

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

export interface Terminal {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
}

const ENTER = '\u001b[?1049h\u001b[2J\u001b[H';
const LEAVE = '\u001b[?1049l\u001b[?25h';
const CLEAR = '\u001b[2J\u001b[H';

/** Stopped by somebody else, the terminal is theirs until we go on. */
function whileStopped({ stdin, stdout }: Terminal, redraw: () => void): () => void {
  const raw = (mode: boolean) => {
    try {
      stdin.setRawMode?.(mode);
    } catch {
      // The terminal is gone: there is nothing to set.
    }
  };
  const stop = () => {
    raw(false);
    stdout.write(LEAVE);
    process.kill(process.pid, 'SIGSTOP');
  };
  const proceed = () => {
    raw(true);
    stdout.write(ENTER);
    redraw();
  };
  process.on('SIGTSTP', stop);
  process.on('SIGCONT', proceed);
  return () => {
    process.removeListener('SIGTSTP', stop);
    process.removeListener('SIGCONT', proceed);
  };
}

/** Resolves when the picture exits, or when `signal` aborts; the terminal is as it was then, and also when the process ends otherwise. */
export async function showFullScreen(
  draw: (size: Size) => ReactElement,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const { stdin, stdout } = terminal;
  const element = (size: Size = { columns: stdout.columns || 80, rows: stdout.rows || 24 }) => draw(size);
  const leave = () => void stdout.write(LEAVE);
  const resized = () => {
    stdout.write(CLEAR);
    app.rerender(element());
  };
  const redraw = () => {
    // ink draws only what is not what it drew last: in between there was nothing.
    app.rerender(element({ columns: 0, rows: 0 }));
    setTimeout(resized, 100);
  };
  process.once('exit', leave);
  stdout.write(ENTER);
  // Before ink listens: the old picture is gone when the new one is drawn.
  stdout.on('resize', resized);
  const app = render(element(), { stdin, stdout, exitOnCtrlC: false, patchConsole: false });
  const goOn = whileStopped(terminal, redraw);
  const stop = () => app.unmount();
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    await app.waitUntilExit();
  } finally {
    goOn();
    signal.removeEventListener('abort', stop);
    stdout.removeListener('resize', resized);
    process.removeListener('exit', leave);
    leave();
  }
}
