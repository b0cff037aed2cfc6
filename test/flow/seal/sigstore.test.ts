import { createPublicKey } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleFromJSON } from '@sigstore/bundle';
import { toSignedEntity, toTrustMaterial, Verifier } from '@sigstore/verify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Archive, makeArchive } from '../../fakes/archive.ts';

let archive: Archive;
let files: string[];
beforeAll(async () => {
  archive = await makeArchive();
  files = readdirSync(join(archive.root, 'v1/stmt'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.sigstore.json'))
    .map((name) => join(archive.root, 'v1/stmt', name));
});
afterAll(() => archive.remove());

/** The signer's key, dug out of the PK token in the store: nothing of ours is asked. */
function keyOf(bundle: { dsseEnvelope: { payload: string } }) {
  const { subject } = JSON.parse(Buffer.from(bundle.dsseEnvelope.payload, 'base64').toString());
  const digest = subject.find((each: { name: string }) => each.name === 'pk-token.json').digest.sha256;
  const token = JSON.parse(
    readFileSync(join(archive.root, 'v1/blob/sha256', digest.slice(0, 2), digest), 'utf8'),
  );
  const { upk } = JSON.parse(Buffer.from(token.signatures[1].protected, 'base64url').toString());
  return createPublicKey({ format: 'jwk', key: upk });
}

function verifyForeign(text: string): void {
  const json = JSON.parse(text);
  const key = keyOf(json);
  const material = toTrustMaterial(
    { certificateAuthorities: [], ctlogs: [], tlogs: [], timestampAuthorities: [], mediaType: '' } as never,
    () => ({ publicKey: key, validFor: () => true }) as never,
  );
  const verifier = new Verifier(material, { tlogThreshold: 0, ctlogThreshold: 0, tsaThreshold: 0 } as never);
  verifier.verify(toSignedEntity(bundleFromJSON(json)));
}

describe('a statement file, read by Sigstore’s own libraries', () => {
  it('is a bundle of version 0.3 whose DSSE signature holds', () => {
    expect(files.length).toBe(13);
    for (const file of files) verifyForeign(readFileSync(file, 'utf8'));
  });

  it('is refused when its payload was changed', () => {
    const json = JSON.parse(readFileSync(files[2] as string, 'utf8'));
    const payload = Buffer.from(json.dsseEnvelope.payload, 'base64').toString().replace('prod-db', 'test-db');
    json.dsseEnvelope.payload = Buffer.from(payload).toString('base64');
    expect(() => verifyForeign(JSON.stringify(json))).toThrow(/signature/i);
  });
});
