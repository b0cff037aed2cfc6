// Puts a table of each finished day into the store, for tools that query it there. Must never replace a part, nor index what did not verify.
import { INDEX_PART, type IndexPart, IndexRows, indexPrefix } from '../../exporters/day-index.ts';
import { type VerifiedStatement, verifyStore } from '../../flow/verify/index.ts';
import { visible } from '../../lib/visible.ts';
import { parseStatementKey } from '../../model/bundle.ts';
import { BrokerError, EXIT } from '../../model/errors.ts';
import type { Store } from '../../model/store.ts';
import { verified } from '../../model/verdict.ts';
import type { CommandContext } from '../command.ts';
import { openEvidence, pinsOf } from '../evidence.ts';
import { filtersOf, typedFilters } from '../evidence-filters.ts';

const MAX_PART = 2 ** 30;

/** Follows statements in the order of their keys, day by day. */
class Compaction {
  readonly #store: Store;
  /** The first day that is not over. */
  readonly #today: string;
  #day = '';
  #rows = new IndexRows();
  /** Parts of the day that is under way. */
  #own = new Set<string>();
  readonly counts = { days: 0, statements: 0, parts: 0, written: 0 };
  /** Parts that are not what these days hold now: older ones, or somebody else's. */
  readonly others: string[] = [];

  constructor(store: Store, today: string) {
    this.#store = store;
    this.#today = today;
  }

  async take({ key, digest, bytes, bundle }: VerifiedStatement): Promise<void> {
    const day = parseStatementKey(key)?.day ?? '';
    if (day >= this.#today) return;
    if (day !== this.#day) await this.finishDay();
    this.#day = day;
    const { predicate, subject } = bundle.statement;
    const subjects = subject.map((each) => ({ name: each.name, digest: each.digest.sha256 }));
    this.#rows.add({ key, digest, bytes, predicate, subjects, chosen: true });
    this.counts.statements += 1;
    if (this.#rows.count === INDEX_PART) await this.#put();
  }

  async #put(): Promise<void> {
    if (this.#rows.count === 0) return;
    const part = await this.#rows.part(this.#day);
    this.#rows = new IndexRows();
    this.#own.add(part.key);
    this.counts.parts += 1;
    if ((await this.#store.put(part.key, part.bytes)) === 'created') this.counts.written += 1;
    else await this.#same(part);
  }

  /** A name says what is in it; somebody who may put could have put something else there first. */
  async #same({ key, bytes }: IndexPart): Promise<void> {
    const found = await this.#store.get(key, MAX_PART);
    if (found && Buffer.compare(found, bytes) === 0) return;
    throw new BrokerError(
      'not-verified',
      { what: key, reason: 'it is not what its name says; no evidence rests on it' },
      { hint: 'have the owner of the store remove it, and run this again' },
    );
  }

  async finishDay(): Promise<void> {
    if (this.#day === '') return;
    await this.#put();
    this.counts.days += 1;
    for await (const { key } of this.#store.list(indexPrefix(this.#day)))
      if (!this.#own.has(key)) this.others.push(key);
    this.#own = new Set();
    this.#day = '';
  }
}

/** The whole ledger of a span or nothing of it: a table of some statements would answer other questions than were asked. */
function onlySpan(context: CommandContext): void {
  const { since: _, until: __, ...more } = typedFilters(context);
  const options = ['output', 'withhold', 'withholdText', 'checkpoint'].filter(
    (name) => context.options[name] !== undefined,
  );
  if (Object.keys(more).length + options.length > 0)
    throw new BrokerError('usage', {
      reason: '--compact takes whole days: only --since, --until and --offline go with it',
      command: 'export',
    });
}

export async function compact(context: CommandContext): Promise<number> {
  const { clock, signal, stdout, stderr, json, options } = context;
  onlySpan(context);
  const { since, until } = filtersOf(context, 'export');
  const { store, identity, settings } = await openEvidence(context);
  try {
    const { pins, problem } = await pinsOf(context, settings, options['offline'] === true);
    if (problem)
      stderr.write(`broker: note: the provider’s keys could not be fetched: ${visible(problem)}\n`);
    const compaction = new Compaction(store, new Date(clock.now()).toISOString().slice(0, 10));
    const result = await verifyStore(store, {
      store: identity.id,
      now: clock.now(),
      signal,
      ...(pins ? { pins } : {}),
      ...(since === undefined ? {} : { since }),
      ...(until === undefined ? {} : { until }),
      onStatement: (statement) => compaction.take(statement),
    });
    await compaction.finishDay();
    const { counts, others } = compaction;
    const [integrity, completeness] = [result.integrity.verdict, result.completeness.verdict];
    if (json) stdout.write(`${JSON.stringify({ ...counts, others, integrity, completeness })}\n`);
    else
      stdout.write(
        `${counts.days} days with ${counts.statements} statements indexed: ${counts.parts} parts, ${counts.written} of them new (${integrity}, ${completeness})\n`,
      );
    if (others.length > 0 && !json)
      stderr.write(
        `broker: note: ${others.length} other part${others.length === 1 ? ' lies' : 's lie'} beside them, older or not ours: ${visible(others[0] ?? '')}\n`,
      );
    return verified(result) ? EXIT.done : EXIT.notVerified;
  } finally {
    await store.close();
  }
}
