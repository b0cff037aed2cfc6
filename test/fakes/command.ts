// Runs one command in this process against folders of the test's own; output is collected.
import { PassThrough, Writable } from 'node:stream';
import type { CommandContext, CommandDefinition } from '../../src/commands/command.ts';
import type { Clock } from '../../src/lib/clock.ts';

export interface RunOptions {
  readonly args?: readonly string[];
  readonly options?: CommandContext['options'];
  readonly json?: boolean;
  readonly home: string;
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
}

export async function runCommand(
  definition: CommandDefinition,
  o: RunOptions,
): Promise<{ code: number; stdout: string; stderr: string }> {
  const [stdout, stderr] = [collector(), collector()];
  const code = await definition.run({
    stdin: new PassThrough(),
    stdout: stdout.stream,
    stderr: stderr.stream,
    environment: o.environment,
    cwd: o.cwd,
    home: o.home,
    clock: o.clock,
    signal: new AbortController().signal,
    args: o.args ?? [],
    options: o.options ?? {},
    json: o.json ?? false,
    fancy: false,
    mayAsk: false,
  });
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}

function collector(): { stream: Writable; text(): string } {
  const pieces: Buffer[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      pieces.push(Buffer.from(chunk));
      done();
    },
  });
  return { stream, text: () => Buffer.concat(pieces).toString() };
}
