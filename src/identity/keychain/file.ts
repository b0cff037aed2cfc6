// The encrypted keychain file for machines without a keyring: one AES-256-GCM file per secret, key by scrypt. Never overwrites what it cannot read.
import { createCipheriv, createDecipheriv, createHash, randomBytes, scrypt } from 'node:crypto';
import { dirname, join } from 'node:path';
import { makeFolder } from '../../lib/atomic-file.ts';
import { BrokerError } from '../../model/errors.ts';
import type { Keychain } from './keychain.ts';
import { checkFolder, createOnce, readPrivate, removeFile, replaceFile, setAside } from './private-files.ts';

/** scrypt cost: 32 MiB, about 0.1 s. */
const COST = { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 1024 * 1024 };
const CHECK = 'access-broker keychain';

/** How the key is derived; written once, when the keychain is first used. */
interface Head {
  readonly version: 1;
  readonly kdf: 'scrypt';
  readonly N: number;
  readonly r: number;
  readonly p: number;
  /** Base64. */
  readonly salt: string;
  readonly from: 'passphrase' | 'key-file';
  /** A known text sealed with the key: tells a wrong passphrase from a damaged secret. */
  readonly check: Sealed;
}

interface Sealed {
  readonly iv: string;
  readonly tag: string;
  readonly data: string;
}

function damaged(path: string, reason: string): BrokerError {
  return new BrokerError('keychain-damaged', { path, reason });
}

/** Without head or key nothing in the folder can be read again: only starting over helps. */
function unusable(path: string, reason: string): BrokerError {
  const folder = dirname(path);
  const hint = `restore ${folder} from a backup, or move it away (\`mv ${folder} ${folder}.damaged\`) and sign in again`;
  return new BrokerError('keychain-damaged', { path, reason }, { hint });
}

function derive(secret: Buffer, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(secret, salt, 32, COST, (error, key) => (error ? reject(error) : resolve(key)));
  });
}

function seal(key: Buffer, name: string, text: string): Sealed {
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(name, 'utf8'));
  const data = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return {
    iv: iv.toString('base64'),
    tag: cipher.getAuthTag().toString('base64'),
    data: data.toString('base64'),
  };
}

/** Throws when anything was changed, the name included. */
function unseal(key: Buffer, name: string, sealed: Sealed): string {
  const tag = Buffer.from(sealed.tag, 'base64');
  const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(sealed.iv, 'base64'), {
    authTagLength: 16,
  });
  decipher.setAAD(Buffer.from(name, 'utf8')).setAuthTag(tag);
  return Buffer.concat([decipher.update(Buffer.from(sealed.data, 'base64')), decipher.final()]).toString(
    'utf8',
  );
}

function parseSealed(value: unknown): Sealed | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { iv, tag, data } = value as Record<string, unknown>;
  return [iv, tag, data].every((part) => typeof part === 'string') ? (value as Sealed) : undefined;
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function parseHead(text: string, path: string): Head {
  const value = parse(text);
  const known =
    value?.['version'] === 1 && value['kdf'] === 'scrypt' && parseSealed(value['check']) !== undefined;
  const cost = value?.['N'] === COST.N && value['r'] === COST.r && value['p'] === COST.p;
  if (!known || !cost || typeof value['salt'] !== 'string') throw unusable(path, 'its head cannot be read');
  return value as unknown as Head;
}

/** The secret the key is derived from: the passphrase, or a random file that only this user can read. */
async function master(
  folder: string,
  from: Head['from'],
  passphrase: string | undefined,
  isNew: boolean,
): Promise<Buffer> {
  if (from === 'passphrase') {
    if (passphrase !== undefined) return Buffer.from(passphrase.normalize('NFKC'), 'utf8');
    const reason = 'it was locked with a passphrase, and BROKER_KEYCHAIN_PASSPHRASE is not set';
    throw new BrokerError('keychain-unavailable', { reason }, { hint: 'set BROKER_KEYCHAIN_PASSPHRASE' });
  }
  const path = join(folder, 'key');
  if (isNew) await createOnce(path, randomBytes(32).toString('base64'));
  const key = await readPrivate(path);
  if (key === undefined) throw unusable(path, 'it is gone');
  const bytes = Buffer.from(key, 'base64');
  if (bytes.length !== 32) throw unusable(path, 'it was changed');
  return bytes;
}

/** Two agents may start at once: the head is written once and both read the one that won. */
async function openHead(folder: string, passphrase: string | undefined): Promise<Buffer> {
  const path = join(folder, 'head.json');
  let text = await readPrivate(path);
  if (text === undefined) {
    const from = passphrase === undefined ? 'key-file' : 'passphrase';
    const salt = randomBytes(16);
    const key = await derive(await master(folder, from, passphrase, true), salt);
    const { N, r, p } = COST;
    const check = seal(key, 'head', CHECK);
    const head: Head = { version: 1, kdf: 'scrypt', N, r, p, salt: salt.toString('base64'), from, check };
    await createOnce(path, `${JSON.stringify(head)}\n`);
    text = await readPrivate(path);
  }
  const head = parseHead(text ?? '', path);
  const key = await derive(
    await master(folder, head.from, passphrase, false),
    Buffer.from(head.salt, 'base64'),
  );
  try {
    if (unseal(key, 'head', head.check) === CHECK) return key;
  } catch {
    // One message for both causes: authenticated encryption cannot tell them apart.
  }
  if (head.from === 'key-file') throw unusable(path, 'it does not fit its key file');
  const reason = 'the passphrase in BROKER_KEYCHAIN_PASSPHRASE does not open it';
  throw new BrokerError('keychain-unavailable', { reason }, { hint: 'set the passphrase it was made with' });
}

/** Names are hashed, so that any text is a file name and a listing tells nothing. */
function fileOf(folder: string, name: string): string {
  return join(folder, `${createHash('sha256').update(name).digest('hex').slice(0, 32)}.json`);
}

export async function openFileKeychain(folder: string, passphrase: string | undefined): Promise<Keychain> {
  await makeFolder(folder);
  await checkFolder(folder);
  const key = await openHead(folder, passphrase);
  const read = async (name: string): Promise<string | undefined> => {
    const path = fileOf(folder, name);
    const text = await readPrivate(path);
    if (text === undefined) return undefined;
    const sealed = parseSealed(parse(text));
    if (!sealed) throw damaged(path, 'it is not what was written');
    try {
      return unseal(key, name, sealed);
    } catch {
      throw damaged(path, 'it was changed, or belongs to another keychain');
    }
  };
  return {
    kind: 'file',
    get: read,
    set: async (name, secret) => {
      const path = fileOf(folder, name);
      const readable = await read(name).then(
        () => true,
        () => false,
      );
      if (!readable) await setAside(path);
      await replaceFile(path, `${JSON.stringify(seal(key, name, secret))}\n`);
    },
    delete: (name) => removeFile(fileOf(folder, name)),
  };
}
