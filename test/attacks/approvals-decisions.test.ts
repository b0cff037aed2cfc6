// Every way we know to have a dangerous statement run without the right person's answer to exactly it. Real provider, real store.
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type ApprovalFile,
  buildConsumed,
  countQuorum,
  type RequestFile,
} from '../../src/flow/escalate/index.ts';
import { sha256 } from '../../src/lib/digest.ts';
import { encodeBundle } from '../../src/model/bundle.ts';
import { attOf, decisionBy, decisionOn, OTHER_STORE, requestBy, SQL, stamp } from '../fakes/approvals.ts';
import {
  alice,
  answer,
  ask,
  bench,
  check,
  closeApprovals,
  dana,
  elsewhere,
  enter,
  keysOf,
  MINUTE,
  now,
  openApprovals,
  outcome,
  overwrite,
  provider,
  put,
} from './approvals.ts';

beforeAll(openApprovals, 60_000);
afterAll(closeApprovals);

describe('an honest answer', () => {
  it('counts: a fresh sign-in for exactly this decision, by a person whom policy lets approve', async () => {
    const request = await ask();
    const decided = await answer('dana', request, { decision: { reason: 'agreed in the change meeting' } });
    expect(await check(request, decided)).toMatchObject({
      ok: true,
      answer: 'approve',
      iss: provider.issuer,
      sub: 'dana',
      name: 'Dana Example',
      email: 'dana@example.com',
      strength: 'fresh-sign-in',
      reason: 'agreed in the change meeting',
      digest: decided.digest,
      key: decided.key,
    });
  });

  it('may deny and revoke with the key of an ordinary sign-in, since that lets nothing through', async () => {
    const request = await ask();
    for (const kind of ['deny', 'revoke'] as const) {
      const decision = decisionOn(request, now, { answer: kind, nonce: sha256(kind) });
      const decided = await put(decisionBy(dana, request, decision, { at: now, strength: 'session-key' }));
      expect(await outcome(check(request, decided))).toBe(`${kind} by dana (session-key)`);
    }
  });

  it('may approve with that key where policy is content with it, and is recorded as such', async () => {
    const request = await ask();
    const decided = await put(
      decisionBy(dana, request, decisionOn(request, now), { at: now, strength: 'session-key' }),
    );
    expect(await outcome(check(request, decided, { strengthAllowed: 'session-key' }))).toBe(
      'approve by dana (session-key)',
    );
    expect(await outcome(check(request, decided))).toBe('refused: strength');
  });

  it('may revoke after the request expired: what was approved can still be running', async () => {
    const request = await ask({ at: now - 20 * MINUTE, expires: now - 5 * MINUTE });
    const decided = await answer('dana', request, { decision: { answer: 'revoke' } });
    expect(await outcome(check(request, decided))).toBe('revoke by dana (fresh-sign-in)');
  });
});

describe('a decision put where it was not meant', () => {
  it.each([
    ['another request', () => ({ id: 'request-other' })],
    [
      'another session',
      () => ({ asked: { session: 'other0session0id0' }, thing: { session: 'other0session0id0' } }),
    ],
    [
      'another policy version',
      () => ({ asked: { policyDigest: sha256('new') }, thing: { policyDigest: sha256('new') } }),
    ],
    [
      'another payload',
      () => ({ asked: { text: `${SQL}_archive` }, thing: { statement: sha256(`${SQL}_archive`) } }),
    ],
    [
      'other parameters',
      () => ({ asked: { parameters: ['2'] }, thing: { parameters: [`0:${sha256('2')}`] } }),
    ],
    ['the same bytes asked for again', () => ({ thing: { nonce: 'e'.repeat(64) } })],
  ])('is refused for %s', async (_, difference) => {
    const request = await ask();
    const decided = await answer('dana', request);
    expect(await outcome(check(request, decided))).toBe('approve by dana (fresh-sign-in)');
    const other = await ask(difference());
    const at = decided.key.replace(request.predicate.id, other.predicate.id);
    await bench.store.put(at, decided.bytes);
    // As it is, it says where it stands; signed again under the new key by its writer, it still answers other bytes.
    expect(await outcome(check(other, { key: at }))).toBe('refused: key');
    const moved = await answer('dana', other, { decision: { request: request.digest } });
    expect(await outcome(check(other, moved))).toBe('refused: request-digest');
  });

  it('is refused for another store', async () => {
    const request = await ask();
    const decision = decisionOn(request, now, { store: OTHER_STORE });
    const entered = await enter('dana', { att: attOf(decision) });
    const foreign = decisionBy(entered, request, decision, { at: now, signing: { store: OTHER_STORE } });
    expect(await outcome(check(request, await put(foreign)))).toBe('refused: store');
    const again = await enter('dana', { att: attOf(decision) });
    const claimed = await put(decisionBy(again, request, decision, { at: now }));
    expect(await outcome(check(request, claimed))).toBe('refused: store');
  });

  it('is refused for another id of the same bytes', async () => {
    const request = await ask();
    const decided = await answer('dana', request, { decision: { id: 'request-9999' } });
    expect(await outcome(check(request, decided))).toBe('refused: request-digest');
  });
});

describe('altered objects', () => {
  it('refuses a decision of which a byte was changed', async () => {
    const request = await ask();
    const decided = await answer('dana', request);
    const text = decided.bytes.toString();
    const payload = JSON.parse(text).dsseEnvelope.payload as string;
    const denied = Buffer.from(payload, 'base64').toString().replace('"approve"', '"deny"');
    const { keyid, sig } = JSON.parse(text).dsseEnvelope.signatures[0];
    const altered = encodeBundle(Buffer.from(denied), Buffer.from(sig, 'base64'), keyid);
    const key = decided.key.replace(/decision-.{43}/, `decision-${'A'.repeat(43)}`);
    await bench.store.put(key, altered);
    expect(await outcome(check(request, { key }))).toBe('refused: key');
    await overwrite(decided.key, altered);
    expect(await outcome(check(request, decided))).toBe('refused: att');
    await overwrite(decided.key, Buffer.from(` ${text}`));
    expect(await outcome(check(request, decided))).toBe('refused: format');
    await overwrite(decided.key, Buffer.concat([decided.bytes, Buffer.alloc(64 * 1024, 32)]));
    expect(await outcome(check(request, decided))).toBe('refused: format');
  });

  it('refuses the signature of other bytes by the very same key', async () => {
    const request = await ask();
    const decision = decisionOn(request, now);
    const entered = await enter('dana', { att: attOf(decision) });
    const decided = decisionBy(entered, request, decision, { at: now });
    const other = decisionBy(entered, request, decision, { at: now + 1 });
    const { sig, keyid } = JSON.parse(other.bytes.toString()).dsseEnvelope.signatures[0];
    const payload = Buffer.from(JSON.parse(decided.bytes.toString()).dsseEnvelope.payload, 'base64');
    const mixed = encodeBundle(payload, Buffer.from(sig, 'base64'), keyid);
    expect(await outcome(check(request, await put({ ...decided, bytes: mixed })))).toBe('refused: signature');
  });

  it('refuses everything once the request in the store is not the one that was put', async () => {
    const request = await ask();
    const decided = await answer('dana', request);
    expect(await outcome(check(request, decided))).toBe('approve by dana (fresh-sign-in)');
    const harmless = requestBy(alice, {
      id: request.predicate.id,
      at: now,
      expires: now + 15 * MINUTE,
      asked: { text: 'SELECT 1' },
      thing: { statement: sha256('SELECT 1') },
    });
    await overwrite(request.key, harmless.bytes);
    expect(await outcome(check(request, decided))).toBe('refused: request');
    // And whoever was shown the harmless one has not approved the other.
    const misled = await answer('dana', { ...harmless, digest: harmless.digest });
    await overwrite(request.key, request.bytes);
    expect(await outcome(check(request, misled))).toBe('refused: request-digest');
  });

  it('refuses everything once the request is gone', async () => {
    const request = await ask();
    const decided = await answer('dana', request);
    rmSync(`${bench.folder}/${request.key}`);
    expect(await outcome(check(request, decided))).toBe('refused: request');
  });
});

describe('approving one’s own', () => {
  it('is refused with a second key of the same person, policy or not', async () => {
    const request = await ask();
    const decided = await answer('alice', request);
    expect(await outcome(check(request, decided))).toBe('refused: self');
    const permissive = () => ({ outcome: 'allow' as const, policies: ['everybody'] });
    expect(await outcome(check(request, decided, { mayApprove: permissive }))).toBe('refused: self');
  });

  it('is refused from a second installation, signed in there with the same account', async () => {
    const request = await ask();
    const second = await enter('alice', { fresh: false });
    const decided = await put(
      decisionBy(second, request, decisionOn(request, now), { at: now, strength: 'session-key' }),
    );
    expect(await outcome(check(request, decided, { strengthAllowed: 'session-key' }))).toBe('refused: self');
  });

  it('is refused when the key is one the requester signs with, whoever the token names', async () => {
    const request = await ask();
    const decided = await answer('dana', request);
    const { jkt } = JSON.parse(
      Buffer.from(JSON.parse(decided.bytes.toString()).dsseEnvelope.payload, 'base64').toString(),
    ).predicate.identity;
    const { iss, sub } = alice.signer.identity;
    expect(await outcome(check(request, decided, { requester: { iss, sub, jkts: [jkt] } }))).toBe(
      'refused: own-key',
    );
  });
});

describe('a sign-in that is not what it must be', () => {
  it('refuses a sign-in that had expired when the decision was signed', async () => {
    const request = await ask({ expires: now + 300 * MINUTE });
    const decision = decisionOn(request, now);
    const entered = await enter('dana', { att: attOf(decision) });
    const late = await put(decisionBy(entered, request, decision, { at: now + 120 * MINUTE }));
    expect(await outcome(check(request, late, { now: now + 120 * MINUTE }))).toBe(
      'refused: validity-at-signing',
    );
  });

  it('refuses a decision signed in the future', async () => {
    const request = await ask();
    const decision = decisionOn(request, now);
    const entered = await enter('dana', { att: attOf(decision) });
    const early = await put(decisionBy(entered, request, decision, { at: now + 10 * MINUTE }));
    expect(await outcome(check(request, early, { now }))).toBe('refused: validity-at-signing');
  });

  it('refuses a stale sign-in: the person had signed in long before they answered', async () => {
    const request = await ask({ expires: now + 30 * MINUTE });
    const decided = await answer('dana', request, { decision: { time: stamp(now + 10 * MINUTE) } });
    expect(await outcome(check(request, decided, { now: now + 11 * MINUTE }))).toBe('refused: auth-time');
  });

  it('refuses an answer dated back to before the sign-in that it needed', async () => {
    const request = await ask({ at: now - 30 * MINUTE, expires: now + 30 * MINUTE });
    const decided = await answer('dana', request, { decision: { time: stamp(now - 10 * MINUTE) } });
    expect(await outcome(check(request, decided))).toBe('refused: auth-time');
  });

  it('refuses a sign-in that was not asked to be fresh, for it does not say when it was made', async () => {
    const request = await ask();
    const decided = await answer('dana', request, { entry: { fresh: false } });
    const result = await check(request, decided);
    expect(result).toMatchObject({
      ok: false,
      step: 'auth-time',
      reason: expect.stringMatching(/auth_time/),
    });
  });

  it('refuses another issuer, even one with an account of the same name and group', async () => {
    const request = await ask();
    const decided = await answer('dana', request, { entry: { at: elsewhere } });
    expect(await outcome(check(request, decided))).toBe('refused: issuer');
  });

  it('refuses another issuer that claims to be ours: the keys are fetched from ours', async () => {
    const request = await ask();
    const decided = await answer('dana', request);
    expect(await outcome(check(request, decided, { jwks: await keysOf(elsewhere) }))).toBe(
      'refused: provider-signature',
    );
  });

  it('refuses another audience: a token made for targets does not approve', async () => {
    const request = await ask();
    const decided = await answer('dana', request, { entry: { client: 'target' } });
    expect(await outcome(check(request, decided))).toBe('refused: audience');
  });

  it('refuses a person without the group, by what their own token says', async () => {
    const request = await ask();
    const decided = await answer('mallory', request);
    expect(await check(request, decided)).toMatchObject({
      step: 'policy',
      reason: 'mallory may not approve this (policy "default deny"; groups: developers)',
    });
  });

  it('refuses a bot, whatever groups it is in', async () => {
    const request = await ask();
    const decided = await answer('service-account-deploy@clients', request);
    expect(await outcome(check(request, decided))).toBe('refused: human');
  });
});

describe('an answer at the wrong time', () => {
  it('is refused when it came after the request had expired', async () => {
    const request = await ask({ at: now - 20 * MINUTE, expires: now - 5 * MINUTE });
    const decided = await answer('dana', request);
    expect(await outcome(check(request, decided))).toBe('refused: window');
  });

  it('is refused when it was given in time but is only used too late', async () => {
    const request = await ask({ expires: now + 5 * MINUTE });
    const decided = await answer('dana', request);
    expect(await outcome(check(request, decided, { now: now + 4 * MINUTE }))).toBe(
      'approve by dana (fresh-sign-in)',
    );
    expect(await outcome(check(request, decided, { now: now + 5 * MINUTE }))).toBe('refused: window');
  });

  it('is refused when it was given before it was asked for', async () => {
    const request = await ask({ at: now + 3 * MINUTE });
    const decided = await answer('dana', request);
    expect(await outcome(check(request, decided, { now: now + 4 * MINUTE }))).toBe('refused: window');
  });
});

describe('several answers', () => {
  const accepted = async (request: RequestFile, files: readonly ApprovalFile[]) => {
    const results = await Promise.all(files.map((file) => check(request, file)));
    return results.flatMap((each) => (each.ok ? [each] : []));
  };

  it('count one person once, however many keys they sign with', async () => {
    const request = await ask({ asked: { quorum: 2 } });
    const first = await answer('dana', request);
    const second = await answer('dana', request, { decision: { nonce: '8'.repeat(64) } });
    expect(countQuorum(await accepted(request, [first, second]), 2)).toMatchObject({
      state: 'pending',
      missing: 1,
    });
    const third = await answer('emil', request);
    const all = await accepted(request, [first, second, third]);
    expect(all).toHaveLength(3);
    expect(countQuorum(all, 2)).toMatchObject({ state: 'approved', missing: 0 });
    expect(
      countQuorum(all, 2)
        .decisions.map(({ sub }) => sub)
        .sort(),
    ).toEqual(['dana', 'emil']);
  });

  it('end in a refusal as soon as one entitled person denies, before or after any approval', async () => {
    const request = await ask();
    const approved = await answer('dana', request);
    const denied = await answer('emil', request, { decision: { answer: 'deny', reason: 'not on a Friday' } });
    const notEntitled = await answer('mallory', request, { decision: { answer: 'deny' } });
    expect(countQuorum(await accepted(request, [approved, notEntitled]), 1).state).toBe('approved');
    for (const order of [
      [approved, denied],
      [denied, approved],
    ])
      expect(countQuorum(await accepted(request, order), 1)).toMatchObject({
        state: 'denied',
        decisions: [{ sub: 'emil', reason: 'not on a Friday' }],
      });
  });

  it('end when the approver takes it back', async () => {
    const request = await ask();
    const approved = await answer('dana', request);
    const revoked = await answer('dana', request, { decision: { answer: 'revoke' } });
    expect(countQuorum(await accepted(request, [approved, revoked]), 1).state).toBe('revoked');
  });
});

describe('a second use', () => {
  it('finds the approval spent: only one of many can put that it was used', async () => {
    const request = await ask();
    const decided = await answer('dana', request);
    const { id } = request.predicate;
    const use = (at: number) =>
      buildConsumed(
        {
          signer: alice.signer,
          store: request.predicate.store,
          clock: { wall: stamp(at), monotonic: '1' },
          tool: request.predicate.tool,
          jwks: [],
        },
        {
          request: { day: request.day, id, digest: request.digest },
          decisions: [decided.digest],
          outcome: 'used',
        },
      );
    const puts = await Promise.all(
      Array.from({ length: 8 }, (_, at) => use(now + at)).map(({ key, bytes }) =>
        bench.store.put(key, bytes),
      ),
    );
    expect(puts.filter((each) => each === 'created')).toHaveLength(1);
  });
});
