// A real time stamping authority: OpenSSL's, behind an HTTP server on loopback. Made anew for each test file.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface AuthorityPeer {
  readonly url: string;
  /** Certificate of the authority's issuer, PEM, and the file it is in. */
  readonly pem: string;
  readonly file: string;
  /** How many stamps were asked for. */
  readonly asked: number;
  /** From now on it answers 503. */
  fail(yes: boolean): void;
  stop(): Promise<void>;
}

const CONFIGURATION = `[req]
distinguished_name=dn
prompt=no
[dn]
CN=Test time stamping authority
[ca]
basicConstraints=critical,CA:true
keyUsage=critical,keyCertSign
[leaf]
extendedKeyUsage=critical,timeStamping
[tsa]
default_tsa=authority
[authority]
serial=serial
crypto_device=builtin
signer_cert=tsa.pem
certs=ca.pem
signer_key=tsa.key
signer_digest=sha256
default_policy=1.2.3.4.1
digests=sha256
ess_cert_id_chain=no
ess_cert_id_alg=sha256
`;

export async function startAuthority(): Promise<AuthorityPeer> {
  const folder = mkdtempSync(join(tmpdir(), 'broker-tsa-'));
  const openssl = (...args: string[]) =>
    execFileSync('openssl', args, { cwd: folder, stdio: 'ignore', timeout: 60_000 });
  writeFileSync(join(folder, 'tsa.cnf'), CONFIGURATION);
  writeFileSync(join(folder, 'serial'), '01\n');
  const p256 = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-config', 'tsa.cnf'];
  openssl('req', '-x509', ...p256, '-keyout', 'ca.key', '-out', 'ca.pem', '-extensions', 'ca', '-days', '30');
  openssl('req', ...p256, '-subj', '/CN=Stamper', '-keyout', 'tsa.key', '-out', 'tsa.csr');
  const issue = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'tsa.cnf'];
  openssl(
    'x509',
    '-req',
    '-in',
    'tsa.csr',
    ...issue,
    '-extensions',
    'leaf',
    '-days',
    '30',
    '-out',
    'tsa.pem',
  );
  let asked = 0;
  let failing = false;
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      asked += 1;
      if (failing) {
        response.writeHead(503).end();
        return;
      }
      writeFileSync(join(folder, 'query'), Buffer.concat(pieces));
      openssl('ts', '-reply', '-config', 'tsa.cnf', '-queryfile', 'query', '-out', 'reply');
      response.writeHead(200, { 'content-type': 'application/timestamp-reply' });
      response.end(readFileSync(join(folder, 'reply')));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const file = join(folder, 'ca.pem');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    pem: readFileSync(file, 'utf8'),
    file,
    get asked() {
      return asked;
    },
    fail: (yes) => {
      failing = yes;
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
