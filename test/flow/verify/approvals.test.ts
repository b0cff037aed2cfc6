// An auditor's look at approvals, offline: what was asked, answered and used is in the store as the session says, or is named.
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { buildConsumed, type RequestFile } from '../../../src/flow/escalate/index.ts';
import { sha256 } from '../../../src/lib/digest.ts';
import type { SessionApproval } from '../../../src/model/approval.ts';
import { blobKey } from '../../../src/model/bundle.ts';
import { verified } from '../../../src/model/verdict.ts';
import { putProofs, requestBy, signing } from '../../fakes/approvals.ts';
import {
  type Answer,
  alice,
  answer,
  approvedSession,
  ask,
  clock,
  closeStory,
  consume,
  dana,
  faults,
  finish,
  HOUR,
  here,
  MINUTE,
  mine,
  named,
  openStory,
  overwrite,
  provider,
  put,
  root,
  SESSION,
  seal,
  sealed,
  store,
  theirs,
  times,
  verify,
  work,
} from '../../fakes/approved.ts';
import { install } from '../../fakes/installation.ts';

beforeEach(openStory);
afterEach(closeStory);

describe('approvals as they were', () => {
  it('are valid and complete, and counted in what was checked', async () => {
    await sealed();
    const result = await verify();
    expect(verified(result)).toBe(true);
    expect(result.notes).toEqual([]);
    expect(result.checked).toMatchObject({ sessions: 1, approvals: 1 });
  });

  it('may be many: then a blob names them', async () => {
    const all: SessionApproval[] = [];
    for (let number = 0; number < 66; number++) {
      const request = await ask({ id: `request-${number}` });
      all.push(named(request, [], await consume(request, [], 'withdrawn'), { outcome: 'withdrawn' }));
    }
    await seal(all);
    await finish();
    const result = await verify();
    expect(verified(result)).toBe(true);
    expect(result.checked.approvals).toBe(66);
  });

  it('may be of two people, of a window for two sessions, by the key of a sign-in, or denied', async () => {
    const two = await ask({ id: 'request-two', asked: { quorum: 2 } });
    const both = [await answer(two), await answer(two, { by: 'emil', mirror: false })];
    const window = await ask({
      id: 'request-window',
      asked: { purpose: 'window', duration: 1800 },
      thing: { purpose: 'window' },
    });
    const opened = [await answer(window)];
    const weak = await ask({ id: 'request-weak', asked: { strength: 'session-key' } });
    const quick = [await answer(weak, { strength: 'session-key' })];
    const refused = await ask({ id: 'request-denied' });
    const denied = [await answer(refused, { decision: { answer: 'deny' }, strength: 'session-key' })];
    const use = named(window, opened, await consume(window, opened));
    await seal([
      named(two, both, await consume(two, both)),
      use,
      named(weak, quick, await consume(weak, quick), { strength: 'session-key' }),
      named(refused, denied, await consume(refused, denied, 'denied'), {
        outcome: 'denied',
        strength: 'session-key',
      }),
    ]);
    await seal([use], 'another0session00');
    await finish();
    expect(await faults()).toEqual([]);
    expect((await verify()).checked.approvals).toBe(5);
  });

  it('say who answered nothing, overruled a refusal, or did not repeat an answer', async () => {
    const silent = await ask({ id: 'request-silent' });
    const { request, decided, consumed } = await approvedSession();
    const refused = await answer(request, { by: 'emil', decision: { answer: 'deny' }, mirror: false });
    clock.advance(1000);
    await seal([named(silent, [], undefined, { outcome: 'expired' }), named(request, [decided], consumed)]);
    await finish();
    clock.advance(26 * HOUR);
    const { notes, integrity } = await verify();
    expect(integrity.findings).toEqual([]);
    expect(notes.map(({ about, file }) => [about, file])).toEqual([
      ['unanswered', silent.key],
      ['overruled', refused.key],
    ]);
  });

  it('say that an answer is not repeated in its approver’s chain, once it could have been', async () => {
    const request = await ask();
    const decided = await answer(request, { mirror: false });
    await seal([named(request, [decided], await consume(request, [decided]))]);
    await finish();
    expect((await verify()).notes).toEqual([]);
    clock.advance(26 * HOUR);
    expect((await verify()).notes).toEqual([
      { about: 'unmirrored', file: decided.key, text: 'the chain of dana does not repeat this answer' },
    ]);
  });
});

describe('objects that are gone', () => {
  it.each(['request', 'decided', 'consumed'] as const)('names a missing %s', async (which) => {
    const scene = await sealed();
    rmSync(join(root, scene[which].key));
    const kinds = { request: 'request', decided: 'decision', consumed: 'consumed' };
    const found = await faults();
    expect(found).toContain(`MISSING ${kinds[which]}`);
    // The approver's chain remembers what was asked and what was answered.
    expect(found.includes('MISSING mirror')).toBe(which !== 'consumed');
  });

  it('names an answer that only its approver’s chain still knows', async () => {
    const request = await ask();
    const decided = await answer(request, { decision: { answer: 'deny' } });
    await seal([]);
    await finish();
    expect(await faults()).toEqual([]);
    rmSync(join(root, decided.key));
    expect(await faults()).toEqual(['MISSING mirror']);
  });

  it('does not miss what an export says it left out', async () => {
    const { request, decided, consumed } = await sealed();
    for (const { key } of [request, decided, consumed]) rmSync(join(root, key));
    const withheld = new Set([request, decided, consumed].map(({ digest }) => digest));
    expect(await faults({ withheld })).toEqual([]);
  });
});

describe('objects that were altered', () => {
  it('names a request exchanged for another', async () => {
    const { request } = await sealed();
    const other = requestBy(alice, {
      at: clock.now() - 30_000,
      expires: clock.now() + 15 * MINUTE,
      asked: { session: SESSION, text: 'SELECT 1' },
      thing: { session: SESSION, statement: sha256('SELECT 1') },
      signing: here(),
    });
    expect(other.key).toBe(request.key);
    overwrite(request.key, other.bytes);
    expect(await faults()).toContain('INVALID request');
  });

  it('names an answer of which a byte was changed', async () => {
    const { decided } = await sealed();
    const bytes = Buffer.from(decided.bytes);
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 3) ^ 1, bytes.length - 3);
    overwrite(decided.key, bytes);
    const { integrity } = await verify();
    expect(integrity).toMatchObject({ verdict: 'INVALID' });
    expect(integrity.findings.map(({ file }) => file)).toContain(decided.key);
  });

  it('names a use that counts other answers', async () => {
    const { request, consumed } = await sealed();
    const other = buildConsumed(signing(alice, clock.now(), here()), {
      request: { day: request.day, id: request.predicate.id, digest: request.digest },
      decisions: [],
      outcome: 'used',
    });
    overwrite(consumed.key, other.bytes);
    expect(await faults()).toEqual(['INVALID consumed']);
  });

  it('is not moved by rubbish that nobody signed', async () => {
    const { request } = await sealed();
    for (const name of [`decision-${'A'.repeat(43)}`, 'something', `decision-${'B'.repeat(43)}`])
      await store.put(request.key.replace('request.', `${name}.`), Buffer.from(`{"payload":"${name}"}`));
    expect(await faults()).toEqual([]);
  });
});

describe('a session that claims more than its approvals give', () => {
  /** An agent that is not ours can sign what it likes with alice's key, but not with dana's. */
  async function claim(
    make: (request: RequestFile) => Promise<SessionApproval>,
    more = {},
  ): Promise<string[]> {
    const request = await ask(more);
    await seal([await make(request)]);
    await finish();
    return faults();
  }

  it.each<[string, string, Answer]>([
    ['an approval of her own', 'self', { by: 'alice', mirror: false }],
    ['an approval attested for something else', 'att', { att: 'a'.repeat(64) }],
    ['an approval of a stale sign-in', 'auth-time', { claims: { auth_time: 1_700_000_000 } }],
    ['an approval of an unknown time', 'auth-time', { claims: { auth_time: undefined } }],
    ['an approval of a program', 'human', { claims: { idtyp: 'app' } }],
    [
      'an approval of another request',
      'request-digest',
      { decision: { request: 'b'.repeat(64) }, mirror: false },
    ],
    ['a weak approval of what takes a strong one', 'strength', { strength: 'session-key' }],
    ['a refusal', 'decision', { decision: { answer: 'deny' } }],
  ])('counts %s', async (_, step, more) => {
    const found = await claim(async (request) => {
      const decided = await answer(request, more);
      const consumed = await consume(request, [decided]);
      const { strength = 'fresh-sign-in' } = more;
      return named(request, [decided], consumed, { strength });
    });
    expect(found).toContain(`INVALID ${step}`);
  });

  it('counts an approval after the end', async () => {
    const request = await ask({ expires: clock.now() + 2 * MINUTE });
    clock.advance(3 * MINUTE);
    const decided = await answer(request);
    await seal([named(request, [decided], await consume(request, [decided]))]);
    await finish();
    expect(await faults()).toEqual(['INVALID window', 'INVALID consumed']);
  });

  it('counts one person twice', async () => {
    const found = await claim(
      async (request) => {
        const both = [await answer(request), await answer(request, { decision: { nonce: '8'.repeat(64) } })];
        return named(request, both, await consume(request, both));
      },
      { asked: { quorum: 2 } },
    );
    expect(found).toEqual(['INVALID quorum']);
  });

  it('says that it was used, and nobody answered', async () => {
    expect(await claim(async (request) => named(request, [], await consume(request, [])))).toEqual([
      'INVALID quorum',
    ]);
  });

  it('says that it was used, without a use', async () => {
    const found = await claim(async (request) => named(request, [await answer(request)]));
    expect(found).toEqual(['INVALID consumed']);
  });

  it('says that it was denied, and nobody denied it', async () => {
    const found = await claim(async (request) =>
      named(request, [], await consume(request, [], 'denied'), { outcome: 'denied' }),
    );
    expect(found).toEqual(['INVALID decision']);
  });

  it('calls a weak answer strong', async () => {
    const found = await claim(
      async (request) => {
        const decided = await answer(request, { strength: 'session-key' });
        return named(request, [decided], await consume(request, [decided]));
      },
      { asked: { strength: 'session-key' } },
    );
    expect(found).toEqual(['INVALID strength']);
  });

  it('uses a request of another session, or of another connection', async () => {
    expect(
      await claim(
        async (request) => {
          const decided = await answer(request);
          return named(request, [decided], await consume(request, [decided]));
        },
        { asked: { session: 'another0session00' }, thing: { session: 'another0session00' } },
      ),
    ).toEqual(['INVALID request']);
  });

  it('uses what another session has used', async () => {
    const { request, decided, consumed } = await approvedSession();
    await seal([named(request, [decided], consumed)]);
    await seal([named(request, [decided], consumed)], 'another0session00');
    await finish();
    expect((await faults()).sort()).toEqual(['INVALID consumed', 'INVALID request']);
  });

  it('uses a window after its end', async () => {
    const window = await ask({ asked: { purpose: 'window', duration: 600 }, thing: { purpose: 'window' } });
    const decided = await answer(window);
    const use = named(window, [decided], await consume(window, [decided]));
    clock.advance(20 * MINUTE);
    await seal([use]);
    await finish();
    expect(await faults()).toEqual(['INVALID window']);
  });

  it('uses what somebody else asked for', async () => {
    const theirsAsked = requestBy(dana, {
      at: clock.now(),
      expires: clock.now() + 15 * MINUTE,
      asked: { session: SESSION },
      thing: { session: SESSION },
      signing: here(),
    });
    await putProofs(store, dana);
    await put(theirsAsked);
    const decided = await answer(theirsAsked, { by: 'emil', mirror: false });
    const consumed = await consume(theirsAsked, [decided], 'used', dana);
    await seal([named(theirsAsked, [decided], consumed)]);
    await finish();
    expect(await faults()).toEqual(['INVALID request']);
  });
});

describe('an approver’s chain', () => {
  it('repeats only answers of its own, as they were given', async () => {
    const { request, decided } = await approvedSession();
    const detail = {
      id: request.predicate.id,
      day: request.day,
      request: request.digest,
      decision: decided.digest,
      answer: 'approve' as const,
      strength: 'fresh-sign-in' as const,
    };
    await mine.ledger.approve(detail);
    await theirs.ledger.approve({ ...detail, answer: 'deny' });
    await finish();
    const { integrity } = await verify();
    expect(integrity.findings.map(({ step, reason }) => [step, reason.replace(/,? v1\/.*/, '')])).toEqual(
      expect.arrayContaining([
        ['mirror', 'it repeats the answer of somebody else'],
        ['mirror', expect.stringContaining('it repeats another answer than')],
      ]),
    );
  });

  it('is never signed by a key that was made for one approval', async () => {
    const single = await provider.signIn('dana', times(), {}, 'c'.repeat(64));
    const third = await install(join(work.path, 'third'), `file:${root}`, clock);
    await third.ledger.epoch(single);
    await third.outbox.flush();
    await finish();
    expect(await faults()).toContain('INVALID identity');
  });
});

it('leaves blobs of proofs where every agent finds them', async () => {
  await sealed();
  const folders = readdirSync(join(root, 'v1/blob/sha256'));
  expect(folders.length).toBeGreaterThan(3);
  expect(await store.get(blobKey(sha256(dana.pkToken)))).toBeDefined();
});
