// `broker mcp uninstall`: gives hosts back what they had, to the byte where nobody touched it. Must never give a file a secret that was not taken from it.
import type { AgentClient } from '../../agent/client.ts';
import { sha256 } from '../../lib/digest.ts';
import { BrokerError } from '../../model/errors.ts';
import { type FrontContext, frontPaths } from '../compose.ts';
import { type FileChange, onlyChanged } from './change.ts';
import { REFERENCES, referencesIn } from './findings.ts';
import { readHostFile, treeOf } from './host-file.ts';
import { type Done, named, type Plan } from './install.ts';
import { digestOf, wrappingOf } from './launch.ts';
import { real } from './links.ts';
import { namedIn } from './mend.ts';
import { type EntryRecord, type FileRecord, readRecord, samePath } from './record.ts';
import { type Choice, entriesOf, type Found, type Survey, survey } from './survey.ts';
import { undone, unwrapped } from './unwrap.ts';
import type { Entry } from './wrap.ts';

export interface UninstallOrder extends Choice {
  readonly servers: readonly string[];
  readonly all: boolean;
  readonly agent: () => Promise<AgentClient>;
  drifted(entry: Entry): Promise<void>;
}

async function lent(
  names: readonly string[],
  agent: () => Promise<AgentClient>,
): Promise<Map<string, string>> {
  const values = new Map<string, string>();
  if (names.length === 0) return values;
  const client = await agent();
  for (const name of names) {
    const value = await client.lendSecret(name);
    if (value !== undefined) values.set(name, value);
  }
  return values;
}

/** References that are left get their secrets back, so that the server works without us. */
function filled(text: string, values: ReadonlyMap<string, string>): string {
  return text.replace(REFERENCES, (whole, name: string) => {
    const value = values.get(name);
    return value === undefined ? whole : JSON.stringify(value).slice(1, -1);
  });
}

interface Undone {
  readonly text: string;
  readonly values: ReadonlyMap<string, string>;
}

function resultOf(entry: Entry, gone: boolean): Done['result'] {
  if (!wrappingOf(entry.launch)) return 'forgotten';
  return gone ? 'removed' : 'unwrapped';
}

class Planner {
  readonly #state: string;
  readonly #order: UninstallOrder;
  readonly #changes = new Map<string, FileChange>();
  readonly #untouched = new Map<string, FileChange>();
  readonly #done: Done[] = [];

  constructor(state: string, order: UninstallOrder) {
    this.#state = state;
    this.#order = order;
  }

  get changes(): readonly FileChange[] {
    return [...this.#changes.values()];
  }

  get done(): readonly Done[] {
    return this.#done;
  }

  /** The file as it would be by now. */
  #change({ host, place }: Pick<Found, 'host' | 'place'>, path: string): FileChange {
    const begun = this.#changes.get(path) ?? this.#untouched.get(path);
    if (begun) return begun;
    const file = readHostFile(place.file);
    const record = readRecord(this.#state, path);
    const fresh: FileChange = { host, file, after: file.text, record, taken: [], moves: 'out', forget: [] };
    this.#untouched.set(path, fresh);
    return fresh;
  }

  async #undo(
    text: string,
    entry: Entry,
    known: EntryRecord | undefined,
    record: FileRecord,
  ): Promise<Undone> {
    const parse = (each: string) => treeOf(entry.file, entry.host.format, each);
    const parts = { host: entry.host, path: entry.path, parse };
    // A project's file may name any secret: only what was taken from this file comes back into it.
    const own = new Set(record.entries.flatMap(({ secrets }) => secrets));
    const wanted = [...(known?.secrets ?? []), ...referencesIn(entry.launch).filter((name) => own.has(name))];
    const values = await lent([...new Set(wanted)], this.#order.agent);
    const exact =
      known?.digest === digestOf(entry.launch) ? undone(text, known.steps, { ...parts, values }) : undefined;
    if (exact !== undefined) return { text: exact, values };
    // Edited, or put there by hand: what stands behind broker now.
    if (known) await this.#order.drifted(entry);
    const plainly = unwrapped(text, parts);
    return { text: plainly === undefined ? text : filled(plainly, values), values };
  }

  async take({ host, place, name, path, real: file, launch }: Found): Promise<void> {
    const change = this.#change({ host, place }, file);
    const { record } = change;
    const text = change.after ?? '';
    const known = record.entries.find((each) => samePath(each.path, path));
    if (!(known ?? wrappingOf(launch))) return;
    const entry = entriesOf(host, place, text).find((each) => each.name === name);
    if (!entry) return;
    const { text: after, values } = await this.#undo(text, entry, known, record);
    onlyChanged(host, place.file, text, after, [path]);
    const left = entriesOf(host, place, after).find((each) => each.name === name);
    const entries = record.entries.filter((each) => each !== known);
    // A file that broker made, and that nobody added to, goes too.
    const { made } = record;
    const own = made !== undefined && sha256(text) === made.digest;
    const kept = own ? { made: { ...made, digest: sha256(after) } } : {};
    this.#changes.set(file, {
      ...change,
      after: own && entries.length === 0 ? (made.was ?? undefined) : after,
      record: { ...record, ...kept, entries },
      taken: [...change.taken, ...[...values].map(([secret, value]) => ({ name: secret, value }))],
      forget: [...change.forget, ...(known?.secrets ?? [])],
    });
    const notes = (left ? referencesIn(left.launch) : []).map(
      (secret) => `it still names ${secret}, which was not taken from this file and stays in the keychain`,
    );
    const result = resultOf(entry, left === undefined);
    this.#done.push({ host: host.id, scope: place.scope, file: place.file, server: name, result, notes });
  }

  /** Entries that somebody took out of a file that is there. */
  forgetGone({ looked, found }: Survey): void {
    const { servers, all } = this.#order;
    for (const { host, place, file } of looked)
      for (const entry of readRecord(this.#state, file.path).entries) {
        const server = entry.path.at(-1) ?? '';
        const ours = samePath(entry.path.slice(0, -1), place.path) && (all || servers.includes(server));
        const there = found.some((each) => each.real === file.path && samePath(each.path, entry.path));
        if (!ours || there) continue;
        const change = this.#change({ host, place }, file.path);
        const entries = change.record.entries.filter(({ path }) => !samePath(path, entry.path));
        this.#changes.set(file.path, {
          ...change,
          record: { ...change.record, entries },
          forget: [...change.forget, ...entry.secrets],
        });
        const notes = ['somebody took it out of the file'];
        this.#done.push({
          host: host.id,
          scope: place.scope,
          file: place.file,
          server,
          result: 'forgotten',
          notes,
        });
      }
  }
}

/** Secrets that entries name elsewhere, copied there by hand, stay. */
function forgetful(changes: readonly FileChange[], everything: Survey): FileChange[] {
  const edited = new Set(changes.map(({ file }) => file.path));
  const used = new Set([
    ...changes.flatMap(({ after }) => namedIn(after ?? '')),
    ...everything.looked.flatMap(({ file }) => (edited.has(file.path) ? [] : namedIn(file.text ?? ''))),
  ]);
  return changes.map((change) => ({ ...change, forget: change.forget.filter((name) => !used.has(name)) }));
}

/** What would be done. Throws before anything is changed. */
export async function planUninstall(context: FrontContext, order: UninstallOrder): Promise<Plan> {
  const { servers, all } = order;
  if (servers.length === 0 && !all)
    throw new BrokerError(
      'usage',
      { reason: 'it is not said what to uninstall', command: 'mcp uninstall' },
      { hint: 'name a server, or --all' },
    );
  const { state } = frontPaths(context);
  const planner = new Planner(state, order);
  const seen = survey(context, order);
  const lost = seen.unread.find(
    ({ server, place }) =>
      server === undefined && readRecord(state, real(place.file) ?? '').entries.length > 0,
  );
  if (all && lost) throw lost.error;
  planner.forgetGone(seen);
  const gone = planner.done.map(({ server }) => server);
  const found = all ? seen.found : named(seen, servers, gone);
  for (const each of found) await planner.take(each);
  return { changes: forgetful(planner.changes, survey(context, { hosts: [] })), done: planner.done };
}
