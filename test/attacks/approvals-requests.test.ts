// Requests put by somebody who is not who they say, or that show something else than they ask for: never put before a person as genuine.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EpochSignIn } from '../../src/agent/evidence.ts';
import { type RequestFile, readRequest, tokenDigest } from '../../src/flow/escalate/index.ts';
import { importPrivate, makeKey, publicPart, signDer } from '../../src/identity/key.ts';
import { sha256 } from '../../src/lib/digest.ts';
import { preAuthentication } from '../../src/lib/dsse.ts';
import { blobKey, encodeBundle } from '../../src/model/bundle.ts';
import { PAYLOAD_TYPE } from '../../src/model/evidence.ts';
import { attOf, decisionOn, OTHER_STORE, requestBy, STORE_ID } from '../fakes/approvals.ts';
import {
  alice,
  ask,
  bench,
  closeApprovals,
  dana,
  elsewhere,
  enter,
  keysOf,
  MINUTE,
  now,
  openApprovals,
  provider,
} from './approvals.ts';

beforeAll(openApprovals, 60_000);
afterAll(closeApprovals);

/** As an approver's agent reads it out of the store. */
async function read(key: string, over: { store?: string; now?: number } = {}) {
  const bytes = await bench.store.get(key);
  if (!bytes) throw new Error(`${key} was not put`);
  const named = tokenDigest(bytes);
  const token = named === undefined ? undefined : await bench.store.get(blobKey(named));
  const { keys } = (await keysOf(provider)) as { keys: never[] };
  return readRequest(
    { key, bytes },
    {
      store: STORE_ID,
      pkToken: token && Buffer.from(token).toString(),
      trust: [{ issuer: provider.issuer, audiences: [provider.evidenceClientId], jwks: [{ keys }] }],
      now: now + MINUTE,
      ...over,
    },
  );
}

async function outcome(key: string, over: Parameters<typeof read>[1] = {}): Promise<string> {
  const result = await read(key, over);
  return result.ok ? `genuine, of ${result.requester.sub}` : `refused: ${result.step}`;
}

/** What a request's payload says, changed and signed again by anybody. */
async function putChanged(
  request: RequestFile,
  by: EpochSignIn,
  change: (payload: string) => string,
  key = request.key.replace('/req=', '/req=x'),
): Promise<string> {
  const before = JSON.parse(request.bytes.toString()).dsseEnvelope.payload as string;
  const text = change(Buffer.from(before, 'base64').toString()).replaceAll(request.key, key);
  const payload = Buffer.from(text);
  const signature = by.signer.sign(preAuthentication(PAYLOAD_TYPE, payload));
  await bench.store.put(key, encodeBundle(payload, signature, by.signer.identity.jkt));
  return key;
}

const ownId = (request: RequestFile) => (payload: string) =>
  payload.replace(`"id":"${request.predicate.id}"`, `"id":"x${request.predicate.id}"`);

describe('a genuine request', () => {
  it('is shown with the person as the provider names them, whatever it says of itself', async () => {
    const request = await ask({
      requester: { name: 'Head of Databases', email: 'boss@example.com', bot: 'helper' },
    });
    expect(await read(request.key)).toMatchObject({
      ok: true,
      digest: request.digest,
      day: request.day,
      requester: { iss: provider.issuer, sub: 'alice', email: 'alice@example.com' },
    });
    const { requester } = (await read(request.key)) as { requester: object };
    expect(requester).not.toHaveProperty('name');
  });

  it('is exact only when what it shows is what it asks for', async () => {
    const exact = await ask();
    expect(exact.predicate).toMatchObject({ asked: { exact: true }, nonce: expect.any(String) });
    const masked = await ask({ asked: { text: 'DELETE FROM cards WHERE number = [card]' } });
    expect(masked.predicate.asked.exact).toBe(false);
    expect(masked.predicate).not.toHaveProperty('nonce');
    const binary = await ask({ thing: { parameters: [`1:${sha256('7')}`] }, asked: { parameters: ['7'] } });
    expect(binary.predicate.asked.exact).toBe(false);
    for (const { key } of [exact, masked, binary]) expect(await outcome(key)).toBe('genuine, of alice');
  });
});

describe('a request is not genuine', () => {
  it('when somebody signs it in alice’s name with a key and token of their own', async () => {
    const mallory = await enter('mallory', { fresh: false });
    const request = await ask();
    expect(await outcome(await putChanged(request, mallory, ownId(request)))).toBe('refused: signature');
    const { jkt, pkToken } = mallory.signer.identity;
    const { identity } = alice.signer;
    const claimed = (payload: string) =>
      ownId(request)(payload).replaceAll(identity.jkt, jkt).replaceAll(identity.pkToken, pkToken);
    const key = request.key.replace('/req=', '/req=xx');
    expect(
      await outcome(
        await putChanged(request, mallory, (payload) => claimed(payload).replace('"id":"x', '"id":"xx'), key),
      ),
    ).toBe('refused: identity');
  });

  it('when somebody asks as themselves and says that alice asks', async () => {
    expect(() => requestBy(dana, { at: now, expires: now + MINUTE, requester: { sub: 'alice' } })).toThrow(
      expect.objectContaining({ code: 'bug' }),
    );
  });

  it('when its text was exchanged after it was signed', async () => {
    const request = await ask();
    const { jwk } = makeKey();
    const key = importPrivate(jwk);
    const forger = {
      ...alice,
      signer: { ...alice.signer, jwk: publicPart(jwk), sign: (bytes: Uint8Array) => signDer(key, bytes) },
    };
    const harmless = (payload: string) => ownId(request)(payload).replaceAll('DROP TABLE', 'ANALYZE');
    expect(await read(await putChanged(request, forger, harmless))).toMatchObject({
      step: 'format',
      reason: 'the request shows something else than it asks for',
    });
    const masked = await ask({ asked: { text: 'DROP TABLE [name]' } });
    const hidden = (payload: string) => ownId(masked)(payload).replaceAll('DROP TABLE', 'ANALYZE');
    expect(await outcome(await putChanged(masked, forger, hidden))).toBe('refused: signature');
  });

  it('when the requester themselves shows one thing and asks for another', async () => {
    const request = await ask();
    const harmless = (payload: string) =>
      ownId(request)(payload).replaceAll(`"text":"DROP TABLE`, `"text":"ANALYZE`);
    expect(await outcome(await putChanged(request, alice, harmless))).toBe('refused: format');
  });

  it('when it stands under another id, day or store', async () => {
    const request = await ask();
    const moved = request.key.replace('/req=', '/req=moved-');
    await bench.store.put(moved, request.bytes);
    expect(await outcome(moved)).toBe('refused: key');
    const other = await putChanged(
      request,
      alice,
      (payload) => payload,
      request.key.replace('/req=', '/req=y'),
    );
    expect(await outcome(other)).toBe('refused: key');
    const dayLater = request.key.replace(/day=\d{4}/, 'day=2020');
    expect(await outcome(await putChanged(request, alice, (payload) => payload, dayLater))).toBe(
      'refused: key',
    );
    expect(await outcome(request.key, { store: OTHER_STORE })).toBe('refused: store');
  });

  it('when its sign-in had expired, lies in the future, or was made for one decision', async () => {
    const late = await ask({ at: now + 300 * MINUTE, expires: now + 310 * MINUTE });
    expect(await outcome(late.key, { now: now + 301 * MINUTE })).toBe('refused: validity-at-signing');
    const early = await ask({ at: now + 10 * MINUTE });
    expect(await outcome(early.key)).toBe('refused: validity-at-signing');
    const single = await enter('dana', { att: attOf(decisionOn(early, now)) });
    const spent = requestBy(single, { id: 'request-single', at: now, expires: now + MINUTE });
    await bench.store.put(spent.key, spent.bytes);
    expect(await outcome(spent.key)).toBe('refused: att');
  });

  it('when the provider or the client is another', async () => {
    const [foreign, target] = [
      await enter('alice', { at: elsewhere, fresh: false }),
      await enter('alice', { client: 'target' }),
    ];
    for (const [number, by, step] of [
      [1, foreign, 'issuer'],
      [2, target, 'audience'],
    ] as const) {
      const request = requestBy(by, { id: `request-foreign-${number}`, at: now, expires: now + MINUTE });
      await bench.store.put(request.key, request.bytes);
      expect(await outcome(request.key)).toBe(`refused: ${step}`);
    }
  });

  it('when it is too long, not canonical, or says more than anybody here knows', async () => {
    const request = await ask();
    const spare = (payload: string) =>
      ownId(request)(payload).replace('"kind":"request",', '"kind":"request","later":1,');
    expect(await read(await putChanged(request, alice, spare))).toMatchObject({
      step: 'format',
      reason: 'the request has an unknown member "later"',
    });
    for (const [id, bytes] of [
      ['spaced', Buffer.from(` ${request.bytes}`)],
      ['long', Buffer.concat([request.bytes, Buffer.alloc(65_536, 32)])],
      ['rubbish', Buffer.from('[]')],
    ] as const) {
      const key = request.key.replace('/req=', `/req=${id}-`);
      await bench.store.put(key, bytes);
      expect(await outcome(key)).toBe('refused: format');
    }
  });
});

describe('asking', () => {
  it('is refused for more than a person can be shown at once', () => {
    const text = `INSERT INTO t VALUES ('${'x'.repeat(60_000)}')`;
    const long = () =>
      requestBy(alice, {
        at: now,
        expires: now + MINUTE,
        asked: { text },
        thing: { statement: sha256(text) },
      });
    expect(long).toThrow(expect.objectContaining({ code: 'approval-too-long' }));
  });

  it('shows the longest statement that fits, uncut', async () => {
    const text = `SELECT '${'é'.repeat(20_000)}'`;
    const request = await ask({ asked: { text }, thing: { statement: sha256(text) } });
    expect(request.bytes.length).toBeLessThanOrEqual(65_536);
    expect(await read(request.key)).toMatchObject({ ok: true, predicate: { asked: { text, exact: true } } });
  });

  it('takes a sign-in that commits to its key', () => {
    const { signer } = alice;
    const unbound = {
      ...alice,
      signer: { ...signer, identity: { ...signer.identity, binding: 'none' as const } },
    };
    expect(() => requestBy(unbound, { at: now, expires: now + MINUTE })).toThrow(
      expect.objectContaining({ code: 'sign-in-unbound' }),
    );
  });
});
