// Time stamps (RFC 3161): the request for some bytes, and whether a token is a stamp over them. Must never take a token for another's bytes.
import { createHash, verify, X509Certificate } from 'node:crypto';
import { type Der, DerError, der, derItems, expectTag, oidText, readDer, TAG } from './der.ts';

export class TimestampError extends Error {}

export interface Timestamp {
  /** Milliseconds since the epoch, by the authority's clock. */
  readonly time: number;
  /** Whose certificate signed, as it names itself. */
  readonly authority: string;
  /** The certificate leads to one that was given. */
  readonly pinned: boolean;
}

const OID = {
  signedData: '1.2.840.113549.1.7.2',
  info: '1.2.840.113549.1.9.16.1.4',
  contentType: '1.2.840.113549.1.9.3',
  messageDigest: '1.2.840.113549.1.9.4',
  certificate: '1.2.840.113549.1.9.16.2.12',
  certificateV2: '1.2.840.113549.1.9.16.2.47',
  purpose: '1.3.6.1.5.5.7.3.8',
} as const;

const SHA256 = '2.16.840.1.101.3.4.2.1';
const DIGESTS: Readonly<Record<string, string>> = {
  [SHA256]: 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
};
/** Signature algorithms that say their digest themselves; rsaEncryption leaves it to the digest algorithm. */
const SIGNATURES: Readonly<Record<string, string | undefined>> = {
  '1.2.840.113549.1.1.1': undefined,
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
};

/** sha256 as an AlgorithmIdentifier. */
const SHA256_ALGORITHM = Buffer.from('300d06096086480165030402010500', 'hex');

/** TimeStampReq for the SHA-256 of `data`, with the authority's certificate asked for. `nonce`: 8 to 20 octets. */
export function timestampRequest(data: Uint8Array, nonce: Uint8Array): Buffer {
  const imprint = createHash('sha256').update(data).digest();
  return der(
    TAG.sequence,
    der(TAG.integer, Buffer.of(1)),
    der(TAG.sequence, SHA256_ALGORITHM, der(TAG.octets, imprint)),
    // A leading zero keeps it positive; the first octet after it is not zero, so that it is spelled shortest.
    der(TAG.integer, Buffer.of(0, 0x80 | (nonce[0] ?? 0)), nonce.subarray(1)),
    der(1, Buffer.of(0xff)),
  );
}

/** The token of a TimeStampResp that grants one. */
export function tokenOfResponse(response: Buffer): Buffer {
  return guarded(() => {
    const [status, token] = derItems(expectTag(readDer(response), TAG.sequence));
    const [code] = derItems(expectTag(status, TAG.sequence));
    const granted = expectTag(code, TAG.integer).value.toString('hex');
    if (granted !== '00' && granted !== '01') throw new TimestampError('the authority refused');
    return Buffer.from(expectTag(token, TAG.sequence).whole);
  });
}

/** Everything but DER's own complaints goes through. */
function guarded<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof TimestampError) throw error;
    if (error instanceof DerError) throw new TimestampError(`the token cannot be read: ${error.message}`);
    throw new TimestampError(`the token cannot be judged: ${(error as Error).message}`);
  }
}

interface Token {
  readonly info: Buffer;
  readonly certificates: readonly X509Certificate[];
  readonly signer: readonly Der[];
}

function open(token: Buffer): Token {
  const outer = readDer(token);
  if (outer.whole.length !== token.length) throw new TimestampError('something follows the token');
  const [type, content] = derItems(expectTag(outer, TAG.sequence));
  if (oidText(type) !== OID.signedData) throw new TimestampError('it is no signed data');
  const [signed] = derItems(expectTag(content, 0xa0));
  const [, , encapsulated, ...rest] = derItems(expectTag(signed, TAG.sequence));
  const [kind, wrapped] = derItems(expectTag(encapsulated, TAG.sequence));
  if (oidText(kind) !== OID.info) throw new TimestampError('it is signed data, but no time stamp');
  const [info] = derItems(expectTag(wrapped, 0xa0));
  const certificates = rest.find(({ tag }) => tag === 0xa0);
  const [signer, second] = derItems(expectTag(rest.at(-1), TAG.set));
  if (second) throw new TimestampError('it has two signers');
  return {
    info: expectTag(info, TAG.octets).value,
    certificates: certificates
      ? derItems(certificates)
          .slice(0, 8)
          .map(({ whole }) => new X509Certificate(whole))
      : [],
    signer: derItems(expectTag(signer, TAG.sequence)),
  };
}

/** `20260301090000Z`, with or without a fraction. */
function generalizedTime(item: Der | undefined): number {
  const text = expectTag(item, TAG.time).value.toString('latin1');
  const [, year, month, day, hour, minute, second, fraction = ''] =
    /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\.\d{1,9})?Z$/.exec(text) ?? [];
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}${fraction.slice(0, 4)}Z`);
  if (Number.isNaN(time)) throw new TimestampError('its time cannot be read');
  return time;
}

function readInfo(bytes: Buffer, data: Uint8Array): number {
  const [, , imprint, , time] = derItems(expectTag(readDer(bytes), TAG.sequence));
  const [algorithm, hashed] = derItems(expectTag(imprint, TAG.sequence));
  const [oid] = derItems(expectTag(algorithm, TAG.sequence));
  const digest = DIGESTS[oidText(oid)];
  if (!digest) throw new TimestampError('its digest algorithm is not accepted');
  if (!createHash(digest).update(data).digest().equals(expectTag(hashed, TAG.octets).value))
    throw new TimestampError('it stamps other bytes than this signature');
  return generalizedTime(time);
}

/** Values of signed attributes by type; each has one. */
function attributes(set: Der): ReadonlyMap<string, Der> {
  const found = new Map<string, Der>();
  for (const attribute of derItems(set)) {
    const [type, values] = derItems(expectTag(attribute, TAG.sequence));
    const [value, second] = derItems(expectTag(values, TAG.set));
    const name = oidText(type);
    if (!value || second || found.has(name)) throw new TimestampError('an attribute is not there once');
    found.set(name, value);
  }
  return found;
}

/** The certificate that the token itself binds: a digest of it is among what was signed. */
function signingCertificate(
  known: ReadonlyMap<string, Der>,
  all: readonly X509Certificate[],
): X509Certificate {
  const v2 = known.get(OID.certificateV2);
  const attribute = v2 ?? known.get(OID.certificate);
  const [list] = derItems(expectTag(attribute, TAG.sequence));
  const [first] = derItems(expectTag(list, TAG.sequence));
  const parts = derItems(expectTag(first, TAG.sequence));
  const named = parts[0]?.tag === TAG.sequence ? oidText(derItems(parts[0])[0]) : SHA256;
  const algorithm = v2 ? DIGESTS[named] : 'sha1';
  const hash = expectTag(
    parts.find(({ tag }) => tag === TAG.octets),
    TAG.octets,
  ).value;
  const found = algorithm && all.find(({ raw }) => createHash(algorithm).update(raw).digest().equals(hash));
  if (!found) throw new TimestampError('the certificate that signed it is not known');
  return found;
}

function signatureOf(signer: readonly Der[]): {
  readonly known: ReadonlyMap<string, Der>;
  holds(by: X509Certificate): boolean;
} & {
  readonly digest: string;
} {
  const signed = signer.find(({ tag }) => tag === 0xa0);
  const at = signed ? signer.indexOf(signed) : 0;
  if (!signed || at < 1) throw new TimestampError('it has no signed attributes');
  const [digestOid] = derItems(expectTag(signer[at - 1], TAG.sequence));
  const [signatureOid] = derItems(expectTag(signer[at + 1], TAG.sequence));
  const digest = DIGESTS[oidText(digestOid)];
  const scheme = oidText(signatureOid);
  const hash = SIGNATURES[scheme] ?? digest;
  if (!digest || !hash || !Object.hasOwn(SIGNATURES, scheme))
    throw new TimestampError('its signature algorithm is not accepted');
  const signature = expectTag(signer[at + 2], TAG.octets).value;
  // What is signed is spelled as a SET (RFC 5652 section 5.4).
  const bytes = Buffer.concat([Buffer.of(TAG.set), signed.whole.subarray(1)]);
  return { known: attributes(signed), digest, holds: (by) => verify(hash, bytes, by.publicKey, signature) };
}

function validAt({ validFrom, validTo }: X509Certificate, time: number): boolean {
  return time >= Date.parse(validFrom) && time <= Date.parse(validTo);
}

/** Whether a certificate is one of the pins, or leads to one over at most four others. */
function leadsTo(
  certificate: X509Certificate,
  pins: readonly X509Certificate[],
  between: readonly X509Certificate[],
  time: number,
): boolean {
  let at = certificate;
  for (let step = 0; step < 5; step++) {
    if (pins.some(({ raw }) => raw.equals(at.raw))) return true;
    const issuer = [...pins, ...between].find(
      (each) =>
        each.ca &&
        validAt(each, time) &&
        !each.raw.equals(at.raw) &&
        at.checkIssued(each) &&
        at.verify(each.publicKey),
    );
    if (!issuer) return false;
    at = issuer;
  }
  return false;
}

/** Certificates of a PEM file. Throws TimestampError when there is none. */
export function readPins(pem: string): readonly X509Certificate[] {
  const found = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return guarded(() => {
    if (found.length === 0) throw new TimestampError('it holds no certificate');
    return found.map((each) => new X509Certificate(each));
  });
}

/** What a token says of `data`. With `pins` the authority must lead to one of them. Throws TimestampError. */
export function verifyTimestamp(
  token: Buffer,
  data: Uint8Array,
  pins?: readonly X509Certificate[],
): Timestamp {
  return guarded(() => {
    const { info, certificates, signer } = open(token);
    const time = readInfo(info, data);
    const { known, digest, holds } = signatureOf(signer);
    if (oidText(known.get(OID.contentType)) !== OID.info) throw new TimestampError('it signs something else');
    const hashed = expectTag(known.get(OID.messageDigest), TAG.octets).value;
    if (!createHash(digest).update(info).digest().equals(hashed))
      throw new TimestampError('what it signs is not what it says');
    const by = signingCertificate(known, [...certificates, ...(pins ?? [])]);
    if (!holds(by)) throw new TimestampError('the authority’s signature does not hold');
    if (!(by.keyUsage ?? []).includes(OID.purpose))
      throw new TimestampError('its certificate is not for time stamps');
    if (!validAt(by, time)) throw new TimestampError('its certificate was not valid then');
    const pinned = pins !== undefined && leadsTo(by, pins, certificates, time);
    if (pins && !pinned) throw new TimestampError('it is by an authority that was not given');
    return { time, authority: by.subject.split('\n').at(-1) ?? '', pinned };
  });
}
