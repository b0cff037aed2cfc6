// The shape of one verb. --help, man pages and completions are all generated from these definitions.
import type { Readable, Writable } from 'node:stream';
import type { Clock } from '../lib/clock.ts';

export type CompletionKind = 'connection' | 'session' | 'request' | 'file' | 'folder' | 'none';

export interface ArgumentDefinition {
  /** Upper case as help shows it, e.g. `NAME`. */
  readonly name: string;
  readonly summary: string;
  readonly required: boolean;
  readonly variadic?: boolean;
  readonly completes?: CompletionKind;
  readonly choices?: readonly string[];
}

export interface OptionDefinition {
  /** commander flags, e.g. `--since <time>` or `-o, --output <folder>`. */
  readonly flags: string;
  readonly summary: string;
  readonly default?: string;
  readonly choices?: readonly string[];
  readonly completes?: CompletionKind;
}

/** Understood by every verb. */
export const COMMON_OPTIONS: readonly OptionDefinition[] = [
  { flags: '--json', summary: 'results as JSON on stdout, errors as JSON on stderr' },
  { flags: '--no-input', summary: 'never ask a question' },
  { flags: '--config <file>', summary: 'read this file instead of your broker.yaml', completes: 'file' },
];

export interface Example {
  readonly command: string;
  readonly explains: string;
}

/** What a command may touch; nothing reaches for process globals. */
export interface CommandContext {
  readonly stdin: Readable & { isTTY?: boolean };
  readonly stdout: Writable & { isTTY?: boolean; columns?: number; rows?: number };
  readonly stderr: Writable & { isTTY?: boolean };
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly home: string;
  readonly clock: Clock;
  /** Aborted by Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal;
  /** Positional arguments in order; a variadic one is the rest. */
  readonly args: readonly string[];
  readonly options: Readonly<Record<string, string | boolean | readonly string[] | undefined>>;
  /** `--json` was given: results as JSON on stdout, errors as JSON on stderr. */
  readonly json: boolean;
  /** Colour and motion are welcome: a terminal, no NO_COLOR, no --json. */
  readonly fancy: boolean;
  /** Questions may be asked: a terminal on stdin, no --no-input. */
  readonly mayAsk: boolean;
}

export interface CommandDefinition {
  /** The words typed after `broker`, e.g. `sessions ls`. */
  readonly name: string;
  readonly group: 'start' | 'sessions' | 'evidence' | 'policy' | 'machine';
  readonly summary: string;
  /** Paragraphs for `--help` and the man page. */
  readonly description?: readonly string[];
  readonly arguments: readonly ArgumentDefinition[];
  readonly options: readonly OptionDefinition[];
  readonly examples: readonly Example[];
  readonly hidden?: boolean;
  /** Returns the exit code. Throws BrokerError for every failure a person can meet. Imports what it needs lazily. */
  run(context: CommandContext): Promise<number>;
}
