// Which model wanted what a call asked and a statement ran: joined from recorded events when they are read, never taken from a claim. Pure.
// Levels: P0 nothing is known · P1 the host has a name · P2 the host says which call or model it was · P3 a recorded exchange with a model holds
// exactly this · P4 P3, and statements ran under this session's credential inside the call's window.
import type { Json } from '../lib/canonical.ts';
import {
  type Call,
  type ClaimTold,
  type ExchangeTold,
  type Index,
  indexOf,
  joined,
  type ProvenanceTold,
  type Ran,
  told,
  type Use,
  usesIn,
} from './provenance-joining.ts';
import { type EventValue, members, text, whole } from './story.ts';

interface Session {
  readonly person: string;
  readonly claims: ClaimTold[];
  readonly calls: Call[];
  readonly open: Map<number, Call>;
  readonly byNumber: Map<number, Call>;
  readonly direct: Ran[];
  readonly uses: Use[];
}

/** What one session may hold; beyond it nothing more of that kind is joined, and `cut` says so. */
const MOST = 20_000;
/** Statements a call names. */
const MOST_RAN = 200;

const list = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : []);

function claimOf(data: EventValue): ClaimTold | undefined {
  const level = data['level'];
  // A higher level is never claimed: it is joined here or it is not.
  if (level !== 'P1' && level !== 'P2') return undefined;
  return { level, subject: text(data['subject']), value: text(data['value']), source: text(data['source']) };
}

export class Provenance {
  readonly #sessions = new Map<string, Session>();
  /** By person. */
  readonly #indexes = new Map<string, Index>();
  /** Something was left out of the joining. */
  cut = false;

  /** `person`: whose exchanges with models may explain this session; `iss|sub`. */
  session(id: string, person: string): void {
    if (this.#sessions.has(id)) return;
    const empty = { claims: [], calls: [], direct: [], uses: [] };
    this.#sessions.set(id, { person, ...empty, open: new Map(), byNumber: new Map() });
  }

  /** The sessions it was told of. */
  get ids(): Iterable<string> {
    return this.#sessions.keys();
  }

  /** In the order in which they were sealed. */
  event(id: string, event: EventValue): void {
    const session = this.#sessions.get(id);
    if (!session) return;
    const data = members(event['data']);
    const type = event['type'];
    if (type === 'model.exchange') this.#exchange(id, session, event, data);
    else if (type === 'statement') this.#statement(session, event, data);
    else if (type === 'answer' && whole(data['conversation']) === 0)
      session.open.delete(whole(data['statement']));
    else if (type === 'claim') this.#claim(session, data);
  }

  /** What is known of one session, by everything that was given of its person. */
  of(id: string): ProvenanceTold {
    const session = this.#sessions.get(id);
    if (!session) return { claims: [], calls: [], direct: [] };
    const index = this.#indexOf(session.person);
    const calls = session.calls.map((call) => joined(id, session.claims, call, index));
    const direct = session.direct.flatMap((ran) => {
      const same = usesIn(index.text.get(ran.digest), id);
      const before = same.filter(({ exchange }) => exchange.time <= ran.time);
      const { seq, conversation, statement } = ran;
      return before.length === 0
        ? []
        : [{ seq, conversation, statement, level: 'P3' as const, uses: before.map(told) }];
    });
    return { claims: session.claims, calls, direct };
  }

  /** Of all sessions of one person; made once for as long as no exchange is added. */
  #indexOf(person: string): Index {
    const known = this.#indexes.get(person);
    if (known) return known;
    const sessions = [...this.#sessions.values()].filter((each) => each.person === person);
    const made = indexOf(sessions.flatMap(({ uses }) => uses));
    this.#indexes.set(person, made);
    return made;
  }

  #room(held: readonly unknown[]): boolean {
    if (held.length < MOST) return true;
    this.cut = true;
    return false;
  }

  #exchange(id: string, session: Session, event: EventValue, data: EventValue): void {
    this.#indexes.delete(session.person);
    const exchange: ExchangeTold = {
      session: id,
      seq: whole(event['seq']),
      time: text(event['time']),
      api: text(data['api']),
      asked: text(data['asked']),
      answered: text(data['answered']),
      prompt: text(data['prompt']),
      said: text(data['said']),
      complete: data['complete'] === true,
    };
    for (const each of list(data['uses'])) {
      const use = members(each);
      const texts = new Set(list(use['texts']).map(text).filter(Boolean));
      const known = { id: text(use['id']), name: text(use['name']), arguments: text(use['arguments']) };
      if (this.#room(session.uses)) session.uses.push({ exchange, ...known, texts });
    }
  }

  #statement(session: Session, event: EventValue, data: EventValue): void {
    const [seq, time, statement] = [whole(event['seq']), text(event['time']), whole(data['statement'])];
    const conversation = whole(data['conversation']);
    if (data['phase'] === 'call' && conversation === 0) {
      const { method, name, arguments: digest } = members(data['call']);
      const about = { method: text(method), name: text(name), arguments: text(digest) };
      const call: Call = { statement, seq, time, ...about, claims: [], ran: [] };
      if (!this.#room(session.calls)) return;
      session.calls.push(call);
      session.open.set(statement, call);
      session.byNumber.set(statement, call);
      return;
    }
    const candidates = [...session.open.keys()];
    const ran: Ran = { seq, time, conversation, statement, digest: text(data['digest']), candidates };
    if (candidates.length === 0) {
      if (this.#room(session.direct)) session.direct.push(ran);
      return;
    }
    for (const call of session.open.values()) {
      if (call.ran.length < MOST_RAN) call.ran.push(ran);
      else this.cut = true;
    }
  }

  #claim(session: Session, data: EventValue): void {
    const claim = claimOf(data);
    if (!claim) return;
    const call = session.byNumber.get(whole(data['statement']));
    const to = call ? call.claims : session.claims;
    if (this.#room(to)) to.push(claim);
  }
}
