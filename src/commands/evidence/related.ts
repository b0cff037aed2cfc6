// Sessions whose exchanges with models may explain another: of the same person, an AI agent's, open at the same time. Must never take a claim
// for a relation: what fits is for the joining to find.
import type { Provenance } from '../../exporters/provenance.ts';
import type { CallTold } from '../../exporters/provenance-joining.ts';
import type { Predicate } from '../../model/evidence.ts';
import type { Store } from '../../model/store.ts';
import { type ListedStatement, listStatements } from '../evidence.ts';
import { eventsOf } from './events.ts';

const DAY = 86_400_000;
/** Sessions that are looked into. */
const MOST = 50;

export function personOf({ identity }: Predicate): string {
  return `${identity.iss}|${identity.sub}`;
}

function overlaps(one: Predicate, other: Predicate): boolean {
  const [a, b] = [one.session, other.session];
  if (!a || !b) return false;
  return b.opened <= (a.closed ?? '9999') && (b.closed ?? '9999') >= a.opened;
}

type Wanted = (listed: ListedStatement) => boolean;

/** Sealed sessions of the same person that were open at the same time, and those that are not sealed yet. */
async function beside(
  store: Store,
  { predicate: own }: ListedStatement,
  wanted: Wanted,
): Promise<{ readonly sealed: readonly ListedStatement[]; readonly running: readonly string[] }> {
  const { session } = own;
  if (!session) return { sealed: [], running: [] };
  const [since, until] = [
    Date.parse(session.opened) - DAY,
    Date.parse(session.closed ?? session.opened) + DAY,
  ];
  const found = new Map<string, ListedStatement>();
  for await (const listed of listStatements(store, { since, until })) {
    const { predicate } = listed;
    const id = predicate.session?.id ?? '';
    const related = id !== session.id && wanted(listed) && personOf(predicate) === personOf(own);
    if (!related || !overlaps(own, predicate)) continue;
    if (predicate.kind === 'session' || !found.has(id)) found.set(id, listed);
  }
  const all = [...found.entries()];
  return {
    sealed: all.flatMap(([, listed]) => (listed.predicate.kind === 'session' ? [listed] : [])),
    running: all.flatMap(([id, { predicate }]) => (predicate.kind === 'session' ? [] : [id])),
  };
}

/** Calls in other sessions that a session's own exchanges with a model asked for. */
export interface Elsewhere {
  readonly session: string;
  readonly connection: string;
  readonly calls: readonly CallTold[];
}

/** What an AI agent's MCP servers did with what its model wanted. */
export async function callsElsewhere(
  store: Store,
  shown: ListedStatement,
  provenance: Provenance,
): Promise<readonly Elsewhere[]> {
  const own = shown.predicate.session?.id ?? '';
  const { sealed } = await beside(store, shown, ({ predicate }) => predicate.session?.client === 'mcp');
  const found: Elsewhere[] = [];
  for (const listed of sealed.slice(0, MOST)) {
    const { id: session = '', connection = '' } = listed.predicate.session ?? {};
    provenance.session(session, personOf(listed.predicate));
    for await (const event of eventsOf(store, listed)) provenance.event(session, event);
    const { calls } = provenance.of(session);
    const asked = calls.filter(({ uses }) => uses.some(({ exchange }) => exchange.session === own));
    if (asked.length > 0) found.push({ session, connection, calls: asked });
  }
  return found;
}

/** Gives the joining every exchange with a model that was recorded beside a session. Returns what could not be looked into. */
export async function tellRelated(
  store: Store,
  shown: ListedStatement,
  provenance: Provenance,
): Promise<string | undefined> {
  const { sealed, running } = await beside(
    store,
    shown,
    ({ predicate }) => predicate.session?.client === 'run',
  );
  for (const listed of sealed.slice(0, MOST)) {
    const id = listed.predicate.session?.id ?? '';
    provenance.session(id, personOf(listed.predicate));
    for await (const event of eventsOf(store, listed))
      if (event['type'] === 'model.exchange') provenance.event(id, event);
  }
  if (running.length > 0)
    return `session ${running.join(', ')} may say which model asked for this, and is not sealed yet`;
  return sealed.length > MOST
    ? `only ${MOST} of ${sealed.length} sessions of AI agents were looked into`
    : undefined;
}
