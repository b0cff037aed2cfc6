// Opens a connection to a server with libpq's sslmode meanings. Never falls back to plain text after TLS was agreed.
import { readFile } from 'node:fs/promises';
import { connect, isIP, type Socket, type SocketConnectOpts } from 'node:net';
import { type ConnectionOptions, connect as secure, type TLSSocket } from 'node:tls';
import type { TlsSettings } from '../../model/connection.ts';
import type { Channel } from './authenticate.ts';
import { fingerprint } from './certificate.ts';
import { int32 } from './messages.ts';
import { Wire } from './wire.ts';

export interface Address {
  /** Host name or address, or the folder of a unix socket. */
  readonly host: string;
  readonly port: number;
}

export interface Dialled {
  readonly wire: Wire;
  readonly channel: Channel;
  /** SHA-256 hex of the server's certificate. */
  readonly fingerprint?: string;
}

/** `plain` never asks for TLS, `ask` takes either answer, `demand` accepts only TLS. */
type Approach = 'plain' | 'ask' | 'demand';

/** Ways to try, in order, for each sslmode. `allow` turns to TLS only when the server refuses plain text. */
export const APPROACHES: Readonly<Record<TlsSettings['mode'], readonly Approach[]>> = {
  disable: ['plain'],
  allow: ['plain', 'demand'],
  prefer: ['ask'],
  require: ['demand'],
  'verify-ca': ['demand'],
  'verify-full': ['demand'],
};

const CONNECT_DEADLINE = 15_000;
const READ_BUFFER = 64 * 1024;
const SSL_REQUEST = Buffer.concat([int32(8), int32(80_877_103)]);

export class DialError extends Error {}

function target(address: Address): SocketConnectOpts {
  if (address.host.startsWith('/')) return { path: `${address.host}/.s.PGSQL.${address.port}` };
  return { host: address.host, port: address.port };
}

function isLocal(address: Address): boolean {
  return /^(\/|127\.|::1$|localhost$)/.test(address.host);
}

/** Resolves with the socket once `event` came; rejects on error, close, deadline or abort. */
function until(socket: Socket, event: string, signal: AbortSignal | undefined): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const settle = (error?: Error, value?: unknown) => {
      clearTimeout(timer);
      socket.off(event, succeed).off('error', fail).off('close', lost);
      signal?.removeEventListener('abort', abort);
      if (!error) return resolve(value);
      socket.on('error', () => {});
      socket.destroy();
      reject(error);
    };
    const succeed = (value: unknown) => settle(undefined, value);
    const fail = (error: Error) => settle(new DialError(error.message || String(error), { cause: error }));
    const lost = () => settle(new DialError('the server closed the connection'));
    const abort = () => settle(new DialError('interrupted'));
    const timer = setTimeout(() => settle(new DialError('no answer in time')), CONNECT_DEADLINE);
    socket.once(event, succeed).once('error', fail).once('close', lost);
    signal?.addEventListener('abort', abort);
    if (signal?.aborted) abort();
  });
}

export async function dial(
  address: Address,
  tls: TlsSettings,
  approach: Approach,
  signal?: AbortSignal,
): Promise<Dialled> {
  const local = isLocal(address);
  const overSocket = address.host.startsWith('/');
  if (approach === 'plain' || overSocket) {
    // libpq ignores sslmode on unix sockets; a mode that verifies must not be ignored.
    if (overSocket && /^verify-/.test(tls.mode))
      throw new DialError(`tls.mode ${tls.mode} cannot be had over a unix socket`);
    const { wire, socket } = Wire.dial(target(address), READ_BUFFER);
    await until(socket, 'connect', signal);
    return { wire, channel: { encrypted: false, local } };
  }
  const socket = connect({ ...target(address), allowHalfOpen: true });
  await until(socket, 'connect', signal);
  socket.write(SSL_REQUEST);
  const answer = (await until(socket, 'data', signal)) as Buffer;
  socket.pause();
  const refuse = (reason: string) => {
    socket.destroy();
    return new DialError(reason);
  };
  // Anything behind the one byte was put there by somebody in the middle (CVE-2021-23222).
  if (answer.length !== 1) throw refuse('the server sent more than it may before TLS');
  if (answer[0] === 0x53) return encrypt(socket, address, tls, local, signal);
  if (answer[0] !== 0x4e) throw refuse('this is not a PostgreSQL server');
  if (approach === 'demand') throw refuse(`the server does not speak TLS, and tls.mode is ${tls.mode}`);
  return { wire: Wire.adopt(socket, READ_BUFFER), channel: { encrypted: false, local } };
}

async function material(address: Address, tls: TlsSettings): Promise<ConnectionOptions> {
  const [ca, cert, key] = await Promise.all(
    [tls.ca, tls.cert, tls.key].map((path) => (path === undefined ? undefined : readFile(path))),
  );
  // As in libpq, `require` with a root certificate behaves like `verify-ca`.
  const verify = /^verify-/.test(tls.mode) || ca !== undefined;
  return {
    ...(ca ? { ca } : {}),
    ...(cert ? { cert } : {}),
    ...(key ? { key } : {}),
    ...(isIP(address.host) === 0 ? { servername: address.host } : {}),
    rejectUnauthorized: verify,
    ...(tls.mode === 'verify-full' ? { host: address.host } : { checkServerIdentity: () => undefined }),
    minVersion: 'TLSv1.2',
    ALPNProtocols: ['postgresql'],
  };
}

async function encrypt(
  socket: Socket,
  address: Address,
  tls: TlsSettings,
  local: boolean,
  signal: AbortSignal | undefined,
): Promise<Dialled> {
  let options: ConnectionOptions;
  try {
    options = await material(address, tls);
  } catch (error) {
    socket.destroy();
    throw new DialError(error instanceof Error ? error.message : String(error));
  }
  const secured: TLSSocket = secure({ ...options, socket });
  await until(secured, 'secureConnect', signal);
  const certificate = secured.getPeerCertificate(false).raw;
  const wire = Wire.over(secured, true);
  return { wire, channel: { encrypted: true, local, certificate }, fingerprint: fingerprint(certificate) };
}
