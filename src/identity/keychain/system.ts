// The operating system's keychain through keytar. Trusted only after it wrote, read and deleted; a locked one must never look empty.
import { randomBytes } from 'node:crypto';
import { BrokerError } from '../../model/errors.ts';
import type { Keychain } from './keychain.ts';
import { KeytarProcess, TooSlow } from './keytar-process.ts';

export type SystemResult = { readonly keychain: Keychain } | { readonly reason: string };

/** Milliseconds one later call may take: a person may have to unlock the keyring. */
const PATIENCE = 60_000;

function reasonOf(error: unknown): string {
  if (error instanceof TooSlow) return 'it does not answer; it is probably locked';
  const { code, message } = error as { code?: unknown; message?: unknown };
  const text = String(message ?? error).split('\n')[0] ?? '';
  if (code === 'MODULE_NOT_FOUND') return 'the optional package keytar is not installed';
  if (text.startsWith('Failed to load keytar')) return 'its library is missing (libsecret on Linux)';
  if (/locked/i.test(text)) return 'it is locked';
  if (/autolaunch|could not connect|D-?Bus|org\.freedesktop\.secrets/i.test(text))
    return `there is no secret service here (${text})`;
  return text;
}

/** Write, read, delete: a locked keyring answers reads with nothing, so only this tells. */
async function probe(keytar: KeytarProcess, service: string, patience: number): Promise<string | undefined> {
  const account = `probe-${randomBytes(6).toString('hex')}`;
  const secret = randomBytes(16).toString('hex');
  await keytar.setPassword(patience, service, account, secret);
  const read = await keytar.getPassword(patience, service, account);
  const deleted = await keytar.deletePassword(patience, service, account);
  if (read === null) return 'it is locked';
  if (read !== secret || !deleted || (await keytar.getPassword(patience, service, account)) !== null)
    return 'it does not keep what it is given';
  return undefined;
}

async function call<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new BrokerError('keychain-unavailable', { reason: reasonOf(error) });
  }
}

export async function openSystemKeychain(service: string, patience: number): Promise<SystemResult> {
  const keytar = new KeytarProcess();
  try {
    const reason = await probe(keytar, service, patience);
    if (reason !== undefined) return { reason };
  } catch (error) {
    return { reason: reasonOf(error) };
  }
  const keychain: Keychain = {
    kind: 'system',
    get: async (name) => {
      const secret = await call(() => keytar.getPassword(PATIENCE, service, name));
      if (secret !== null) return secret;
      // Nothing there, or locked since: another probe tells, so that a lock never looks like "signed out".
      const reason = await call(() => probe(keytar, service, PATIENCE));
      if (reason !== undefined) throw new BrokerError('keychain-unavailable', { reason });
      return undefined;
    },
    set: (name, secret) => call(() => keytar.setPassword(PATIENCE, service, name, secret)),
    delete: (name) => call(() => keytar.deletePassword(PATIENCE, service, name)),
  };
  return { keychain };
}
