// One session's signed summary and what happened in it. Must never print recorded text unsanitised.
import type { Json } from '../../lib/canonical.ts';
import { visible } from '../../lib/visible.ts';
import { formatSpan } from '../../lib/when.ts';
import { EXIT } from '../../model/errors.ts';
import type { CommandContext } from '../command.ts';
import { findSession, type ListedStatement, openEvidence } from '../evidence.ts';
import { coverageTable } from './coverage.ts';
import { eventsOf } from './events.ts';

type Event = Readonly<Record<string, Json>>;
type Data = Readonly<Record<string, unknown>>;

function summary({ key, predicate }: ListedStatement): string {
  const { session, identity, actor, enforcement, masking } = predicate;
  if (!session) return '';
  const { counts } = session;
  const lines: (readonly [string, string | undefined])[] = [
    ['session', session.id],
    [
      'connection',
      `${session.connection} (${session.protocol} at ${session.address}${session.database ? `, database ${session.database}` : ''})`,
    ],
    ['person', `${identity.sub} at ${identity.iss}`],
    ['actor', actor.kind === 'bot' ? `bot ${actor.name}` : undefined],
    ['account', session.account && `${session.account} (${session.credential})`],
    ['opened', session.opened],
    [
      'closed',
      session.closed &&
        `${session.closed}, after ${formatSpan(Date.parse(session.closed) - Date.parse(session.opened))}`,
    ],
    [
      'end',
      session.end
        ? `${session.end}${session.exit === undefined ? '' : `, exit ${session.exit}`}`
        : 'still open',
    ],
    [
      'statements',
      counts &&
        `${counts.statements}: ${counts.allowed} allowed, ${counts.asked} asked, ${counts.denied} denied; ${counts.rows} rows`,
    ],
    ['masked', masking && `${String(masking['masked'] ?? 0)} values`],
    ['enforcement', enforcement],
    ['statement', key],
  ];
  return lines.flatMap(([name, value]) => (value ? [`${name.padEnd(12)} ${visible(value)}\n`] : [])).join('');
}

const COLOUR: Readonly<Record<string, number>> = { allow: 32, ask: 33, deny: 31 };

function statementLine(time: string, data: Data, fancy: boolean): string {
  const decision = String(data['decision']);
  const word = fancy
    ? `\u001b[${COLOUR[decision] ?? 0}m${visible(decision).padEnd(5)}\u001b[0m`
    : visible(decision).padEnd(5);
  const policies = Array.isArray(data['policies']) ? data['policies'].join(', ') : '';
  const text = visible(String(data['text'] ?? '(as before)'), { multiline: true })
    .split('\n')
    .join(`\n${' '.repeat(16)}`);
  return `${time.slice(11, 19)}  ${word} ${text}${policies === '' ? '' : `\n${' '.repeat(16)}by ${visible(policies)}`}\n`;
}

function waited(micros: unknown): string {
  return typeof micros === 'number' ? `after ${formatSpan(micros / 1000)}` : '';
}

/** One line of the story, or nothing for what tells no story. */
function eventLine(event: Event, fancy: boolean): string {
  const [time, type, data] = [String(event['time']), String(event['type']), event['data'] as Data];
  if (type === 'statement') return statementLine(time, data, fancy);
  if (type === 'answer') {
    const parts = [
      data['status'],
      data['sqlstate'],
      data['tag'],
      data['message'],
      `${String(data['rows'])} rows`,
      data['masked'] ? `${String(data['masked'])} masked` : '',
    ];
    return `${' '.repeat(14)}→ ${visible(parts.filter(Boolean).join(' · '))}\n`;
  }
  if (type === 'approval.end') {
    const parts = [
      `approval ${String(data['id'])}`,
      data['outcome'],
      data['strength'],
      waited(data['waited']),
    ];
    return `${' '.repeat(14)}· ${visible(parts.filter(Boolean).join(' · '))}\n`;
  }
  if (type === 'coverage') return coverageTable(data['columns'], fancy);
  const { reason, code, detail, client, application, message } = data;
  const more = [code, detail, reason, client, application, message]
    .filter((each) => typeof each === 'string')
    .join(' · ');
  return `${time.slice(11, 19)}  ${visible(`${type}${more === '' ? '' : `: ${more}`}`)}\n`;
}

export async function run(context: CommandContext): Promise<number> {
  const { args, stdout, clock, json, fancy } = context;
  const { store } = await openEvidence(context);
  try {
    const found = await findSession(store, args[0] ?? '', clock.now());
    if (json) {
      const events: Event[] = [];
      for await (const event of eventsOf(store, found)) events.push(event);
      stdout.write(`${JSON.stringify({ ...found.predicate, events })}\n`);
      return EXIT.done;
    }
    stdout.write(summary(found));
    let any = false;
    for await (const event of eventsOf(store, found)) {
      if (!any) stdout.write('\n');
      any = true;
      stdout.write(eventLine(event, fancy));
    }
    return EXIT.done;
  } finally {
    await store.close();
  }
}
