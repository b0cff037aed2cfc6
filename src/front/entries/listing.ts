// How each server of each host stands: behind broker or not, edited since, broken. Reads only; one bad file must never hide the others.
import { loadConfig } from '../../config/load.ts';
import { table } from '../../lib/table.ts';
import { visible } from '../../lib/visible.ts';
import { BrokerError } from '../../model/errors.ts';
import { type FrontContext, frontPaths, openAgent } from '../compose.ts';
import { builtIn } from '../mcp/built-in.ts';
import { pinFolder, readPins, serverId } from '../mcp/pins.ts';
import { resolveProgram } from '../program.ts';
import { referencesIn } from './findings.ts';
import { digestOf, scriptOf, type Wrapping, wrappingOf } from './launch.ts';
import { settled } from './mend.ts';
import { impostor } from './own.ts';
import { type EntryRecord, readRecord, samePath } from './record.ts';
import { type Choice, type Found, type Looked, survey } from './survey.ts';

export interface Row {
  readonly host: string;
  readonly scope: string;
  readonly file: string;
  readonly server: string;
  readonly state: 'wrapped' | 'not-wrapped' | 'drifted' | 'broken';
  readonly connection?: string;
  /** Tools that are pinned for it, and how many of them changed. */
  readonly pinned?: number;
  readonly changed?: number;
  readonly reason?: string;
}

interface Facts {
  readonly context: FrontContext;
  readonly state: string;
  readonly connections: ReadonlySet<string> | undefined;
  /** An error where the keychain cannot be asked. */
  readonly secrets: ReadonlySet<string> | BrokerError | undefined;
}

function identity(wrapping: Wrapping, program: string | undefined): readonly string[] {
  if (wrapping.url !== undefined)
    return ['url', URL.canParse(wrapping.url) ? new URL(wrapping.url).href : wrapping.url];
  if (wrapping.inner.length === 0) return builtIn().identity ?? [];
  return [program ?? '', ...wrapping.inner.slice(1)];
}

function pinsOf(
  wrapping: Wrapping,
  program: string | undefined,
  state: string,
): Pick<Row, 'pinned' | 'changed'> {
  const pins = readPins(pinFolder(state), serverId(wrapping.connection, identity(wrapping, program)));
  if (!pins) return {};
  const tools = Object.values(pins.tools);
  return { pinned: tools.length, changed: tools.filter(({ changed }) => changed !== undefined).length };
}

/** Why a wrapped server could not be started as it stands there. */
function broken(
  { launch }: Found,
  wrapping: Wrapping,
  program: string | undefined,
  facts: Facts,
): string | undefined {
  const { environment, cwd } = facts.context;
  if (scriptOf(launch.words) === 'broker' && resolveProgram('broker', environment['PATH'], cwd) === undefined)
    return 'broker is not on PATH';
  const unknown = [wrapping.connection, ...wrapping.others].find(
    (name) => facts.connections?.has(name) === false,
  );
  if (unknown !== undefined) return `there is no connection named ${unknown}`;
  const { secrets } = facts;
  const references = referencesIn(launch);
  if (secrets instanceof BrokerError && references.length > 0) return secrets.message;
  const missing = references.find((name) => secrets instanceof Set && !secrets.has(name));
  if (missing !== undefined) return `the keychain has no secret named ${missing}`;
  const [first] = wrapping.inner;
  return first !== undefined && program === undefined ? `${first} is not on PATH` : undefined;
}

function rowOf(found: Found, known: EntryRecord | undefined, facts: Facts): Row {
  const { host, place, name, launch } = found;
  const base = { host: host.id, scope: place.scope, file: place.file, server: name };
  const wrapping = wrappingOf(launch);
  if (!wrapping)
    return known
      ? { ...base, state: 'drifted', connection: known.connection, reason: 'somebody took broker away' }
      : { ...base, state: 'not-wrapped' };
  const { context, state } = facts;
  const [first] = wrapping.inner;
  const program =
    first === undefined ? undefined : resolveProgram(first, context.environment['PATH'], context.cwd);
  const more = { connection: wrapping.connection, ...pinsOf(wrapping, program, state) };
  if (known && known.digest !== digestOf(launch))
    return { ...base, ...more, state: 'drifted', reason: 'it was edited after broker wrote it' };
  const reason = impostor(launch, known !== undefined) ?? broken(found, wrapping, program, facts);
  return reason === undefined
    ? { ...base, ...more, state: 'wrapped' }
    : { ...base, ...more, state: 'broken', reason };
}

async function keptIn(context: FrontContext): Promise<Facts['secrets']> {
  try {
    return new Set(await (await openAgent(context)).secrets());
  } catch (error) {
    if (error instanceof BrokerError) return error;
    throw error;
  }
}

async function factsOf(context: FrontContext, found: readonly Found[]): Promise<Facts> {
  const { config } = await loadConfig(context).catch(() => ({ config: undefined }));
  // The agent is asked only where something is in the keychain.
  const asked = found.some(({ launch }) => referencesIn(launch).length > 0);
  const secrets = asked ? await keptIn(context) : undefined;
  return {
    context,
    state: frontPaths(context).state,
    connections: config && new Set(config.connections.keys()),
    secrets,
  };
}

/** The records of a file as the file bears them out; an error where somebody spoilt them. */
function recordsOf(state: string, { file }: Looked): readonly EntryRecord[] | BrokerError {
  try {
    return settled(readRecord(state, file.path), file.text ?? '').record.entries;
  } catch (error) {
    if (error instanceof BrokerError) return error;
    throw error;
  }
}

function reasonOf({ code, details, message }: BrokerError): string {
  if (code === 'host-entry-unusable') return String(details['reason']);
  return code === 'host-file-invalid' ? `line ${details['line']}: ${details['reason']}` : message;
}

export async function listServers(context: FrontContext, choice: Choice): Promise<Row[]> {
  const { found, looked, unread } = survey(context, choice);
  const facts = await factsOf(context, found);
  const records = new Map(looked.map((each) => [each.file.path, recordsOf(facts.state, each)]));
  const rows = found.map((each): Row => {
    const known = records.get(each.real) ?? [];
    if (!(known instanceof BrokerError))
      return rowOf(
        each,
        known.find(({ path }) => samePath(path, each.path)),
        facts,
      );
    const { host, place, name: server } = each;
    const reason = known.message;
    return { host: host.id, scope: place.scope, file: place.file, server, state: 'broken', reason };
  });
  const bad = unread.map(({ host, place, server = '', error }): Row => {
    const reason = reasonOf(error);
    return { host: host.id, scope: place.scope, file: place.file, server, state: 'broken', reason };
  });
  return [...rows, ...bad];
}

function tools({ pinned, changed }: Row): string {
  if (pinned === undefined) return '';
  return changed ? `${pinned} pinned, ${changed} changed` : `${pinned} pinned`;
}

export function serverTable(rows: readonly Row[], home: string, width?: number): string {
  const lines = rows.map((row) => [
    row.host,
    row.scope,
    visible(row.server, { limit: 40 }),
    row.state === 'not-wrapped' ? 'not wrapped' : row.state,
    visible(row.connection ?? ''),
    tools(row),
    visible(row.reason ?? row.file.replace(`${home}/`, '~/')),
  ]);
  return table(
    ['HOST', 'SCOPE', 'SERVER', 'STATE', 'CONNECTION', 'TOOLS', 'WHY OR WHERE'],
    lines,
    width === undefined ? {} : { width },
  );
}
