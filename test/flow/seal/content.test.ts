import { execFileSync } from 'node:child_process';
import { createCipheriv } from 'node:crypto';
import { appendFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openRecorder } from '../../../src/flow/record/journal.ts';
import { sealContent } from '../../../src/flow/seal/index.ts';
import { damageOf } from '../../../src/flow/seal/segments.ts';
import { sha256 } from '../../../src/lib/digest.ts';
import { leafHash, MerkleTree } from '../../../src/lib/merkle.ts';
import { parseApprovalsBlob } from '../../../src/model/session-approvals.ts';
import { type FakeClock, fakeClock } from '../../fakes/clock.ts';
import { origin, recordStatement, workFolder } from '../../fakes/installation.ts';

let work: ReturnType<typeof workFolder>;
let folder: string;
let clock: FakeClock;
beforeEach(() => {
  work = workFolder();
  folder = join(work.path, 's1');
  mkdirSync(folder);
  mkdirSync(join(work.path, 'blobs'));
  clock = fakeClock();
});
afterEach(() => work.remove());

const SALT = 'ab'.repeat(32);
const seal = () => sealContent({ folder, session: 's1', blobs: join(work.path, 'blobs'), salt: SALT });
const recorder = (who: 'worker' | 'front' = 'worker') =>
  openRecorder({ folder, origin: origin('s1', who), clock });

function lines(content: Awaited<ReturnType<typeof seal>>, name = 'events.jsonl.gz'): string[] {
  const digest = content.subjects.find((each) => each.name === name)?.digest.sha256 as string;
  const bytes = readFileSync(join(work.path, 'blobs', digest));
  expect(sha256(bytes)).toBe(digest);
  return gunzipSync(bytes).toString().trimEnd().split('\n');
}

const approval = (number: number, more: object = {}) => ({
  id: `request-${String(number).padStart(6, '0')}`,
  day: '2026-03-01',
  request: sha256(`request ${number}`),
  decisions: [sha256(`decision ${number}`)],
  consumed: sha256(`consumed ${number}`),
  outcome: 'used' as const,
  strength: 'fresh-sign-in' as const,
  waited: 1_000_000 + number,
  ...more,
});

describe('requests of a session', () => {
  it('are named by the statement, each once, in the order in which they ended', async () => {
    const worker = recorder();
    for (const number of [2, 1, 2])
      worker.append('approval.end', { ...approval(number), conversation: 1, statement: number });
    // Another recorder's slip is not signed as an approval.
    worker.append('approval.end', { ...approval(3), outcome: 'perhaps' } as never);
    await worker.close();
    const content = await seal();
    expect(content.tally.approvals).toEqual({ kind: 'named', approvals: [approval(2), approval(1)] });
    expect(content.subjects.map((each) => each.name)).toEqual(['events.jsonl.gz']);
  });

  it.each([
    ['too many', 65, {}],
    ['too long', 60, { decisions: Array.from({ length: 9 }, (_, at) => sha256(String(at))).sort() }],
  ])('go into a blob when they are %s for a statement', async (_, count, more) => {
    const worker = recorder();
    const all = Array.from({ length: count }, (__, number) => approval(number, more));
    for (const each of all) worker.append('approval.end', each);
    await worker.close();
    const content = await seal();
    expect(content.tally.approvals.kind).toBe('blob');
    const digest = content.subjects.find((each) => each.name === 'approvals.json')?.digest.sha256 as string;
    const bytes = readFileSync(join(work.path, 'blobs', digest));
    expect(sha256(bytes)).toBe(digest);
    expect(parseApprovalsBlob(bytes.toString())).toEqual({ approvals: all, more: 0 });
  });
});

describe('sealing a journal', () => {
  it('merges the segments of all recorders in time order and numbers the events', async () => {
    const [worker, front] = [recorder(), recorder('front')];
    for (let number = 1; number <= 4; number++) {
      worker.append('cancel', { conversation: number });
      front.append('client.disconnect', { conversation: number, reason: 'over' });
    }
    await Promise.all([worker.close(), front.close()]);
    const [header, ...events] = lines(await seal());
    expect(JSON.parse(header as string)).toEqual({
      format: 'urn:access-broker:events:v1',
      salt: SALT,
      session: 's1',
    });
    expect(
      events
        .map((line) => JSON.parse(line))
        .map(({ seq, recorder: by, data }) => [seq, by, data.conversation]),
    ).toEqual([
      [0, 'worker', 1],
      [1, 'front', 1],
      [2, 'worker', 2],
      [3, 'front', 2],
      [4, 'worker', 3],
      [5, 'front', 3],
      [6, 'worker', 4],
      [7, 'front', 4],
    ]);
    expect(JSON.parse(events[0] as string)).toEqual({
      ...origin('s1'),
      seq: 0,
      time: '2026-03-01T09:00:00.000000Z',
      type: 'cancel',
      data: { conversation: 1 },
    });
  });

  it('commits to the salted lines with the tree of RFC 6962', async () => {
    const worker = recorder();
    for (let number = 1; number <= 7; number++) worker.append('cancel', { conversation: number });
    await worker.close();
    const content = await seal();
    const tree = new MerkleTree();
    // AES-256 of the line's number under the salt, asked of the block cipher itself.
    const saltOf = (seq: number) => {
      const block = Buffer.alloc(16);
      block.writeUInt32BE(seq, 12);
      return createCipheriv('aes-256-ecb', Buffer.from(SALT, 'hex'), null).update(block).toString('hex');
    };
    for (const [seq, line] of lines(content).slice(1).entries()) tree.append(leafHash(saltOf(seq) + line));
    expect(content.events).toEqual({ count: 7, merkleRoot: tree.root() });
  });

  it('counts decisions, rows and masked values', async () => {
    const worker = recorder();
    recordStatement(worker, 1);
    recordStatement(worker, 2, 'deny');
    await worker.close();
    expect((await seal()).tally).toEqual({
      counts: { statements: 2, allowed: 1, asked: 0, denied: 1, rows: 1 },
      decisions: { allow: 1, ask: 0, deny: 1 },
      masking: { masked: 1, blocked: 0 },
      approvals: { kind: 'none' },
    });
  });

  it('seals what is there when a recording was exchanged for a link, a folder or a pipe, and says so', async () => {
    const worker = recorder();
    worker.append('cancel', { conversation: 1 });
    await worker.close();
    symlinkSync('/etc/passwd', join(folder, 'front.cast'));
    symlinkSync('/etc/passwd', join(folder, 'events-front-0.jsonl'));
    mkdirSync(join(folder, 'events-front-1.jsonl'));
    execFileSync('mkfifo', [join(folder, 'events-front-2.jsonl'), join(folder, 'worker.cast')]);
    const content = await seal();
    expect(content.events.count).toBe(1);
    expect(content.subjects.map(({ name }) => name)).toEqual(['events.jsonl.gz']);
    expect(content.damage.map(({ file, reason }) => `${file} ${reason}`).sort()).toEqual([
      'events-front-0.jsonl unreadable',
      'events-front-1.jsonl unreadable',
      'events-front-2.jsonl unreadable',
      'front.cast unreadable',
      'worker.cast unreadable',
    ]);
  });

  it('gives nothing up for lost because this process ran out of something', () => {
    expect(() => damageOf(Object.assign(new Error('too many open files'), { code: 'EMFILE' }))).toThrow();
    expect(damageOf(Object.assign(new Error('is a link'), { code: 'ELOOP' }))).toBe('unreadable');
    expect(damageOf(new RangeError('a line is too long'))).toBe('too-long');
  });

  it('keeps everything around a torn or broken line, and says what it left out', async () => {
    const worker = recorder();
    worker.append('cancel', { conversation: 1 });
    await worker.close();
    const path = join(folder, 'events-worker-0.jsonl');
    appendFileSync(path, 'rubbish\n');
    appendFileSync(path, '{"data":{"b":2,"a":1},"time":"2026-03-01T09:00:01.000000Z","type":"cancel"}\n');
    appendFileSync(path, '{"data":{"conversation":3},"time":"2026-03-0');
    writeFileSync(join(folder, 'events-worker-1.jsonl'), 'no header\n');
    writeFileSync(
      join(folder, 'front.cast'),
      '{"version":2,"width":1,"height":1}\n[0.1,"o","x"]\n[0.2,"o","to',
    );
    const content = await seal();
    expect(content.damage).toEqual([
      { file: 'events-worker-1.jsonl', reason: 'bad-header', count: 1 },
      { file: 'events-worker-0.jsonl', reason: 'torn-line', count: 1 },
      { file: 'events-worker-0.jsonl', reason: 'bad-line', count: 1 },
      { file: 'front.cast', reason: 'torn-line', count: 1 },
    ]);
    const events = lines(content)
      .slice(1)
      .map((line) => JSON.parse(line).data);
    expect(events).toEqual([{ conversation: 1 }, { a: 1, b: 2 }]);
    expect(lines(content, 'transcript.cast.gz')).toEqual([
      '{"version":2,"width":1,"height":1}',
      '[0.1,"o","x"]',
    ]);
  });

  it('seals a session that recorded nothing', async () => {
    const content = await seal();
    expect(content.events).toEqual({ count: 0, merkleRoot: sha256('') });
    expect(content.last).toBeUndefined();
  });

  it('gives the same bytes for the same journal and salt', async () => {
    const worker = recorder();
    recordStatement(worker, 1);
    await worker.close();
    expect((await seal()).subjects).toEqual((await seal()).subjects);
  });
});
