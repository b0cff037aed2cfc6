// Where secrets live between runs. The port, the choice between the system's keychain and the encrypted file, and nothing else.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { BrokerError } from '../../model/errors.ts';
import { openFileKeychain } from './file.ts';
import { openSystemKeychain } from './system.ts';

export interface Keychain {
  readonly kind: 'system' | 'file';
  /** Why the system's keychain is not used; absent when it is, or when nobody asked for it. */
  readonly reason?: string;
  get(name: string): Promise<string | undefined>;
  set(name: string, secret: string): Promise<void>;
  /** True when there was something to delete. */
  delete(name: string): Promise<boolean>;
}

export interface KeychainOptions {
  readonly preference: 'auto' | 'system' | 'file';
  /** Folder of the agent's state; the encrypted file lives below it. */
  readonly stateDir: string;
  /** BROKER_KEYCHAIN_PASSPHRASE, when the person set one: then the file opens with it alone. */
  readonly passphrase?: string;
  /** Milliseconds the system's keychain may take to answer the probe; a person may have to unlock it. */
  readonly patience?: number;
}

/** The system's keychain is one for all homes of a user: each state folder gets its own entries there. */
function service(stateDir: string): string {
  return `access-broker ${createHash('sha256').update(stateDir).digest('hex').slice(0, 12)}`;
}

/** Opens the keychain that works here. Raises keychain-unavailable, keychain-damaged. */
export async function openKeychain(options: KeychainOptions): Promise<Keychain> {
  const { preference, stateDir, passphrase } = options;
  const folder = join(stateDir, 'keychain');
  const file = () => openFileKeychain(folder, passphrase);
  if (preference === 'file') return file();
  const patience = options.patience ?? (preference === 'system' ? 60_000 : 15_000);
  const system = await openSystemKeychain(service(stateDir), patience);
  if ('keychain' in system) return system.keychain;
  if (preference === 'system') throw new BrokerError('keychain-unavailable', { reason: system.reason });
  return { ...(await file()), reason: system.reason };
}
