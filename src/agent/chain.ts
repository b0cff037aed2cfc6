// One writer's place in the ledger: the last number used and its digest, on disk. Must never give a number twice.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomic } from '../lib/atomic-file.ts';
import { base32 } from '../lib/base32.ts';
import { canonical, parseCanonical } from '../lib/canonical.ts';
import { sha256, sha256Bytes } from '../lib/digest.ts';
import { NO_PREVIOUS, parseBundle, parseStatementKey } from '../model/bundle.ts';
import { BrokerError } from '../model/errors.ts';
import type { PartRef, Predicate, StatementKind } from '../model/evidence.ts';
import type { Store } from '../model/store.ts';
import type { Pending } from './pending.ts';

/** base32(SHA-256(iss ‖ 0 ‖ sub ‖ 0 ‖ installation)), first 16 characters. */
export function writerId(iss: string, sub: string, installation: string): string {
  return base32(sha256Bytes(`${iss}\0${sub}\0${installation}`)).slice(0, 16);
}

export interface Head {
  readonly writer: string;
  /** 0 before the first epoch. */
  readonly epoch: number;
  /** The next number to use. */
  readonly next: number;
  /** SHA-256 of the last statement file. */
  readonly prev: string;
  /** Key of the current epoch; empty once it was logged out. */
  readonly jkt: string;
  /** Sessions with an `open` and no `session` yet. */
  readonly open: readonly string[];
  /** Sessions that are sealed but whose spool folder may still be there. */
  readonly unremoved: readonly string[];
  /** Parts of sessions that are open. */
  readonly parts?: Readonly<Record<string, readonly PartRef[]>>;
  /** The last statement. */
  readonly last?: { readonly kind: StatementKind; readonly wall: string };
}

function first(writer: string): Head {
  return { writer, epoch: 0, next: 0, prev: NO_PREVIOUS, jkt: '', open: [], unremoved: [] };
}

/** The head after a statement. */
export function advance(head: Head, predicate: Predicate, digest: string): Head {
  const { kind, chain, identity, session, detail, clock } = predicate;
  const id = session?.id ?? '';
  const ended = kind === 'session';
  const loggedOut = kind === 'seal' && detail?.['reason'] === 'logout';
  return {
    writer: head.writer,
    epoch: chain.epoch,
    next: chain.seq + 1,
    prev: digest,
    jkt: loggedOut ? '' : identity.jkt,
    open: kind === 'open' ? [...head.open, id] : ended ? head.open.filter((each) => each !== id) : head.open,
    unremoved: ended ? [...head.unremoved, id] : head.unremoved,
    parts: partsAfter(head.parts ?? {}, predicate, digest),
    last: { kind, wall: clock.wall },
  };
}

function partsAfter(
  parts: NonNullable<Head['parts']>,
  { kind, chain, session }: Predicate,
  digest: string,
): NonNullable<Head['parts']> {
  const id = session?.id ?? '';
  const { [id]: mine = [], ...others } = parts;
  if (kind === 'part') return { ...others, [id]: [...mine, { seq: chain.seq, head: digest }] };
  return kind === 'session' ? others : parts;
}

export interface ChainSources {
  readonly pending: Pending;
  /** This writer has signed before on this machine. */
  readonly known: boolean;
  readonly store: () => Promise<Store>;
}

export class Chain {
  readonly #path: string;
  #head: Head;

  private constructor(path: string, head: Head) {
    this.#path = path;
    this.#head = head;
  }

  get head(): Head {
    return this.#head;
  }

  /**
   * Finds the head again: the head file, then every statement that waits in the outbox beyond it (the process may have
   * died in between), and, when the head file is gone, the store.
   */
  static async load(folder: string, writer: string, from: ChainSources): Promise<Chain> {
    const path = join(folder, `chain-${writer}.json`);
    const waiting = await from.pending.statements(writer);
    const saved = await readHead(path, writer);
    let head = saved ?? first(writer);
    const beginning = waiting.length > 0 ? waiting[0]?.seq === 0 : !from.known;
    if (!saved && !beginning) head = await fromStore(writer, await from.store());
    for (const each of waiting) {
      if (each.seq < head.next) continue;
      const { statement, digest } = await from.pending.load(each);
      if (each.seq > head.next) throw damaged(writer, `statement ${head.next} is gone`);
      head = advance(head, statement.predicate, digest);
    }
    const chain = new Chain(path, head);
    if (head !== saved) await chain.save(head);
    return chain;
  }

  async save(head: Head): Promise<void> {
    await writeAtomic(this.#path, `${canonical(head)}\n`);
    this.#head = head;
  }

  /** Remembers that a sealed session's spool folder is gone; written with the next statement. */
  removed(session: string): void {
    this.#head = { ...this.#head, unremoved: this.#head.unremoved.filter((each) => each !== session) };
  }
}

function damaged(writer: string, reason: string): BrokerError {
  return new BrokerError('not-verified', { what: `the chain of writer ${writer} on this machine`, reason });
}

async function readHead(path: string, writer: string): Promise<Head | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const head = parseCanonical(text.trimEnd()) as unknown as Head;
    return head.writer === writer && Number.isSafeInteger(head.next) ? head : undefined;
  } catch {
    // Unreadable is as good as gone: outbox and store know the chain.
    return undefined;
  }
}

/** Sessions are over after so many days: what was opened before is not looked for. */
const LONGEST = 40;

/** Walks the whole ledger for one writer's last statement and open sessions. Slow, and only after this machine lost its own note of it. */
async function fromStore(writer: string, store: Store): Promise<Head> {
  const mine: { readonly key: string; readonly seq: number; readonly day: string; readonly kind: string }[] =
    [];
  for await (const { key } of store.list('v1/stmt/')) {
    const parts = parseStatementKey(key);
    if (parts?.writer === writer) mine.push({ key, ...parts });
  }
  mine.sort((a, b) => a.seq - b.seq);
  const last = mine.at(-1);
  if (!last) return first(writer);
  const oldest = new Date(Date.parse(last.day) - LONGEST * 86_400_000).toISOString().slice(0, 10);
  let head = first(writer);
  for (const { key, kind, day } of mine) {
    const counts = ['open', 'part', 'session'].includes(kind) && day >= oldest;
    if (!counts && key !== last.key) continue;
    const bytes = await store.get(key, 1 << 20);
    if (!bytes) throw damaged(writer, `${key} is listed but cannot be read`);
    head = advance(head, parseBundle(bytes).statement.predicate, sha256(bytes));
  }
  return { ...head, unremoved: [] };
}
