// Types into a real terminal program and waits for what it prints, as a person would.
import { spawn } from 'node-pty';

export interface TypedSession {
  /** Types a line and returns what was printed until the prompt came back. */
  type(line: string): Promise<string>;
  /** Waits for the first prompt. */
  ready(): Promise<void>;
  /** Types the last line and resolves with the exit code. */
  leave(line: string): Promise<number>;
}

export interface TerminalOptions {
  readonly file: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Matches the end of the output when the program waits for input. */
  readonly prompt: RegExp;
  readonly deadline: number;
}

export function openTerminal(options: TerminalOptions): TypedSession {
  const { file, args, environment, cwd, prompt, deadline } = options;
  const pty = spawn(file, [...args], {
    env: { ...environment },
    cwd,
    cols: 100,
    rows: 30,
    name: 'xterm-256color',
  });
  let seen = '';
  let wake: () => void = () => undefined;
  let exit: number | undefined;
  pty.onData((text) => {
    seen += text;
    wake();
  });
  pty.onExit(({ exitCode }) => {
    exit = exitCode;
    wake();
  });
  const until = async (done: () => boolean): Promise<void> => {
    const late = Date.now() + deadline;
    while (!done()) {
      if (Date.now() > late) throw new Error(`the terminal did not come back:\n${seen}`);
      await new Promise<void>((resolve) => {
        wake = resolve;
        setTimeout(resolve, 200);
      });
    }
  };
  const prompted = () => until(() => prompt.test(seen) || exit !== undefined);
  return {
    ready: prompted,
    type: async (line) => {
      seen = '';
      pty.write(`${line}\r`);
      await prompted();
      return seen;
    },
    leave: async (line) => {
      pty.write(`${line}\r`);
      await until(() => exit !== undefined);
      return exit ?? 1;
    },
  };
}
