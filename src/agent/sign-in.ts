// Who is signed in: kept in the keychain, renewed before it ends, bound to the ledger. Must never hand a key or token to a caller.
import type { Clock } from '../lib/clock.ts';
import { BrokerError } from '../model/errors.ts';
import type { User } from '../model/principal.ts';
import { messageOf } from './fault.ts';
import type { Caller, SignInMode, SignInPrompt, SignInState } from './messages.ts';
import type { Log, Person } from './ports.ts';

/** Renew when less than this is left, milliseconds; of a shorter life when half of it, but never less than a session needs. */
const RENEW_BEFORE = 5 * 60_000;
const RENEW_LATEST = 15_000;
/** Who has time left waits no longer than this for a provider that is slow, and keeps what a session needs to be sealed. */
const WAIT = 3000;
const SEAL_TIME = 10_000;
/** After a failed renewal, try again no sooner than this, or than a tenth of a shorter life. */
const RENEW_PAUSE = 30_000;
const EXPIRED_PAUSE = 1000;
const PATIENCE = 15_000;

/** What the agent reads from a sign-in, whatever else its maker keeps in it. */
export interface SignInView {
  readonly user: User;
  /** Milliseconds. */
  readonly expires: number;
  readonly renewable: boolean;
  readonly binding: 'nonce' | 'none';
  /** Thumbprint of the signing key. */
  readonly key: string;
  /** What the person should know about it. */
  readonly notices: readonly string[];
}

export interface LoginTalk {
  readonly mode: SignInMode;
  show(prompt: SignInPrompt): void;
  pasted(): Promise<string>;
  readonly signal: AbortSignal;
}

export interface TokenWish {
  readonly audience?: string;
  readonly kind?: 'access' | 'id';
}

export interface SignInPorts<SignedIn> {
  readonly clock: Clock;
  readonly log: Log;
  /** The sign-in the keychain holds. */
  load(): Promise<SignedIn | undefined>;
  save(signedIn: SignedIn): Promise<void>;
  forget(): Promise<void>;
  view(signedIn: SignedIn): Promise<SignInView>;
  signIn(talk: LoginTalk, caller: Caller): Promise<SignedIn>;
  /** Throws `provider-unreachable` when it may work later, `sign-in-expired` when it will not. */
  refresh(signedIn: SignedIn, signal: AbortSignal): Promise<SignedIn>;
  targetToken(
    signedIn: SignedIn,
    wish: TokenWish,
    signal: AbortSignal,
  ): Promise<{ token: string; expires: number; signedIn?: SignedIn }>;
  /** The provider is told that the tokens are not needed any more. */
  revoke(signedIn: SignedIn, signal: AbortSignal): Promise<void>;
  /** The ledger learns of a new key: its epoch statement. */
  epoch(signedIn: SignedIn, caller: Caller): Promise<void>;
  /** The ledger may sign again with a key that was kept. */
  resume(signedIn: SignedIn): Promise<void>;
  /** The ledger's last word under this key. */
  close(signedIn: SignedIn): Promise<void>;
}

export class SignIn<SignedIn> {
  readonly #ports: SignInPorts<SignedIn>;
  #current: SignedIn | undefined;
  #loading: Promise<void> | undefined;
  /** Milliseconds from when the current sign-in was had to its end. */
  #life = Number.POSITIVE_INFINITY;
  #failure: { readonly at: number; readonly error: unknown } | undefined;
  /** A full disk kept us from keeping or announcing the current sign-in: tried again with its next use. */
  #owed = false;
  #rotating: Promise<unknown> = Promise.resolve();
  #changing: Promise<unknown> = Promise.resolve();

  constructor(ports: SignInPorts<SignedIn>) {
    this.#ports = ports;
  }

  /** Reads the keychain once; later calls wait for the same reading. A failed reading is tried again. */
  load(): Promise<void> {
    this.#loading ??= this.#load().catch((error: unknown) => {
      this.#loading = undefined;
      throw error;
    });
    return this.#loading;
  }

  #load(): Promise<void> {
    return this.#change(async () => {
      const kept = await this.#ports.load();
      if (!kept || this.#current) return;
      await this.#ports.resume(kept);
      this.#current = kept;
    });
  }

  async state(): Promise<SignInState> {
    await this.load();
    if (!this.#current) return { state: 'signed-out' };
    const { expires, ...view } = await this.#ports.view(this.#current);
    return {
      state: expires > this.#ports.clock.now() ? 'signed-in' : 'expired',
      ...view,
      expires: new Date(expires).toISOString(),
    };
  }

  /** The person, renewed when the sign-in is about to end. Throws `not-signed-in` or `sign-in-expired`. */
  async person(): Promise<Person> {
    const { user, expires } = await this.#ports.view(await this.#fresh());
    return { user, expires };
  }

  targetToken(wish: TokenWish, signal: AbortSignal): Promise<{ token: string; expires: number }> {
    return this.#rotate(async () => {
      const before = await this.#renewed();
      const { signedIn, ...token } = await this.#ports.targetToken(before, wish, signal);
      if (signedIn !== undefined && !(await this.#replace(before, signedIn))) await this.#disown(signedIn);
      return token;
    });
  }

  /** Waits for a renewal only when one is due, and not for long: a slow provider must not hold up who has time left. */
  async #fresh(): Promise<SignedIn> {
    await this.load();
    const before = this.#current;
    if (before && !(await this.#due(before))) return before;
    const renewed = this.#rotate(() => this.#renewed());
    if (!before) return renewed;
    const left = (await this.#ports.view(before)).expires - this.#ports.clock.now();
    if (left <= 0) return renewed;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), Math.max(0, Math.min(WAIT, left - SEAL_TIME)));
    });
    renewed.catch(() => undefined);
    const first = await Promise.race([renewed, late]);
    clearTimeout(timer);
    if (first) return first;
    if (!this.#current) throw new BrokerError('not-signed-in');
    return this.#current;
  }

  /** One at a time: every use of a refresh token rotates it, so each starts from what the one before has kept. */
  #rotate<T>(action: () => Promise<T>): Promise<T> {
    const result = this.#rotating.then(action);
    this.#rotating = result.catch(() => undefined);
    return result;
  }

  /** Keychain, ledger and `#current` change together; never wait for the provider in here. */
  #change<T>(action: () => Promise<T>): Promise<T> {
    const result = this.#changing.then(action);
    this.#changing = result.catch(() => undefined);
    return result;
  }

  async #due(current: SignedIn): Promise<boolean> {
    if (this.#owed) return true;
    const { expires, renewable } = await this.#ports.view(current);
    const left = expires - this.#ports.clock.now();
    if (!renewable) return left <= 0;
    return left < Math.min(RENEW_BEFORE, Math.max(this.#life / 2, RENEW_LATEST));
  }

  /** Runs in `#rotate` only. */
  async #renewed(): Promise<SignedIn> {
    await this.load();
    await this.#settle();
    const before = this.#current;
    if (!before) throw new BrokerError('not-signed-in');
    const { renewable } = await this.#ports.view(before);
    if (renewable && !(await this.#pausing(before)) && (await this.#due(before))) await this.#renew(before);
    if (!this.#current) throw new BrokerError('not-signed-in');
    const { expires } = await this.#ports.view(this.#current);
    if (expires > this.#ports.clock.now()) return this.#current;
    const reason = this.#failure?.error;
    // The person need not sign in again for a provider that was away.
    if (reason instanceof BrokerError && reason.code === 'provider-unreachable') throw reason;
    throw new BrokerError('sign-in-expired', { at: new Date(expires).toISOString() });
  }

  /** Somebody whose time is over waits for this: then the pause is short. */
  async #pausing(current: SignedIn): Promise<boolean> {
    if (!this.#failure) return false;
    const now = this.#ports.clock.now();
    const over = (await this.#ports.view(current)).expires <= now;
    const since = now - this.#failure.at;
    return since >= 0 && since < (over ? EXPIRED_PAUSE : Math.min(RENEW_PAUSE, this.#life / 10));
  }

  async #renew(before: SignedIn): Promise<void> {
    try {
      const fresh = await this.#ports.refresh(before, AbortSignal.timeout(PATIENCE));
      const kept = await this.#replace(before, fresh);
      if (!kept) return await this.#disown(fresh);
      this.#failure = undefined;
      this.#life = (await this.#ports.view(fresh)).expires - this.#ports.clock.now();
      this.#ports.log.info({}, 'sign-in renewed');
    } catch (error) {
      const failure = await this.#worded(error, before);
      this.#failure = { at: this.#ports.clock.now(), error: failure };
      this.#ports.log.warn({ reason: messageOf(failure) }, 'the sign-in could not be renewed');
    }
  }

  /** Nobody interrupted a renewal but our own patience. */
  async #worded(error: unknown, before: SignedIn): Promise<unknown> {
    if (!(error instanceof BrokerError) || error.code !== 'interrupted') return error;
    const { iss: issuer } = (await this.#ports.view(before)).user;
    const reason = `it did not answer within ${PATIENCE / 1000} s`;
    return new BrokerError('provider-unreachable', { issuer, reason }, { cause: error });
  }

  /** Keeps what became of `before`, unless it was replaced or signed out meanwhile. */
  #replace(before: SignedIn, after: SignedIn): Promise<boolean> {
    return this.#change(async () => {
      if (this.#current !== before) return false;
      // In memory first: the old refresh token is spent, whatever the keychain and the ledger say.
      this.#current = after;
      await this.#keep(after);
      return true;
    });
  }

  /** Runs in `#change` only. */
  async #keep(signedIn: SignedIn): Promise<void> {
    this.#owed = true;
    await this.#ports.save(signedIn);
    await this.#ports.resume(signedIn);
    this.#owed = false;
  }

  async #settle(): Promise<void> {
    if (!this.#owed) return;
    await this.#change(async () => {
      if (this.#owed && this.#current) await this.#keep(this.#current);
    });
  }

  /** Tokens that arrived after the sign-out are good for nobody. */
  async #disown(late: SignedIn): Promise<void> {
    if (this.#current === undefined) await this.#revoke(late);
  }

  async #revoke(signedIn: SignedIn): Promise<void> {
    await this.#ports.revoke(signedIn, AbortSignal.timeout(5000)).catch((error: unknown) => {
      this.#ports.log.warn({ reason: messageOf(error) }, 'the provider could not be told of the sign-out');
    });
  }

  /** Signs in anew: a new key, a new epoch. The old sign-in stays in force until the new one is recorded. */
  async login(talk: LoginTalk, caller: Caller): Promise<SignInState> {
    const signedIn = await this.#ports.signIn(talk, caller);
    await this.#change(async () => {
      await this.#ports.epoch(signedIn, caller);
      this.#loading = Promise.resolve();
      this.#current = signedIn;
      this.#owed = false;
      this.#failure = undefined;
      this.#life = (await this.#ports.view(signedIn)).expires - this.#ports.clock.now();
      await this.#ports.save(signedIn);
    });
    return this.state();
  }

  /** Forgets key and tokens, after the ledger's last word under this key. Returns what was. */
  async logout(): Promise<SignInState> {
    const was = await this.state();
    const current = await this.#change(async () => {
      const current = this.#current;
      if (current !== undefined) {
        await this.#ports.close(current).catch((error: unknown) => {
          this.#ports.log.warn({ reason: messageOf(error) }, 'the ledger could not be closed for this key');
        });
      }
      this.#current = undefined;
      this.#owed = false;
      await this.#ports.forget();
      return current;
    });
    if (current !== undefined) await this.#revoke(current);
    return was;
  }
}
