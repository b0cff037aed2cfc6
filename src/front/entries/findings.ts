// Secrets in an entry's environment and arguments, and addresses of databases that the session replaces. Pure; must never keep a secret.
import { createScanner } from '../../detectors/index.ts';
import type { Launch } from './launch.ts';

export interface Finding {
  /** Where: a variable, or a word after the command. */
  readonly at: { readonly variable: string } | { readonly word: number };
  /** The text that is taken out; the rest of the value stays. */
  readonly taken: string;
  /** `database`: an address that the session's own stands for; `secret`: moved into the keychain. */
  readonly kind: 'secret' | 'database';
  /** What a secret is called, from its variable or flag. */
  readonly name: string;
}

const NAME =
  /(?:^|[_.-])(?:token|secret|passw(?:or)?d|passphrase|pwd|pat|auth|credentials?|api[_-]?key|access[_-]?key|private[_-]?key|secret[_-]?key|key|dsn)$|(?:token|secret|password|apikey)$/i;
/** `API_KEY_FILE` names a file. */
const NO_NAME = /(?:_file|_path|_dir|_url|_id|_name|public[_-]?key)$/i;

/** What hosts and broker fill in themselves, and what stands for nothing. */
const REFERENCE =
  /^(?:\$\{.*\}|\$\w+|\{(?:env|file):.*\}|\{\{.*\}\}|<[^>]*>|\*+|x{3,}|true|false|yes|no|null|none|\d{1,5})$/i;
const PATHLIKE = /^(?:~|\.{0,2})\/[^\s:@]*$|^[A-Za-z]:\\/;

const DATABASE = /^postgres(?:ql)?:\/\/\S+$/i;

const scanner = (): ReturnType<typeof createScanner> =>
  createScanner(['cloud-key', 'connection-string', 'jwt', 'private-key', 'secret', 'password']);

function isReference(value: string): boolean {
  return value === '' || REFERENCE.test(value) || /\$\{[^}]*\}|\{\{[^}]*\}\}/.test(value);
}

function secretlyNamed(name: string, value: string): boolean {
  return NAME.test(name) && !NO_NAME.test(name) && !PATHLIKE.test(value);
}

/** Undefined when nothing has to be taken out of `value`. */
function judged(name: string, value: string): Pick<Finding, 'taken' | 'kind'> | undefined {
  if (isReference(value)) return undefined;
  if (DATABASE.test(value)) return { taken: value, kind: 'database' };
  if (secretlyNamed(name, value)) return { taken: value, kind: 'secret' };
  const line = `${name}=${value}`;
  const found = scanner()
    .scan(line)
    .some(({ end }) => end > name.length + 1);
  return found ? { taken: value, kind: 'secret' } : undefined;
}

function words(launch: Launch): Finding[] {
  return launch.words.flatMap((word, at): Finding[] => {
    if (at === 0) return [];
    const before = launch.words[at - 1] ?? '';
    const flag = /^--?([\w.-]+)$/.exec(before)?.[1] ?? '';
    const [, own = '', given = ''] = /^--?([\w.-]+)=(.*)$/s.exec(word) ?? [];
    // `docker run -e NAME=value`
    const [, variable = '', set = ''] = /^([A-Za-z_]\w*)=(.*)$/s.exec(word) ?? [];
    const name = own || variable || (word.startsWith('-') ? '' : flag);
    const found = judged(name, own ? given : variable ? set : word);
    return found ? [{ at: { word: at }, name: name || `argument-${at}`, ...found }] : [];
  });
}

/** Shorter texts stand elsewhere by chance. */
const SHORTEST_REPEATED = 9;

/** The same secret where nothing else gives it away: it would not be gone if it stayed there. */
function repeated(launch: Launch, found: readonly Finding[]): Finding[] {
  const secrets = found
    .filter(({ kind, taken }) => kind === 'secret' && taken.length >= SHORTEST_REPEATED)
    .map(({ taken }) => taken);
  const places = [
    ...Object.entries(launch.env).map(([variable, value]) => ({ at: { variable }, name: variable, value })),
    ...launch.words.map((value, word) => ({ at: { word }, name: `argument-${word}`, value })).slice(1),
  ];
  const known = new Set(found.map(({ at }) => JSON.stringify(at)));
  return places.flatMap(({ at, name, value }): Finding[] => {
    const taken = known.has(JSON.stringify(at)) ? undefined : secrets.find((each) => value.includes(each));
    return taken === undefined ? [] : [{ at, taken, kind: 'secret', name }];
  });
}

export function findingsOf(launch: Launch): readonly Finding[] {
  const variables = Object.entries(launch.env).flatMap(([variable, value]): Finding[] => {
    const found = judged(variable, value);
    return found ? [{ at: { variable }, name: variable, ...found }] : [];
  });
  const found = [...variables, ...words(launch)];
  return [...found, ...repeated(launch, found)];
}

/** How an entry names a secret that is in the keychain. */
export function reference(name: string): string {
  return `{{keychain:${name}}}`;
}

export const REFERENCES = /\{\{keychain:([A-Za-z0-9][A-Za-z0-9._/@-]{0,127})\}\}/g;

export function referencesIn(launch: Launch): readonly string[] {
  const texts = [...launch.words, ...Object.values(launch.env)];
  return [...new Set(texts.flatMap((text) => [...text.matchAll(REFERENCES)].map(([, name = '']) => name)))];
}
