// A real terminal (tmux) with a program in it: keys go in, the screen comes out as a person sees it.
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

export interface TmuxOptions {
  readonly columns: number;
  readonly rows: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly cwd: string;
}

export interface Tmux {
  /** Types a line into the shell of the terminal, or whatever runs in it. */
  type(text: string): void;
  /** Presses keys by tmux's names: `PageDown`, `Enter`, `Escape`, `C-c`, or single characters. */
  press(...keys: readonly string[]): void;
  /** The screen as it is, one row a line; `styled` keeps colours. */
  screen(options?: { readonly styled?: boolean }): string;
  /** Waits until the screen matches; fails with the screen it last saw. */
  until(found: RegExp | string, deadline?: number): Promise<string>;
  resize(columns: number, rows: number): void;
  /** A property of the pane, e.g. `cursor_flag`, `alternate_on`, `pane_title`. */
  property(name: string): string;
  stop(): void;
}

/** A shell in a terminal of this size. Its tmux server is its own and ends with `stop`. */
export function startTmux({ columns, rows, environment, cwd }: TmuxOptions): Tmux {
  // In a folder of its own: a socket's path must be short.
  const folder = mkdtempSync(join(tmpdir(), 'tm-'));
  const socket = join(folder, randomBytes(3).toString('hex'));
  const env = { ...environment, SHELL: '/bin/sh', PS1: '$ ', ENV: '' };
  const tmux = (...args: readonly string[]) =>
    execFileSync('tmux', ['-u', '-S', socket, '-f', '/dev/null', ...args], { env, cwd, encoding: 'utf8' });
  const size = ['-x', String(columns), '-y', String(rows)];
  tmux('new-session', '-d', '-s', 'screen', ...size, '/bin/sh');
  tmux('set', '-g', 'status', 'off');
  tmux('set', '-g', 'escape-time', '0');
  tmux('set', '-g', 'window-size', 'manual');
  tmux('resize-window', '-t', 'screen', ...size);
  const screen: Tmux['screen'] = ({ styled = false } = {}) =>
    tmux('capture-pane', '-p', ...(styled ? ['-e'] : []), '-t', 'screen').replace(/\n$/, '');
  return {
    type: (text) => {
      // A semicolon at the end would end tmux's own command.
      tmux('send-keys', '-t', 'screen', '-l', '--', text.replace(/;$/, '\\;'));
      tmux('send-keys', '-t', 'screen', 'Enter');
    },
    press: (...keys) => {
      for (const key of keys) tmux('send-keys', '-t', 'screen', key);
    },
    screen,
    until: async (found, deadline = 30_000) => {
      const late = performance.now() + deadline;
      for (;;) {
        const seen = screen();
        if (typeof found === 'string' ? seen.includes(found) : found.test(seen)) return seen;
        if (performance.now() > late) throw new Error(`the screen never showed ${String(found)}:\n${seen}`);
        await pause(50);
      }
    },
    resize: (width, height) => {
      tmux('resize-window', '-t', 'screen', '-x', String(width), '-y', String(height));
    },
    property: (name) => tmux('display', '-p', '-t', 'screen', `#{${name}}`).trim(),
    stop: () => {
      try {
        tmux('kill-server');
      } catch {
        // It ended with its last program.
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
