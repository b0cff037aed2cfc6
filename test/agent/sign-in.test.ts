import { beforeEach, describe, expect, it } from 'vitest';
import { type LoginTalk, SignIn, type SignInPorts } from '../../src/agent/sign-in.ts';
import { BrokerError } from '../../src/model/errors.ts';
import { type FakeClock, fakeClock } from '../fakes/clock.ts';

/** Two rotating refresh tokens, as a provider with two clients gives them out. */
interface Tokens {
  readonly evidence: string;
  readonly target: string;
  readonly expires: number;
}

const MINUTE = 60_000;
const talk = {} as LoginTalk;
const caller = { cwd: '/', home: '/', settings: {}, pid: 1 };
const signal = new AbortController().signal;

let clock: FakeClock;
/** What the keychain holds, what the provider still takes, what the ledger signs with. */
let kept: Tokens | undefined;
let good: Set<string>;
let announced: Tokens | undefined;
let revoked: Tokens[];
let life: number;
let count: number;
let gates: (() => void)[];
let held: boolean;
let fault: Error | undefined;
let full: boolean;
let agent: SignIn<Tokens>;

/** Waits at the provider's door while a test holds it shut. */
function atProvider(): Promise<void> {
  return held ? new Promise((resolve) => gates.push(resolve)) : Promise.resolve();
}

function rotate(token: string): string {
  if (!good.delete(token)) throw new BrokerError('sign-in-expired', { at: 'replayed' });
  const next = `${token.split('-')[0]}-${++count}`;
  good.add(next);
  return next;
}

function ports(): SignInPorts<Tokens> {
  return {
    clock,
    log: { info: () => {}, warn: () => {}, error: () => {} } as never,
    load: async () => kept,
    save: async (tokens) => {
      if (full) throw new Error('no space left on device');
      kept = tokens;
    },
    forget: async () => {
      kept = undefined;
    },
    view: async ({ expires }) => ({
      user: { iss: 'https://login.example.test', sub: 'alice', groups: [] } as never,
      expires,
      renewable: true,
      binding: 'nonce',
      key: 'key',
      notices: [],
    }),
    signIn: async () => {
      const made = { evidence: `e-${++count}`, target: `t-${++count}`, expires: clock.now() + life };
      good.add(made.evidence).add(made.target);
      return made;
    },
    refresh: async (tokens) => {
      if (fault) throw fault;
      const evidence = rotate(tokens.evidence);
      await atProvider();
      return { ...tokens, evidence, expires: clock.now() + life };
    },
    targetToken: async (tokens) => {
      const target = rotate(tokens.target);
      await atProvider();
      return { token: target, expires: clock.now() + MINUTE, signedIn: { ...tokens, target } };
    },
    revoke: async (tokens) => {
      revoked.push(tokens);
      good.delete(tokens.evidence);
      good.delete(tokens.target);
    },
    epoch: async (tokens) => {
      announced = tokens;
    },
    resume: async (tokens) => {
      announced = tokens;
    },
    close: async () => {
      announced = undefined;
    },
  };
}

async function opened(): Promise<void> {
  while (gates.length === 0) await new Promise((resolve) => setImmediate(resolve));
  held = false;
  for (const open of gates.splice(0)) open();
}

beforeEach(async () => {
  clock = fakeClock();
  [kept, announced, fault] = [undefined, undefined, undefined];
  [good, revoked, gates] = [new Set(), [], []];
  [life, count, held, full] = [60 * MINUTE, 0, false, false];
  agent = new SignIn(ports());
  await agent.login(talk, caller);
});

describe('a sign-in that rotates', () => {
  it('keeps both refresh tokens when a renewal and two target tokens overlap', async () => {
    clock.advance(58 * MINUTE);
    held = true;
    const all = Promise.all([
      agent.targetToken({}, signal),
      agent.person(),
      agent.targetToken({ audience: 'orders' }, signal),
    ]);
    await opened();
    await all;
    expect(kept).toBeDefined();
    expect(good).toEqual(new Set([kept?.evidence, kept?.target]));
    expect(announced?.evidence).toBe(kept?.evidence);
  });

  it('is not written back by a target token that arrives after the sign-out', async () => {
    held = true;
    const late = agent.targetToken({}, signal);
    while (gates.length === 0) await new Promise((resolve) => setImmediate(resolve));
    await agent.logout();
    await opened();
    await late;
    expect(kept).toBeUndefined();
    expect(announced).toBeUndefined();
    expect((await agent.state()).state).toBe('signed-out');
    expect(good).toEqual(new Set());
  });

  it('is not brought back by a renewal that arrives after another sign-in', async () => {
    clock.advance(58 * MINUTE);
    held = true;
    const late = agent.person();
    while (gates.length === 0) await new Promise((resolve) => setImmediate(resolve));
    await agent.login(talk, caller);
    const after = kept;
    await opened();
    await late;
    expect(kept).toEqual(after);
    expect(announced).toEqual(after);
    expect(revoked).toEqual([]);
  });

  it('whose tokens live shorter than the usual pause is renewed as often as it takes', async () => {
    life = 20_000;
    await agent.login(talk, caller);
    for (let second = 0; second < 120; second++) {
      clock.advance(1000);
      expect((await agent.person()).expires).toBeGreaterThan(clock.now() + 10_000);
    }
    expect(count).toBeLessThan(40);
  });

  it('is used as it is while a provider does not answer its renewal, and early enough to seal under it', async () => {
    clock.advance(60 * MINUTE - 10_000);
    const before = kept;
    held = true;
    const { expires } = await agent.person();
    expect(expires).toBe(before?.expires);
    expect(expires).toBe(clock.now() + 10_000);
    await opened();
    await expect.poll(async () => (await agent.person()).expires).toBe(clock.now() + life);
  });

  it('says that a provider did not answer, where our own patience ended the renewal', async () => {
    fault = new BrokerError('interrupted');
    clock.advance(61 * MINUTE);
    await expect(agent.person()).rejects.toMatchObject({ code: 'provider-unreachable' });
    fault = undefined;
    clock.advance(2000);
    await expect(agent.person()).resolves.toMatchObject({ expires: clock.now() + life });
  });

  it('says that the provider is away instead of asking for a sign-in, and goes on when it is back', async () => {
    fault = new BrokerError('provider-unreachable', { issuer: 'https://login.example.test', reason: 'gone' });
    clock.advance(61 * MINUTE);
    await expect(agent.person()).rejects.toMatchObject({ code: 'provider-unreachable' });
    fault = undefined;
    clock.advance(MINUTE);
    await expect(agent.person()).resolves.toMatchObject({ expires: clock.now() + life });
  });

  it('is kept and announced later when the disk was full while it was renewed', async () => {
    clock.advance(58 * MINUTE);
    full = true;
    await agent.person().catch(() => undefined);
    full = false;
    await agent.person();
    expect(good.has(kept?.evidence ?? '')).toBe(true);
    expect(announced).toEqual(kept);
  });
});
