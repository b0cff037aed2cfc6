// Which statements and sessions an auditor asked for. Pure; must never choose more than every given filter allows.
import { type EventValue, modelsOf } from '../exporters/story.ts';
import { parseWhen } from '../lib/when.ts';
import { BrokerError } from '../model/errors.ts';
import type { Predicate } from '../model/evidence.ts';
import type { CommandContext } from './command.ts';

export interface Filters {
  readonly since?: number;
  readonly until?: number;
  readonly user?: string;
  readonly bot?: string;
  readonly connection?: string;
  readonly decision?: string;
  readonly rule?: string;
  readonly model?: string;
  readonly dataType?: string;
  readonly text?: string;
}

/** Option name → how it is typed. */
const TYPED = {
  since: 'since',
  until: 'until',
  user: 'user',
  bot: 'bot',
  connection: 'connection',
  decision: 'decision',
  rule: 'rule',
  model: 'model',
  dataType: 'data-type',
  text: 'text',
} as const;

/** What was asked for, as typed. */
export function typedFilters({ options }: CommandContext): Record<string, string> {
  return Object.fromEntries(
    Object.entries(TYPED).flatMap(([name, typed]) =>
      typeof options[name] === 'string' ? [[typed, options[name] as string]] : [],
    ),
  );
}

function when(context: CommandContext, name: 'since' | 'until', command: string): number | undefined {
  const given = context.options[name];
  if (typeof given !== 'string') return undefined;
  const time = parseWhen(given, context.clock.now());
  if (time === undefined)
    throw new BrokerError('usage', {
      reason: `--${name} ${given} is no time; write 30d, 2h, 2026-01-31, or RFC 3339`,
      command,
    });
  return time;
}

export function filtersOf(context: CommandContext, command: string): Filters {
  const since = when(context, 'since', command);
  const until = when(context, 'until', command);
  if (since !== undefined && until !== undefined && since >= until)
    throw new BrokerError('usage', { reason: '--since must be before --until', command });
  const { since: _, until: __, ...others } = TYPED;
  const texts = Object.keys(others).flatMap((name) => {
    const value = context.options[name];
    return typeof value === 'string' ? [[name, value]] : [];
  });
  return {
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
    ...Object.fromEntries(texts),
  };
}

/** Outcomes of an attempt are not counted: it was refused as a whole. */
function decided({ kind, decisions }: Predicate, outcome: string): boolean {
  return kind === 'attempt' ? outcome === 'deny' : (decisions?.[outcome] ?? 0) > 0;
}

/** Whether the filters mean this statement, as far as its signed summary can tell. Without any, every statement is meant. */
export function matches(filters: Filters, predicate: Predicate): boolean {
  const { clock, identity, actor, session } = predicate;
  const at = Date.parse(clock.wall);
  if (filters.since !== undefined && at < filters.since) return false;
  if (filters.until !== undefined && at >= filters.until) return false;
  if (filters.user !== undefined && identity.sub !== filters.user) return false;
  if (filters.bot !== undefined && !(actor.kind === 'bot' && actor.name === filters.bot)) return false;
  if (filters.connection !== undefined && session?.connection !== filters.connection) return false;
  return filters.decision === undefined || decided(predicate, filters.decision);
}

/** Filters that only events can answer. */
export function asksContent({ rule, model, dataType, text }: Filters): boolean {
  return [rule, model, dataType, text].some((each) => each !== undefined);
}

/** Whether a refused session is meant: nothing ran in it, but a rule may have refused it. */
export function matchesAttempt(filters: Filters, { detail }: Predicate): boolean {
  const { rule, model, dataType, text } = filters;
  const policies = detail?.['policies'];
  if ([model, dataType, text].some((each) => each !== undefined)) return false;
  return rule === undefined || (Array.isArray(policies) && policies.includes(rule));
}

type Event = Readonly<Record<string, unknown>>;
type Data = Readonly<Record<string, unknown>>;

/** Looks at the events of one session until every filter found what it seeks. */
export class ContentMatch {
  readonly #filters: Filters;
  readonly #needle: string | undefined;
  /** Texts that contained the needle, by digest: a text is recorded once and then named. */
  readonly #found = new Set<unknown>();
  #statement: boolean;
  #model: boolean;
  #dataType: boolean;

  constructor(filters: Filters) {
    this.#filters = filters;
    this.#needle = filters.text?.toLowerCase();
    this.#statement = filters.rule === undefined && filters.text === undefined;
    this.#model = filters.model === undefined;
    this.#dataType = filters.dataType === undefined;
  }

  get met(): boolean {
    return this.#statement && this.#model && this.#dataType;
  }

  add(event: Event): void {
    const data = (event['data'] ?? {}) as Data;
    if (!this.#model) this.#model = modelsOf(event as EventValue).includes(this.#filters.model as string);
    if (event['type'] === 'statement') this.#statement ||= this.#meant(data);
    else if (event['type'] === 'coverage' && !this.#dataType)
      this.#dataType = covers(data, this.#filters.dataType as string);
  }

  /** Rule, decision and text have to be of one and the same statement. */
  #meant(data: Data): boolean {
    const { rule, decision } = this.#filters;
    const { text, digest, policies } = data as { text?: unknown; digest?: unknown; policies?: unknown };
    if (this.#needle !== undefined) {
      if (typeof text === 'string' && text.toLowerCase().includes(this.#needle)) this.#found.add(digest);
      if (!this.#found.has(digest)) return false;
    }
    if (decision !== undefined && data['decision'] !== decision) return false;
    return rule === undefined || (Array.isArray(policies) && policies.includes(rule));
  }
}

function covers(data: Data, subject: string): boolean {
  const { columns } = data as { columns?: readonly Data[] };
  return (
    Array.isArray(columns) && columns.some((each) => each['subject'] === subject && Number(each['seen']) > 0)
  );
}
