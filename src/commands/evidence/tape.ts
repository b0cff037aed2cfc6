// A session's recordings as one tape, with its statements, and the files made of it. Must never write over a file.
import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Story } from '../../exporters/story.ts';
import type { CastEvent, CastHeader } from '../../lib/asciicast.ts';
import { encodeEvent, encodeHeader } from '../../lib/asciicast.ts';
import { type Said, spliceTape, type Tape } from '../../lib/tape.ts';
import { BrokerError } from '../../model/errors.ts';
import type { Store } from '../../model/store.ts';
import type { CommandContext } from '../command.ts';
import type { ListedStatement } from '../evidence.ts';
import { eventsOf } from './events.ts';

/** What stands before the statements of an exported recording. */
export type Facts = readonly (readonly [name: string, value: string])[];

/** Statements that a tape may name. */
const MOST_SAID = 20_000;
const LABEL = 400;

/** Every statement of a sealed session: when, and what was decided of it. */
export async function saidIn(store: Store, listed: ListedStatement): Promise<readonly Said[]> {
  const said: Said[] = [];
  const story = new Story();
  const keep = (each: { readonly time: string; readonly decision: string; readonly text: string }) => {
    if (said.length >= MOST_SAID) return;
    const label = `${each.decision}: ${each.text === '' ? '(as before)' : each.text}`;
    said.push({ when: Date.parse(each.time) / 1000, label: label.slice(0, LABEL) });
  };
  for await (const event of eventsOf(store, listed)) for (const told of story.push(event)) keep(told);
  for (const told of story.end()) keep(told);
  return said.sort((one, other) => one.when - other.when);
}

export function factsOf({ predicate, key }: ListedStatement): Facts {
  const { session, identity, actor } = predicate;
  return [
    ['session', session?.id ?? ''],
    ['person', `${identity.sub} at ${identity.iss}`],
    ['actor', actor.kind === 'bot' ? `bot ${actor.name}` : actor.name],
    ['connection', session?.connection ?? ''],
    ['opened', session?.opened ?? ''],
    ['closed', session?.closed ?? ''],
    ['signed file', key],
  ];
}

export async function tapeOf(
  recordings: readonly { items(): AsyncIterable<CastHeader | CastEvent> }[],
  maxIdle: number,
  said: readonly Said[],
): Promise<Tape> {
  const all = (function* () {
    for (const recording of recordings) yield recording.items();
  })();
  const tape = await spliceTape(all, { maxIdle, said });
  if (tape) return tape;
  throw new BrokerError('usage', { reason: 'there is nothing recorded in it', command: 'replay' });
}

/** asciicast version 2: safe to play, statements as markers, several recordings one after the other. */
function* castLines(tape: Tape): Generator<string> {
  const { columns, rows, start, title, events, marks } = tape;
  yield encodeHeader({
    width: columns,
    height: rows,
    ...(start === undefined ? {} : { timestamp: start }),
    ...(title === '' ? {} : { title }),
  });
  let next = 0;
  for (const [index, { at, code, data }] of events.entries()) {
    for (; (marks[next]?.at ?? Number.POSITIVE_INFINITY) <= at; next++)
      yield encodeEvent({ time: marks[next]?.at ?? at, code: 'm', data: marks[next]?.label ?? '' });
    if (code === 'new' && index > 0)
      yield encodeEvent({ time: at, code: 'o', data: '\u001b[0m\u001b[2J\u001b[H' });
    if (code === 'o' || index > 0) yield encodeEvent({ time: at, code: code === 'o' ? 'o' : 'r', data });
  }
  for (; next < marks.length; next++)
    yield encodeEvent({ time: marks[next]?.at ?? 0, code: 'm', data: marks[next]?.label ?? '' });
}

/** A file that was not there before, readable by its owner. */
async function writeNew(context: CommandContext, name: string, pieces: Iterable<string>): Promise<void> {
  const path = resolve(context.cwd, name);
  const file = await open(path, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
    const reason = error.code === 'EEXIST' ? `${name} is there already` : `${name}: ${error.message}`;
    throw new BrokerError('usage', { reason, command: 'replay' });
  });
  try {
    let pending = '';
    for (const piece of pieces) {
      pending += piece;
      if (pending.length < 1 << 20) continue;
      await file.writeFile(pending);
      pending = '';
    }
    await file.writeFile(pending);
  } finally {
    await file.close();
  }
}

export async function writeCast(context: CommandContext, name: string, tape: Tape): Promise<void> {
  await writeNew(context, name, castLines(tape));
}

export async function writePage(
  context: CommandContext,
  name: string,
  tape: Tape,
  facts: Facts,
): Promise<void> {
  const { recordingPage } = await import('../../exporters/html/recording.ts');
  await writeNew(context, name, [recordingPage(tape, facts)]);
}
