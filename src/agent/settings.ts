// The configuration and the keychain as the agent uses them. Must never read a project's file for anything but a session.
import type { Keychain } from '../identity/index.ts';
import type { Config, IdentitySettings } from '../model/config.ts';
import { BrokerError } from '../model/errors.ts';
import type { PolicyText } from '../model/session.ts';
import type { Environment } from './environment.ts';
import type { Caller } from './messages.ts';
import { readPolicy } from './policy-files.ts';
import type { Setting } from './ports.ts';

/** Throws `config-invalid` when no provider is named. */
export function identityOf({ identity }: Config): IdentitySettings {
  if (identity) return identity;
  const hint = 'name your identity provider under `identity:`; `broker init` writes an example';
  throw new BrokerError('config-invalid', { count: 1, problems: '  identity: is missing' }, { hint });
}

export class Settings {
  readonly #home: string;
  readonly #state: string;
  readonly #environment: Environment;
  #keychain: Promise<Keychain> | undefined;
  /** Puts a published policy before local files; set once the store can be reached. */
  combine: (config: Config, local: PolicyText) => Promise<Omit<Setting, 'config'>> = (_, policy) =>
    Promise.resolve({ policy });

  constructor(home: string, state: string, environment: Environment) {
    this.#home = home;
    this.#state = state;
    this.#environment = environment;
  }

  /** As the caller sees it; without one, as the user's own shell outside any project would. */
  async config(caller?: Caller): Promise<Config> {
    const { loadConfig } = await import('../config/load.ts');
    const { config } = await loadConfig({
      home: caller?.home ?? this.#home,
      cwd: caller?.cwd ?? '/',
      environment: { ...this.#environment, ...caller?.settings },
    });
    return config;
  }

  async setting(caller: Caller): Promise<Setting> {
    const config = await this.config(caller);
    return { config, ...(await this.combine(config, await readPolicy(config.policy))) };
  }

  async identity(caller?: Caller): Promise<IdentitySettings> {
    return identityOf(await this.config(caller));
  }

  /** Opened once; a failure is tried again by the next caller. */
  keychain(): Promise<Keychain> {
    this.#keychain ??= this.#openKeychain().catch((error: unknown) => {
      this.#keychain = undefined;
      throw error;
    });
    return this.#keychain;
  }

  async #openKeychain(): Promise<Keychain> {
    const { openKeychain } = await import('../identity/index.ts');
    const passphrase = this.#environment['BROKER_KEYCHAIN_PASSPHRASE'];
    // Without a configuration there is nothing to sign in to either; the default then is as good as any.
    const preference = await this.config().then(
      ({ keychain }) => keychain,
      () => 'auto' as const,
    );
    return openKeychain({ preference, stateDir: this.#state, ...(passphrase ? { passphrase } : {}) });
  }
}
