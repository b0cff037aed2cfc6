// Lists sessions the store holds. Must never pretend to have verified them.
import { table } from '../../lib/table.ts';
import { formatSpan } from '../../lib/when.ts';
import { EXIT } from '../../model/errors.ts';
import type { Predicate } from '../../model/evidence.ts';
import type { CommandContext } from '../command.ts';
import { ago, listStatements, openEvidence } from '../evidence.ts';
import { filtersOf, matches } from '../evidence-filters.ts';

interface Row {
  readonly session: string;
  readonly connection: string;
  readonly user: string;
  readonly opened: string;
  readonly closed?: string;
  readonly end: string;
  readonly statements: number;
  readonly denied: number;
  readonly rows: number;
  readonly key: string;
}

const DEFAULT_SINCE = 7 * 86_400_000;

function rowOf(key: string, predicate: Predicate): Row | undefined {
  const { session, identity } = predicate;
  if (!session) return undefined;
  const { counts } = session;
  return {
    session: session.id,
    connection: session.connection,
    user: identity.sub,
    opened: session.opened,
    ...(session.closed ? { closed: session.closed } : {}),
    end: session.end ?? 'open',
    statements: counts?.statements ?? 0,
    denied: counts?.denied ?? 0,
    rows: counts?.rows ?? 0,
    key,
  };
}

function lasted({ opened, closed }: Row): string {
  return closed === undefined ? '' : formatSpan(Date.parse(closed) - Date.parse(opened));
}

export async function run(context: CommandContext): Promise<number> {
  const { clock, stdout, json, fancy } = context;
  const now = clock.now();
  const given = filtersOf(context, 'sessions ls');
  const filters = given.since === undefined ? { ...given, since: now - DEFAULT_SINCE } : given;
  const { store } = await openEvidence(context);
  try {
    const rows = new Map<string, Row>();
    for await (const { key, predicate } of listStatements(store, filters)) {
      const row = matches(filters, predicate) ? rowOf(key, predicate) : undefined;
      if (row && (predicate.kind === 'session' || !rows.has(row.session))) rows.set(row.session, row);
    }
    const newest = [...rows.values()].sort((a, b) => (a.opened < b.opened ? 1 : -1));
    if (json) for (const row of newest) stdout.write(`${JSON.stringify(row)}\n`);
    else stdout.write(render(newest, now, { fancy, ...(stdout.columns ? { width: stdout.columns } : {}) }));
    return EXIT.done;
  } finally {
    await store.close();
  }
}

function render(rows: readonly Row[], now: number, options: { fancy: boolean; width?: number }): string {
  if (rows.length === 0) return 'no sessions in this time; see further back with --since 90d\n';
  const cells = rows.map((row) => [
    row.session,
    row.connection,
    row.user,
    ago(row.opened, now),
    lasted(row),
    row.end,
    String(row.statements),
    String(row.denied),
    String(row.rows),
  ]);
  const headings = [
    'SESSION',
    'CONNECTION',
    'USER',
    'OPENED',
    'LASTED',
    'END',
    'STATEMENTS',
    'DENIED',
    'ROWS',
  ];
  return table(headings, cells, { ...options, right: [6, 7, 8] });
}
