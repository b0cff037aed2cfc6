// Recorded statements as the requests that policy was asked then. Must never take a request for exact where something is missing.
import type { DecisionRequest } from '../flow/decide/index.ts';
import { toUser } from '../identity/claims.ts';
import type { Json } from '../lib/canonical.ts';
import type { ActionUse } from '../model/action.ts';
import type { Connection } from '../model/connection.ts';
import type { EventData, SessionFacts, TextContext } from '../model/event.ts';
import type { Predicate } from '../model/evidence.ts';
import type { Principal, User } from '../model/principal.ts';

export interface RecordedStatement {
  readonly session: string;
  readonly statement: number;
  /** RFC 3339. */
  readonly time: string;
  /** Masked; absent where only its digest is known any more. */
  readonly text?: string;
  readonly was: EventData['statement'];
  readonly request: DecisionRequest;
  /** Something the request needs was not recorded, or was masked. */
  readonly approximate: boolean;
}

type Event = Readonly<Record<string, Json>>;

/** Characters of texts and circumstances kept to be referred to; the oldest go first. */
const MAX_KEPT = 64 * 1_048_576;
const MAX_TEXT = 4_096;

/** Bounded memory by key. */
class Kept<T> {
  readonly #entries = new Map<string, { readonly value: T; readonly size: number }>();
  #size = 0;

  get(key: string): T | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.value;
  }

  set(key: string, value: T, size: number): void {
    this.#size += size - (this.#entries.get(key)?.size ?? 0);
    this.#entries.delete(key);
    this.#entries.set(key, { value, size });
    for (const [oldest, entry] of this.#entries) {
      if (this.#size <= MAX_KEPT) break;
      this.#entries.delete(oldest);
      this.#size -= entry.size;
    }
  }
}

/** The claims of a PK token that was verified, or none. */
export function claimsOf(pkToken: string | undefined): Readonly<Record<string, unknown>> {
  try {
    const { payload } = JSON.parse(pkToken ?? '') as { payload: string };
    return JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as Record<string, unknown>;
  } catch {
    return {};
  }
}

/** Reads one session's events in order. */
export class RecordedSession {
  readonly #predicate: Predicate;
  readonly #user: User;
  readonly #contexts = new Kept<TextContext>();
  readonly #texts = new Kept<string>();
  #facts: SessionFacts | undefined;
  #client = '';
  #reason: string | undefined;
  #connection: Connection;
  #principal: Principal;

  constructor(predicate: Predicate, pkToken: string | undefined) {
    this.#predicate = predicate;
    const { iss, sub, acr, amr } = predicate.identity;
    const user = toUser(claimsOf(pkToken), { groupsClaim: '' });
    this.#user = { ...user, iss, sub, groups: [], ...(acr ? { acr } : {}), ...(amr ? { amr } : {}) };
    this.#connection = this.#connectionOf(undefined);
    this.#principal = this.#principalOf(undefined);
  }

  /** A statement, where the event is one. */
  read(event: Event): RecordedStatement | undefined {
    const data = (event['data'] ?? {}) as Readonly<Record<string, unknown>>;
    if (event['type'] === 'session.open') this.#open(data as EventData['session.open']);
    if (event['type'] !== 'statement') return undefined;
    return this.#statement(event, data as EventData['statement']);
  }

  #open({ client, reason, facts }: EventData['session.open']): void {
    this.#client = client;
    this.#reason = reason;
    this.#facts = facts;
    this.#connection = this.#connectionOf(facts);
    this.#principal = this.#principalOf(facts);
  }

  #connectionOf(facts: SessionFacts | undefined): Connection {
    const { connection = '', protocol = 'postgres' } = this.#predicate.session ?? {};
    return {
      name: connection,
      type: protocol as Connection['type'],
      labels: facts?.labels ?? [],
      masking: { columns: facts?.columns ?? {}, strategies: {}, onUnknown: 'mask' },
    } as Connection;
  }

  #principalOf(facts: SessionFacts | undefined): Principal {
    const { actor } = this.#predicate;
    const user: User = { ...this.#user, groups: facts?.groups ?? [] };
    if (actor.kind === 'human') return { kind: 'user', user };
    const { groups = [], models = [], client } = facts?.bot ?? {};
    const claims = models.map((model) => ({ model, source: 'recorded' }));
    const bot = { id: actor.name, groups, models: claims, ...(client === undefined ? {} : { client }) };
    return { kind: 'bot', bot, onBehalfOf: user };
  }

  #statement(event: Event, was: EventData['statement']): RecordedStatement {
    const recorder = String(event['recorder']);
    const { context, digest, text, statement } = was;
    if (text !== undefined) this.#texts.set(digest, text.slice(0, MAX_TEXT), Math.min(text.length, MAX_TEXT));
    if (context && !('of' in context))
      this.#contexts.set(`${recorder} ${statement}`, context, JSON.stringify(context).length);
    const told = context && 'of' in context ? this.#contexts.get(`${recorder} ${context.of}`) : context;
    const shown = text ?? this.#texts.get(digest);
    const approximate = !told || told.masked === true || !this.#facts || this.#facts.masked === true;
    return {
      session: this.#predicate.session?.id ?? '',
      statement,
      time: String(event['time']),
      ...(shown === undefined ? {} : { text: shown }),
      was,
      request: this.#request(event, was, told),
      approximate,
    };
  }

  #request(event: Event, was: EventData['statement'], told: TextContext | undefined): DecisionRequest {
    const resource = { type: 'Connection', id: this.#connection.name } as const;
    const here: ActionUse = { action: 'session:open', resource };
    const { masked: _, ...text } = told ?? {};
    const bot = this.#facts?.bot;
    return {
      principal: this.#principal,
      connection: this.#connection,
      actions: was.actions.length > 0 ? was.actions : [here],
      context: {
        ...text,
        client: this.#client,
        models: bot?.models ?? [],
        fingerprint: was.fingerprint,
        time: Date.parse(String(event['time'])),
        inTransaction: was.context?.inTransaction ?? false,
        grants: was.context?.grants ?? [],
        ...(this.#reason === undefined ? {} : { reason: this.#reason }),
      },
    };
  }
}
