// Answers a server's authentication requests with the session's credential. Never sends a secret in a weaker way than asked before.
import { createHash } from 'node:crypto';
import type { Credential } from '../../model/credential.ts';
import { endPoint } from './certificate.ts';
import { FROM_CLIENT, message, type Reader } from './messages.ts';
import { type ChannelBinding, SaltedPasswords, SCRAM, SCRAM_PLUS, ScramClient } from './scram.ts';

/** The server asked for something we will not or cannot give. */
export class AuthenticationRefused extends Error {}

/** How strongly each method protects the secret; a target that once used a strong one may not ask for a weaker. */
const STRENGTH = { cleartext: 1, md5: 2, scram: 3, 'scram-plus': 4 } as const;
type Method = keyof typeof STRENGTH;

/** What one target's earlier sign-ins taught us. */
export class AuthenticationMemory {
  readonly salted = new SaltedPasswords();
  #floor: number = 0;

  /** Refuses a method weaker than one this target has proved it speaks. */
  allow(method: Method): void {
    if (STRENGTH[method] < this.#floor)
      throw new AuthenticationRefused(`the server now asks for ${method}, weaker than before`);
  }

  proved(method: Method): void {
    this.#floor = Math.max(this.#floor, STRENGTH[method]);
  }
}

export interface Channel {
  readonly encrypted: boolean;
  /** Bytes cannot leave this machine: unix socket or loopback. */
  readonly local: boolean;
  /** The server's certificate, DER. */
  readonly certificate?: Buffer;
}

export class Authenticator {
  readonly #credential: Credential;
  readonly #channel: Channel;
  readonly #memory: AuthenticationMemory;
  #method: Method | undefined;
  #scram: ScramClient | undefined;
  #proved = false;

  constructor(credential: Credential, channel: Channel, memory: AuthenticationMemory) {
    this.#credential = credential;
    this.#channel = channel;
    this.#memory = memory;
  }

  /** Answers one Authentication message; nothing to send for the last one of an exchange. */
  async answer(reader: Reader): Promise<Buffer | undefined> {
    const code = reader.int32();
    const row = ANSWERS[code];
    if (!row) throw new AuthenticationRefused(`the server asks for method ${code}, which is not supported`);
    return row(this, reader);
  }

  #use(method: Method): void {
    this.#memory.allow(method);
    this.#method = method;
  }

  #password(): string {
    const secret = this.#credential.secret;
    if (secret.kind === 'password') return secret.password;
    if (secret.kind === 'bearer') return secret.token;
    throw new AuthenticationRefused('the server asks for a password and the credential has none');
  }

  accepted(): undefined {
    if (this.#scram && !this.#proved)
      throw new AuthenticationRefused('the server did not prove that it knows the password');
    if (this.#method) this.#memory.proved(this.#method);
    return undefined;
  }

  cleartext(): Buffer {
    this.#use('cleartext');
    if (!this.#channel.encrypted)
      throw new AuthenticationRefused('the server asks for the password in clear without TLS');
    return message(FROM_CLIENT.password, this.#password());
  }

  md5(reader: Reader): Buffer {
    this.#use('md5');
    const salt = reader.buffer.subarray(reader.pos, reader.pos + 4);
    const inner = createHash('md5')
      .update(this.#password() + this.#credential.user)
      .digest('hex');
    const outer = createHash('md5').update(inner).update(salt).digest('hex');
    return message(FROM_CLIENT.password, `md5${outer}`);
  }

  sasl(reader: Reader): Buffer {
    const offered: string[] = [];
    for (let name = reader.string(); name !== ''; name = reader.string()) offered.push(name);
    if (this.#credential.secret.kind === 'bearer' && offered.includes('OAUTHBEARER')) return this.#bearer();
    const { mechanism, channel } = this.#choose(offered);
    this.#use(mechanism === SCRAM_PLUS ? 'scram-plus' : 'scram');
    this.#scram = new ScramClient(this.#password(), channel, this.#memory.salted);
    const first = Buffer.from(this.#scram.first, 'utf8');
    return message(FROM_CLIENT.password, mechanism, first.length, first);
  }

  #choose(offered: readonly string[]): { mechanism: string; channel: ChannelBinding } {
    const certificate = this.#channel.encrypted ? this.#channel.certificate : undefined;
    const data = certificate && endPoint(certificate);
    if (data && offered.includes(SCRAM_PLUS)) return { mechanism: SCRAM_PLUS, channel: { flag: 'p', data } };
    if (!offered.includes(SCRAM))
      throw new AuthenticationRefused(`the server offers only ${offered.join(', ') || 'nothing'}`);
    return { mechanism: SCRAM, channel: { flag: data ? 'y' : 'n' } };
  }

  /** RFC 7628 section 3.1. */
  #bearer(): Buffer {
    if (!this.#channel.encrypted && !this.#channel.local)
      throw new AuthenticationRefused('the server asks for a bearer token without TLS');
    const first = Buffer.from(`n,,\u0001auth=Bearer ${this.#password()}\u0001\u0001`, 'utf8');
    return message(FROM_CLIENT.password, 'OAUTHBEARER', first.length, first);
  }

  async proceed(reader: Reader): Promise<Buffer> {
    const text = reader.buffer.toString('utf8', reader.pos, reader.end);
    // A bearer token was refused: RFC 7628 section 3.2.3 wants one byte before the server may say so.
    if (!this.#scram) return message(FROM_CLIENT.password, Buffer.from([1]));
    return message(FROM_CLIENT.password, Buffer.from(await this.#scram.final(text), 'utf8'));
  }

  finished(reader: Reader): undefined {
    this.#scram?.verify(reader.buffer.toString('utf8', reader.pos, reader.end));
    this.#proved = true;
    return undefined;
  }
}

type Answer = (a: Authenticator, reader: Reader) => Buffer | undefined | Promise<Buffer>;

/** AuthenticationRequest codes, as protocol.h numbers them. */
const ANSWERS: Readonly<Record<number, Answer>> = {
  0: (a) => a.accepted(),
  3: (a) => a.cleartext(),
  5: (a, reader) => a.md5(reader),
  10: (a, reader) => a.sasl(reader),
  11: (a, reader) => a.proceed(reader),
  12: (a, reader) => a.finished(reader),
};
