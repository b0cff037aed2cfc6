// broker replay: plays a terminal recording. Recordings are hostile: only what the sanitiser passes reaches this terminal.
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import type { CastEvent, CastHeader } from '../lib/asciicast.ts';
import { visibleJson } from '../lib/visible.ts';
import { BrokerError, EXIT } from '../model/errors.ts';
import type { CommandContext, CommandDefinition } from './command.ts';
import type { Recorded, Recording } from './replay-source.ts';

/** Faster and slower than this nobody can watch. */
const SLOWEST = 0.01;
const FASTEST = 1000;

interface Pace {
  readonly speed: number;
  /** Longest pause, seconds of recorded time; a pause beyond it is cut to it. */
  readonly maxIdle: number;
  /** False: everything at once. */
  readonly waiting: boolean;
}

function number(context: CommandContext, name: string, shown: string, least: number, most: number): number {
  const value = Number(context.options[name]);
  if (value >= least && value <= most) return value;
  const reason = `${shown} has to be a number from ${least} to ${most}`;
  throw new BrokerError('usage', { reason, command: 'replay' });
}

function paceOf(context: CommandContext): Pace {
  return {
    speed: number(context, 'speed', '--speed', SLOWEST, FASTEST),
    maxIdle: number(context, 'maxIdle', '--max-idle', 0, 86_400),
    // Into a file or a pager there is nobody to wait for.
    waiting: context.options['wait'] !== false && context.stdout.isTTY === true,
  };
}

async function write(context: CommandContext, text: string): Promise<void> {
  if (text === '' || context.stdout.write(text)) return;
  await once(context.stdout, 'drain', { signal: context.signal }).catch(() => undefined);
}

function isHeader(item: CastHeader | CastEvent): item is CastHeader {
  return 'version' in item;
}

/** Says so when the recording was made on a larger terminal than this one. */
function sizeHint({ width, height }: CastHeader, { stdout }: CommandContext): string {
  const { columns, rows } = stdout;
  // A terminal that does not know its size says 0.
  if (!columns || !rows || (width <= columns && height <= rows)) return '';
  return `recorded at ${width} × ${height}; this terminal is ${columns} × ${rows}, so lines may fall apart\n`;
}

async function play(context: CommandContext, recording: Recording, pace: Pace): Promise<void> {
  const { TerminalSanitiser } = await import('../lib/terminal.ts');
  const sanitiser = new TerminalSanitiser();
  let before = 0;
  try {
    for await (const item of recording.items()) {
      if (context.signal.aborted) break;
      if (isHeader(item)) {
        if (pace.waiting) context.stderr.write(sizeHint(item, context));
        continue;
      }
      const pause = Math.min(item.time - before, pace.maxIdle) / pace.speed;
      before = item.time;
      if (item.code !== 'o') continue;
      if (pace.waiting && pause > 0.001)
        await wait(pause * 1000, undefined, { signal: context.signal }).catch(() => undefined);
      if (!context.signal.aborted) await write(context, sanitiser.push(item.data));
    }
  } finally {
    // Whatever happens the terminal is handed back as it was.
    await write(context, sanitiser.end());
  }
}

/** An array with one object per recording: its name, its header, its events as they were recorded. */
async function list(context: CommandContext, recordings: readonly Recording[]): Promise<void> {
  await write(context, '[');
  for (const [index, recording] of recordings.entries()) {
    await write(context, `${index > 0 ? ',' : ''}{"name":${visibleJson(recording.name)},`);
    let events = 0;
    for await (const item of recording.items()) {
      if (isHeader(item)) await write(context, `"header":${visibleJson(item)},"events":[`);
      else {
        await write(context, `${events > 0 ? ',' : ''}\n${visibleJson(item)}`);
        events += 1;
      }
    }
    await write(context, ']}');
  }
  await write(context, ']\n');
}

/** A person sits there who can press keys. */
function playable({ stdout, environment, mayAsk, options }: CommandContext, { waiting }: Pace): boolean {
  return waiting && mayAsk && stdout.isTTY === true && environment['TERM'] !== 'dumb' && !options['plain'];
}

async function show(context: CommandContext, recorded: Recorded, pace: Pace): Promise<void> {
  const { tapeOf } = await import('./evidence/tape.ts');
  const { drawAnyway } = await import('../front/compose.ts');
  const tape = await tapeOf(recorded.recordings, pace.maxIdle, await recorded.said());
  drawAnyway();
  const { showReplay } = await import('../screens/replay-player.tsx');
  const { stdin, stdout, clock, signal, fancy: colour } = context;
  await showReplay(
    { tape, speed: pace.speed, colour, now: () => clock.monotonic(), signal },
    { stdin: stdin as NodeJS.ReadStream, stdout: stdout as NodeJS.WriteStream },
  );
}

/** Files instead of a picture. True when there were some to write. */
async function written(context: CommandContext, recorded: Recorded, pace: Pace): Promise<boolean> {
  const { toHtml, toCast } = context.options;
  if (typeof toHtml !== 'string' && typeof toCast !== 'string') return false;
  const { tapeOf, writeCast, writePage } = await import('./evidence/tape.ts');
  const tape = await tapeOf(recorded.recordings, pace.maxIdle, await recorded.said());
  if (tape.cut)
    context.stderr.write('broker: note: the recording is longer than can be written: its end is left out\n');
  if (typeof toHtml === 'string') await writePage(context, toHtml, tape, recorded.facts);
  if (typeof toCast === 'string') await writeCast(context, toCast, tape);
  return true;
}

async function run(context: CommandContext): Promise<number> {
  const pace = paceOf(context);
  const { recordingsOf } = await import('./replay-source.ts');
  const recorded = await recordingsOf(context, context.args[0] ?? '');
  if (await written(context, recorded, pace)) return EXIT.done;
  if (context.json) {
    await list(context, recorded.recordings);
    return EXIT.done;
  }
  if (playable(context, pace)) {
    await show(context, recorded, pace);
    return context.signal.aborted ? EXIT.interrupted : EXIT.done;
  }
  for (const recording of recorded.recordings) {
    await play(context, recording, pace);
    if (context.signal.aborted) return EXIT.interrupted;
  }
  return EXIT.done;
}

export const replay: CommandDefinition = {
  name: 'replay',
  group: 'evidence',
  summary: 'play the terminal recording of a session',
  description: [
    'Shows what the person saw, masked as it was recorded. Only drawing reaches your terminal: titles, clipboard writes, device queries and everything else a recording could do to you is left out. The recording itself stays as it is.',
    'SESSION is the id of a session, or the path of an asciicast v2 file, plain or gzipped. Into a file or a pager it is printed at once.',
    'On a terminal it is a player: space pauses, arrow keys go back and on and change the speed, [ and ] go from statement to statement, / seeks what was shown, ? tells all keys, q leaves. `--plain` writes the recording to the terminal as it was instead.',
  ],
  arguments: [
    {
      name: 'SESSION',
      summary: 'id of the session, or path of a recording',
      required: true,
      completes: 'session',
    },
  ],
  options: [
    { flags: '--speed <factor>', summary: 'how much faster than it happened', default: '1' },
    { flags: '--max-idle <seconds>', summary: 'cut longer pauses to this', default: '2' },
    { flags: '--no-wait', summary: 'print everything at once' },
    { flags: '--plain', summary: 'no player: write the recording to the terminal as it was' },
    {
      flags: '--to-html <file>',
      summary: 'write one page that plays it in a browser, offline',
      completes: 'file',
    },
    {
      flags: '--to-cast <file>',
      summary: 'write it for asciinema, with statements as markers',
      completes: 'file',
    },
  ],
  examples: [
    { command: 'broker replay 01jd2q8c --speed 4', explains: 'four times as fast' },
    { command: 'broker replay 01jd2q8c --no-wait | less -R', explains: 'to read rather than to watch' },
    {
      command: 'broker replay 01jd2q8c --to-html session.html',
      explains: 'to hand to somebody with a browser',
    },
    { command: 'broker replay transcript.cast.gz', explains: 'a recording out of an export' },
  ],
  run,
};
