// The operating system's keychain through keytar. Trusted only after it wrote, read and deleted; never lists credentials (that crashes on a locked keyring).
import { randomBytes } from 'node:crypto';
import { BrokerError } from '../../model/errors.ts';
import type { Keychain } from './keychain.ts';

/** The three calls of keytar we make. */
interface Keytar {
  getPassword(service: string, account: string): Promise<string | null>;
  setPassword(service: string, account: string, secret: string): Promise<void>;
  deletePassword(service: string, account: string): Promise<boolean>;
}

export type SystemResult = { readonly keychain: Keychain } | { readonly reason: string };

async function load(): Promise<Keytar> {
  const loaded = (await import('keytar')) as { default?: Keytar } & Partial<Keytar>;
  const keytar = loaded.default ?? loaded;
  if (typeof keytar.getPassword !== 'function') throw new TypeError('keytar has no getPassword');
  return keytar as Keytar;
}

class TooSlow extends Error {}

/** keytar waits for a person where the keyring asks for its password: never for ever. */
async function within<T>(work: Promise<T>, milliseconds: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TooSlow()), milliseconds);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof TooSlow) return 'it did not answer; it is probably locked';
  const { code, message } = error as { code?: unknown; message?: unknown };
  const text = String(message ?? error).split('\n')[0] ?? '';
  if (code === 'ERR_MODULE_NOT_FOUND') return 'the optional package keytar is not installed';
  if (text.startsWith('Failed to load keytar')) return 'its library is missing (libsecret on Linux)';
  if (/locked/i.test(text)) return 'it is locked';
  if (/autolaunch|could not connect|D-?Bus|org\.freedesktop\.secrets/i.test(text))
    return `there is no secret service here (${text})`;
  return text;
}

/** Write, read, delete: a locked keyring answers reads with nothing, so only this tells. */
async function probe(keytar: Keytar, service: string): Promise<string | undefined> {
  const account = `probe-${randomBytes(6).toString('hex')}`;
  const secret = randomBytes(16).toString('hex');
  await keytar.setPassword(service, account, secret);
  const read = await keytar.getPassword(service, account);
  const deleted = await keytar.deletePassword(service, account);
  if (read === null) return 'it is locked';
  if (read !== secret || !deleted || (await keytar.getPassword(service, account)) !== null)
    return 'it does not keep what it is given';
  return undefined;
}

function unavailable(error: unknown): BrokerError {
  return new BrokerError('keychain-unavailable', { reason: reasonOf(error) });
}

export async function openSystemKeychain(service: string, patience: number): Promise<SystemResult> {
  let keytar: Keytar;
  try {
    keytar = await load();
    const reason = await within(probe(keytar, service), patience);
    if (reason !== undefined) return { reason };
  } catch (error) {
    return { reason: reasonOf(error) };
  }
  const call = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await within(work(), 60_000);
    } catch (error) {
      throw unavailable(error);
    }
  };
  const keychain: Keychain = {
    kind: 'system',
    get: async (name) => {
      const secret = await call(() => keytar.getPassword(service, name));
      if (secret !== null) return secret;
      // Nothing there, or locked since: a second probe tells, so that a lock never looks like "signed out".
      const reason = await call(() => probe(keytar, service));
      if (reason !== undefined) throw new BrokerError('keychain-unavailable', { reason });
      return undefined;
    },
    set: (name, secret) => call(() => keytar.setPassword(service, name, secret)),
    delete: (name) => call(() => keytar.deletePassword(service, name)),
  };
  return { keychain };
}
