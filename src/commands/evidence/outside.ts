// Reads and keeps what an auditor has outside the store. Must never replace a checkpoint that the store contradicts.
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import {
  type Checkpoint,
  checkpointText,
  parseCheckpoint,
  type TargetLog,
  TargetLogReader,
  type VerifiedStatement,
} from '../../flow/verify/index.ts';
import { writeAtomic } from '../../lib/atomic-file.ts';
import { readLines } from '../../lib/lines.ts';
import { readPins } from '../../lib/rfc3161.ts';
import { BrokerError } from '../../model/errors.ts';
import type { Predicate } from '../../model/evidence.ts';
import type { Verification } from '../../model/verdict.ts';
import type { CommandContext } from '../command.ts';

function path({ options, cwd }: CommandContext, name: string): string | undefined {
  const given = options[name];
  return typeof given === 'string' ? resolve(cwd, given) : undefined;
}

function unusable(file: string, reason: string, command: string): BrokerError {
  return new BrokerError('usage', { reason: `${file} ${reason}`, command });
}

/** The checkpoint that was named; undefined when there is none yet and `may` says that it is to be made. */
export async function checkpointOf(
  context: CommandContext,
  store: string,
  command: 'verify' | 'export',
): Promise<Checkpoint | undefined> {
  const file = path(context, 'checkpoint');
  if (file === undefined) return undefined;
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' && command === 'export') return undefined;
    throw unusable(file, `cannot be read: ${error.message}`, command);
  });
  if (text === undefined) return undefined;
  const checkpoint = parseCheckpoint(file, text);
  if (!checkpoint) throw unusable(file, 'is not a checkpoint', command);
  if (checkpoint.store !== store) throw unusable(file, 'is a checkpoint of another store', command);
  return checkpoint;
}

/** The newest statement of every writer, as an export meets them. */
export class Heads {
  readonly #heads = new Map<string, Predicate['seen'][number]>();

  take({ bundle, digest }: VerifiedStatement): void {
    const { writer, seq } = bundle.statement.predicate.chain;
    if (seq >= (this.#heads.get(writer)?.seq ?? 0)) this.#heads.set(writer, { writer, seq, head: digest });
  }

  /** Writes the checkpoint that was asked for. Writers that did not write in this span are kept from the older one. */
  async keep(
    context: CommandContext,
    store: string,
    before: Checkpoint | undefined,
    result: Verification,
  ): Promise<void> {
    const file = path(context, 'checkpoint');
    if (file === undefined) return;
    const broken = [...result.integrity.findings, ...result.completeness.findings].some(
      ({ step, verdict }) => step === 'checkpoint' || verdict === 'FORK',
    );
    if (broken) return;
    for (const each of before?.heads ?? [])
      if (!this.#heads.has(each.writer)) this.#heads.set(each.writer, each);
    const time = new Date(context.clock.now()).toISOString();
    await writeAtomic(file, checkpointText(store, time, [...this.#heads.values()]));
  }
}

/** Certificates of time stamping authorities, as PEM. */
export async function authoritiesOf(context: CommandContext): Promise<string | undefined> {
  const file = path(context, 'tsa');
  if (file === undefined) return undefined;
  try {
    const pem = await readFile(file, 'utf8');
    readPins(pem);
    return pem;
  } catch (error) {
    throw unusable(file, `holds no certificates: ${(error as Error).message}`, 'verify');
  }
}

export async function targetLogOf(context: CommandContext): Promise<TargetLog | undefined> {
  const file = path(context, 'targetLog');
  if (file === undefined) return undefined;
  const reader = new TargetLogReader();
  try {
    for await (const lines of readLines(file, { torn: 0 })) for (const line of lines) reader.push(line);
  } catch (error) {
    throw unusable(file, `cannot be read: ${(error as Error).message}`, 'verify');
  }
  return reader.result(file);
}
