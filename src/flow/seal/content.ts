// Turns a session's spool folder into the blobs a bundle vouches for: events and transcripts. Memory does not grow with the session.
import { readdir, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createExclusive, syncFolder, temporaryName } from '../../lib/atomic-file.ts';
import { sha256, sha256File } from '../../lib/digest.ts';
import { fileChunks, gzipInto, type Packed } from '../../lib/gzip.ts';
import { wholeLength } from '../../lib/lines.ts';
import { MerkleTree, type TreeState } from '../../lib/merkle.ts';
import type { Subject } from '../../model/evidence.ts';
import {
  EVENTS_BLOB,
  eventsBlob,
  LineSalts,
  lineLeaf,
  sealedHeader,
  TRANSCRIPT_BLOB,
} from '../../model/sealed.ts';
import { TRANSCRIPT_NAME } from '../../model/segment.ts';
import { APPROVALS_BLOB, type NamedApprovals } from '../../model/session-approvals.ts';
import { type Damage, damageOf, mergeSegments } from './segments.ts';
import { Tally, type TallyResult, type TallyState } from './tally.ts';

export interface SealOrder {
  /** The session's spool folder. */
  readonly folder: string;
  readonly session: string;
  /** Where blobs go, each named by its SHA-256. Same file system as nothing in particular; must exist. */
  readonly blobs: string;
  /** 64 hex characters nobody can guess. */
  readonly salt: string;
  /** What parts of the session took up before. */
  readonly progress?: Progress;
  /** The session goes on: only what is new and whole is taken up, no transcript. */
  readonly part?: boolean;
}

/** How far the parts of a session have come, so that the next one and its end go on from there. Plain JSON. */
export interface Progress {
  /** Digests of the logs so far, in their order. */
  readonly logs: readonly string[];
  readonly offsets: Readonly<Record<string, number>>;
  readonly tree: TreeState;
  readonly tally: TallyState;
  readonly damage: readonly Damage[];
}

export interface SealedContent {
  readonly subjects: readonly Subject[];
  readonly events: { readonly count: number; readonly merkleRoot: string; readonly first?: number };
  readonly progress: Progress;
  readonly tally: TallyResult;
  readonly damage: readonly Damage[];
  /** Time of the last event, when there is one. */
  readonly last: string | undefined;
}

/** What is being put together: the tree of the whole session, and of a part the tree of its own events. */
interface Work {
  readonly order: SealOrder;
  readonly tree: MerkleTree;
  readonly own: MerkleTree | undefined;
  readonly tally: Tally;
  readonly damage: Damage[];
  readonly offsets: Record<string, number>;
}

async function* sealedLines({ order, tree, own, tally, damage, offsets }: Work): AsyncGenerator<string> {
  let seq = tree.count;
  yield `${sealedHeader(order.salt, order.session, seq)}\n`;
  const salts = new LineSalts(order.salt, seq);
  const reading = { offsets, growing: order.part === true };
  for await (const batch of mergeSegments(order.folder, damage, reading)) {
    let text = '';
    for (const { data, time, type, parts, value } of batch) {
      const line = `{"data":${data}${parts.beforeSeq}${seq}${parts.beforeTime}${time}","type":"${type}${parts.tail}`;
      const leaf = lineLeaf(salts.next(), line);
      tree.append(leaf);
      own?.append(leaf);
      tally.add(type, time, value);
      text += `${line}\n`;
      seq += 1;
    }
    yield text;
  }
}

/** Writes one blob under its digest's name; what stands there afterwards has been read back. */
async function writeBlob(
  blobs: string,
  name: string,
  pieces: AsyncIterable<Uint8Array | string>,
): Promise<Packed> {
  const temporary = temporaryName(join(blobs, name));
  const handle = await createExclusive(temporary);
  let packed: Packed;
  try {
    packed = await gzipInto(handle, pieces);
  } finally {
    await handle.close();
  }
  const back = await sha256File(temporary);
  if (back.digest !== packed.digest) throw new Error(`${name} does not read back as it was written`);
  await rename(temporary, join(blobs, packed.digest));
  await syncFolder(dirname(temporary));
  return packed;
}

/** How much of a transcript is whole; nothing of what is no file at all. */
async function measure(
  path: string,
): Promise<{ readonly whole: number; readonly torn: number; readonly reason?: Damage['reason'] }> {
  try {
    return await wholeLength(path);
  } catch (error) {
    return { whole: 0, torn: 0, reason: damageOf(error) };
  }
}

async function sealTranscripts(order: SealOrder, damage: Damage[]): Promise<Subject[]> {
  const subjects: Subject[] = [];
  const files = (await readdir(order.folder)).filter((name) => TRANSCRIPT_NAME.test(name)).sort();
  for (const file of files) {
    const { whole, torn, reason } = await measure(join(order.folder, file));
    if (reason) damage.push({ file, reason, count: 1 });
    if (torn > 0) damage.push({ file, reason: 'torn-line', count: 1 });
    if (whole === 0) continue;
    const name = subjects.length === 0 ? TRANSCRIPT_BLOB : `transcript-${subjects.length}.cast.gz`;
    const packed = await writeBlob(order.blobs, name, fileChunks(join(order.folder, file), whole));
    subjects.push({ name, digest: { sha256: packed.digest } });
  }
  return subjects;
}

/** Requests for which the statement has no room get a blob of their own. */
async function sealApprovals(order: SealOrder, named: NamedApprovals): Promise<readonly Subject[]> {
  if (named.kind !== 'blob') return [];
  const digest = sha256(named.text);
  const temporary = temporaryName(join(order.blobs, APPROVALS_BLOB));
  const handle = await createExclusive(temporary);
  try {
    await handle.writeFile(named.text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, join(order.blobs, digest));
  await syncFolder(order.blobs);
  return [{ name: APPROVALS_BLOB, digest: { sha256: digest } }];
}

/** Merges, salts, hashes and compresses. The spool folder is left as it was. */
export async function sealContent(order: SealOrder): Promise<SealedContent> {
  const { progress, part = false } = order;
  const tree = new MerkleTree(progress?.tree);
  const first = tree.count;
  const own = part ? new MerkleTree() : undefined;
  const tally = new Tally(progress?.tally);
  const damage = [...(progress?.damage ?? [])];
  const work: Work = { order, tree, own, tally, damage, offsets: { ...progress?.offsets } };
  const before = progress?.logs ?? [];
  const packed = await writeBlob(order.blobs, EVENTS_BLOB, sealedLines(work));
  const logs = [...before, packed.digest];
  const result = tally.result();
  const named = part
    ? logs.map((digest, log) => ({ digest, log })).slice(-1)
    : logs.map((digest, log) => ({ digest, log }));
  const rest = part
    ? []
    : [...(await sealTranscripts(order, damage)), ...(await sealApprovals(order, result.approvals))];
  return {
    subjects: [
      ...named.map(({ digest, log }) => ({ name: eventsBlob(log), digest: { sha256: digest } })),
      ...rest,
    ],
    events: own
      ? { count: own.count, merkleRoot: own.root(), ...(first > 0 ? { first } : {}) }
      : { count: tree.count, merkleRoot: tree.root() },
    progress: { logs, offsets: work.offsets, tree: tree.state, tally: tally.state, damage },
    tally: result,
    damage,
    last: tally.last,
  };
}
