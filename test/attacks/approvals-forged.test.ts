// Decisions put into the store by somebody who can write there and holds nobody’s key: refused, by name.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EpochSignIn } from '../../src/agent/evidence.ts';
import { importPrivate, makeKey, publicPart, signDer } from '../../src/identity/key.ts';
import { makePkToken } from '../../src/identity/pk-token.ts';
import { sha256 } from '../../src/lib/digest.ts';
import { preAuthentication } from '../../src/lib/dsse.ts';
import { blobKey, encodeBundle } from '../../src/model/bundle.ts';
import { PAYLOAD_TYPE } from '../../src/model/evidence.ts';
import { attOf, decisionBy, decisionOn, putProofs } from '../fakes/approvals.ts';
import {
  ask,
  bench,
  check,
  closeApprovals,
  dana,
  enter,
  now,
  openApprovals,
  outcome,
  overwrite,
  put,
} from './approvals.ts';

beforeAll(openApprovals, 60_000);
afterAll(closeApprovals);

describe('a decision forged by somebody who can write into the store', () => {
  /** What a forger can sign with: a key of their own under somebody else's token, or under none. */
  function forge(pkToken: string, identity: Partial<EpochSignIn['signer']['identity']> = {}): EpochSignIn {
    const { jwk } = makeKey();
    const key = importPrivate(jwk);
    return {
      ...dana,
      pkToken,
      signer: {
        identity: { ...dana.signer.identity, pkToken: sha256(pkToken), ...identity },
        jwk: publicPart(jwk),
        sign: (bytes) => signDer(key, bytes),
      },
    };
  }

  it('is refused with a key of their own and no token', async () => {
    const request = await ask();
    const forged = forge('there is no such token');
    const decided = await put(decisionBy(forged, request, decisionOn(request, now), { at: now }));
    expect(await outcome(check(request, decided))).toBe('refused: pk-token');
    const nonsense = forge('{"payload":"eyJ9","signatures":[]}');
    await putProofs(bench.store, nonsense);
    const again = decisionOn(request, now, { nonce: '1'.repeat(64) });
    const second = decisionBy(nonsense, request, again, { at: now, strength: 'session-key' });
    expect(await outcome(check(request, await put(second)))).toBe('refused: pk-token');
  });

  it('is refused with a PK token of another’s approval, copied from evidence', async () => {
    const [old, request] = [await ask(), await ask()];
    const decision = decisionOn(old, now);
    const entered = await enter('dana', { att: attOf(decision) });
    const copied = forge(entered.pkToken, { jkt: entered.signer.identity.jkt });
    const decided = await put(decisionBy(copied, request, decisionOn(request, now), { at: now }));
    expect(await outcome(check(request, decided))).toBe('refused: att');
    // Even for the very decision it was made for, the private key is missing.
    const same = await put(decisionBy(copied, old, decision, { at: now }));
    expect(await outcome(check(old, same))).toBe('refused: signature');
  });

  it('is refused with the PK token of an ordinary sign-in, which attests no decision', async () => {
    const request = await ask();
    const copied = forge(dana.pkToken, { jkt: dana.signer.identity.jkt });
    const decided = await put(decisionBy(copied, request, decisionOn(request, now), { at: now }));
    expect(await outcome(check(request, decided))).toBe('refused: att');
    const weak = decisionBy(copied, request, decisionOn(request, now), { at: now, strength: 'session-key' });
    expect(await outcome(check(request, await put(weak), { strengthAllowed: 'session-key' }))).toBe(
      'refused: signature',
    );
  });

  it('is refused when the ID token of evidence is countersigned with a key of the forger’s', async () => {
    const request = await ask();
    const { payload, signatures } = JSON.parse(dana.pkToken);
    const idToken = `${signatures[0].protected}.${payload}.${signatures[0].signature}`;
    const { jwk, cic } = makeKey(attOf(decisionOn(request, now)));
    const pkToken = await makePkToken(idToken, cic, jwk);
    const key = importPrivate(jwk);
    const thief: EpochSignIn = {
      ...dana,
      pkToken,
      signer: { ...dana.signer, jwk: publicPart(jwk), sign: (bytes) => signDer(key, bytes) },
    };
    await putProofs(bench.store, thief);
    const { identity } = forge(pkToken).signer;
    const decided = decisionBy(
      { ...thief, signer: { ...thief.signer, identity } },
      request,
      decisionOn(request, now),
      {
        at: now,
      },
    );
    expect(await outcome(check(request, await put(decided)))).toBe('refused: nonce');
  });

  it('is refused when one token is put in another’s place', async () => {
    const request = await ask();
    const decision = decisionOn(request, now);
    const entered = await enter('mallory', { att: attOf(decision) });
    const other = await enter('dana', { att: attOf(decision) });
    const decided = await put(decisionBy(entered, request, decision, { at: now }));
    // In the store, under the digest that the decision names: the blob is not that of its name.
    await overwrite(blobKey(sha256(entered.pkToken)), Buffer.from(other.pkToken));
    expect(await outcome(check(request, decided))).toBe('refused: pk-token');
  });

  it('is refused when it names dana but is signed and vouched for by somebody else', async () => {
    const request = await ask();
    const decision = decisionOn(request, now);
    const entered = await enter('mallory', { att: attOf(decision) });
    const posing: EpochSignIn = {
      ...entered,
      signer: { ...entered.signer, identity: { ...entered.signer.identity, sub: 'dana' } },
    };
    expect(await outcome(check(request, await put(decisionBy(posing, request, decision, { at: now }))))).toBe(
      'refused: identity',
    );
  });

  it('is refused when a single-use key is used again as if it were a sign-in’s', async () => {
    const request = await ask();
    const decision = decisionOn(request, now, { answer: 'deny' });
    const entered = await enter('dana', { att: attOf(decision) });
    const approving = decisionOn(request, now);
    const decided = await put(decisionBy(entered, request, approving, { at: now, strength: 'session-key' }));
    expect(await outcome(check(request, decided, { strengthAllowed: 'session-key' }))).toBe('refused: att');
  });

  it('is refused when it is a request or a use put under a decision’s name', async () => {
    const request = await ask();
    const key = request.key.replace('request.', `decision-${dana.signer.identity.jkt}.`);
    await bench.store.put(key, request.bytes);
    expect(await outcome(check(request, { key }))).toBe('refused: format');
  });

  it('is refused with members nobody here knows', async () => {
    const request = await ask();
    const decision = decisionOn(request, now);
    const entered = await enter('dana', { att: attOf(decision) });
    const decided = decisionBy(entered, request, decision, { at: now });
    const payload = Buffer.from(
      JSON.parse(decided.bytes.toString()).dsseEnvelope.payload,
      'base64',
    ).toString();
    const more = Buffer.from(payload.replace('"kind":"decision",', '"kind":"decision","spare":true,'));
    const signature = entered.signer.sign(preAuthentication(PAYLOAD_TYPE, more));
    const bytes = encodeBundle(more, signature, entered.signer.identity.jkt);
    const result = await check(request, await put({ ...decided, bytes }));
    expect(result).toMatchObject({
      step: 'format',
      reason: expect.stringContaining('unknown member "spare"'),
    });
  });
});
