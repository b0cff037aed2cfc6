// The configuration, checked by the shelves it names as well: credential sources and detectors know what they understand.
import { type Loaded, type LoadOptions, loadConfig } from '../../config/load.ts';
import { CREDENTIAL_SOURCES } from '../../credentials/index.ts';
import { DETECTORS } from '../../detectors/index.ts';
import { nearest } from '../../lib/nearest.ts';
import type { Connection } from '../../model/connection.ts';
import type { CredentialSource } from '../../model/credential.ts';

interface Found {
  readonly path: string;
  readonly reason: string;
}

type Sources = Readonly<Record<string, CredentialSource>>;

/** `passwordVariable` as the file writes it; names such as PostgreSQL stay as they are. */
const snake = (text: string) =>
  text.replace(
    /([a-z])([A-Z])(?=[a-z])/g,
    (_, before: string, letter: string) => `${before}_${letter.toLowerCase()}`,
  );

function suggestion(word: string, known: readonly string[]): string {
  const meant = nearest(word, known);
  return meant ? `; did you mean ${meant}?` : ` (${known.join(', ')})`;
}

/** What a remote server is given is a token; what a database is given never comes from one's sign-in there. */
function misplaced(type: string, source: string): string | undefined {
  if (type === 'mcp')
    return ['oauth', 'keychain', 'oidc', 'exec'].includes(source)
      ? undefined
      : `gives nothing that an MCP server takes`;
  return source === 'oauth' ? 'is for connections of type mcp' : undefined;
}

function credentialProblems({ name, type, credential }: Connection, sources: Sources): readonly Found[] {
  const at = `connections.${name}.credential`;
  const source = sources[credential.source];
  if (!source)
    return [
      {
        path: `${at}.source`,
        reason: `is not a credential source${suggestion(credential.source, Object.keys(sources))}`,
      },
    ];
  const problem = misplaced(type, credential.source);
  if (problem) return [{ path: `${at}.source`, reason: problem }];
  return source
    .check(credential)
    .map(({ setting, reason }) => ({ path: `${at}.${snake(setting)}`, reason: snake(reason) }));
}

function detectorProblems({ name, masking }: Connection): readonly Found[] {
  const known = [...new Set(DETECTORS.map(({ type }) => type))];
  return (masking.detectors ?? [])
    .map((type, index) => ({ type, path: `connections.${name}.masking.detectors.${index}` }))
    .filter(({ type }) => !known.includes(type))
    .map(({ type, path }) => ({ path, reason: `there is no detector of ${type}${suggestion(type, known)}` }));
}

/** Throws what loadConfig throws; every shelf's complaint has its place in the file as well. */
export async function loadChecked(options: LoadOptions): Promise<Loaded> {
  const rows = Object.entries(CREDENTIAL_SOURCES).map(async ([id, load]) => [id, await load()] as const);
  const sources = Object.fromEntries(await Promise.all(rows));
  return loadConfig({
    ...options,
    check: ({ connections }) =>
      [...connections.values()].flatMap((connection) => [
        ...credentialProblems(connection, sources),
        ...detectorProblems(connection),
      ]),
  });
}
