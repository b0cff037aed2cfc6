// broker approvals watch: the board a person leaves open.
import { BrokerError, EXIT } from '../model/errors.ts';
import type { CommandContext, CommandDefinition } from './command.ts';

async function run(context: CommandContext): Promise<number> {
  const { stdin, stdout, environment, mayAsk, options } = context;
  if (options['browser'] === false && options['device'] === true)
    throw new BrokerError('usage', {
      reason: 'give either --no-browser or --device',
      command: 'approvals watch',
    });
  if (!mayAsk || stdout.isTTY !== true || environment['TERM'] === 'dumb')
    throw new BrokerError(
      'terminal-missing',
      {},
      { hint: 'run it in a terminal, or use `broker approvals ls`' },
    );
  const { drawAnyway } = await import('../front/compose.ts');
  drawAnyway();
  const { boardProps } = await import('./approvals/board.ts');
  const { showApprovalsBoard } = await import('../screens/approvals-board.tsx');
  const terminal = { stdin: stdin as NodeJS.ReadStream, stdout: stdout as NodeJS.WriteStream };
  await showApprovalsBoard(await boardProps(context), terminal);
  return context.signal.aborted ? EXIT.interrupted : EXIT.done;
}

export const approvalsWatch: CommandDefinition = {
  name: 'approvals watch',
  group: 'sessions',
  summary: 'a board of what waits, to answer from',
  description: [
    'Stays open and rings when a request comes. Choose with the arrow keys and read with PgUp and PgDn: a request can be approved once its whole statement was on the screen. Enter shows everything about it.',
    'a approves after one more question and a new sign-in, d denies and r revokes with a reason, q leaves.',
  ],
  arguments: [],
  options: [
    { flags: '--connection <name>', summary: 'only requests on this connection', completes: 'connection' },
    { flags: '--since <time>', summary: 'asked from then on; two days unless told' },
    { flags: '--no-bell', summary: 'make no sound when a request comes' },
    { flags: '--no-browser', summary: 'show the address to sign in at instead of opening it' },
    { flags: '--device', summary: 'sign in on another device with a code' },
  ],
  examples: [
    { command: 'broker approvals watch', explains: 'everything you may answer' },
    { command: 'broker approvals watch --connection prod-db --no-browser', explains: 'over ssh' },
  ],
  run,
};
