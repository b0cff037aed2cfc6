// One session's signed summary and what happened in it. Must never print recorded text unsanitised.
import { type Approvers, calledApprovers } from '../../exporters/approver.ts';
import { Provenance } from '../../exporters/provenance.ts';
import type { ProvenanceTold } from '../../exporters/provenance-joining.ts';
import { type StatementTold, Story } from '../../exporters/story.ts';
import type { Json } from '../../lib/canonical.ts';
import { visible } from '../../lib/visible.ts';
import { formatSpan } from '../../lib/when.ts';
import { EXIT } from '../../model/errors.ts';
import type { Store } from '../../model/store.ts';
import type { CommandContext } from '../command.ts';
import { findSession, type ListedStatement, openEvidence } from '../evidence.ts';
import { approversIn } from './approvers.ts';
import { chainOf, elsewhereOf } from './chain.ts';
import { coverageTable } from './coverage.ts';
import { eventsOf } from './events.ts';
import { PoliciesTold } from './policies-told.ts';
import { callsElsewhere, type Elsewhere, personOf, tellRelated } from './related.ts';

type Event = Readonly<Record<string, Json>>;
type Data = Readonly<Record<string, unknown>>;

function policyLine({ policy }: ListedStatement['predicate']): string | undefined {
  if (!policy?.published) return undefined;
  return `published version ${policy.published.version}, digest ${policy.digest.slice(0, 12)}`;
}

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
    ['policy', policyLine(predicate)],
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

function by(approvers: Approvers, decisions: unknown): string {
  const named = Array.isArray(decisions) ? decisions.map(String) : [];
  const people = calledApprovers(approvers, named);
  return people.length === 0 ? '' : `by ${people.join(', ')}`;
}

function exchangeLine(time: string, { asked, answered, uses, stop, failure }: Data): string {
  const names = (Array.isArray(uses) ? (uses as Data[]) : []).map(({ name }) => `uses ${String(name)}`);
  const parts = [answered ?? asked, ...names, failure ?? stop].filter((each) => typeof each === 'string');
  return `${time.slice(11, 19)}  ${visible(`model: ${parts.join(' · ')}`)}\n`;
}

/** One line of the story, or nothing for what tells no story. */
function eventLine(event: Event, fancy: boolean, approvers: Approvers): string {
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
      by(approvers, data['decisions']),
    ];
    return `${' '.repeat(14)}· ${visible(parts.filter(Boolean).join(' · '))}\n`;
  }
  if (type === 'coverage') return coverageTable(data['columns'], fancy);
  if (type === 'model.exchange') return exchangeLine(time, data);
  if (type === 'claim') {
    const { level, subject, value, source } = data;
    return `${time.slice(11, 19)}  ${visible(`claim: ${[level, subject, value, source].map(String).join(' · ')}`)}\n`;
  }
  const { reason, code, detail, client, application, message } = data;
  const more = [code, detail, reason, client, application, message]
    .filter((each) => typeof each === 'string')
    .join(' · ');
  return `${time.slice(11, 19)}  ${visible(`${type}${more === '' ? '' : `: ${more}`}`)}\n`;
}

/** Statements that the chain may name; what is beyond is in the export. */
const MOST_TOLD = 5000;
const MOST_TEXT = 4000;
const MOST_SAMPLE = 5;

/** A session's events on their way past: what the chain needs of them is kept. */
class Reader {
  readonly statements = new Map<number, StatementTold>();
  readonly provenance = new Provenance();
  readonly #story = new Story();
  readonly #shown: ListedStatement;
  readonly #id: string;
  #explained = false;
  /** There are exchanges with models in it. */
  #asked = false;

  constructor(shown: ListedStatement) {
    this.#shown = shown;
    this.#id = shown.predicate.session?.id ?? '';
    this.provenance.session(this.#id, personOf(shown.predicate));
  }

  async *read(store: Store): AsyncGenerator<Event> {
    for await (const event of eventsOf(store, this.#shown)) {
      this.provenance.event(this.#id, event);
      this.#asked ||= event['type'] === 'model.exchange';
      this.#explained ||= event['type'] === 'model.exchange' || event['recorder'] === 'front';
      for (const told of this.#story.push(event)) this.#keep(told);
      yield event;
    }
    for (const told of this.#story.end()) this.#keep(told);
  }

  /** What led to what; and what could not be looked into. */
  async chain(store: Store): Promise<{ readonly told: ProvenanceTold; readonly note: string | undefined }> {
    const note = this.#explained ? await tellRelated(store, this.#shown, this.provenance) : undefined;
    return { told: this.provenance.of(this.#id), note };
  }

  /** What the models of this session asked for elsewhere. */
  async elsewhere(store: Store): Promise<readonly Elsewhere[]> {
    return this.#asked ? callsElsewhere(store, this.#shown, this.provenance) : [];
  }

  #keep(told: StatementTold): void {
    if (this.statements.size >= MOST_TOLD) return;
    const { answer } = told;
    this.statements.set(told.seq, {
      ...told,
      text: told.text.slice(0, MOST_TEXT),
      ...(answer ? { answer: { ...answer, sample: answer.sample.slice(0, MOST_SAMPLE) } } : {}),
    });
  }
}

export async function run(context: CommandContext): Promise<number> {
  const { args, stdout, clock, json, fancy } = context;
  const { store } = await openEvidence(context);
  try {
    const found = await findSession(store, args[0] ?? '', clock.now());
    const reader = new Reader(found);
    const approvers = await approversIn(
      store,
      found.predicate,
      found.subjects.map(({ name, digest }) => ({ name, digest: digest.sha256 })),
    );
    if (json) {
      const events: Event[] = [];
      for await (const event of reader.read(store)) events.push(event);
      const { told: provenance } = await reader.chain(store);
      const elsewhere = await reader.elsewhere(store);
      const shown = {
        ...found.predicate,
        events,
        provenance,
        ...(approvers.size > 0 ? { approvers: Object.fromEntries(approvers) } : {}),
        ...(elsewhere.length > 0 ? { elsewhere } : {}),
      };
      stdout.write(`${JSON.stringify(shown)}\n`);
      return EXIT.done;
    }
    stdout.write(summary(found));
    let any = false;
    const policies = new PoliciesTold(store, found.predicate.policy?.digest);
    for await (const event of reader.read(store)) {
      if (!any) stdout.write('\n');
      any = true;
      const policy =
        event['type'] === 'statement'
          ? await policies.change((event['data'] as Data)['policyDigest'])
          : undefined;
      if (policy !== undefined) stdout.write(`${String(event['time']).slice(11, 19)}  ${policy}\n`);
      stdout.write(eventLine(event, fancy, approvers));
    }
    const { told, note } = await reader.chain(store);
    const { statements } = reader;
    const width = stdout.isTTY ? { width: stdout.columns ?? 80 } : {};
    stdout.write(chainOf(told, { ...width, fancy, session: found.predicate.session?.id ?? '', statements }));
    const elsewhere = await reader.elsewhere(store);
    stdout.write(elsewhereOf(elsewhere, { ...width, fancy }));
    if (reader.provenance.cut)
      context.stderr.write('broker: note: this session is longer than can be joined: its end is not\n');
    if (note !== undefined) context.stderr.write(`broker: note: ${note}\n`);
    return EXIT.done;
  } finally {
    await store.close();
  }
}
