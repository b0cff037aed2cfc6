// Start-up parameters: which go to the server as they are, which are judged as the SET they amount to, which are refused.
import { BrokerError } from '../../model/errors.ts';

/** NAMEDATALEN less its terminator. */
const MAX_NAME = 63;

/** Change neither what a text means nor who runs it. */
const HARMLESS: ReadonlySet<string> = new Set([
  'bytea_output',
  'datestyle',
  'default_transaction_deferrable',
  'default_transaction_isolation',
  'default_transaction_read_only',
  'extra_float_digits',
  'geqo',
  'idle_in_transaction_session_timeout',
  'idle_session_timeout',
  'intervalstyle',
  'jit',
  'lock_timeout',
  'statement_timeout',
  'timezone',
  'transaction_timeout',
]);

/** Ours to say, whatever the client asks for. */
const OURS: ReadonlySet<string> = new Set([
  'application_name',
  'client_encoding',
  'database',
  'standard_conforming_strings',
  'user',
]);

interface StartParameters {
  /** Sent with the server's own start-up packet. */
  readonly sent: ReadonlyMap<string, string>;
  /** Setting and value that must be allowed as a SET before they are sent too. */
  readonly judged: readonly { readonly name: string; readonly value: string; readonly statement: string }[];
  readonly application: string | undefined;
}

/** `broker/<session>` behind the client's own name, within what the server keeps. */
export function applicationName(application: string | undefined, session: string): string {
  const ours = `broker/${session}`;
  if (!application) return ours.slice(0, MAX_NAME);
  let name = application;
  while (name !== '' && Buffer.byteLength(`${name} ${ours}`) > MAX_NAME)
    name = [...name].slice(0, -1).join('');
  return name === '' ? ours.slice(0, MAX_NAME) : `${name} ${ours}`;
}

function unsupported(what: string, mend: string): BrokerError {
  return new BrokerError('unsupported', { what, mend });
}

/** `-c a=b --c=d` with backslash escapes, as the server splits it. Throws `unsupported` for anything else. */
export function readOptions(options: string): [string, string][] {
  const words = [...options.matchAll(/(?:\\[\s\S]|[^\s\\])+/g)].map(([word]) =>
    word.replace(/\\([\s\S])/g, '$1'),
  );
  const settings: [string, string][] = [];
  for (let index = 0; index < words.length; index++) {
    let word = words[index] ?? '';
    if (word === '-c') {
      index += 1;
      word = words[index] ?? '';
    } else if (word.startsWith('-c') || word.startsWith('--')) word = word.slice(2);
    else throw unsupported(`the start-up option "${word}"`, 'use only -c name=value');
    const equals = word.indexOf('=');
    if (equals < 1) throw unsupported(`the start-up option "${word}"`, 'use only -c name=value');
    settings.push([word.slice(0, equals).replaceAll('-', '_'), word.slice(equals + 1)]);
  }
  return settings;
}

function literal(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}

/** The SET a setting amounts to. */
function statement(name: string, value: string): string {
  const folded = name.toLowerCase();
  if (folded === 'role') return `SET ROLE ${literal(value)}`;
  if (folded === 'session_authorization') return `SET SESSION AUTHORIZATION ${literal(value)}`;
  if (!/^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)*$/.test(folded))
    throw unsupported(`the start-up parameter "${name}"`, 'leave it out');
  if (folded === 'search_path') return `SET search_path TO ${value.trim() === '' ? "''" : value}`;
  return `SET ${folded} TO ${literal(value)}`;
}

/** Throws `unsupported` for `replication` and for options that are not settings. */
export function sortParameters(parameters: ReadonlyMap<string, string>, session: string): StartParameters {
  const sent = new Map<string, string>();
  const judged: StartParameters['judged'][number][] = [];
  const given = [...parameters].flatMap(([name, value]) =>
    name === 'options' ? readOptions(value) : [[name, value] as [string, string]],
  );
  for (const [name, value] of given) {
    const folded = name.toLowerCase();
    if (folded === 'replication') {
      if (/^(false|off|no|0)$/i.test(value)) continue;
      throw unsupported('a replication connection', 'connect without replication');
    }
    if (OURS.has(folded)) continue;
    if (HARMLESS.has(folded)) sent.set(name, value);
    else judged.push({ name, value, statement: statement(name, value) });
  }
  const application = parameters.get('application_name') || undefined;
  sent.set('application_name', applicationName(application, session));
  sent.set('client_encoding', 'UTF8');
  sent.set('standard_conforming_strings', 'on');
  return { sent, judged, application };
}
