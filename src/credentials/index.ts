// The shelf of credential sources: one row each, loaded when a connection uses it.
import type { CredentialSource } from '../model/credential.ts';

export const CREDENTIAL_SOURCES: Readonly<Record<string, () => Promise<CredentialSource>>> = {
  env: async () => (await import('./env.ts')).env,
  'ephemeral-role': async () => (await import('./ephemeral-role.ts')).ephemeralRole,
  exec: async () => (await import('./exec.ts')).exec,
  keychain: async () => (await import('./keychain.ts')).keychain,
  oauth: async () => (await import('./oauth.ts')).oauth,
  oidc: async () => (await import('./oidc.ts')).oidc,
};
