// argv → command → exit code. The only file that exits the process; renders every error with its hint.
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { isatty } from 'node:tty';
import type { CommandContext } from './commands/command.ts';
import { renderFailure, toBrokerError } from './commands/failure.ts';
import { COMMANDS } from './commands/index.ts';
import { type Invocation, parseArguments } from './commands/program.ts';
import { systemClock } from './lib/clock.ts';
import { BrokerError, EXIT } from './model/errors.ts';

function version(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** Node aborts, with a core file, when it cannot restore a terminal that is gone (node.cc, ResetStdio): it is shown another file. */
function leave(exit: number): never {
  for (const descriptor of [0, 1, 2]) {
    try {
      if (isatty(descriptor) || !fstatSync(descriptor).isCharacterDevice()) continue;
      closeSync(descriptor);
      openSync('/dev/null', 'r+');
    } catch {
      // It was closed before we were started.
    }
  }
  process.exit(exit);
}

/** The first Ctrl-C asks the command to end; the second ends us. */
function interruptible(): AbortSignal {
  const controller = new AbortController();
  const interrupt = () => {
    if (controller.signal.aborted) leave(EXIT.interrupted);
    controller.abort(new BrokerError('interrupted'));
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  process.on('SIGHUP', interrupt);
  // Its default would write our memory, with a session's secret in it, to a core file.
  process.on('SIGQUIT', interrupt);
  return controller.signal;
}

function contextOf({ args, options }: Invocation, signal: AbortSignal): CommandContext {
  const { env, stdin, stdout, stderr } = process;
  // A terminal that is gone also says so by SIGHUP.
  stdin.on('error', () => undefined);
  const json = options['json'] === true;
  const cwd = process.cwd();
  const file = options['config'];
  return {
    stdin,
    stdout,
    stderr,
    environment: typeof file === 'string' ? { ...env, BROKER_CONFIG: resolve(cwd, file) } : env,
    cwd,
    home: env['HOME'] ?? homedir(),
    clock: systemClock,
    signal,
    args,
    options,
    json,
    fancy: !json && stdout.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb',
    mayAsk: options['input'] !== false && stdin.isTTY === true,
  };
}

function fail(error: unknown, json: boolean): number {
  const failure = toBrokerError(error);
  process.stderr.write(renderFailure(failure, json));
  if (failure.code === 'bug' && process.env['BROKER_DEBUG'] && error instanceof Error)
    process.stderr.write(`${error.stack}\n`);
  return failure.row.exit;
}

async function main(argv: readonly string[]): Promise<number> {
  const json =
    argv.includes('--json') && !(argv.includes('--') && argv.indexOf('--') < argv.indexOf('--json'));
  const writers = {
    out: (text: string) => void process.stdout.write(text),
    err: (text: string) => void process.stderr.write(text),
  };
  try {
    const parsed = await parseArguments(argv, COMMANDS, version(), writers);
    if (parsed.kind === 'printed') return EXIT.done;
    const context = contextOf(parsed.invocation, interruptible());
    return await parsed.invocation.definition.run(context);
  } catch (error) {
    return fail(error, json);
  }
}

// A reader that has seen enough (`broker … | head`) is not a failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  leave(error.code === 'EPIPE' || error.code === 'EIO' ? EXIT.done : EXIT.bug);
});
process.stderr.on('error', () => undefined);

const code = await main(process.argv.slice(2));
await new Promise<void>((resolve) => process.stdout.write('', () => resolve()));
leave(code);
