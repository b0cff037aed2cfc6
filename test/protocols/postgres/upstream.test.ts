// How the proxy reaches a server: sslmode as libpq means it, every way to sign in, and no way to be talked down.
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TlsSettings } from '../../../src/model/connection.ts';
import type { Credential } from '../../../src/model/credential.ts';
import { AuthenticationMemory } from '../../../src/protocols/postgres/authenticate.ts';
import { endPoint } from '../../../src/protocols/postgres/certificate.ts';
import { message } from '../../../src/protocols/postgres/messages.ts';
import { ScramServer, scramKeys } from '../../../src/protocols/postgres/scram.ts';
import type { PostgresTarget } from '../../../src/protocols/postgres/target.ts';
import { Upstream } from '../../../src/protocols/postgres/upstream.ts';
import { serveSession } from '../../fakes/session.ts';
import { peer } from '../../peers/peer.ts';
import { type PostgresPeer, startPostgres } from '../../peers/postgres.ts';
import { raw, say } from './raw.ts';

const password = (user: string, secret: string): Credential => ({
  user,
  secret: { kind: 'password', password: secret },
  label: 'static',
});

interface Reach {
  readonly port: number;
  readonly host?: string;
  readonly tls: TlsSettings;
  readonly credential: Credential;
  readonly memory?: AuthenticationMemory;
}

async function reach({ port, host = '127.0.0.1', tls, credential, memory }: Reach): Promise<Upstream> {
  return Upstream.connect({
    address: { host, port },
    tls,
    credential,
    parameters: new Map([['database', 'postgres']]),
    memory: memory ?? new AuthenticationMemory(),
  });
}

/** `ssl` or `plain`, as the server itself sees the connection; or why there is none. */
async function outcome(how: Reach): Promise<string> {
  let upstream: Upstream | undefined;
  try {
    upstream = await reach(how);
    const [[[ssl] = []] = []] = await upstream.query([
      'select ssl from pg_stat_ssl where pid = pg_backend_pid()',
    ]);
    return ssl === 't' ? 'ssl' : 'plain';
  } catch (error) {
    return error instanceof Error ? error.constructor.name : String(error);
  } finally {
    upstream?.close();
  }
}

describe.runIf(peer('openssl-jq'))('a server with TLS', () => {
  let folder: string;
  let server: PostgresPeer;
  const file = (name: string) => join(folder, name);
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  const certificate = (name: string, subject: string, extension: string, ...more: string[]) => {
    openssl(
      'req',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.csr`,
      '-subj',
      subject,
    );
    writeFileSync(file(`${name}.ext`), extension);
    openssl(
      'x509',
      '-req',
      '-in',
      `${name}.csr`,
      '-CA',
      'ca.crt',
      '-CAkey',
      'ca.key',
      '-CAcreateserial',
      '-days',
      '2',
      '-out',
      `${name}.crt`,
      '-extfile',
      `${name}.ext`,
      ...more,
    );
  };
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tls-'));
    for (const ca of ['ca', 'other'])
      openssl(
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-keyout',
        `${ca}.key`,
        '-out',
        `${ca}.crt`,
        '-days',
        '2',
        '-subj',
        `/CN=${ca}`,
      );
    certificate('server', '/CN=db.example', 'subjectAltName=DNS:localhost', '-sha384');
    certificate('client', '/CN=certified', 'extendedKeyUsage=clientAuth');
    const read = (name: string) => readFileSync(file(name), 'utf8');
    server = await startPostgres({
      version: 18,
      tls: { cert: read('server.crt'), key: read('server.key'), ca: read('ca.crt') },
      hba: [
        'local all all scram-sha-256',
        'hostssl all certified 127.0.0.1/32 cert',
        'hostssl all cleartext 127.0.0.1/32 password',
        'hostnossl all cleartext 127.0.0.1/32 password',
        'hostssl all onlyssl 127.0.0.1/32 scram-sha-256',
        'hostnossl all onlyplain 127.0.0.1/32 scram-sha-256',
        'host all old 127.0.0.1/32 md5',
        'host all postgres,ümlaut 127.0.0.1/32 scram-sha-256',
        '',
      ].join('\n'),
    });
    for (const role of ['certified', 'cleartext', 'onlyssl', 'onlyplain'])
      await server.query(`create role ${role} login password 'pw'`);
    await server.query(`create role "ümlaut" login password 'pÄß\u00a0x'`);
    await server.query("set password_encryption = 'md5'; create role old login password 'pw'");
  });
  afterAll(async () => {
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it.each([
    ['disable', 'onlyssl', 'ServerError'],
    ['disable', 'onlyplain', 'plain'],
    ['allow', 'onlyssl', 'ssl'],
    ['allow', 'onlyplain', 'plain'],
    ['prefer', 'onlyssl', 'ssl'],
    ['prefer', 'onlyplain', 'ServerError'],
    ['require', 'onlyssl', 'ssl'],
  ] as const)('reaches with tls.mode %s as %s: %s', async (mode, user, expected) => {
    expect(await outcome({ port: server.port, tls: { mode }, credential: password(user, 'pw') })).toBe(
      expected,
    );
  });

  it.each([
    ['require', 'other.crt', 'localhost', 'DialError'],
    ['verify-ca', 'ca.crt', '127.0.0.1', 'ssl'],
    ['verify-ca', 'other.crt', '127.0.0.1', 'DialError'],
    ['verify-full', 'ca.crt', 'localhost', 'ssl'],
    ['verify-full', 'ca.crt', '127.0.0.1', 'DialError'],
    ['verify-full', 'other.crt', 'localhost', 'DialError'],
    ['verify-full', 'missing.crt', 'localhost', 'DialError'],
  ] as const)('verifies with tls.mode %s, %s and host %s: %s', async (mode, ca, host, expected) => {
    const tls = { mode, ca: file(ca) };
    expect(await outcome({ port: server.port, host, tls, credential: password('onlyssl', 'pw') })).toBe(
      expected,
    );
  });

  it('trusts no unknown authority without a file', async () => {
    const how = { port: server.port, host: 'localhost', credential: password('onlyssl', 'pw') };
    expect(await outcome({ ...how, tls: { mode: 'verify-full' } })).toBe('DialError');
  });

  it('does not pretend to verify a unix socket', async () => {
    const how = {
      port: server.port,
      host: server.socketDir,
      credential: password('postgres', server.superuser.password),
    };
    expect(await outcome({ ...how, tls: { mode: 'require' } })).toBe('plain');
    expect(await outcome({ ...how, tls: { mode: 'verify-full' } })).toBe('DialError');
  });

  it('reports the certificate’s fingerprint', async () => {
    const upstream = await reach({
      port: server.port,
      tls: { mode: 'require' },
      credential: password('onlyssl', 'pw'),
    });
    const expected = new X509Certificate(readFileSync(file('server.crt'))).fingerprint256;
    expect(upstream.fingerprint).toBe(expected.replaceAll(':', '').toLowerCase());
    upstream.close();
  });

  it('binds SCRAM to the certificate and proves it with -PLUS', async () => {
    const memory = new AuthenticationMemory();
    const how = {
      port: server.port,
      tls: { mode: 'require' },
      credential: password('onlyssl', 'pw'),
      memory,
    } as const;
    expect(await outcome(how)).toBe('ssl');
    // Having proved -PLUS, the same target may not ask for less.
    expect(() => memory.allow('scram')).toThrow();
  });

  it('hashes the certificate as its signature says', () => {
    const der = new X509Certificate(readFileSync(file('server.crt'))).raw;
    openssl('x509', '-in', 'server.crt', '-outform', 'DER', '-out', 'server.der');
    expect(endPoint(der)?.toString('hex')).toBe(sha('sha384', 'server.der'));
    openssl(
      'req',
      '-x509',
      '-newkey',
      'ed25519',
      '-nodes',
      '-keyout',
      'ed.key',
      '-out',
      'ed.crt',
      '-subj',
      '/CN=ed',
    );
    expect(endPoint(new X509Certificate(readFileSync(file('ed.crt'))).raw)).toBeUndefined();
    openssl(
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-sigopt',
      'rsa_padding_mode:pss',
      '-sha512',
      '-keyout',
      'pss.key',
      '-out',
      'pss.crt',
      '-subj',
      '/CN=pss',
    );
    openssl('x509', '-in', 'pss.crt', '-outform', 'DER', '-out', 'pss.der');
    expect(endPoint(readFileSync(file('pss.der')))?.toString('hex')).toBe(sha('sha512', 'pss.der'));
    expect(endPoint(Buffer.from('not a certificate'))).toBeUndefined();
  });
  const sha = (digest: string, name: string) =>
    openssl('dgst', `-${digest}`, '-r', name).toString().split(' ')[0];

  it('presents a client certificate', async () => {
    const tls = {
      mode: 'verify-ca',
      ca: file('ca.crt'),
      cert: file('client.crt'),
      key: file('client.key'),
    } as const;
    const credential: Credential = { user: 'certified', secret: { kind: 'none' }, label: 'static' };
    expect(await outcome({ port: server.port, tls, credential })).toBe('ssl');
  });

  it('sends a password in clear over TLS only', async () => {
    const how = { port: server.port, credential: password('cleartext', 'pw') };
    expect(await outcome({ ...how, tls: { mode: 'require' } })).toBe('ssl');
    expect(await outcome({ ...how, tls: { mode: 'disable' } })).toBe('AuthenticationRefused');
  });

  it('answers md5, but not once the target has proved SCRAM', async () => {
    const memory = new AuthenticationMemory();
    const how = { port: server.port, tls: { mode: 'disable' }, memory } as const;
    expect(await outcome({ ...how, credential: password('old', 'pw') })).toBe('plain');
    expect(await outcome({ ...how, credential: password('postgres', server.superuser.password) })).toBe(
      'plain',
    );
    expect(await outcome({ ...how, credential: password('old', 'pw') })).toBe('AuthenticationRefused');
  });

  it('prepares passwords beyond ASCII as the server does', async () => {
    const how = { port: server.port, tls: { mode: 'disable' } } as const;
    expect(await outcome({ ...how, credential: password('ümlaut', 'pÄß\u00a0x') })).toBe('plain');
    expect(await outcome({ ...how, credential: password('ümlaut', 'pÄß x') })).toBe('plain');
    expect(await outcome({ ...how, credential: password('ümlaut', 'pÄss x') })).toBe('ServerError');
  });

  it('is spoken to in protocol 3.2, with its long cancel keys', async () => {
    const session = await serveSession(server, {
      connection: { host: 'localhost', tls: { mode: 'require' } },
    });
    const target = session.target as PostgresTarget;
    const upstream = await target.connect(new Map([['database', 'postgres']]));
    expect(upstream.cancelKey).toHaveLength(4 + 32);
    const running = upstream.query(['select pg_sleep(60)']);
    const failed = expect(running).rejects.toMatchObject({ sqlstate: '57014' });
    const deadline = Date.now() + 20_000;
    const active = "select from pg_stat_activity where query like '%pg_sleep(60)' and state = 'active'";
    while (
      (await server.query(`${active} and pid <> pg_backend_pid()`)).length === 0 &&
      Date.now() < deadline
    )
      await new Promise((resolve) => setTimeout(resolve, 50));
    await target.cancel(upstream);
    await failed;
    upstream.close();
    await session.stop();
  });

  it('carries a session, its bulk and its cancels over TLS', async () => {
    const session = await serveSession(server, {
      connection: { host: 'localhost', tls: { mode: 'verify-full', ca: file('ca.crt') } },
    });
    expect(session.target.fingerprint).toMatch(/^[0-9a-f]{64}$/);
    const client = await raw(session.url);
    client.send(say.query('select ssl from pg_stat_ssl where pid = pg_backend_pid()'));
    expect(await client.ready()).toContain('D \\0\\1\\0\\0\\0\\1t');
    client.send(say.query("select repeat('x', 1000) from generate_series(1, 20000)"));
    const lines = await client.ready();
    expect(lines.filter((line) => line.startsWith('D'))).toHaveLength(20_000);
    client.close();
    await session.stop();
  });
});

/** A server that says what a script tells it to, in answer to each message. */
async function scripted(
  answers: readonly ((bytes: Buffer) => Buffer | Promise<Buffer>)[],
): Promise<{ server: Server; port: number }> {
  const server = createServer((socket: Socket) => {
    let turn = 0;
    socket.on('error', () => {});
    socket.on('data', async (bytes: Buffer) => {
      const answer = answers[turn];
      turn += 1;
      if (answer) socket.write(await answer(bytes));
      else socket.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return { server, port: address !== null && typeof address === 'object' ? address.port : 0 };
}

const ask = (code: number, ...more: (Buffer | string)[]) => message(0x52, code, ...more);
const READY = Buffer.concat([ask(0), message(0x4b, 1, 2), message(0x5a, Buffer.from('I'))]);

describe('a server that does not mean well', () => {
  const attempt = async (
    answers: Parameters<typeof scripted>[0],
    credential: Credential = password('me', 'pw'),
    mode: TlsSettings['mode'] = 'disable',
  ) => {
    const { server, port } = await scripted(answers);
    try {
      return await outcome({ port, tls: { mode }, credential });
    } finally {
      server.close();
    }
  };

  it.each([
    ['says nothing and closes', [], 'DialError'],
    ['asks for GSS', [() => ask(7)], 'AuthenticationRefused'],
    ['asks for the password in clear', [() => ask(3)], 'AuthenticationRefused'],
    [
      'offers no mechanism we know',
      [() => ask(10, 'SCRAM-SHA-512', Buffer.from([0]))],
      'AuthenticationRefused',
    ],
    [
      'lets us in without having proved itself',
      [() => ask(10, 'SCRAM-SHA-256', Buffer.from([0])), () => READY],
      'AuthenticationRefused',
    ],
    ['sends rows before we are in', [() => message(0x44, Buffer.from([0, 0]))], 'AuthenticationRefused'],
    ['sends a length that lies', [() => Buffer.from([0x52, 0, 0, 0, 1])], 'BrokerError'],
    ['sends a message of two gigabytes', [() => Buffer.from([0x52, 0x7f, 0xff, 0xff, 0xff])], 'BrokerError'],
    ['answers start-up with HTTP', [() => Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')], 'BrokerError'],
  ] as const)('is refused when it %s', async (_, answers, expected) => {
    expect(await attempt(answers)).toBe(expected);
  });

  it.each(['prefer', 'require'] as const)(
    'may not send anything before TLS with tls.mode %s',
    async (mode) => {
      expect(await attempt([() => Buffer.concat([Buffer.from('S'), READY])], undefined, mode)).toBe(
        'DialError',
      );
      expect(await attempt([() => Buffer.concat([Buffer.from('N'), READY])], undefined, mode)).toBe(
        'DialError',
      );
    },
  );

  it('may not refuse TLS when it is required, nor break it off when it is preferred', async () => {
    expect(await attempt([() => Buffer.from('N')], undefined, 'require')).toBe('DialError');
    expect(await attempt([() => Buffer.from('S'), () => Buffer.from('rubbish')], undefined, 'prefer')).toBe(
      'DialError',
    );
  });

  it('must know the password itself', async () => {
    const scram = new ScramServer(await scramKeys('another password'));
    const first = (bytes: Buffer) =>
      ask(11, Buffer.from(scram.first(bytes.subarray(bytes.indexOf('n,,')).toString())));
    const answers = [
      () => ask(10, 'SCRAM-SHA-256', Buffer.from([0])),
      first,
      () => Buffer.concat([ask(12, Buffer.from('v=AAAA')), READY]),
    ];
    expect(await attempt(answers)).toBe('ScramError');
  });

  it('gets a bearer token by OAUTHBEARER, and its refusal is passed on', async () => {
    let said = '';
    const bearer: Credential = {
      user: 'me',
      secret: { kind: 'bearer', token: 'tok.en' },
      label: 'short-lived',
    };
    const refusing = [
      () => ask(10, 'OAUTHBEARER', Buffer.from([0])),
      (bytes: Buffer) => {
        said = bytes.toString('latin1');
        return ask(11, Buffer.from('{"status":"invalid_token"}'));
      },
      (bytes: Buffer) => {
        expect(bytes.toString('hex')).toBe('700000000501');
        return message(0x45, Buffer.from('SFATAL\0C28000\0Mno\0\0'));
      },
    ];
    expect(await attempt(refusing, bearer)).toBe('ServerError');
    expect(said.slice(5)).toBe('OAUTHBEARER\0\0\0\0\x18n,,\x01auth=Bearer tok.en\x01\x01');
    const accepting = [refusing[0], () => READY].filter((step) => step !== undefined);
    const { server, port } = await scripted(accepting);
    const upstream = await reach({ port, tls: { mode: 'disable' }, credential: bearer });
    expect(upstream.alive).toBe(true);
    upstream.close();
    server.close();
  });
});
