// Which model wanted what a call asked and a statement ran: joined from recorded events when they are read, never taken from a claim. Pure.
// Levels: P0 nothing is known · P1 the host has a name · P2 the host says which call or model it was · P3 a recorded exchange with a model holds
// exactly this · P4 P3, and statements ran under this session's credential inside the call's window.
import type { Json } from '../lib/canonical.ts';
import { type EventValue, members, text, whole } from './story.ts';

export type Level = 'P0' | 'P1' | 'P2' | 'P3' | 'P4';

/** One assertion, and where it stood. */
export interface ClaimTold {
  readonly level: Level;
  readonly subject: string;
  readonly value: string;
  readonly source: string;
}

/** A call of a model, as it passed the door of `broker run`. */
export interface ExchangeTold {
  readonly session: string;
  readonly seq: number;
  readonly time: string;
  readonly api: string;
  readonly asked: string;
  readonly answered: string;
  /** SHA-256 hex of the request's body. */
  readonly prompt: string;
  readonly said: string;
  readonly complete: boolean;
}

/** A tool use in an exchange. */
export interface UseTold {
  readonly exchange: ExchangeTold;
  readonly id: string;
  readonly name: string;
}

/** A statement of the session's own target. */
export interface RanTold {
  readonly seq: number;
  readonly conversation: number;
  readonly statement: number;
  /** Numbers of all calls that were under way: more than one, and nobody can tell from the time alone which it belongs to. */
  readonly candidates: readonly number[];
  /** Its text is one that the model generated for this use. */
  readonly sameText: boolean;
}

export interface CallTold {
  readonly statement: number;
  readonly seq: number;
  readonly time: string;
  readonly method: string;
  readonly name: string;
  readonly level: Level;
  readonly claims: readonly ClaimTold[];
  /** The use that asked for it; several when nothing tells them apart. */
  readonly uses: readonly UseTold[];
  /** What joins them: the use's id and its arguments, or the arguments alone. */
  readonly by?: 'id' | 'arguments';
  readonly statements: readonly RanTold[];
  /** What does not fit together. */
  readonly conflicts: readonly string[];
}

/** A statement that no call explains, and the uses that hold exactly its text. */
export interface DirectTold {
  readonly seq: number;
  readonly conversation: number;
  readonly statement: number;
  readonly level: Level;
  readonly uses: readonly UseTold[];
}

export interface ProvenanceTold {
  /** Of the host: what is said of every call. */
  readonly claims: readonly ClaimTold[];
  readonly calls: readonly CallTold[];
  readonly direct: readonly DirectTold[];
}

interface Use extends UseTold {
  /** SHA-256 hex of the masked arguments (RFC 8785); empty when they are not JSON. */
  readonly arguments: string;
  readonly texts: ReadonlySet<string>;
}

interface Call {
  readonly statement: number;
  readonly seq: number;
  readonly time: string;
  readonly method: string;
  readonly name: string;
  readonly arguments: string;
  readonly claims: ClaimTold[];
  readonly ran: Ran[];
}

interface Ran {
  readonly seq: number;
  readonly time: string;
  readonly conversation: number;
  readonly statement: number;
  readonly digest: string;
  readonly candidates: readonly number[];
}

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

/** Hosts put the server's name before a tool's: `mcp__prod-db__query` is `query`. */
function sameTool(used: string, called: string): boolean {
  const [long, short] = [used, called].map((name) => name.toLowerCase().replace(/[^a-z0-9]+/g, '_'));
  return long !== undefined && short !== undefined && (long === short || long.endsWith(`_${short}`));
}

function highest(claims: readonly ClaimTold[]): Level {
  return claims.some(({ level }) => level === 'P2') ? 'P2' : claims.length > 0 ? 'P1' : 'P0';
}

function told({ exchange, id, name }: Use): UseTold {
  return { exchange, id, name };
}

/** The same exchange stands in the record of every session its bot had open. */
function distinct(uses: readonly Use[]): Use[] {
  const seen = new Map<string, Use>();
  for (const use of uses) {
    const key = `${use.id}\n${use.exchange.prompt}\n${use.arguments}`;
    if (!seen.has(key)) seen.set(key, use);
  }
  return [...seen.values()];
}

export class Provenance {
  readonly #sessions = new Map<string, Session>();
  /** Something was left out of the joining. */
  cut = false;

  /** `person`: whose exchanges with models may explain this session; `iss|sub`. */
  session(id: string, person: string): void {
    if (this.#sessions.has(id)) return;
    const empty = { claims: [], calls: [], direct: [], uses: [] };
    this.#sessions.set(id, { person, ...empty, open: new Map(), byNumber: new Map() });
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
    const others = [...this.#sessions.values()].filter(
      (each) => each !== session && each.person === session.person,
    );
    const uses = distinct([...session.uses, ...others.flatMap((each) => each.uses)]);
    const [byId, byArguments, byText] = [
      group(uses, ({ id: own }) => [own]),
      group(uses, (use) => (use.arguments === '' ? [] : [use.arguments])),
      group(uses, ({ texts }) => texts),
    ];
    const calls = session.calls.map((call) => joined(session, call, byId, byArguments));
    const direct = session.direct.flatMap((ran) => {
      const before = (byText.get(ran.digest) ?? []).filter(({ exchange }) => exchange.time <= ran.time);
      const { seq, conversation, statement } = ran;
      return before.length === 0
        ? []
        : [{ seq, conversation, statement, level: 'P3' as const, uses: before.map(told) }];
    });
    return { claims: session.claims, calls, direct };
  }

  #room(held: readonly unknown[]): boolean {
    if (held.length < MOST) return true;
    this.cut = true;
    return false;
  }

  #exchange(id: string, session: Session, event: EventValue, data: EventValue): void {
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

function group(uses: readonly Use[], keys: (use: Use) => Iterable<string>): Groups {
  const groups = new Map<string, Use[]>();
  for (const use of uses)
    for (const key of keys(use)) {
      const found = groups.get(key);
      if (found) found.push(use);
      else groups.set(key, [use]);
    }
  return groups;
}

type Groups = ReadonlyMap<string, readonly Use[]>;

/** Why a use that bears the call's id is not what asked for it. */
function misfits(call: Call, use: Use): string[] {
  const problems: string[] = [];
  if (use.arguments !== call.arguments) problems.push(`the model gave ${use.id} other arguments`);
  if (!sameTool(use.name, call.name)) problems.push(`the model meant ${use.id} for ${use.name}`);
  if (use.exchange.time > call.time) problems.push(`the model asked for ${use.id} after the call`);
  return problems;
}

/** A host that names a model, where another one answered. */
function otherModels(claims: readonly ClaimTold[], uses: readonly Use[]): string[] {
  const named = claims.filter(({ subject }) => subject === 'model');
  return uses.flatMap(({ exchange: { asked, answered } }) =>
    named
      .filter(({ value }) => value !== asked && value !== answered)
      .map(({ value, source }) => `${source} says ${value}, and ${answered || asked} was asked`),
  );
}

function ranTold(ran: Ran, uses: readonly Use[]): RanTold {
  const { seq, conversation, statement, candidates, digest } = ran;
  const sameText = uses.some(({ texts }) => texts.has(digest));
  return { seq, conversation, statement, candidates, sameText };
}

function joined(session: Session, call: Call, byId: Groups, byArguments: Groups): CallTold {
  const { statement, seq, time, method, name, claims } = call;
  const all = [...session.claims, ...claims];
  const base = { statement, seq, time, method, name, claims };
  const ids = claims.filter(({ subject }) => subject === 'call').map(({ value }) => value);
  const named = ids.flatMap((id) => byId.get(id) ?? []);
  const fitting = named.filter((use) => misfits(call, use).length === 0);
  const [first] = named;
  if (first && fitting.length === 0) {
    const statements = call.ran.map((ran) => ranTold(ran, []));
    return { ...base, level: highest(all), uses: [], statements, conflicts: misfits(call, first) };
  }
  const alike = (byArguments.get(call.arguments) ?? []).filter(
    (use) => call.arguments !== '' && sameTool(use.name, name) && use.exchange.time <= time,
  );
  const uses = fitting.length > 0 ? fitting : alike;
  const statements = call.ran.map((ran) => ranTold(ran, uses));
  const exact = statements.some(({ candidates, sameText }) => candidates.length === 1 || sameText);
  const level = fitting.length === 0 ? highest(all) : exact ? 'P4' : 'P3';
  const by = fitting.length > 0 ? 'id' : 'arguments';
  const conflicts = otherModels(all, fitting);
  return {
    ...base,
    level,
    uses: uses.map(told),
    ...(uses.length > 0 ? { by } : {}),
    statements,
    conflicts,
  } as const;
}
