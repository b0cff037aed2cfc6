// Makes the vectors in this folder: one valid export, and attacks as changes to it. Run through generate.test.ts with UPDATE_VECTORS=1.
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { EpochSignIn } from '../../../src/agent/evidence.ts';
import { signStatement } from '../../../src/flow/seal/index.ts';
import { canonical } from '../../../src/lib/canonical.ts';
import { sha256 } from '../../../src/lib/digest.ts';
import { preAuthentication } from '../../../src/lib/dsse.ts';
import { MerkleTree } from '../../../src/lib/merkle.ts';
import { APPROVAL_FORM } from '../../../src/model/approval-predicate.ts';
import { blobKey, encodeBundle, parseBundle, parseSigned, parseStatementKey, statementKey } from '../../../src/model/bundle.ts';
import { type InTotoStatement, PAYLOAD_TYPE, type Predicate, type Subject } from '../../../src/model/evidence.ts';
import { eventLogs, LineSalts, lineLeaf } from '../../../src/model/sealed.ts';
import { signPredicate } from '../../../src/model/signing.ts';
import type { HiddenObject } from '../../../src/model/store.ts';
import type { Archive } from '../../fakes/archive.ts';
import { fakeProvider } from '../../fakes/sign-in.ts';
import { approvalAttacks, endAttacks, partAttacks } from './stories.ts';

/** What an attack does to the valid export, and which verdict names it. */
export interface Attack {
  readonly about: string;
  readonly verdict: string;
  readonly step: string;
  /** A jq, openssl and coreutils script can see it too. */
  readonly script: boolean;
  readonly remove?: readonly string[];
  /** Key → base64 of the new content. */
  readonly put?: Readonly<Record<string, string>>;
  /** When it is looked at, if not at once. */
  readonly now?: string;
  /** What a bucket with versions would tell. */
  readonly hidden?: readonly HiddenObject[];
}

export type Change = { remove?: string[]; put?: Record<string, Uint8Array> };

export function exportFiles(root: string, below = ''): string[] {
  return readdirSync(join(root, below))
    .flatMap((name) => {
      const path = below === '' ? name : `${below}/${name}`;
      return statSync(join(root, path)).isDirectory() ? exportFiles(root, path) : [path];
    })
    .sort();
}

/** Tools of somebody who can write into the store, and for some attacks holds alice's key. */
export class Forger {
  readonly #root: string;
  readonly #archive: Archive;
  /** Every file of the export. */
  readonly all: readonly string[];
  readonly signIn: EpochSignIn;
  readonly keys: readonly string[];

  constructor(root: string, archive: Archive, writer: string) {
    this.#root = root;
    this.#archive = archive;
    this.signIn = archive.signIn;
    this.all = exportFiles(root);
    this.keys = this.all.filter((key) => parseStatementKey(key)?.writer === writer);
  }

  key(kind: string, nth = 0): string {
    return this.keys.filter((key) => parseStatementKey(key)?.kind === kind)[nth] as string;
  }

  bytes(key: string): Buffer {
    return readFileSync(join(this.#root, key));
  }

  statement(key: string): InTotoStatement {
    return parseBundle(this.bytes(key)).statement;
  }

  blob(key: string, name: string): string {
    return blobKey(this.statement(key).subject.find((each) => each.name === name)?.digest.sha256 as string);
  }

  /** The statement at a key, changed and signed again with alice's key. */
  resigned(key: string, change: Partial<Predicate>, subjects = this.statement(key).subject, by = this.signIn): Buffer {
    return signStatement(by.signer, { ...this.statement(key).predicate, ...change }, subjects);
  }

  /** A predicate signed by whoever its chain belongs to. */
  signed(predicate: Predicate, subjects: readonly Subject[], by?: EpochSignIn): Buffer {
    const { signIn, bobsSignIn } = this.#archive;
    const owner = predicate.identity.sub === 'bob' ? bobsSignIn : signIn;
    return signStatement((by ?? owner).signer, predicate, subjects);
  }

  signedFile(key: string) {
    return parseSigned(this.bytes(key), APPROVAL_FORM);
  }

  /** Count and root of a session as its one log has them now. */
  recounted(file: Uint8Array, put: Readonly<Record<string, Uint8Array>>): Buffer {
    const { predicate, subject } = parseBundle(file).statement;
    const [digest = ''] = eventLogs(subject);
    const [head = '', ...lines] = gunzipSync(put[blobKey(digest)] ?? this.bytes(blobKey(digest))).toString().split('\n').slice(0, -1);
    const salts = new LineSalts((JSON.parse(head) as { salt: string }).salt);
    const tree = new MerkleTree();
    for (const line of lines) tree.append(lineLeaf(salts.next(), line));
    return this.signed({ ...predicate, events: { count: tree.count, merkleRoot: tree.root() } }, subject);
  }

  /** The whole ledger signed anew around a change, by all who ever signed: links, witnesses and index agree again. */
  consistent(put: Readonly<Record<string, Uint8Array>>, remove: readonly string[] = []): Change {
    const out: Record<string, Uint8Array> = { ...put };
    const digests = new Map<string, string>();
    const statements = [...new Set([...this.all, ...Object.keys(put)])].filter((key) => parseStatementKey(key) && !remove.includes(key));
    const seq = (key: string) => parseStatementKey(key)?.seq ?? 0;
    const writer = (key: string) => parseStatementKey(key)?.writer ?? '';
    // As they were signed: who saw another's statement comes after it.
    const first = (key: string) => this.all.find((each) => writer(each) === writer(key) && parseStatementKey(each) && seq(each) === seq(key));
    const wall = (key: string) => this.statement(first(key) ?? key).predicate.clock.wall;
    const order = statements.sort((a, b) => (wall(a) < wall(b) ? -1 : 1));
    const index = JSON.parse(this.bytes('index.json').toString());
    for (const key of order) {
      let file: Uint8Array = out[key] ?? this.bytes(key);
      const { predicate, subject } = parseBundle(file).statement;
      const now = (digest: string) => digests.get(digest) ?? digest;
      const chain = { ...predicate.chain, prev: now(predicate.chain.prev) };
      const seen = predicate.seen.map((each) => ({ ...each, head: now(each.head) }));
      const parts = predicate.parts?.map((each) => ({ ...each, head: now(each.head) }));
      const next = { ...predicate, chain, seen, ...(parts ? { parts } : {}) };
      if (canonical(next) !== canonical(predicate)) file = out[key] = this.signed(next, subject);
      const before = first(key);
      if (before) digests.set(sha256(this.bytes(before)), sha256(file));
      const row = index.statements.find((each: { key: string }) => each.key === before) ?? {};
      Object.assign(row, { key, sha256: sha256(file) });
      if (index.heads[writer(key)]?.seq === seq(key)) index.heads[writer(key)].sha256 = sha256(file);
    }
    return { put: { ...out, 'index.json': Buffer.from(JSON.stringify(index)) }, ...(remove.length > 0 ? { remove: [...remove] } : {}) };
  }

  /** A request's answer exchanged for other bytes, and the session, the use and the mirror saying that those were meant. */
  renamed(id: string, key: string, file: Uint8Array, archive: Archive): Change {
    const [was, is] = [sha256(this.bytes(key)), sha256(file)];
    const put: Record<string, Uint8Array> = { [key]: file };
    const exchange = <T>(value: T): T => JSON.parse(JSON.stringify(value).replaceAll(was, is)) as T;
    const useKey = this.all.find((each) => each.includes(`/req=${id}/consumed`)) as string;
    const { predicate: use, subject } = this.signedFile(useKey).statement;
    const used = signPredicate(archive.signIn.signer, APPROVAL_FORM, exchange(use), exchange(subject));
    put[useKey] = used;
    for (const each of this.all.filter((name) => /-(session|approve)\.sigstore\.json$/.test(name) && name.startsWith('v1/stmt/'))) {
      const { predicate, subject: subjects } = this.statement(each);
      const text = JSON.stringify(predicate);
      if (!text.includes(was)) continue;
      const next = JSON.parse(text.replaceAll(was, is).replaceAll(sha256(this.bytes(useKey)), sha256(used))) as Predicate;
      put[each] = this.signed(next, subjects);
    }
    return this.consistent(put);
  }

  /** The same for what our own signer would never sign. */
  raw(key: string, edit: (payload: string) => string): Buffer {
    const payload = Buffer.from(edit(parseBundle(this.bytes(key)).payload.toString()));
    const signature = this.signIn.signer.sign(preAuthentication(PAYLOAD_TYPE, payload));
    return encodeBundle(payload, signature, this.signIn.signer.identity.jkt);
  }

  /** A session whose event log was written anew, signed for what it is now. */
  relogged(nth: number, edit: (lines: string[]) => string[] | Buffer): Change {
    const key = this.key('session', nth);
    const edited = edit(gunzipSync(this.bytes(this.blob(key, 'events.jsonl.gz'))).toString().split('\n'));
    const log = Buffer.isBuffer(edited) ? edited : gzipSync(edited.join('\n'));
    const subjects = this.statement(key).subject.map((each) => (each.name === 'events.jsonl.gz' ? { ...each, digest: { sha256: sha256(log) } } : each));
    return { put: { [key]: this.resigned(key, {}, subjects), [blobKey(sha256(log))]: log } };
  }

  /** The export's index, which nobody signs, with one more statement in it. */
  indexWith(key: string, file: Uint8Array): Uint8Array {
    const index = JSON.parse(this.bytes('index.json').toString());
    const { writer, seq } = parseStatementKey(key) as { writer: string; seq: number };
    index.statements.push({ key, sha256: sha256(file) });
    index.heads[writer] = { seq, sha256: sha256(file) };
    return Buffer.from(JSON.stringify(index));
  }

  /** A valid epoch after the last statement, by anybody. */
  nextEpoch(by: EpochSignIn): Record<string, Uint8Array> {
    const last = this.keys.at(-1) as string;
    const { predicate, subject } = this.statement(last);
    const { chain, clock, ...rest } = predicate;
    const seq = chain.seq + 1;
    const key = statementKey({ day: clock.wall.slice(0, 10), writer: chain.writer, seq, kind: 'epoch' });
    const subjects = subject.map((each) =>
      each.name === 'pk-token.json' ? { ...each, digest: { sha256: by.signer.identity.pkToken } } : each,
    );
    const next = { writer: chain.writer, epoch: chain.epoch + 1, seq, prev: sha256(this.bytes(last)) };
    const { identity } = by.signer;
    return { [key]: signStatement(by.signer, { ...rest, clock, key, kind: 'epoch', identity, chain: next, detail: {} }, subjects) };
  }

  /** The statement after the last, signed. */
  after(change: (last: Predicate, head: string) => Partial<Predicate>, by = this.signIn): Record<string, Uint8Array> {
    const key = this.keys.at(-1) as string;
    const last = this.statement(key).predicate;
    const seq = last.chain.seq + 1;
    const kind = 'access';
    const next = statementKey({ day: last.clock.wall.slice(0, 10), writer: last.chain.writer, seq, kind });
    const chain = { ...last.chain, seq, prev: sha256(this.bytes(key)) };
    const predicate = { ...last, kind, key: next, chain, detail: {}, ...change(last, chain.prev) } as Predicate;
    return { [predicate.key]: signStatement(by.signer, predicate, this.statement(key).subject) };
  }
}

function tokenOf({ pkToken }: EpochSignIn): Record<string, Uint8Array> {
  return { [blobKey(sha256(pkToken))]: Buffer.from(pkToken) };
}

function flip(bytes: Buffer, at = Math.floor(bytes.length / 2)): Buffer {
  const changed = Buffer.from(bytes);
  changed[at] = (changed[at] as number) ^ 1;
  return changed;
}

export type Row = readonly [
  name: string,
  verdict: string,
  step: string,
  script: boolean,
  about: string,
  make: (f: Forger) => Change | Promise<Change>,
  more?: { readonly now?: string; readonly hidden?: (f: Forger) => readonly HiddenObject[] },
];

function simpleAttacks(): Row[] {
  return [
    ['altered-statement', 'INVALID', 'signature', true, 'one word of a signed payload was exchanged', (f) => {
      const key = f.key('session');
      const { payload, signature, keyid } = parseBundle(f.bytes(key));
      const edited = Buffer.from(payload.toString().replace('"shop"', '"shoq"'));
      return { put: { [key]: encodeBundle(edited, signature, keyid) } };
    }],
    ['altered-signature', 'INVALID', 'signature', true, 'one bit of a signature was flipped', (f) => {
      const key = f.key('open');
      const { payload, signature, keyid } = parseBundle(f.bytes(key));
      return { put: { [key]: encodeBundle(payload, flip(signature, signature.length - 1), keyid) } };
    }],
    ['altered-events', 'INVALID', 'blob', true, 'one bit of an event log was flipped', (f) => {
      const key = f.blob(f.key('session'), 'events.jsonl.gz');
      return { put: { [key]: flip(f.bytes(key)) } };
    }],
    ['altered-transcript', 'INVALID', 'blob', true, 'one bit of a terminal recording was flipped', (f) => {
      const key = f.blob(f.key('session'), 'transcript.cast.gz');
      return { put: { [key]: flip(f.bytes(key)) } };
    }],
    ['removed-statement', 'MISSING', 'chain', true, 'a statement in the middle was removed', (f) => ({ remove: [f.key('session', 1)] })],
    ['removed-blob', 'MISSING', 'blob', true, 'an event log was removed', (f) => ({ remove: [f.blob(f.key('session'), 'events.jsonl.gz')] })],
    ['removed-tail', 'TRUNCATED', 'witness', true, 'the newest statements were removed, but another writer had seen them', (f) => ({ remove: f.keys.slice(-3) })],
    ['removed-writer', 'TRUNCATED', 'witness', true, 'all statements of a writer were removed, but another writer had seen them', (f) => ({ remove: [...f.keys] })],
    ['renamed-statement', 'INVALID', 'key', true, 'a copy of a statement stands under another number', (f) => {
      const key = f.key('session');
      return { put: { [key.replace(/\d{10}-/, '0000000099-')]: f.bytes(key) } };
    }],
    ['duplicate-member', 'INVALID', 'json', true, 'a member of the bundle appears twice, so that two readers read two things', (f) => {
      const key = f.key('attempt');
      return { put: { [key]: Buffer.from(f.bytes(key).toString().replace('"mediaType":', '"mediaType":"x","mediaType":')) } };
    }],
    ['other-spelling', 'INVALID', 'json', true, 'white space was added to a bundle', (f) => ({ put: { [f.key('attempt')]: Buffer.concat([f.bytes(f.key('attempt')), Buffer.from('\n')]) } })],
    ['oversized', 'INVALID', 'size', true, 'a bundle is longer than 64 KiB', (f) => ({ put: { [f.key('attempt')]: Buffer.concat([f.bytes(f.key('attempt')), Buffer.alloc(70_000, ' ')]) } })],
  ];
}

function logAttacks(): Row[] {
  const edit = (at: number, from: string | RegExp, to: string) => (lines: string[]) =>
    lines.map((line, index) => (index === at ? line.replace(from, to) : line));
  return [
    ['long-line', 'INVALID', 'events-format', false, 'a log of some kilobytes holds a line of 65 MiB', (f) => f.relogged(2, ([head = '']) => [head, 'x'.repeat(65 * 2 ** 20), ''])],
    ['cut-log', 'INVALID', 'events-format', false, 'a log ends in the middle of its compressed bytes', (f) => f.relogged(2, (lines) => { const whole = gzipSync(lines.join('\n')); return whole.subarray(0, whole.length - 40); })],
    ['torn-line', 'INVALID', 'events-format', false, 'the last line of a log has no end', (f) => f.relogged(2, (lines) => lines.slice(0, -1))],
    ['foreign-log', 'INVALID', 'events-format', false, 'a session vouches for the log of another', (f) => f.relogged(2, () => f.bytes(f.blob(f.key('session', 0), 'events.jsonl.gz')))],
    ['float-in-event', 'INVALID', 'event-line', false, 'an event holds a float, which two readers may read differently', (f) => f.relogged(2, edit(2, /"pid":\d+/, '"pid":1.5'))],
    ['twice-in-event', 'INVALID', 'event-line', false, 'a member of an event appears twice', (f) => f.relogged(2, edit(2, '"recorder":', '"recorder":"x","recorder":'))],
    ['renumbered-event', 'INVALID', 'event-line', false, 'an event has another number, as if one had been taken out', (f) => f.relogged(2, edit(3, /"seq":\d+/, '"seq":7'))],
    ['foreign-event', 'INVALID', 'event-line', false, 'an event of another session was put in', (f) => f.relogged(2, edit(3, /"session":"[^"]*"/, '"session":"a1"'))],
    ['dropped-event', 'INVALID', 'events-count', false, 'the last event was dropped', (f) => f.relogged(2, (lines) => [...lines.slice(0, -2), ''])],
    ['exchanged-event', 'INVALID', 'merkle-root', false, 'one word of one event was exchanged', (f) => f.relogged(2, edit(2, 'customers', 'customerz'))],
  ];
}

function formAttacks(): Row[] {
  return [
    ['unknown-kind', 'INVALID', 'key', true, 'a copy of a statement stands under a kind that does not exist', (f) => ({ put: { [f.key('attempt').replace('attempt', 'absolve')]: f.bytes(f.key('attempt')) } })],
    ['stray-file', 'INVALID', 'json', false, 'something that is no statement lies among the statements', (f) => ({ put: { [f.key('attempt').replace(/[^/]+$/, 'notes.txt')]: Buffer.from('hello') } })],
    ['not-utf8', 'INVALID', 'json', true, 'a statement file is not UTF-8', (f) => {
      const bytes = Buffer.from(f.bytes(f.key('attempt')));
      bytes[20] = 0xff;
      return { put: { [f.key('attempt')]: bytes } };
    }],
    ['another-media-type', 'INVALID', 'bundle', false, 'a bundle calls itself another version', (f) => ({ put: { [f.key('attempt')]: Buffer.from(f.bytes(f.key('attempt')).toString().replace('v0.3+json', 'v9.9+json')) } })],
    ['large-number', 'INVALID', 'payload', false, 'a signed number is beyond what readers agree on', (f) => ({ put: { [f.key('attempt')]: f.raw(f.key('attempt'), (text) => text.replace(/"seq":\d+/, '"seq":9007199254740993')) } })],
    ['another-predicate', 'INVALID', 'payload', false, 'a signed statement is of another type', (f) => ({ put: { [f.key('attempt')]: f.raw(f.key('attempt'), (text) => text.replace('predicate:v1', 'predicate:v9')) } })],
    ['another-thumbprint', 'INVALID', 'identity', true, 'a statement names another key than it is signed with', (f) => {
      const { identity } = f.statement(f.key('attempt')).predicate;
      return { put: { [f.key('attempt')]: f.resigned(f.key('attempt'), { identity: { ...identity, jkt: 'A'.repeat(43) } }) } };
    }],
    ['claimed-binding', 'INVALID', 'identity', false, 'a statement says of its sign-in what the token does not', (f) => {
      const { identity } = f.statement(f.key('attempt')).predicate;
      return { put: { [f.key('attempt')]: f.resigned(f.key('attempt'), { identity: { ...identity, binding: 'none' } }) } };
    }],
    ['unnamed-token', 'INVALID', 'identity', false, 'a statement does not vouch for the sign-in it relies on', (f) => {
      const key = f.key('attempt');
      return { put: { [key]: f.resigned(key, {}, f.statement(key).subject.filter(({ name }) => name !== 'pk-token.json')) } };
    }],
  ];
}

function forgedAttacks(archive: Archive): Row[] {
  const { clock } = archive;
  const times = { iat: clock.now() - 60_000, exp: clock.now() + 3_600_000 };
  return [
    ['foreign-store', 'INVALID', 'store', true, 'a statement of another store, validly signed', (f) => ({ put: { [f.key('attempt')]: f.resigned(f.key('attempt'), { store: 'a'.repeat(26) }) } })],
    ['back-dated', 'INVALID', 'key', false, 'a statement stands under a day it was not signed on', (f) => {
      const key = f.key('attempt').replace(/day=[^/]+/, 'day=2026-02-27');
      return { remove: [f.key('attempt')], put: { [key]: f.resigned(f.key('attempt'), { key }) } };
    }],
    ['two-signatures', 'INVALID', 'bundle', false, 'an envelope carries two signatures', (f) => {
      const key = f.key('attempt');
      const json = JSON.parse(f.bytes(key).toString());
      json.dsseEnvelope.signatures.push(json.dsseEnvelope.signatures[0]);
      return { put: { [key]: Buffer.from(canonical(json)) } };
    }],
    ['float', 'INVALID', 'payload', false, 'a signed payload holds a float', (f) => ({ put: { [f.key('attempt')]: f.raw(f.key('attempt'), (text) => text.replace(/"seq":(\d+)/, '"seq":$1.5')) } })],
    ['unknown-member', 'INVALID', 'predicate', false, 'a signed predicate holds a member nobody knows', (f) => ({ put: { [f.key('attempt')]: f.raw(f.key('attempt'), (text) => text.replace('"tool":', '"surprise":1,"tool":')) } })],
    ['path-in-name', 'INVALID', 'payload', false, 'a subject’s name leads out of the folder', (f) => ({ put: { [f.key('session')]: f.raw(f.key('session'), (text) => text.replace('"name":"events.jsonl.gz"', '"name":"../../events.jsonl.gz"')) } })],
    ['wrong-root', 'INVALID', 'merkle-root', false, 'a statement commits to other events than its log holds', (f) => {
      const key = f.key('session', 2);
      return { put: { [key]: f.resigned(key, { events: { count: 8, merkleRoot: 'a'.repeat(64) } }) } };
    }],
    ['not-a-log', 'INVALID', 'events-format', false, 'the event log is something else, with the right digest', (f) => {
      const key = f.key('session', 2);
      const log = gzipSync('hello\n');
      const subjects = f.statement(key).subject.map((each) => (each.name === 'events.jsonl.gz' ? { ...each, digest: { sha256: sha256(log) } } : each));
      return { put: { [key]: f.resigned(key, {}, subjects), [blobKey(sha256(log))]: log } };
    }],
    ['forked', 'FORK', 'chain', false, 'two statements have one number', (f) => {
      const key = f.key('attempt');
      const other = key.replace('attempt', 'access');
      return { put: { [other]: f.resigned(key, { kind: 'access', key: other }) } };
    }],
    ['rewritten-tail', 'FORK', 'witness', false, 'the key holder rewrote what another writer had seen', (f) => {
      const last = f.keys.at(-2) as string;
      const put: Record<string, Uint8Array> = { [last]: f.resigned(last, { detail: { code: 'policy-denied', policies: [] } }) };
      const seal = f.keys.at(-1) as string;
      const chain = { ...f.statement(seal).predicate.chain, prev: sha256(put[last] as Uint8Array) };
      return { put: { ...put, [seal]: f.resigned(seal, { chain }) } };
    }],
    ['key-after-logout', 'INVALID', 'chain', false, 'a key signed after its owner had logged out', (f) => ({ put: f.after(() => ({})) })],
    ['expired-sign-in', 'INVALID', 'validity-at-signing', false, 'a key signed after its ID token had expired', (f) => ({
      put: f.after((last) => ({ clock: { ...last.clock, wall: '2026-03-01T23:00:00.000000Z' } })),
    })],
    ['another-key', 'INVALID', 'signature', true, 'signed by a key other than the PK token’s', async (f) => {
      const other = await archive.provider.signIn('alice', times);
      const key = f.key('attempt');
      const { identity } = f.statement(key).predicate;
      const payload = Buffer.from(parseBundle(f.bytes(key)).payload);
      return { put: { [key]: encodeBundle(payload, other.signer.sign(preAuthentication(PAYLOAD_TYPE, payload)), identity.jkt) } };
    }],
    ['another-name', 'INVALID', 'identity', true, 'signed with one’s own key in another person’s name', (f) => {
      const key = f.key('attempt');
      const { identity } = f.statement(key).predicate;
      return { put: { [key]: f.resigned(key, { identity: { ...identity, sub: 'bob' } }) } };
    }],
    ['wrong-nonce', 'INVALID', 'nonce', true, 'the ID token commits to another key', (f) => forgedToken(f, archive.provider.signIn('alice', times, { nonce: 'x'.repeat(43) }))],
    ['another-client', 'INVALID', 'audience', false, 'the ID token was issued to another client', (f) => forgedToken(f, archive.provider.signIn('alice', times, { aud: 'somebody-else' }))],
    ['stolen-chain', 'INVALID', 'chain', true, 'somebody else goes on with a person’s chain, under an own key and name', async (f) => {
      const bob = await archive.provider.signIn('bob', times);
      const put = f.nextEpoch(bob);
      const [[key, file] = ['', Buffer.alloc(0)]] = Object.entries(put);
      return { put: { ...put, ...tokenOf(bob), 'index.json': f.indexWith(key, file) } };
    }],
    ['key-in-second-epoch', 'INVALID', 'chain', false, 'a key that had logged out begins another epoch', (f) => ({ put: f.nextEpoch(f.signIn) })],
    ['shifted-fields', 'INVALID', 'key', true, 'line breaks in a signed field, so that a reader of lines takes one person’s key for another’s', async (f) => {
      const bob = await archive.provider.signIn('bob', times);
      const { iss, sub, jkt, pkToken } = bob.signer.identity;
      let key = '';
      const forged = f.after((last, prev) => {
        const seq = last.chain.seq + 1;
        key = statementKey({ day: last.clock.wall.slice(0, 10), writer: last.chain.writer, seq, kind: 'access' });
        const lines = [key, last.store, last.chain.writer, seq, prev, pkToken, jkt, JSON.stringify([iss, sub])];
        return { key: lines.join('\n') };
      }, bob);
      const [file = Buffer.alloc(0)] = Object.values(forged);
      return { put: { [key]: file, ...tokenOf(bob), 'index.json': f.indexWith(key, file) } };
    }],
    ['made-up-provider', 'INVALID', 'provider-signature', true, 'the provider’s key was made up, with the same kid and its own JWKS', (f) => forgedToken(f, fakeProvider(archive.provider.issuer).signIn('alice', times))],
  ];
}

/** A statement signed by the key of a PK token that is wrong in itself. */
async function forgedToken(f: Forger, made: Promise<EpochSignIn>): Promise<Change> {
  const signIn = await made;
  const key = f.key('attempt');
  const jwks = signIn.sightings[0]?.text ?? '';
  const subjects = f.statement(key).subject.map((each) =>
    each.name === 'pk-token.json' ? { ...each, digest: { sha256: sha256(signIn.pkToken) } } : each.name === 'jwks.json' ? { ...each, digest: { sha256: sha256(jwks) } } : each,
  );
  const file = f.resigned(key, { identity: signIn.signer.identity }, subjects, signIn);
  return { put: { [key]: file, [blobKey(sha256(signIn.pkToken))]: Buffer.from(signIn.pkToken), [blobKey(sha256(jwks))]: Buffer.from(jwks) } };
}

export async function writeVectors(archive: Archive, exported: string, folder: string): Promise<void> {
  for (const name of ['valid', 'invalid']) rmSync(join(folder, name), { recursive: true, force: true });
  const valid = join(folder, 'valid');
  for (const key of exportFiles(exported)) {
    mkdirSync(dirname(join(valid, key)), { recursive: true });
    writeFileSync(join(valid, key), readFileSync(join(exported, key)));
  }
  const { provider, clock } = archive;
  writeFileSync(join(folder, 'provider-jwks.json'), provider.jwks);
  const facts = { now: new Date(clock.now()).toISOString(), issuer: provider.issuer, audience: provider.audience };
  writeFileSync(join(folder, 'facts.json'), `${JSON.stringify(facts, null, 2)}\n`);
  const forger = new Forger(valid, archive, archive.alice.ledger.writer ?? writerOf(valid));
  mkdirSync(join(folder, 'invalid'));
  const rows = [
    ...simpleAttacks(),
    ...logAttacks(),
    ...formAttacks(),
    ...forgedAttacks(archive),
    ...approvalAttacks(archive),
    ...partAttacks(),
    ...endAttacks(archive),
  ];
  for (const [name, verdict, step, script, about, make, more] of rows) {
    const { remove, put } = await make(forger);
    const encoded = put && Object.fromEntries(Object.entries(put).map(([key, bytes]) => [key, Buffer.from(bytes).toString('base64')]));
    const attack: Attack = { about, verdict, step, script, ...(remove ? { remove } : {}), ...(encoded ? { put: encoded } : {}), ...(more?.now ? { now: more.now } : {}), ...(more?.hidden ? { hidden: more.hidden(forger) } : {}) };
    writeFileSync(join(folder, 'invalid', `${name}.json`), `${JSON.stringify(attack, null, 2)}\n`);
  }
}

/** Alice's chain: the one with an attempt in it. */
function writerOf(valid: string): string {
  const key = exportFiles(valid).find((each) => parseStatementKey(each)?.kind === 'attempt') ?? '';
  return parseStatementKey(key)?.writer ?? '';
}
