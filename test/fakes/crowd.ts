// Synthetic stores as large as wanted: many people's chains over many days, properly signed, with a log for each session.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { writerId } from '../../src/agent/chain.ts';
import type { EpochSignIn } from '../../src/agent/evidence.ts';
import { canonical } from '../../src/lib/canonical.ts';
import { timestamp } from '../../src/lib/clock.ts';
import { sha256 } from '../../src/lib/digest.ts';
import { preAuthentication } from '../../src/lib/dsse.ts';
import { MerkleTree } from '../../src/lib/merkle.ts';
import {
  blobKey,
  encodeBundle,
  LEDGER_FORM,
  NO_PREVIOUS,
  parseBundle,
  parseStatementKey,
  statementKey,
} from '../../src/model/bundle.ts';
import { PAYLOAD_TYPE, type Predicate, STATEMENT_TYPE, type Subject } from '../../src/model/evidence.ts';
import {
  EVENTS_BLOB,
  eventLogs,
  jwksBlob,
  LineSalts,
  lineLeaf,
  PK_TOKEN_BLOB,
  POLICY_BLOB,
  sealedHeader,
} from '../../src/model/sealed.ts';
import { IDENTITY_KEY, openStore } from '../../src/stores/index.ts';
import { fakeClock } from './clock.ts';
import { install, recordedSession, workFolder } from './installation.ts';
import type { FakeProvider } from './sign-in.ts';

const DAY = 86_400_000;

export interface CrowdOrder {
  readonly provider: FakeProvider;
  readonly sessions: number;
  readonly writers: number;
  readonly days: number;
  /** The last day ends here, milliseconds since the epoch. */
  readonly until: number;
  /** Statements of each session, on top of its opening and closing; 3 unless told. */
  readonly statements?: number;
}

export interface CrowdObject {
  readonly key: string;
  readonly bytes: Uint8Array;
}

/** What a real ledger wrote, to be repeated under other names and times. */
interface Template {
  readonly store: string;
  readonly identity: Uint8Array;
  readonly kinds: ReadonlyMap<
    string,
    { readonly predicate: Predicate; readonly subject: readonly Subject[] }
  >;
  readonly lines: readonly string[];
  readonly policy: Uint8Array;
}

/** As long as the ids that stand in its place. */
const MODEL = 's000000000';

async function template(provider: FakeProvider, statements: number): Promise<Template> {
  const work = workFolder();
  const clock = fakeClock();
  const url = `file:${join(work.path, 'store')}`;
  const at = await install(work.path, url, clock);
  await at.ledger.epoch(await provider.signIn('model', { iat: clock.now(), exp: clock.now() + 3_600_000 }));
  const folder = await recordedSession(at, MODEL, statements);
  await at.ledger.sealSession(folder, { end: 'closed', exit: 0 });
  await at.ledger.signOut();
  await at.outbox.flush(60_000);
  const store = await openStore(url, {});
  const get = async (key: string) => (await store.get(key)) as Uint8Array;
  const kinds = new Map<string, { predicate: Predicate; subject: readonly Subject[] }>();
  for await (const { key } of store.list('v1/stmt/')) {
    const { statement } = parseBundle(await get(key));
    kinds.set(parseStatementKey(key)?.kind ?? '', statement);
  }
  const subjects = kinds.get('session')?.subject ?? [];
  const named = (name: string) => subjects.find((each) => each.name === name)?.digest.sha256 ?? '';
  const log = gunzipSync(await get(blobKey(eventLogs(subjects)[0] ?? ''))).toString();
  const identity = await get(IDENTITY_KEY);
  const made = {
    store: (JSON.parse(Buffer.from(identity).toString()) as { id: string }).id,
    identity,
    kinds,
    lines: log.split('\n').slice(1, -1),
    policy: await get(blobKey(named(POLICY_BLOB))),
  };
  await store.close();
  await at.link.close();
  work.remove();
  return made;
}

class Person {
  readonly writer: string;
  readonly #model: Template;
  readonly #signIn: EpochSignIn;
  readonly #proofs: readonly Subject[];
  #seq = 0;
  #prev = NO_PREVIOUS;

  constructor(model: Template, signIn: EpochSignIn, nth: number) {
    const { iss, sub } = signIn.signer.identity;
    this.writer = writerId(iss, sub, `installation-${nth}`);
    this.#model = model;
    this.#signIn = signIn;
    this.#proofs = [
      { name: PK_TOKEN_BLOB, digest: { sha256: sha256(signIn.pkToken) } },
      ...signIn.sightings.map(({ text }, look) => ({
        name: jwksBlob(look),
        digest: { sha256: sha256(text) },
      })),
    ];
  }

  *proofs(): Generator<CrowdObject> {
    const { pkToken, sightings } = this.#signIn;
    for (const text of [pkToken, ...sightings.map((each) => each.text)])
      yield { key: blobKey(sha256(text)), bytes: Buffer.from(text) };
  }

  next(
    kind: Predicate['kind'],
    at: number,
    change: Partial<Predicate>,
    subjects: readonly Subject[] = [],
  ): CrowdObject {
    const model = this.#model.kinds.get(kind);
    if (!model) throw new Error(`there is no model of ${kind}`);
    const { identity, sign } = { ...this.#signIn.signer, sign: this.#signIn.signer.sign };
    const wall = timestamp(at * 1000);
    const key = statementKey({ day: wall.slice(0, 10), writer: this.writer, seq: this.#seq, kind });
    const predicate = {
      ...model.predicate,
      store: this.#model.store,
      key,
      chain: { writer: this.writer, epoch: 1, seq: this.#seq, prev: this.#prev },
      seen: [],
      identity,
      actor: { kind: 'human' as const, name: identity.sub },
      clock: { wall, monotonic: String(BigInt(at) * 1_000_000n) },
      ...change,
    };
    const subject = [...this.#proofs, ...subjects].sort((a, b) => (a.name < b.name ? -1 : 1));
    const statement = { _type: STATEMENT_TYPE, subject, predicateType: LEDGER_FORM.type, predicate };
    const payload = Buffer.from(canonical(statement));
    const bytes = encodeBundle(payload, sign(preAuthentication(PAYLOAD_TYPE, payload)), identity.jkt);
    this.#seq += 1;
    this.#prev = sha256(bytes);
    return { key, bytes };
  }
}

/** One session: `open`, its log, `session`. */
function* session(model: Template, person: Person, nth: number, at: number): Generator<CrowdObject> {
  const id = `s${String(nth).padStart(9, '0')}`;
  const policy = { name: POLICY_BLOB, digest: { sha256: sha256(model.policy) } };
  const connection = `db-${nth % 20}`;
  const [opened, closed] = [timestamp(at * 1000), timestamp((at + 2_000) * 1000)];
  const told = (kind: string) => ({
    ...(model.kinds.get(kind)?.predicate.session as NonNullable<Predicate['session']>),
    id,
    connection,
    opened,
  });
  yield person.next('open', at, { session: told('open') }, [policy]);
  const salt = sha256(`salt of ${id}`);
  const salts = new LineSalts(salt);
  const tree = new MerkleTree();
  const lines = model.lines.map((line) => line.replaceAll(MODEL, id));
  for (const line of lines) tree.append(lineLeaf(salts.next(), line));
  const log = gzipSync(`${[sealedHeader(salt, id), ...lines].join('\n')}\n`, { level: 1 });
  const digest = sha256(log);
  yield { key: blobKey(digest), bytes: log };
  const events = { count: tree.count, merkleRoot: tree.root() };
  yield person.next('session', at + 2_000, { session: { ...told('session'), closed }, events }, [
    policy,
    { name: EVENTS_BLOB, digest: { sha256: digest } },
  ]);
}

/** Every object of such a store, as a stream: each person seals each day, and signs out at the end. */
export async function* crowd(order: CrowdOrder): AsyncGenerator<CrowdObject> {
  const { provider, sessions, writers, days, until, statements = 3 } = order;
  const model = await template(provider, statements);
  yield { key: IDENTITY_KEY, bytes: model.identity };
  yield { key: blobKey(sha256(model.policy)), bytes: model.policy };
  const first = until - days * DAY;
  const people: Person[] = [];
  for (let nth = 0; nth < writers; nth++) {
    const signIn = await provider.signIn(`person-${nth}`, { iat: first, exp: until + DAY });
    const person = new Person(model, signIn, nth);
    people.push(person);
    yield* person.proofs();
    yield person.next('epoch', first + 1_000 + nth, {});
  }
  const perDay = Math.ceil(sessions / days);
  for (let nth = 0; nth < sessions; nth++) {
    const day = Math.floor(nth / perDay);
    const within = nth % perDay;
    const at = first + day * DAY + 60_000 + Math.floor((within / perDay) * (DAY - 600_000));
    yield* session(model, people[nth % writers] as Person, nth, at);
    const last = within === perDay - 1 || nth === sessions - 1;
    if (!last) continue;
    const end = first + (day + 1) * DAY - 60_000;
    const over = nth === sessions - 1;
    for (const person of people)
      yield person.next('seal', end, {
        detail: over
          ? { reason: 'logout', open: [] }
          : { reason: 'day', open: [], day: timestamp(end * 1000).slice(0, 10) },
      });
  }
}

/** Writes it below a folder, without waiting for the disk. Returns how many objects there are. */
export async function crowdFolder(root: string, order: CrowdOrder): Promise<number> {
  const made = new Set<string>();
  let count = 0;
  for await (const { key, bytes } of crowd(order)) {
    const path = join(root, key);
    const folder = dirname(path);
    if (!made.has(folder)) mkdirSync(folder, { recursive: true });
    made.add(folder);
    writeFileSync(path, bytes);
    count += 1;
  }
  return count;
}
