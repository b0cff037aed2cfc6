// SCRAM-SHA-256 and -PLUS (RFC 5802, RFC 7677), both sides, without I/O. Never compares secrets in variable time.
import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto';
import { saslPrep } from './saslprep.ts';

export const SCRAM = 'SCRAM-SHA-256';
export const SCRAM_PLUS = 'SCRAM-SHA-256-PLUS';
/** RFC 7677 section 4; clients refuse fewer. */
const ITERATIONS = 4096;
/** A server may not make us compute for minutes. */
const MAX_ITERATIONS = 2_000_000;

/** The other side is not who it should be, or does not speak SCRAM. */
export class ScramError extends Error {}

function hmac(key: Uint8Array, data: Uint8Array | string): Buffer {
  return createHmac('sha256', key).update(data).digest();
}

function sha256(data: Uint8Array): Buffer {
  return createHash('sha256').update(data).digest();
}

function xor(a: Buffer, b: Buffer): Buffer {
  return Buffer.from(a.map((byte, index) => byte ^ (b[index] ?? 0)));
}

function saltPassword(password: string, salt: Buffer, iterations: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    pbkdf2(saslPrep(password), salt, iterations, 32, 'sha256', (error, key) =>
      error ? reject(error) : resolve(key),
    );
  });
}

/** `a=1,b=2` → a map. Values may hold `=`. */
function attributes(text: string): Map<string, string> {
  return new Map(text.split(',').map((part) => [part.slice(0, 1), part.slice(2)]));
}

/** Remembers salted passwords, so that only the first connection pays for them. */
export class SaltedPasswords {
  readonly #known = new Map<string, Promise<Buffer>>();

  get(password: string, salt: Buffer, iterations: number): Promise<Buffer> {
    const key = `${iterations}:${salt.toString('base64')}:${sha256(Buffer.from(password)).toString('base64')}`;
    let salted = this.#known.get(key);
    if (!salted) {
      if (this.#known.size >= 16) this.#known.clear();
      salted = saltPassword(password, salt, iterations);
      this.#known.set(key, salted);
    }
    return salted;
  }
}

export interface ChannelBinding {
  /** `n` we cannot, `y` we could but the server did not offer it, `p` bound to the server's certificate. */
  readonly flag: 'n' | 'y' | 'p';
  /** Hash of the certificate, for `p` (RFC 5929 tls-server-end-point). */
  readonly data?: Buffer;
}

export class ScramClient {
  readonly #password: string;
  readonly #header: string;
  readonly #binding: Buffer;
  readonly #nonce: string;
  readonly #salted: SaltedPasswords;
  #signature: Buffer | undefined;
  /** The client's first message. */
  readonly first: string;

  constructor(
    password: string,
    channel: ChannelBinding,
    salted: SaltedPasswords,
    nonce = randomBytes(18).toString('base64'),
  ) {
    this.#password = password;
    this.#salted = salted;
    this.#nonce = nonce;
    this.#header = channel.flag === 'p' ? 'p=tls-server-end-point,,' : `${channel.flag},,`;
    this.#binding = Buffer.concat([Buffer.from(this.#header), channel.data ?? Buffer.alloc(0)]);
    this.first = `${this.#header}n=,r=${nonce}`;
  }

  /** Answers the server's first message. */
  async final(serverFirst: string): Promise<string> {
    const values = attributes(serverFirst);
    const nonce = values.get('r') ?? '';
    const salt = Buffer.from(values.get('s') ?? '', 'base64');
    const iterations = Number(values.get('i'));
    if (!nonce.startsWith(this.#nonce) || nonce.length === this.#nonce.length)
      throw new ScramError('the server did not add to our nonce');
    if (salt.length === 0 || !Number.isInteger(iterations) || iterations < 1)
      throw new ScramError('the server sent no salt or no iteration count');
    if (iterations > MAX_ITERATIONS) throw new ScramError(`the server asks for ${iterations} iterations`);
    const salted = await this.#salted.get(this.#password, salt, iterations);
    const clientKey = hmac(salted, 'Client Key');
    const withoutProof = `c=${this.#binding.toString('base64')},r=${nonce}`;
    const message = `n=,r=${this.#nonce},${serverFirst},${withoutProof}`;
    const proof = xor(clientKey, hmac(sha256(clientKey), message));
    this.#signature = hmac(hmac(salted, 'Server Key'), message);
    return `${withoutProof},p=${proof.toString('base64')}`;
  }

  /** The server must prove that it knows the password too. */
  verify(serverFinal: string): void {
    const values = attributes(serverFinal);
    if (values.has('e')) throw new ScramError(`the server says ${values.get('e')}`);
    const signature = Buffer.from(values.get('v') ?? '', 'base64');
    const expected = this.#signature;
    if (!expected || signature.length !== expected.length || !timingSafeEqual(signature, expected))
      throw new ScramError('the server does not know the password');
  }
}

/** What a server keeps of a secret; made once per session. */
export interface ScramKeys {
  readonly salt: string;
  readonly iterations: number;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
}

export async function scramKeys(secret: string, salt = randomBytes(16)): Promise<ScramKeys> {
  const salted = await saltPassword(secret, salt, ITERATIONS);
  return {
    salt: salt.toString('base64'),
    iterations: ITERATIONS,
    storedKey: sha256(hmac(salted, 'Client Key')),
    serverKey: hmac(salted, 'Server Key'),
  };
}

export class ScramServer {
  readonly #keys: ScramKeys;
  readonly #random: string;
  #header = '';
  #clientFirst = '';
  #serverFirst = '';
  #nonce = '';

  constructor(keys: ScramKeys, random = randomBytes(18).toString('base64')) {
    this.#keys = keys;
    this.#random = random;
  }

  /** Answers the client's first message. Throws ScramError when it is not one. */
  first(clientFirst: string): string {
    const match = /^([ny],,)(n=[^,]*,r=([\x21-\x2b\x2d-\x7e]+))$/.exec(clientFirst);
    if (!match) throw new ScramError('the first SCRAM message is malformed');
    const [, header = '', bare = '', nonce = ''] = match;
    this.#header = header;
    this.#clientFirst = bare;
    this.#nonce = nonce + this.#random;
    this.#serverFirst = `r=${this.#nonce},s=${this.#keys.salt},i=${this.#keys.iterations}`;
    return this.#serverFirst;
  }

  /** The server's last message, or undefined when the proof is wrong. */
  final(clientFinal: string): string | undefined {
    const match = /^(c=([^,]+),r=([^,]+)),p=([^,]+)$/.exec(clientFinal);
    if (!match) throw new ScramError('the last SCRAM message is malformed');
    const [, withoutProof = '', binding = '', nonce = '', proofText = ''] = match;
    if (Buffer.from(binding, 'base64').toString('latin1') !== this.#header || nonce !== this.#nonce)
      throw new ScramError('the last SCRAM message belongs to another exchange');
    const proof = Buffer.from(proofText, 'base64');
    if (proof.length !== 32) throw new ScramError('the SCRAM proof has a wrong length');
    const message = `${this.#clientFirst},${this.#serverFirst},${withoutProof}`;
    const clientKey = xor(proof, hmac(this.#keys.storedKey, message));
    if (!timingSafeEqual(sha256(clientKey), this.#keys.storedKey)) return undefined;
    return `v=${hmac(this.#keys.serverKey, message).toString('base64')}`;
  }
}
