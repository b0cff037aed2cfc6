// What every row of the credentials shelf must do, whatever stands behind it.
import { describe, expect, test } from 'vitest';
import { CREDENTIAL_SOURCES } from '../../src/credentials/index.ts';
import { systemClock } from '../../src/lib/clock.ts';
import type { Connection, CredentialSettings, TlsSettings } from '../../src/model/connection.ts';
import type { Credential, CredentialContext, CredentialSource } from '../../src/model/credential.ts';
import type { BrokerError } from '../../src/model/errors.ts';

export interface World {
  readonly host?: string;
  readonly port?: number;
  readonly database?: string;
  readonly tls?: TlsSettings;
  readonly secrets?: Readonly<Record<string, string>>;
  readonly environment?: Readonly<Record<string, string>>;
  readonly session?: string;
  readonly email?: string;
  readonly signal?: AbortSignal;
  targetToken?(
    audience: string | undefined,
    kind?: 'access' | 'id',
  ): Promise<{ token: string; expires: number }>;
}

export function connectionTo(world: World, credential: CredentialSettings): Connection {
  return {
    name: 'prod-db',
    type: 'postgres',
    host: world.host ?? '127.0.0.1',
    port: world.port ?? 5432,
    database: world.database ?? 'postgres',
    tls: world.tls ?? { mode: 'disable' },
    credential,
    labels: [],
    masking: { columns: {}, strategies: {}, onUnknown: 'mask' },
    recording: { maxRows: 100, maxBytes: 65_536 },
  };
}

export function contextOf(world: World, credential: CredentialSettings): CredentialContext {
  return {
    connection: connectionTo(world, credential),
    user: {
      iss: 'https://id.example',
      sub: 'alice',
      groups: ['developers'],
      ...(world.email === undefined ? {} : { email: world.email }),
    },
    session: world.session ?? '1jbx2k3m4n5p6q7r8',
    environment: world.environment ?? {},
    signal: world.signal ?? AbortSignal.timeout(30_000),
    targetToken: async (audience, kind) => {
      if (!world.targetToken) throw new Error('no token was expected to be asked for');
      return world.targetToken(audience, kind);
    },
    secret: async (name) => world.secrets?.[name],
    now: () => systemClock.now(),
  };
}

export async function sourceOf(id: string): Promise<CredentialSource> {
  const load = CREDENTIAL_SOURCES[id];
  if (!load) throw new Error(`there is no source ${id}`);
  return load();
}

/** A world in which it must fail, and what the error must say. */
export interface Failing {
  readonly title: string;
  readonly code: string;
  readonly reason: RegExp;
  world(): World;
  readonly settings?: Readonly<Record<string, unknown>>;
}

export interface CredentialContract {
  readonly id: string;
  /** Settings that work in `world`. */
  readonly settings: Readonly<Record<string, unknown>>;
  world(): World;
  /** Presents the credential to a real target; throws when it is refused. */
  accepts(credential: Credential): Promise<void>;
  /** Is the credential still good after release? */
  readonly survivesRelease: boolean;
  readonly label: string;
  /** Settings that must be refused → the setting that must be named. */
  readonly wrong: readonly (readonly [setting: string, settings: Readonly<Record<string, unknown>>])[];
  readonly failing: readonly Failing[];
}

export function credentialContract(contract: CredentialContract): void {
  const { id, settings } = contract;
  const full = (over: Readonly<Record<string, unknown>> = settings): CredentialSettings => ({
    ...over,
    source: id,
  });

  describe(`the credential source ${id}`, () => {
    test('goes by the name of its row', async () => {
      expect((await sourceOf(id)).id).toBe(id);
    });

    test('finds nothing wrong with good settings', async () => {
      expect((await sourceOf(id)).check(full())).toEqual([]);
    });

    test('names a setting it does not know', async () => {
      const problems = (await sourceOf(id)).check(full({ ...settings, colour: 'red' }));
      expect(problems.map((one) => one.setting)).toEqual(['colour']);
    });

    test.each(contract.wrong)('names the wrong setting %s', async (setting, wrong) => {
      const problems = (await sourceOf(id)).check(full(wrong));
      expect(problems.map((one) => one.setting)).toContain(setting);
      for (const { reason } of problems) expect(reason).not.toBe('');
    });

    test('gives a credential that a real target accepts, labelled for evidence', async () => {
      const context = contextOf(contract.world(), full());
      const lease = await (await sourceOf(id)).obtain(context);
      try {
        await contract.accepts(lease.credential);
        expect(lease.credential.label).toBe(contract.label);
        if (lease.credential.expires !== undefined)
          expect(lease.credential.expires).toBeGreaterThan(context.now());
      } finally {
        await lease.release();
      }
    });

    test('is released once, however often it is asked', async () => {
      const lease = await (await sourceOf(id)).obtain(contextOf(contract.world(), full()));
      await Promise.all([lease.release(), lease.release()]);
      await lease.release();
      const after = contract.accepts(lease.credential);
      if (contract.survivesRelease) await after;
      else await expect(after).rejects.toThrow();
    });

    test('keeps no secret in what is written down for a restart', async () => {
      const lease = await (await sourceOf(id)).obtain(contextOf(contract.world(), full()));
      try {
        const { secret } = lease.credential;
        const value =
          secret.kind === 'password' ? secret.password : secret.kind === 'bearer' ? secret.token : '';
        expect(value).not.toBe('');
        expect(JSON.stringify(lease.resume ?? {})).not.toContain(value);
      } finally {
        await lease.release();
      }
    });

    test.each(contract.failing)(
      'fails with a hint: $title',
      async ({ code, reason, world, settings: over }) => {
        const source = await sourceOf(id);
        const error: unknown = await source
          .obtain(contextOf(world(), full(over)))
          .catch((thrown: unknown) => thrown);
        expect(error).toMatchObject({
          code,
          message: expect.stringMatching(reason),
          hint: expect.stringMatching(/\w/),
        });
        const { message, hint } = error as BrokerError;
        expect(`${message} ${hint}`).not.toMatch(/\{\w+\}/);
      },
    );
  });
}
