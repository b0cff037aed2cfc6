// What a client can do before it has proved the session secret, byte by byte.
import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { int32, message } from '../../../src/protocols/postgres/messages.ts';
import { SaltedPasswords, ScramClient } from '../../../src/protocols/postgres/scram.ts';
import { type ServedSession, serveSession } from '../../fakes/session.ts';
import { type PostgresPeer, startPostgres } from '../../peers/postgres.ts';
import { errorOf } from './raw.ts';

const SSL = message(0, 80_877_103);
const GSS = message(0, 80_877_104);
const start = (version: number, parameters: Record<string, string>) =>
  message(0, version, ...Object.entries(parameters).flat(), Buffer.from([0]));
const V3_0 = 196_608;
const V3_2 = V3_0 + 2;

/** A socket that writes and reads bytes, without any idea of the protocol. */
function stranger(session: ServedSession) {
  const socket = connect(session.endpoint.port, '127.0.0.1');
  let bytes = Buffer.alloc(0);
  let ended = false;
  let wake = () => {};
  socket.on('data', (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk]);
    wake();
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    ended = true;
    wake();
  });
  const until = async (done: () => boolean) => {
    const deadline = Date.now() + 5_000;
    while (!done()) {
      if (Date.now() > deadline) throw new Error(`waited in vain after ${bytes.toString('latin1')}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 100);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  };
  const take = (size: number) => {
    const taken = bytes.subarray(0, size);
    bytes = bytes.subarray(size);
    return taken;
  };
  return {
    send: (...parts: Buffer[]) => socket.write(Buffer.concat(parts)),
    /** Exactly so many bytes. */
    read: async (size: number) => {
      await until(() => bytes.length >= size || ended);
      return take(size);
    },
    /** One message: its type and body. */
    message: async () => {
      await until(() => bytes.length >= 5 && bytes.length >= bytes.readInt32BE(1) + 1);
      const whole = take(bytes.readInt32BE(1) + 1);
      return { type: String.fromCharCode(whole[0] ?? 0), body: Buffer.from(whole.subarray(5)) };
    },
    /** SQLSTATE of the last words before the socket was closed; `''` when there were none. */
    closed: async () => {
      await until(() => ended);
      const text = bytes
        .toString('latin1')
        .replace(/[^\x20-\x7e]/g, (c) => `\\${c.charCodeAt(0).toString(16)}`);
      return errorOf([`E ${text.slice(text.indexOf('SFATAL'))}`]).get('C') ?? '';
    },
    socket,
  };
}

type Stranger = ReturnType<typeof stranger>;

/** Goes through SCRAM with this secret; the messages that follow are the caller's. */
async function prove(s: Stranger, secret: string): Promise<void> {
  const client = new ScramClient(secret, { flag: 'n' }, new SaltedPasswords());
  const first = Buffer.from(client.first);
  s.send(message(0x70, 'SCRAM-SHA-256', first.length, first));
  const { body } = await s.message();
  s.send(message(0x70, Buffer.from(await client.final(body.subarray(4).toString()))));
  const final = await s.message();
  client.verify(final.body.subarray(4).toString());
}

describe('start-up', () => {
  let server: PostgresPeer;
  let session: ServedSession;
  beforeAll(async () => {
    server = await startPostgres({ version: 18 });
  });
  afterAll(() => server?.stop());
  beforeEach(async () => {
    session = await serveSession(server);
  });
  afterEach(() => session.stop());
  const me = { user: 'me', database: 'postgres' };

  it.each([
    ['SSL, then GSS', [SSL, GSS]],
    ['GSS, then SSL', [GSS, SSL]],
  ])('answers %s with one byte each, once each', async (_, [first = SSL, second = GSS]) => {
    const s = stranger(session);
    s.send(first);
    expect((await s.read(1)).toString()).toBe('N');
    s.send(second);
    expect((await s.read(1)).toString()).toBe('N');
    s.send(start(V3_0, me));
    expect((await s.message()).type).toBe('R');
    s.socket.destroy();
    const again = stranger(session);
    again.send(first);
    await again.read(1);
    again.send(first);
    expect(await again.closed()).toBe('08P01');
  });

  it('refuses plain text buffered behind an encryption request', async () => {
    const s = stranger(session);
    s.send(SSL, start(V3_0, me));
    expect(await s.closed()).toBe('08P01');
    expect(session.pipeline.of('rejected')).toHaveLength(1);
  });

  it.each([
    ['an oversized packet', int32(20_000)],
    ['a packet too short to be one', int32(3)],
    ['a negative length', int32(-5)],
    ['protocol 2', start(2 << 16, me)],
    ['TLS without asking', Buffer.from([0x16, 3, 1, 0, 200, 1, 0, 0, 0])],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')],
    ['no user name', start(V3_0, { database: 'postgres' })],
    ['a parameter without a value', message(0, V3_0, Buffer.from('user\0me'))],
  ])('refuses %s', async (_, bytes) => {
    const s = stranger(session);
    s.send(bytes);
    expect(await s.closed()).toBe('08P01');
    expect(session.pipeline.of('rejected')).toHaveLength(1);
    expect(session.pipeline.conversations).toBe(0);
  });

  it('takes its packets byte by byte', async () => {
    const s = stranger(session);
    s.socket.setNoDelay(true);
    for (const byte of start(V3_0, me)) {
      s.send(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect((await s.message()).body.toString('latin1')).toBe('\0\0\0\nSCRAM-SHA-256\0\0');
    s.socket.destroy();
  });

  it('opens no connection to the server for a client without the secret', async () => {
    const s = stranger(session);
    s.send(start(V3_0, me));
    await s.message();
    await expect(prove(s, 'not the secret')).rejects.toThrow();
    expect(session.pipeline.of('rejected')).toHaveLength(1);
    expect(session.pipeline.conversations).toBe(0);
    expect(
      await server.query("select 1 from pg_stat_activity where application_name like 'broker/%'"),
    ).toEqual([]);
  });

  it.each([
    ['another mechanism', message(0x70, 'SCRAM-SHA-256-PLUS', 3, Buffer.from('abc'))],
    ['a query', message(0x51, 'select 1')],
    ['a password', message(0x70, 'password')],
    ['a length that lies', message(0x70, 'SCRAM-SHA-256', 9_999, Buffer.from('n,,n=,r=x'))],
  ])('refuses %s in place of proof', async (_, bytes) => {
    const s = stranger(session);
    s.send(start(V3_0, me));
    await s.message();
    s.send(bytes);
    expect(await s.closed()).toBe('08P01');
  });

  it.each([
    [V3_0, 4],
    [V3_2, 32],
  ])('gives protocol %i a cancel key of %i bytes', async (version, size) => {
    const s = stranger(session);
    s.send(start(version, me));
    await s.message();
    await prove(s, session.endpoint.secret);
    for (;;) {
      const { type, body } = await s.message();
      expect(type).not.toBe('E');
      if (type === 'K') expect(body.length).toBe(4 + size);
      if (type === 'Z') break;
    }
    s.socket.destroy();
  });

  it('negotiates a newer minor version and unknown protocol options down', async () => {
    const s = stranger(session);
    s.send(start(V3_0 + 9_999, { ...me, '_pq_.shiny': '1' }));
    const { type, body } = await s.message();
    expect(type).toBe('v');
    expect([body.readInt32BE(0), body.readInt32BE(4), body.subarray(8).toString()]).toEqual([
      V3_2,
      1,
      '_pq_.shiny\0',
    ]);
    expect((await s.message()).type).toBe('R');
    s.socket.destroy();
  });

  it.each([
    [{ ...me, replication: 'database' }, '0A000'],
    [{ ...me, options: '-f' }, '0A000'],
    [{ ...me, database: 'template1' }, '0A000'],
    [{ user: 'me' }, '0A000'],
    [{ ...me, role: 'refuse_me' }, '42501'],
    [{ ...me, options: '-c search_path=refuse_me' }, '42501'],
    [{ ...me, DateStyle: 'nonsense' }, '22023'],
  ])('ends %j with %s', async (parameters, sqlstate) => {
    const s = stranger(session);
    s.send(start(V3_0, parameters));
    await s.message();
    await prove(s, session.endpoint.secret);
    expect(await s.closed()).toBe(sqlstate);
    expect(session.pipeline.closed).toBe(session.pipeline.conversations);
  });

  it('takes the user name for an empty database, before any check', async () => {
    const s = stranger(session);
    s.send(start(V3_0, { user: 'postgres', database: '' }));
    await s.message();
    await prove(s, session.endpoint.secret);
    expect((await s.message()).type).toBe('R');
    expect(session.pipeline.of('connect')[0]?.detail).toEqual({ user: 'postgres', database: 'postgres' });
    s.socket.destroy();
  });

  it('ignores a cancel request whose key is not right', async () => {
    const s = stranger(session);
    s.send(message(0, 80_877_102, 1, 2));
    expect(await s.closed()).toBe('');
    expect(session.pipeline.of('cancel')).toEqual([]);
  });

  it('says which port is taken', async () => {
    await expect(
      session.target.serve({
        pipeline: session.pipeline,
        session: 's',
        secret: 'x',
        port: session.endpoint.port,
        clock: { now: () => 0, micros: () => 0, monotonic: () => 0n },
      }),
    ).rejects.toMatchObject({ code: 'port-taken' });
  });
});
