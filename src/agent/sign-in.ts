// Who is signed in: kept in the keychain, renewed before it ends, bound to the ledger. Must never hand a key or token to a caller.
import type { Clock } from '../lib/clock.ts';
import { BrokerError } from '../model/errors.ts';
import type { User } from '../model/principal.ts';
import { messageOf } from './fault.ts';
import type { Caller, SignInMode, SignInPrompt, SignInState } from './messages.ts';
import type { Log, Person } from './ports.ts';

/** Renew when less than this is left, milliseconds. */
const RENEW_BEFORE = 5 * 60_000;
/** After a failed renewal, try again no sooner than this. */
const RENEW_PAUSE = 30_000;

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
  #renewing: Promise<void> | undefined;
  #renewedAt = Number.NEGATIVE_INFINITY;

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

  async #load(): Promise<void> {
    const kept = await this.#ports.load();
    if (!kept || this.#current) return;
    await this.#ports.resume(kept);
    this.#current = kept;
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

  async targetToken(wish: TokenWish, signal: AbortSignal): Promise<{ token: string; expires: number }> {
    const { signedIn, ...token } = await this.#ports.targetToken(await this.#fresh(), wish, signal);
    if (signedIn !== undefined) await this.#keep(signedIn);
    return token;
  }

  async #fresh(): Promise<SignedIn> {
    await this.load();
    if (!this.#current) throw new BrokerError('not-signed-in');
    const now = this.#ports.clock.now();
    const { expires, renewable } = await this.#ports.view(this.#current);
    if (renewable && expires - now < RENEW_BEFORE && now - this.#renewedAt > RENEW_PAUSE)
      await this.#renew(this.#current);
    const after = (await this.#ports.view(this.#current)).expires;
    if (after <= this.#ports.clock.now())
      throw new BrokerError('sign-in-expired', { at: new Date(after).toISOString() });
    return this.#current;
  }

  /** Concurrent callers share one renewal: refresh tokens rotate, so a second use of the first would be a replay. */
  #renew(current: SignedIn): Promise<void> {
    this.#renewing ??= (async () => {
      this.#renewedAt = this.#ports.clock.now();
      try {
        const fresh = await this.#ports.refresh(current, AbortSignal.timeout(15_000));
        await this.#ports.resume(fresh);
        await this.#keep(fresh);
        this.#ports.log.info({}, 'sign-in renewed');
      } catch (error) {
        this.#ports.log.warn({ reason: messageOf(error) }, 'the sign-in could not be renewed');
      } finally {
        this.#renewing = undefined;
      }
    })();
    return this.#renewing;
  }

  async #keep(signedIn: SignedIn): Promise<void> {
    this.#current = signedIn;
    await this.#ports.save(signedIn);
  }

  /** Signs in anew: a new key, a new epoch. The old sign-in stays in force until the new one is recorded. */
  async login(talk: LoginTalk, caller: Caller): Promise<SignInState> {
    const signedIn = await this.#ports.signIn(talk, caller);
    await this.#ports.epoch(signedIn, caller);
    this.#loading = Promise.resolve();
    await this.#keep(signedIn);
    this.#renewedAt = Number.NEGATIVE_INFINITY;
    return this.state();
  }

  /** Forgets key and tokens, after the ledger's last word under this key. Returns what was. */
  async logout(): Promise<SignInState> {
    const was = await this.state();
    const current = this.#current;
    if (current !== undefined) {
      await this.#ports.close(current).catch((error: unknown) => {
        this.#ports.log.warn({ reason: messageOf(error) }, 'the ledger could not be closed for this key');
      });
    }
    this.#current = undefined;
    await this.#ports.forget();
    if (current !== undefined) {
      await this.#ports.revoke(current, AbortSignal.timeout(5000)).catch((error: unknown) => {
        this.#ports.log.warn({ reason: messageOf(error) }, 'the provider could not be told of the sign-out');
      });
    }
    return was;
  }
}
