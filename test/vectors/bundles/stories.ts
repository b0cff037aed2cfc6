// Attacks on what people were asked and answered, on parts of sessions, and on the ends of chains. Whoever forges here holds everybody's key.
import { gunzipSync, gzipSync } from 'node:zlib';
import { attOf } from '../../../src/flow/escalate/index.ts';
import { sha256 } from '../../../src/lib/digest.ts';
import type { SessionApproval } from '../../../src/model/approval.ts';
import { blobKey, encodeBundle, parseBundle } from '../../../src/model/bundle.ts';
import type { Predicate } from '../../../src/model/evidence.ts';
import { decisionOn } from '../../fakes/approvals.ts';
import type { Archive } from '../../fakes/archive.ts';
import type { Change, Forger, Row } from './generate.ts';
import { MINUTE, named, type People, Table } from './story.ts';

/** The session that asked is alice's fourth; the long one her fifth. */
const [ASKED, LONG] = [3, 4];
const HOUR = 60 * MINUTE;

type Say = (table: Table) => Promise<SessionApproval>;

/** The session names this instead of what people said, and every signature after it is made anew. */
function told(f: Forger, archive: Archive, say: Say, nth = ASKED): Promise<Change> {
  const { provider, signIn: alice, bobsSignIn: bob } = archive;
  const key = f.key('session', nth);
  const statement = f.statement(key);
  const { session, store } = statement.predicate;
  const people: People = { provider, alice, bob, store };
  const table = new Table(people, session?.id ?? '', archive.clock.now() - MINUTE);
  return say(table).then((approval) => {
    const change = f.relogged(nth, (lines) => {
      const [head = '', ...events] = lines.filter((line) => line !== '');
      const kept = events.filter((line) => !line.includes('"type":"approval.end"'));
      const pattern = events[0] ?? '';
      const data = JSON.stringify(sortedMembers({ ...approval, conversation: 1, statement: 3 }));
      const told = pattern
        .replace(/^\{"data":.*?,"recorder"/, `{"data":${data},"recorder"`)
        .replace(/"type":"[^"]*"/, '"type":"approval.end"');
      const all = [...kept, told].map((line, seq) => line.replace(/"seq":\d+/, `"seq":${seq}`));
      return [head, ...all, ''];
    });
    const file = change.put?.[key] as Uint8Array;
    const { predicate, subject } = parseBundle(file).statement;
    const restated = f.signed({ ...predicate, approvals: [approval] }, subject);
    return f.consistent({ ...change.put, ...table.files, [key]: f.recounted(restated, change.put ?? {}) });
  });
}

function sortedMembers(value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** A key of the valid store's requests. */
function file(f: Forger, id: string, kind: string): string {
  return f.all.find((key) => key.includes(`/req=${id}/${kind}`)) as string;
}

export function approvalAttacks(archive: Archive): Row[] {
  const forged = (name: string, step: string, script: boolean, about: string, say: Say, nth?: number): Row => [
    `approval-${name}`, 'INVALID', step, script, about, (f) => told(f, archive, say, nth),
  ];
  return [
    forged('by-requester', 'self', true, 'the person who asked has approved, with a fresh sign-in', async (t) => {
      const request = t.ask('forged-1');
      const own = await t.answer(request, { by: 'alice' });
      return named(request, [own], t.consume(request, [own]));
    }),
    forged('of-other-bytes', 'request-digest', true, 'the answer was given to another request', async (t) => {
      const [request, other] = [t.ask('forged-1'), t.ask('forged-1', { text: 'SELECT 1' })];
      const answer = await t.answer({ ...request, digest: other.digest });
      t.files[request.key] = request.bytes;
      return named(request, [answer], t.consume(request, [answer]));
    }),
    forged('without-use', 'consumed', false, 'said to be used, and no use was put', async (t) => {
      const request = t.ask('forged-1');
      return named(request, [await t.answer(request)], undefined);
    }),
    forged('weak-called-fresh', 'att', true, 'an answer by the key of a sign-in calls itself a fresh sign-in', async (t) => {
      const request = t.ask('forged-1');
      const weak = await t.answer(request, { att: '' });
      return named(request, [weak], t.consume(request, [weak]));
    }),
    forged('weak-for-strong', 'strength', false, 'an answer by the key of a sign-in to what takes a fresh one', async (t) => {
      const request = t.ask('forged-1');
      const weak = await t.answer(request, { strength: 'session-key' });
      return named(request, [weak], t.consume(request, [weak]), { strength: 'session-key' });
    }),
    forged('weak-said-strong', 'strength', false, 'the session calls a weak answer strong', async (t) => {
      const request = t.ask('forged-1', { strength: 'session-key' });
      const weak = await t.answer(request, { strength: 'session-key' });
      return named(request, [weak], t.consume(request, [weak]));
    }),
    forged('attested-for-another', 'att', true, 'the sign-in was made for another answer', async (t) => {
      const [request, other] = [t.ask('forged-1'), t.ask('another-1')];
      const answer = await t.answer(request, { att: attOf(decisionOn(other, t.at)) });
      return named(request, [answer], t.consume(request, [answer]));
    }),
    forged('of-stale-sign-in', 'auth-time', false, 'the person had signed in long before', async (t) => {
      const request = t.ask('forged-1');
      const stale = await t.answer(request, { claims: { auth_time: Math.floor(t.at / 1000) - 3600 } });
      return named(request, [stale], t.consume(request, [stale]));
    }),
    forged('by-machine', 'human', false, 'a program has approved', async (t) => {
      const request = t.ask('forged-1');
      const answer = await t.answer(request, { claims: { idtyp: 'app' } });
      return named(request, [answer], t.consume(request, [answer]));
    }),
    forged('that-denied', 'decision', false, 'a refusal is counted as an approval', async (t) => {
      const request = t.ask('forged-1');
      const no = await t.answer(request, { decision: { answer: 'deny' } });
      return named(request, [no], t.consume(request, [no]));
    }),
    forged('of-too-few', 'quorum', false, 'two people were needed, one has approved', async (t) => {
      const request = t.ask('forged-1', { quorum: 2 });
      const one = await t.answer(request);
      return named(request, [one], t.consume(request, [one]));
    }),
    forged('too-late', 'window', false, 'the answer came after the request had expired', async (t) => {
      const request = t.ask('forged-1');
      const late = await t.answer(request, { at: t.at + 20 * MINUTE });
      return named(request, [late], t.consume(request, [late], { at: t.at + 20 * MINUTE }));
    }),
    forged('used-by-another', 'consumed', false, 'somebody else than the person who asked put its use', async (t) => {
      const request = t.ask('forged-1');
      const answer = await t.answer(request);
      return named(request, [answer], t.consume(request, [answer], { by: archive.bobsSignIn }));
    }),
    forged('asked-by-another', 'request', false, 'the session uses what somebody else asked for', async (t) => {
      const request = t.ask('forged-1', { by: archive.bobsSignIn });
      const answer = await t.answer(request, { by: 'carol' });
      return named(request, [answer], t.consume(request, [answer]));
    }),
    forged('of-another-session', 'request', false, 'a session uses what another one had asked', async (t) => {
      const request = t.ask('forged-1', { session: 'a2' });
      const answer = await t.answer(request);
      return named(request, [answer], t.consume(request, [answer]));
    }),
    ['approval-used-twice', 'INVALID', 'consumed', false, 'two sessions say that they used one request', (f) => {
      const [first] = f.statement(f.key('session', ASKED)).predicate.approvals ?? [];
      return told(f, archive, async () => first as SessionApproval, 1);
    }],
    ...['request', 'decision', 'consumed'].map((kind): Row => [
      `approval-${kind}-removed`, 'MISSING', kind, true, `the ${kind} of an approval was removed`,
      (f) => ({ remove: [file(f, 'request-1', kind)] }),
    ]),
    ['approval-altered', 'INVALID', 'signature', true, 'one word of a signed answer was exchanged', (f) => {
      const key = file(f, 'request-3', 'decision');
      const { payload, signature, keyid } = f.signedFile(key);
      const edited = Buffer.from(payload.toString().replace('"nonce":"9', '"nonce":"8'));
      return f.renamed('request-3', key, encodeBundle(edited, signature, keyid), archive);
    }],
    ['approval-exchanged', 'INVALID', 'request', true, 'another request stands in the place of the one that was approved', (f) => {
      const { provider, signIn: alice, bobsSignIn: bob, clock } = archive;
      const { store } = f.statement(f.key('session')).predicate;
      const table = new Table({ provider, alice, bob, store }, 'a5', clock.now() - MINUTE);
      const harmless = table.ask('request-1', { text: 'SELECT 1', titles: ['SELECT 1'] });
      return { put: { [harmless.key]: harmless.bytes } };
    }],
    ['approval-not-named', 'INVALID', 'request', false, 'a session does not name the requests its events tell of', (f) => {
      const key = f.key('session', ASKED);
      const { approvals: _, ...rest } = f.statement(key).predicate;
      return f.consistent({ [key]: f.signed(rest as Predicate, f.statement(key).subject) });
    }],
    ['approval-mirrored-wrong', 'INVALID', 'mirror', false, 'an approver’s chain says otherwise than the answer', (f) => {
      const key = f.all.find((each) => each.endsWith('-approve.sigstore.json')) as string;
      const { predicate, subject } = f.statement(key);
      return f.consistent({ [key]: f.signed({ ...predicate, detail: { ...predicate.detail, answer: 'revoke' } }, subject) });
    }],
    ['approval-key-in-ledger', 'INVALID', 'identity', true, 'a key made for one answer signs a statement', async (f) => {
      const at = archive.clock.now() - MINUTE;
      const single = await archive.provider.signIn('alice', { iat: at, exp: at + HOUR }, {}, 'a'.repeat(64));
      const key = f.key('attempt');
      const { predicate, subject } = f.statement(key);
      const subjects = subject.map((each) =>
        each.name === 'pk-token.json' ? { ...each, digest: { sha256: sha256(single.pkToken) } } : each,
      );
      const forgery = f.signed({ ...predicate, identity: single.signer.identity }, subjects, single);
      return { put: { [key]: forgery, [blobKey(sha256(single.pkToken))]: Buffer.from(single.pkToken) } };
    }],
  ];
}

export function partAttacks(): Row[] {
  const session = (f: Forger) => f.key('session', LONG);
  return [
    ['part-not-named', 'INVALID', 'part', false, 'the end of a session leaves out its parts and begins its log anew', (f) => {
      const { predicate, subject } = f.statement(session(f));
      const { parts: _, ...rest } = predicate;
      const logs = subject.filter(({ name }) => name.startsWith('events'));
      const lines = logs
        .map(({ name }) => gunzipSync(f.bytes(f.blob(session(f), name))).toString().split('\n').slice(1, -1))
        .flat();
      const { salt } = JSON.parse(gunzipSync(f.bytes(f.blob(session(f), 'events.jsonl.gz'))).toString().split('\n')[0] ?? '') as { salt: string };
      const head = `{"format":"urn:access-broker:events:v1","salt":"${salt}","session":"a6"}`;
      const log = gzipSync([head, ...lines.sort(bySeq), ''].join('\n'));
      const subjects = [...subject.filter((each) => !logs.includes(each)), { name: 'events.jsonl.gz', digest: { sha256: sha256(log) } }];
      const put = { [blobKey(sha256(log))]: log };
      const whole = f.recounted(f.signed(rest as Predicate, subjects), put);
      return f.consistent({ ...put, [session(f)]: whole });
    }],
    ['part-order', 'INVALID', 'part', false, 'a session names its parts in another order', (f) => {
      const { predicate, subject } = f.statement(session(f));
      return f.consistent({ [session(f)]: f.signed({ ...predicate, parts: [...(predicate.parts ?? [])].reverse() }, subject) });
    }],
    ['part-overlaps', 'INVALID', 'events-format', false, 'a part says that it begins where it does not', (f) => {
      const { predicate, subject } = f.statement(f.key('part', 1));
      const events = { ...(predicate.events as NonNullable<Predicate['events']>), first: 2 };
      return f.consistent({ [f.key('part', 1)]: f.signed({ ...predicate, events }, subject) });
    }],
    ['part-removed', 'MISSING', 'chain', true, 'a part was removed', (f) => ({ remove: [f.key('part')] })],
    ['part-log-removed', 'MISSING', 'blob', true, 'the events of a part were removed', (f) => ({ remove: [f.blob(f.key('part'), 'events.jsonl.gz')] })],
    ['end-unsaid', 'UNFINISHED', 'session', false, 'the key holder put something else in the place of a session’s end', (f) => {
      const { predicate, subject } = f.statement(session(f));
      const key = session(f).replace('-session.', '-access.');
      const { session: _, events: __, parts: ___, approvals: ____, ...rest } = predicate;
      const subjects = subject.filter(({ name }) => /^(jwks|pk-token)/.test(name));
      const unsaid = f.signed({ ...rest, kind: 'access', key, detail: {} } as Predicate, subjects);
      return f.consistent({ [key]: unsaid }, [session(f)]);
    }],
    ['events-of-nothing', 'INVALID', 'events-format', false, 'a statement that is no session has events', (f) => {
      const { predicate, subject } = f.statement(f.key('attempt'));
      return f.consistent({ [f.key('attempt')]: f.signed({ ...predicate, events: { count: 0, merkleRoot: sha256('') } }, subject) });
    }],
  ];
}

const seqOf = (line: string) => Number(/"seq":(\d+)/.exec(line)?.[1]);
const bySeq = (a: string, b: string) => seqOf(a) - seqOf(b);

/** Nobody sealed: the last statement is something else. */
function unsealed(f: Forger): Change {
  const key = f.keys.at(-1) as string;
  const { predicate, subject } = f.statement(key);
  const other = key.replace('-seal.', '-access.');
  return f.consistent({ [other]: f.signed({ ...predicate, kind: 'access', key: other, detail: {} }, subject) }, [key]);
}

export function endAttacks({ clock }: Archive): Row[] {
  const later = (time: number) => new Date(clock.now() + time).toISOString();
  return [
    ['unsealed', 'UNSEALED', 'seal', false, 'a chain ends without a seal, more than a day ago', unsealed, { now: later(25 * HOUR) }],
    ['overdue', 'OVERDUE', 'seal', false, 'a writer has not been heard of for longer than it promised', unsealed, { now: later(5 * HOUR) }],
    ['day-of-another', 'INVALID', 'seal', false, 'a seal names another day than the one it ends', (f) => {
      const key = f.keys.at(-1) as string;
      const { predicate, subject } = f.statement(key);
      return f.consistent({ [key]: f.signed({ ...predicate, detail: { reason: 'day', day: '2026-02-01', open: [] } }, subject) });
    }],
    ['clock-back', 'NOTE', 'clock', false, 'a clock that is behind the statement before it is told of, and proves nothing', (f) => {
      const key = f.key('attempt');
      const { predicate, subject } = f.statement(key);
      const wall = new Date(clock.now() - 90_000).toISOString().replace('Z', '000Z');
      return f.consistent({ [key]: f.signed({ ...predicate, clock: { ...predicate.clock, wall } }, subject) });
    }],
    ['delete-marker', 'HIDDEN', 'versions', false, 'a delete marker hides a statement', (f) => ({ remove: [f.key('attempt')] }), { hidden: (f) => [{ key: f.key('attempt'), how: 'deleted' }] }],
    ['second-version', 'HIDDEN', 'versions', false, 'a statement was written over in a bucket that keeps versions', (f) => ({ put: { [f.key('attempt')]: f.bytes(f.key('attempt')) } }), { hidden: (f) => [{ key: f.key('attempt'), how: 'replaced' }] }],
  ];
}

