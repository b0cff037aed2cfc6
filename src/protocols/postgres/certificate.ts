// What a server's certificate binds a connection to: its fingerprint, and tls-server-end-point (RFC 5929 section 4.1).
import { createHash } from 'node:crypto';

export function fingerprint(certificate: Buffer): string {
  return createHash('sha256').update(certificate).digest('hex');
}

/** Signature algorithm OIDs (DER, hex) → the digest that RFC 5929 prescribes; MD5 and SHA-1 become SHA-256. */
const DIGESTS: Readonly<Record<string, string>> = {
  '2a864886f70d010104': 'sha256',
  '2a864886f70d010105': 'sha256',
  '2a864886f70d01010e': 'sha224',
  '2a864886f70d01010b': 'sha256',
  '2a864886f70d01010c': 'sha384',
  '2a864886f70d01010d': 'sha512',
  '2a8648ce3d0401': 'sha256',
  '2a8648ce3d040301': 'sha224',
  '2a8648ce3d040302': 'sha256',
  '2a8648ce3d040303': 'sha384',
  '2a8648ce3d040304': 'sha512',
};
const RSA_PSS = '2a864886f70d01010a';
/** Digest OIDs inside RSA-PSS parameters. */
const PSS_DIGESTS: Readonly<Record<string, string>> = {
  '608648016503040201': 'sha256',
  '608648016503040202': 'sha384',
  '608648016503040203': 'sha512',
};

interface Element {
  readonly tag: number;
  readonly from: number;
  readonly to: number;
}

/** One DER element at `at`; undefined when it does not fit. */
function element(der: Buffer, at: number): Element | undefined {
  const tag = der[at];
  let length = der[at + 1];
  if (tag === undefined || length === undefined) return undefined;
  let from = at + 2;
  if (length >= 0x80) {
    const size = length & 0x7f;
    if (size < 1 || size > 4 || from + size > der.length) return undefined;
    length = der.readUIntBE(from, size);
    from += size;
  }
  const to = from + length;
  return to <= der.length ? { tag, from, to } : undefined;
}

function oidAt(der: Buffer, at: number): { oid: string; to: number } | undefined {
  const found = element(der, at);
  return found?.tag === 0x06 ? { oid: der.toString('hex', found.from, found.to), to: found.to } : undefined;
}

/** Digest named in RSASSA-PSS parameters: SEQUENCE { [0] { SEQUENCE { OID … } } … }. */
function pssDigest(der: Buffer, at: number): string | undefined {
  const parameters = element(der, at);
  const tagged = parameters && element(der, parameters.from);
  const algorithm = tagged?.tag === 0xa0 ? element(der, tagged.from) : undefined;
  const found = algorithm && oidAt(der, algorithm.from);
  return found && PSS_DIGESTS[found.oid];
}

/** The channel binding data of a certificate, or undefined when its signature names no digest (Ed25519). */
export function endPoint(certificate: Buffer): Buffer | undefined {
  const outer = element(certificate, 0);
  const body = outer && element(certificate, outer.from);
  const algorithm = body && element(certificate, body.to);
  const found = algorithm && oidAt(certificate, algorithm.from);
  if (!found) return undefined;
  const digest = found.oid === RSA_PSS ? pssDigest(certificate, found.to) : DIGESTS[found.oid];
  return digest === undefined ? undefined : createHash(digest).update(certificate).digest();
}
