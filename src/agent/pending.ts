// The outbox on disk: signed statements and their blobs, waiting for the store. Must never show a file that is not whole.
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isTemporary, makeFolder, writeOnce } from '../lib/atomic-file.ts';
import { isSha256, sha256 } from '../lib/digest.ts';
import { parseBundle, statementFile } from '../model/bundle.ts';
import type { InTotoStatement, StatementKind } from '../model/evidence.ts';

export interface PendingStatement {
  readonly writer: string;
  readonly seq: number;
  readonly path: string;
  readonly size: number;
  /** Milliseconds since the epoch. */
  readonly since: number;
}

export interface LoadedStatement extends PendingStatement {
  readonly bytes: Buffer;
  readonly digest: string;
  readonly statement: InTotoStatement;
}

const FILE = /^(\d{10})-[a-z]{4,8}\.sigstore\.json$/;

async function names(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

export class Pending {
  readonly blobs: string;
  readonly #statements: string;

  constructor(folder: string) {
    this.blobs = join(folder, 'blob');
    this.#statements = join(folder, 'stmt');
  }

  /** Makes the folders, and sweeps what a killed process left half written. Nothing else may be writing yet. */
  async prepare(): Promise<void> {
    await makeFolder(this.blobs);
    await makeFolder(this.#statements);
    for (const folder of [this.blobs, ...(await this.writers()).map((each) => join(this.#statements, each))])
      for (const name of await names(folder))
        if (isTemporary(name)) await rm(join(folder, name), { force: true });
    const wanted = await this.referenced().catch(() => undefined);
    // A waiting statement that cannot be read may name any of them: then all are kept.
    if (!wanted) return;
    for (const name of await names(this.blobs)) if (!wanted.has(name)) await this.removeBlob(name);
  }

  writers(): Promise<string[]> {
    return names(this.#statements);
  }

  async addBlob(bytes: Uint8Array | string): Promise<string> {
    const digest = sha256(bytes);
    await writeOnce(join(this.blobs, digest), bytes);
    return digest;
  }

  /** Throws when the number was used before: a sequence number is never given twice. */
  async addStatement(writer: string, seq: number, kind: StatementKind, bytes: Uint8Array): Promise<void> {
    const folder = join(this.#statements, writer);
    await makeFolder(folder);
    const prefix = `${String(seq).padStart(10, '0')}-`;
    if ((await names(folder)).some((name) => name.startsWith(prefix)))
      throw new Error(`statement ${seq} of ${writer} exists`);
    if ((await writeOnce(join(folder, statementFile(seq, kind)), bytes)) === 'exists')
      throw new Error(`statement ${seq} of ${writer} exists`);
  }

  /** One writer's waiting statements in chain order. */
  async statements(writer: string): Promise<PendingStatement[]> {
    const found: PendingStatement[] = [];
    for (const name of await names(join(this.#statements, writer))) {
      const [, seq] = FILE.exec(name) ?? [];
      const path = join(this.#statements, writer, name);
      const about = seq === undefined ? undefined : await stat(path).catch(() => undefined);
      if (about) found.push({ writer, seq: Number(seq), path, size: about.size, since: about.mtimeMs });
    }
    return found;
  }

  async load(pending: PendingStatement): Promise<LoadedStatement> {
    const bytes = await readFile(pending.path);
    return { ...pending, bytes, digest: sha256(bytes), statement: parseBundle(bytes).statement };
  }

  /** Digests of all blobs that a waiting statement names. */
  async referenced(): Promise<Set<string>> {
    const digests = new Set<string>();
    for (const writer of await this.writers())
      for (const pending of await this.statements(writer)) {
        const { statement } = await this.load(pending);
        for (const subject of statement.subject) digests.add(subject.digest.sha256);
      }
    return digests;
  }

  /** The blob's size, or undefined when it does not wait here. */
  async blobSize(digest: string): Promise<number | undefined> {
    return (await stat(join(this.blobs, digest)).catch(() => undefined))?.size;
  }

  blobPath(digest: string): string {
    return join(this.blobs, digest);
  }

  async blobsWaiting(): Promise<string[]> {
    return (await names(this.blobs)).filter(isSha256);
  }

  async removeBlob(digest: string): Promise<void> {
    await rm(join(this.blobs, digest), { force: true });
  }

  async removeStatement(pending: PendingStatement): Promise<void> {
    await rm(pending.path, { force: true });
  }
}
