// Sessions whose exchanges with models may explain another: of the same person, an AI agent's, open at the same time. Must never take a claim
// for a relation: what fits is for the joining to find.
import type { Provenance } from '../../exporters/provenance.ts';
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

/** Gives the joining every exchange with a model that was recorded beside a session. Returns what could not be looked into. */
export async function tellRelated(
  store: Store,
  shown: ListedStatement,
  provenance: Provenance,
): Promise<string | undefined> {
  const { session } = shown.predicate;
  if (!session) return undefined;
  const [since, until] = [
    Date.parse(session.opened) - DAY,
    Date.parse(session.closed ?? session.opened) + DAY,
  ];
  const found: ListedStatement[] = [];
  const [open, sealed] = [new Set<string>(), new Set<string>()];
  for await (const listed of listStatements(store, { since, until })) {
    const { predicate } = listed;
    const id = predicate.session?.id ?? '';
    const agent = predicate.session?.client === 'run' && id !== session.id;
    if (!agent || personOf(predicate) !== personOf(shown.predicate) || !overlaps(shown.predicate, predicate))
      continue;
    (predicate.kind === 'session' ? sealed : open).add(id);
    if (predicate.kind === 'session') found.push(listed);
  }
  for (const listed of found.slice(0, MOST)) {
    const id = listed.predicate.session?.id ?? '';
    provenance.session(id, personOf(listed.predicate));
    for await (const event of eventsOf(store, listed))
      if (event['type'] === 'model.exchange') provenance.event(id, event);
  }
  const running = [...open].filter((id) => !sealed.has(id));
  if (running.length > 0)
    return `session ${running.join(', ')} may say which model asked for this, and is not sealed yet`;
  return found.length > MOST
    ? `only ${MOST} of ${found.length} sessions of AI agents were looked into`
    : undefined;
}
