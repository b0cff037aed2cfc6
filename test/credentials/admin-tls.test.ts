// The admin connection checks TLS as libpq would: each sslmode against a server with a certificate, and one without TLS.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectAdmin } from '../../src/credentials/role/admin.ts';
import type { TlsMode } from '../../src/model/connection.ts';
import { contextOf } from '../contracts/credential.ts';
import { peer } from '../peers/peer.ts';
import { type PostgresPeer, startPostgres } from '../peers/postgres.ts';

describe.runIf(peer('openssl-jq'))('the admin connection', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tls-'));
  const file = (name: string) => join(folder, name);
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'ignore' });
  let secure: PostgresPeer;
  let plain: PostgresPeer;
  let wrongName: PostgresPeer;

  function issue(name: string, san: string): { cert: string; key: string } {
    openssl(
      'req',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      file(`${name}.key`),
      '-out',
      file(`${name}.csr`),
      '-subj',
      `/CN=${name}`,
      '-addext',
      `subjectAltName=${san}`,
    );
    openssl(
      'x509',
      '-req',
      '-in',
      file(`${name}.csr`),
      '-CA',
      file('ca.crt'),
      '-CAkey',
      file('ca.key'),
      '-out',
      file(`${name}.crt`),
      '-days',
      '2',
      '-copy_extensions',
      'copy',
    );
    return {
      cert: readFileSync(file(`${name}.crt`), 'utf8'),
      key: readFileSync(file(`${name}.key`), 'utf8'),
    };
  }

  beforeAll(async () => {
    for (const ca of ['ca', 'other'])
      openssl(
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-keyout',
        file(`${ca}.key`),
        '-out',
        file(`${ca}.crt`),
        '-days',
        '2',
        '-subj',
        `/CN=${ca}`,
      );
    const hba = 'local all all scram-sha-256\nhostssl all all 127.0.0.1/32 scram-sha-256\n';
    [secure, wrongName, plain] = await Promise.all([
      startPostgres({ version: 18, hba, tls: issue('server', 'IP:127.0.0.1,DNS:localhost') }),
      startPostgres({ version: 18, hba, tls: issue('elsewhere', 'DNS:db.elsewhere.example') }),
      startPostgres({ version: 18 }),
    ]);
  });
  afterAll(async () => {
    await Promise.all([secure.stop(), wrongName.stop(), plain.stop()]);
    rmSync(folder, { recursive: true });
  });

  /** Whether the connection is encrypted, or the code of the failure. */
  async function attempt(
    server: PostgresPeer,
    mode: TlsMode,
    ca?: string,
    host?: string,
  ): Promise<boolean | string> {
    const { user, password } = server.superuser;
    const tls = { mode, ...(ca === undefined ? {} : { ca: file(ca) }) };
    const world = { host: host ?? server.host, port: server.port, tls, secrets: { 'prod-db': password } };
    try {
      const admin = await connectAdmin(contextOf(world, { source: 'ephemeral-role' }), { user });
      const [row] = await admin.query('select ssl from pg_stat_ssl where pid = pg_backend_pid()');
      await admin.end();
      return row?.['ssl'] === true;
    } catch (error) {
      return (error as { code: string }).code;
    }
  }

  test.each<[TlsMode, string | undefined, boolean | string]>([
    ['disable', undefined, 'credential-failed'],
    ['allow', undefined, true],
    ['prefer', undefined, true],
    ['require', undefined, true],
    ['require', 'other.crt', 'target-unreachable'],
    ['verify-ca', 'missing.crt', 'credential-failed'],
    ['verify-ca', 'ca.crt', true],
    ['verify-ca', 'other.crt', 'target-unreachable'],
    ['verify-full', 'ca.crt', true],
    ['verify-full', 'other.crt', 'target-unreachable'],
  ])('to a server that wants TLS: %s with %s', async (mode, ca, expected) => {
    expect(await attempt(secure, mode, ca)).toBe(expected);
  });

  test('by name: the certificate must be for that name', async () => {
    expect(await attempt(secure, 'verify-full', 'ca.crt', 'localhost')).toBe(true);
    expect(await attempt(wrongName, 'verify-full', 'ca.crt', 'localhost')).toBe('target-unreachable');
    expect(await attempt(wrongName, 'verify-full', 'ca.crt')).toBe('target-unreachable');
    expect(await attempt(wrongName, 'verify-ca', 'ca.crt')).toBe(true);
  });

  test.each<[TlsMode, boolean | string]>([
    ['disable', false],
    ['allow', false],
    ['prefer', false],
    ['require', 'target-unreachable'],
    ['verify-full', 'target-unreachable'],
  ])('to a server without TLS: %s', async (mode, expected) => {
    expect(await attempt(plain, mode)).toBe(expected);
  });

  test('over the unix socket', async () => {
    expect(await attempt(plain, 'verify-full', undefined, plain.socketDir)).toBe(false);
  });
});
