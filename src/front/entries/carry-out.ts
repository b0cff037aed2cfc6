// Carries out what is planned for host files, one broker at a time. Whatever ends it, file, record and keychain agree, or the next run makes them.
import { isDeepStrictEqual } from 'node:util';
import type { AgentClient } from '../../agent/client.ts';
import { BrokerError } from '../../model/errors.ts';
import { type FrontContext, frontPaths, openAgent } from '../compose.ts';
import { type FileChange, hidden } from './change.ts';
import { findingsOf, reference } from './findings.ts';
import type { Taken } from './kept.ts';
import { real } from './links.ts';
import { exclusively } from './locks.ts';
import { mend, mendAll } from './mend.ts';
import { type FileRecord, readRecord, samePath, writeBackup, writeRecord } from './record.ts';
import { replaceHostFile } from './replace.ts';
import { entriesOf, machineOf } from './survey.ts';
import { secretName } from './wrap.ts';

type OpenAgent = () => Promise<AgentClient>;

type Entries = FileRecord['entries'];

/** Entries that come, go, or become others; of those that become others, what they become. */
function between(before: FileRecord, after: FileRecord): Entries {
  const unlike = (some: Entries, others: Entries) =>
    some.filter((entry) => !others.some((each) => isDeepStrictEqual(each, entry)));
  const come = unlike(after.entries, before.entries);
  const rest = [...before.entries, ...(before.begun?.entries ?? [])];
  const go = rest.filter(
    ({ path }) => ![...after.entries, ...come].some((each) => samePath(each.path, path)),
  );
  return [...come, ...go];
}

/** Also of servers that stay as they are: a copy of the file must not be another place where their secrets lie. */
function secretsIn(context: FrontContext, { host, file, taken }: FileChange): readonly Taken[] {
  const places = host.places(machineOf(context)).filter((place) => real(place.file) === file.path);
  const others = places
    .flatMap((place) => entriesOf(host, place, file.text ?? ''))
    .flatMap((entry) =>
      findingsOf(entry.launch).map(({ name, taken: value }) => ({ name: secretName(entry, name), value })),
    );
  return [...taken, ...others.filter(({ value }) => !taken.some((each) => each.value === value))];
}

interface Hands {
  readonly context: FrontContext;
  readonly state: string;
  readonly agent: OpenAgent;
}

async function forwards(
  { context, state, agent }: Hands,
  change: FileChange,
  before: FileRecord,
): Promise<void> {
  const { file, after, taken, moves, forget, record } = change;
  if (moves === 'in') for (const { name, value } of taken) await (await agent()).setSecret(name, value);
  if (file.text !== undefined && before.entries.length === 0)
    await writeBackup(state, file.path, hidden(file.text, secretsIn(context, change), reference));
  if (after !== file.text) await replaceHostFile(file, after);
  for (const name of forget) await (await agent()).deleteSecret(name);
  await writeRecord(state, record);
}

/** First what is intended, then secrets, file and record. Throws `host-file-changed`, `host-file-unwritable`. */
async function carryOut(hands: Hands, change: FileChange, before: FileRecord): Promise<void> {
  const { state, agent } = hands;
  const { file, host, record } = change;
  const { made } = record;
  const begun = { host: host.id, entries: between(before, record), ...(made ? { made } : {}) };
  await writeRecord(state, { ...before, begun });
  try {
    await forwards(hands, change, before);
  } catch (error) {
    // What was begun stays on record where it cannot be taken back: the next run does.
    await mend(state, file.path, agent).catch(() => undefined);
    throw error;
  }
}

const quoted = (word: string): string =>
  /^[\w.@/-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

/** What was done to one file, and the command that takes it back. */
function backOf({ host, file, record, moves }: FileChange, before: FileRecord): string {
  const servers = [...new Set(between(before, record).map(({ path }) => path.at(-1) ?? ''))].map(quoted);
  const scopes = new Set(between(before, record).map(({ scope }) => scope));
  const [scope] = scopes.size === 1 ? scopes : [];
  const options = `--host ${host.id}${scope === undefined ? '' : ` --scope ${scope}`}`;
  const command =
    moves === 'in'
      ? `taken back by \`broker mcp uninstall ${servers.join(' ')} ${options}\``
      : `broker stands before ${servers.join(', ')} no more`;
  return `${file.shown}: ${command}`;
}

/** A file that could not be changed leaves those before it as they are now: which ones must be said. */
function tellingWhatIsDone(error: unknown, done: readonly string[]): unknown {
  if (!(error instanceof BrokerError) || done.length === 0) return error;
  const hint = `${error.hint}; then the same command does the rest. Done before that: ${done.join('; ')}`;
  return new BrokerError(error.code, error.details, { hint, cause: error });
}

/** Plans and carries out; what is done, is done from the files as they are then. Throws as `plan` does, and `host-file-busy`. */
export async function settle<P extends { readonly changes: readonly FileChange[] }>(
  context: FrontContext,
  plan: () => Promise<P>,
): Promise<P> {
  const { state } = frontPaths(context);
  let opened: Promise<AgentClient> | undefined;
  const agent = (): Promise<AgentClient> => {
    opened ??= openAgent(context);
    return opened;
  };
  await mendAll(state, agent);
  return exclusively(state, context.signal, {
    ready: (file) => mend(state, file, agent),
    plan,
    filesOf: ({ changes }) => changes.map(({ file }) => file.path),
    carryOut: async ({ changes }) => {
      const done: string[] = [];
      for (const change of changes) {
        const before = readRecord(state, change.file.path);
        try {
          await carryOut({ context, state, agent }, change, before);
        } catch (error) {
          throw tellingWhatIsDone(error, done);
        }
        done.push(backOf(change, before));
      }
    },
  });
}
