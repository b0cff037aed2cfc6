// Folders made up to attack who checks them: verify.sh takes nothing that is signed for a number, a path or a command.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { VERIFY_SH } from '../../src/exporters/bundle-verify.ts';
import { canonical, type Json } from '../../src/lib/canonical.ts';
import { sha256 } from '../../src/lib/digest.ts';
import { preAuthentication } from '../../src/lib/dsse.ts';
import { blobKey, encodeBundle } from '../../src/model/bundle.ts';
import { PAYLOAD_TYPE, STATEMENT_TYPE } from '../../src/model/evidence.ts';
import { jwksBlob, PK_TOKEN_BLOB } from '../../src/model/sealed.ts';
import { workFolder } from '../fakes/installation.ts';
import { fakeProvider } from '../fakes/sign-in.ts';
import { peer } from '../peers/peer.ts';

const WRITER = 'aaaaaaaaaaaaaaaa';
const STORE = 'b'.repeat(26);
const KEY = `v1/stmt/day=2026-03-01/writer=${WRITER}/0000000000-epoch.sigstore.json`;
const COMMAND = 'x[$(touch pwned)]';
const PATH = '../../../../../../../../tmp/broker-pwned';

const work = workFolder();
afterAll(() => work.remove());
let count = 0;

interface Forged {
  readonly seq?: Json;
  readonly writer?: string;
  readonly pkToken?: string;
  readonly subject?: { readonly name: string; readonly digest: string };
  readonly approvals?: Json;
  readonly index?: object;
}

/** One statement, properly signed by somebody properly signed in, with whatever in it. */
async function folderOf(forged: Forged): Promise<string> {
  const folder = join(work.path, `folder-${count++}`);
  const write = (name: string, text: string | Uint8Array) => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  };
  const provider = fakeProvider();
  const from = Date.parse('2026-03-01T00:00:00Z');
  const { signer, pkToken, sightings } = await provider.signIn('mallory', {
    iat: from,
    exp: from + 3_600_000,
  });
  const looks = sightings.map(({ text }) => text);
  for (const text of [pkToken, ...looks]) write(blobKey(sha256(text)), text);
  const subject = [
    ...looks.map((text, nth) => ({ name: jwksBlob(nth), digest: { sha256: sha256(text) } })),
    { name: PK_TOKEN_BLOB, digest: { sha256: sha256(pkToken) } },
    ...(forged.subject ? [{ name: forged.subject.name, digest: { sha256: forged.subject.digest } }] : []),
  ];
  const predicate = {
    kind: 'epoch',
    key: KEY,
    store: STORE,
    identity: { ...signer.identity, pkToken: forged.pkToken ?? sha256(pkToken) },
    chain: { writer: forged.writer ?? WRITER, epoch: 1, seq: forged.seq ?? 0, prev: '0'.repeat(64) },
    ...(forged.approvals === undefined ? {} : { approvals: forged.approvals }),
  };
  const statement = {
    _type: STATEMENT_TYPE,
    subject,
    predicateType: 'urn:access-broker:predicate:v1',
    predicate,
  };
  const payload = Buffer.from(canonical(statement as unknown as Json));
  const file = encodeBundle(
    payload,
    signer.sign(preAuthentication(PAYLOAD_TYPE, payload)),
    signer.identity.jkt,
  );
  write(KEY, file);
  write('v1/store.json', canonical({ id: STORE }));
  const heads = { [WRITER]: { seq: 0, sha256: sha256(file) } };
  write('index.json', JSON.stringify({ statements: [1], heads, withheld: [], ...forged.index }));
  write('verify.sh', VERIFY_SH);
  return folder;
}

async function check(forged: Forged) {
  const folder = await folderOf(forged);
  const before = readdirSync(folder).sort();
  const { status, stdout, stderr } = spawnSync('bash', ['verify.sh'], { cwd: folder, encoding: 'utf8' });
  expect(readdirSync(folder).sort()).toEqual(before);
  for (const end of ['', '.pem', '.who', '.jkt', '.att', '.nonce', '.ok'])
    expect(existsSync(`/tmp/broker-pwned${end}`)).toBe(false);
  return { status, stdout, stderr };
}

describe.runIf(peer('openssl-jq'))('verify.sh over a folder that was made up', () => {
  it('takes it when nothing in it is wrong but whose it is', async () => {
    expect(await check({})).toMatchObject({ status: 0, stdout: expect.stringMatching(/^OK: 1 statements/) });
  });

  it.each<[string, Forged]>([
    ['a number is a command', { seq: COMMAND }],
    ['a number is no number', { seq: '0x10' }],
    ['a writer is a command', { writer: 'a]=1; $(touch pwned); b[' }],
    ['a writer is nobody', { writer: '' }],
    ['a PK token is a path', { pkToken: PATH }],
    ['a digest is a path', { subject: { name: 'policy.json', digest: PATH } }],
    ['a digest is a pattern', { subject: { name: 'policy.json', digest: '*' } }],
    ['a log is a path', { subject: { name: 'events.jsonl.gz', digest: PATH } }],
    ['provider keys are a path', { subject: { name: 'jwks-1.json', digest: '../../etc/hostname' } }],
    ['a name has a line break', { subject: { name: 'policy.json\nx', digest: 'a'.repeat(64) } }],
    ['an approval is a pattern', { approvals: [{ request: '*', decisions: [COMMAND] }] }],
  ])('refuses it, and does nothing, when %s', async (_, forged) => {
    const { status, stdout, stderr } = await check(forged);
    expect([status, stdout]).toEqual([6, '']);
    expect(stderr).toMatch(/^BAD /);
  });

  it.each<[string, object]>([
    ['what was left out is a command', { withheld: [COMMAND, '*', 'x]=$(touch pwned)'] }],
    ['heads are of nobody', { heads: { 'x]$(touch pwned)': { seq: 1, sha256: COMMAND } } }],
  ])('does nothing when in its index %s', async (_, index) => {
    const { stderr } = await check({ index });
    expect(stderr).not.toContain('command not found');
  });
});
