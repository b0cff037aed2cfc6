// How a call is joined with the exchange with a model that asked for it. Pure; must never give a level that a host could claim its way to.

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

export interface Use extends UseTold {
  /** SHA-256 hex of the masked arguments (RFC 8785); empty when they are not JSON. */
  readonly arguments: string;
  readonly texts: ReadonlySet<string>;
}

export interface Call {
  readonly statement: number;
  readonly seq: number;
  readonly time: string;
  readonly method: string;
  readonly name: string;
  readonly arguments: string;
  readonly claims: ClaimTold[];
  readonly ran: Ran[];
}

export interface Ran {
  readonly seq: number;
  readonly time: string;
  readonly conversation: number;
  readonly statement: number;
  readonly digest: string;
  readonly candidates: readonly number[];
}

/** Hosts put the server's name before a tool's: `mcp__prod-db__query` is `query`. */
function sameTool(used: string, called: string): boolean {
  const [long, short] = [used, called].map((name) => name.toLowerCase().replace(/[^a-z0-9]+/g, '_'));
  return long !== undefined && short !== undefined && (long === short || long.endsWith(`_${short}`));
}

function highest(claims: readonly ClaimTold[]): Level {
  return claims.some(({ level }) => level === 'P2') ? 'P2' : claims.length > 0 ? 'P1' : 'P0';
}

export function told({ exchange, id, name }: Use): UseTold {
  return { exchange, id, name };
}

/** Uses by what they may be joined by: their ids, their arguments, the texts in them. */
export interface Index {
  readonly id: ReadonlyMap<string, readonly Use[]>;
  readonly arguments: ReadonlyMap<string, readonly Use[]>;
  readonly text: ReadonlyMap<string, readonly Use[]>;
}

function group(
  uses: readonly Use[],
  keys: (use: Use) => Iterable<string>,
): ReadonlyMap<string, readonly Use[]> {
  const groups = new Map<string, Use[]>();
  for (const use of uses)
    for (const key of keys(use)) {
      const found = groups.get(key);
      if (found) found.push(use);
      else groups.set(key, [use]);
    }
  return groups;
}

export function indexOf(uses: readonly Use[]): Index {
  return {
    id: group(uses, ({ id }) => [id]),
    arguments: group(uses, (use) => (use.arguments === '' ? [] : [use.arguments])),
    text: group(uses, ({ texts }) => texts),
  };
}

/** The same exchange stands in the record of every session its bot had open: once, and that of `session` itself first. */
export function usesIn(found: readonly Use[] = [], session: string): Use[] {
  const own = ({ exchange }: Use): number => (exchange.session === session ? 0 : 1);
  const seen = new Map<string, Use>();
  for (const use of [...found].sort((one, other) => own(one) - own(other))) {
    const key = `${use.id}\n${use.exchange.prompt}\n${use.arguments}`;
    if (!seen.has(key)) seen.set(key, use);
  }
  return [...seen.values()];
}

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

export function joined(session: string, host: readonly ClaimTold[], call: Call, index: Index): CallTold {
  const { statement, seq, time, method, name, claims } = call;
  const all = [...host, ...claims];
  const base = { statement, seq, time, method, name, claims };
  const ids = claims.filter(({ subject }) => subject === 'call').map(({ value }) => value);
  const named = ids.flatMap((id) => usesIn(index.id.get(id), session));
  const fitting = named.filter((use) => misfits(call, use).length === 0);
  const [first] = named;
  if (first && fitting.length === 0) {
    const statements = call.ran.map((ran) => ranTold(ran, []));
    return { ...base, level: highest(all), uses: [], statements, conflicts: misfits(call, first) };
  }
  const alike = usesIn(index.arguments.get(call.arguments), session).filter(
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
