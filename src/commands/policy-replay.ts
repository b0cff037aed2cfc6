// broker policy test --replay: recorded statements decided again by another policy. Must never pass over a session in silence.
import { decide, loadPolicies, type PolicySet } from '../flow/decide/index.ts';
import { sealedEvents, verifyStore } from '../flow/verify/index.ts';
import { sha256 } from '../lib/digest.ts';
import { visible } from '../lib/visible.ts';
import { blobKey } from '../model/bundle.ts';
import { type Outcome, STRICTNESS } from '../model/decision.ts';
import { BrokerError, EXIT } from '../model/errors.ts';
import type { Predicate, Subject } from '../model/evidence.ts';
import { eventLogs, PK_TOKEN_BLOB } from '../model/sealed.ts';
import { verified } from '../model/verdict.ts';
import type { CommandContext } from './command.ts';
import { type Evidence, listStatements, openEvidence, pinsOf } from './evidence.ts';
import { type Filters, filtersOf, matches } from './evidence-filters.ts';
import { RecordedSession, type RecordedStatement } from './policy-recorded.ts';
import { policyPaths, readPolicies } from './policy-source.ts';

const MAX_BLOB = 2 ** 30;
/** Decided by masking, whatever policy says. */
const MASKING = 'masking.on_unknown';

type Change = 'newly denied' | 'newly asks' | 'newly allowed' | 'no longer denied';

function changeOf(was: Outcome, now: Outcome): Change | undefined {
  if (was === now) return undefined;
  if (now === 'deny') return 'newly denied';
  if (now === 'allow') return 'newly allowed';
  return STRICTNESS[now] > STRICTNESS[was] ? 'newly asks' : 'no longer denied';
}

const STRICTER: ReadonlySet<string> = new Set(['newly denied', 'newly asks']);

interface Told {
  readonly sessions: number;
  readonly statements: number;
  readonly approximate: number;
  readonly skipped: readonly string[];
  readonly changes: Readonly<Record<Change, number>>;
}

class Replay {
  readonly #context: CommandContext;
  readonly #evidence: Evidence;
  readonly #set: PolicySet;
  readonly #filters: Filters;
  readonly #skipped: string[] = [];
  readonly #changes = { 'newly denied': 0, 'newly asks': 0, 'newly allowed': 0, 'no longer denied': 0 };
  #sessions = 0;
  #statements = 0;
  #approximate = 0;

  constructor(context: CommandContext, evidence: Evidence, set: PolicySet, filters: Filters) {
    this.#context = context;
    this.#evidence = evidence;
    this.#set = set;
    this.#filters = filters;
  }

  get told(): Told {
    const [changes, skipped] = [this.#changes, this.#skipped];
    return {
      sessions: this.#sessions,
      statements: this.#statements,
      approximate: this.#approximate,
      changes,
      skipped,
    };
  }

  async take(key: string, predicate: Predicate, subjects: readonly Subject[]): Promise<void> {
    const wanted = this.#context.options['session'];
    const { session } = predicate;
    if (predicate.kind !== 'session' || !session || !matches(this.#filters, predicate)) return;
    if (typeof wanted === 'string' && session.id !== wanted) return;
    const token = subjects.find(({ name }) => name === PK_TOKEN_BLOB)?.digest.sha256;
    const pkToken = token === undefined ? undefined : await this.#blob(token);
    const logs = await Promise.all(eventLogs(subjects).map((digest) => this.#blob(digest)));
    const events = logs.filter((log) => log !== undefined);
    if (events.length === 0 || events.length < logs.length) {
      this.#skipped.push(key);
      return;
    }
    this.#sessions += 1;
    const recorded = new RecordedSession(predicate, pkToken && Buffer.from(pkToken).toString('utf8'));
    try {
      for await (const { batch } of sealedEvents(events, session.id))
        for (const { value } of batch) this.#decide(recorded.read(value), predicate);
    } catch (error) {
      if ((error as Error).name !== 'EventError') throw error;
      this.#skipped.push(key);
    }
  }

  /** Only what is what its digest says. */
  async #blob(digest: string): Promise<Uint8Array | undefined> {
    const bytes = await this.#evidence.store.get(blobKey(digest), MAX_BLOB);
    return bytes && sha256(bytes) === digest ? bytes : undefined;
  }

  #decide(statement: RecordedStatement | undefined, predicate: Predicate): void {
    const { signal, stderr, fancy } = this.#context;
    if (!statement || statement.was.policies.includes(MASKING)) return;
    if (signal.aborted) throw new BrokerError('interrupted');
    this.#statements += 1;
    if (statement.approximate) this.#approximate += 1;
    if (fancy && stderr.isTTY && this.#statements % 500 === 0)
      stderr.write(`\rstatements decided again: ${this.#statements}`);
    const decision = decide(this.#set, statement.request);
    const change = changeOf(statement.was.decision, decision.outcome);
    if (!change) return;
    this.#changes[change] += 1;
    const places = decision.policies.map((id) => ({ id, place: this.#set.policies.get(id)?.place ?? '' }));
    const row = {
      change,
      session: statement.session,
      statement: statement.statement,
      time: statement.time,
      user: predicate.identity.sub,
      ...(predicate.actor.kind === 'bot' ? { bot: predicate.actor.name } : {}),
      connection: statement.request.connection.name,
      ...(statement.text === undefined ? {} : { text: statement.text }),
      was: { outcome: statement.was.decision, policies: statement.was.policies },
      now: { outcome: decision.outcome, policies: places, errors: decision.errors },
      ...(statement.approximate ? { approximate: true } : {}),
    };
    this.#context.stdout.write(this.#context.json ? `${JSON.stringify(row)}\n` : render(row));
  }
}

interface Row {
  readonly change: Change;
  readonly session: string;
  readonly statement: number;
  readonly time: string;
  readonly user: string;
  readonly bot?: string;
  readonly connection: string;
  readonly text?: string;
  readonly was: { readonly outcome: string; readonly policies: readonly string[] };
  readonly now: {
    readonly outcome: string;
    readonly policies: readonly { readonly id: string; readonly place: string }[];
  };
  readonly approximate?: boolean;
}

function render(row: Row): string {
  const { was, now, bot } = row;
  const before = was.policies.join(', ') || 'no policy permits it';
  const after = now.policies.map(({ id, place }) => `${id} at ${place}`).join(', ') || 'no policy permits it';
  const who = bot === undefined ? row.user : `${bot} for ${row.user}`;
  const text = visible(row.text ?? '(a text recorded earlier)', { multiline: true })
    .split('\n')
    .join('\n    ');
  const about = row.approximate ? ' (approximate)' : '';
  return [
    `${row.change}${about}  ${visible(`${row.session}/${row.statement}  ${row.time}  ${who}  ${row.connection}`)}`,
    `    ${text}`,
    `    ${visible(`${was.outcome} (${before}) → ${now.outcome} (${after})`)}`,
    '',
  ].join('\n');
}

async function readAll(context: CommandContext, evidence: Evidence, replay: Replay, filters: Filters) {
  const { store, identity, settings } = evidence;
  const { since, until } = filters;
  const span = { ...(since === undefined ? {} : { since }), ...(until === undefined ? {} : { until }) };
  if (context.options['unverified'] === true) {
    for await (const { key, predicate, subjects } of listStatements(store, span))
      await replay.take(key, predicate, subjects);
    return undefined;
  }
  const { pins, problem } = await pinsOf(context, settings, false);
  if (problem)
    context.stderr.write(`broker: note: the provider’s keys could not be fetched: ${visible(problem)}\n`);
  return verifyStore(store, {
    store: identity.id,
    now: context.clock.now(),
    signal: context.signal,
    ...(pins ? { pins } : {}),
    ...span,
    onStatement: ({ key, bundle: { statement } }) => replay.take(key, statement.predicate, statement.subject),
  });
}

function summary({ sessions, statements, changes, approximate, skipped }: Told): string {
  const counts = Object.entries(changes).map(([change, count]) => `${count} ${change}`);
  const more = approximate > 0 ? `; ${approximate} from incomplete records` : '';
  const left = skipped.map((key) => `skipped, does not verify: ${visible(key)}\n`).join('');
  return `${left}${statements} statements of ${sessions} sessions decided again: ${counts.join(', ')}${more}\n`;
}

/** 0: nothing would become stricter; 3: something would; 6: the evidence does not verify. */
export async function replayPolicies(context: CommandContext): Promise<number> {
  const { against } = context.options;
  const paths = typeof against === 'string' ? [against] : context.args;
  const set = await loadPolicies(await readPolicies(await policyPaths(context, paths)));
  const filters = filtersOf(context, 'policy test');
  const evidence = await openEvidence(context);
  try {
    const replay = new Replay(context, evidence, set, filters);
    const result = await readAll(context, evidence, replay, filters);
    if (context.fancy && context.stderr.isTTY) context.stderr.write('\r\u001b[K');
    const bad = [...(result?.integrity.findings ?? []), ...(result?.completeness.findings ?? [])];
    const skipped = [...new Set([...replay.told.skipped, ...bad.map(({ file }) => file)])];
    const told = { ...replay.told, skipped };
    if (context.json) context.stdout.write(`${JSON.stringify({ summary: told })}\n`);
    else context.stdout.write(summary(told));
    if (skipped.length > 0 || (result && !verified(result))) return EXIT.notVerified;
    const stricter = Object.entries(told.changes).some(
      ([change, count]) => STRICTER.has(change) && count > 0,
    );
    return stricter ? EXIT.refused : EXIT.done;
  } finally {
    await evidence.store.close();
  }
}
