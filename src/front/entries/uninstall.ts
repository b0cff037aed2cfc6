// `broker mcp uninstall`: gives hosts back what they had, to the byte where nobody touched it. Must never delete a secret before the file has it again.
import type { AgentClient } from '../../agent/client.ts';
import { sha256 } from '../../lib/digest.ts';
import { BrokerError } from '../../model/errors.ts';
import { type FrontContext, frontPaths } from '../compose.ts';
import { type FileChange, onlyChanged } from './change.ts';
import { REFERENCES, referencesIn } from './findings.ts';
import { readHostFile, treeOf } from './host-file.ts';
import { type Done, named } from './install.ts';
import { digestOf, wrappingOf } from './launch.ts';
import { type EntryRecord, readRecord, samePath } from './record.ts';
import { type Choice, entriesOf, type Found, survey } from './survey.ts';
import { undone, unwrapped } from './unwrap.ts';
import type { Entry } from './wrap.ts';

export interface UninstallOrder extends Choice {
  readonly servers: readonly string[];
  readonly all: boolean;
  readonly agent: () => Promise<AgentClient>;
  drifted(entry: Entry): Promise<void>;
}

export interface Undoing {
  readonly change: FileChange;
  /** Secrets nothing names any more. */
  readonly secrets: readonly string[];
}

export interface UndoPlan {
  readonly undoings: readonly Undoing[];
  readonly done: readonly Done[];
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

async function undo(
  text: string,
  entry: Entry,
  known: EntryRecord | undefined,
  order: UninstallOrder,
): Promise<Undone> {
  const parts = {
    host: entry.host,
    path: entry.path,
    parse: (each: string) => treeOf(entry.file, entry.host.format, each),
  };
  const names = [...new Set([...(known?.secrets ?? []), ...referencesIn(entry.launch)])];
  const values = await lent(names, order.agent);
  const exact =
    known?.digest === digestOf(entry.launch) ? undone(text, known.steps, { ...parts, values }) : undefined;
  if (exact !== undefined) return { text: exact, values };
  // Edited, or put there by hand: what stands behind broker now.
  if (known) await order.drifted(entry);
  const plainly = unwrapped(text, parts);
  return { text: plainly === undefined ? text : filled(plainly, values), values };
}

function resultOf(entry: Entry, gone: boolean): Done['result'] {
  if (!wrappingOf(entry.launch)) return 'forgotten';
  return gone ? 'removed' : 'unwrapped';
}

/** What would be done. Throws before anything is changed. */
export async function planUninstall(context: FrontContext, order: UninstallOrder): Promise<UndoPlan> {
  const { state } = frontPaths(context);
  if (order.servers.length === 0 && !order.all)
    throw new BrokerError(
      'usage',
      { reason: 'it is not said what to uninstall', command: 'mcp uninstall' },
      { hint: 'name a server, or --all' },
    );
  const found: readonly Found[] = order.all
    ? survey(context, order).found
    : named(context, order, order.servers);
  const undoings = new Map<string, Undoing>();
  const done: Done[] = [];
  for (const { host, place, name, path, real } of found) {
    const begun = undoings.get(real);
    const file = begun?.change.file ?? readHostFile(place.file);
    const record = begun?.change.record ?? readRecord(state, real);
    const text = begun?.change.after ?? file.text ?? '';
    const known = record.entries.find((each) => samePath(each.path, path));
    const entry = entriesOf(host, place, text).find((each) => each.name === name);
    if (!entry || !(known ?? wrappingOf(entry.launch))) continue;
    const { text: after, values } = await undo(text, entry, known, order);
    onlyChanged(host, place.file, text, after, [path]);
    const gone = !entriesOf(host, place, after).some((each) => each.name === name);
    const entries = record.entries.filter((each) => each !== known);
    // A file that broker made, and that nobody added to, goes too.
    const { made } = record;
    const own = made !== undefined && sha256(text) === made.digest;
    const kept = own ? { made: { ...made, digest: sha256(after) } } : {};
    const whole = own && entries.length === 0 ? (made.was ?? undefined) : after;
    undoings.set(real, {
      change: {
        host,
        file,
        after: whole,
        record: { ...record, ...kept, entries },
        taken: [
          ...(begun?.change.taken ?? []),
          ...[...values].map(([secret, value]) => ({ name: secret, value })),
        ],
      },
      secrets: [...(begun?.secrets ?? []), ...(known?.secrets ?? [])],
    });
    done.push({
      host: host.id,
      scope: place.scope,
      file: place.file,
      server: name,
      result: resultOf(entry, gone),
      notes: [],
    });
  }
  return { undoings: [...undoings.values()], done };
}
