// A database full of protected values behind a real session, and a client that asks in every way the protocol has.
import { PROTECTED, worldSql } from '../flow/mask/world.ts';
import { type PostgresPeer, startPostgres } from '../peers/postgres.ts';
import { type Raw, raw, say } from '../protocols/postgres/raw.ts';
import { leaksInCells, leaksInText } from './masking-leaks.ts';
import { type Attacked, attack } from './session.ts';

/** Everything is allowed but to see. */
const POLICY = `
@id("all")
permit (principal in Group::"developers", action, resource);
@id("no-reveal")
forbid (principal, action == Action::"reveal", resource);
`;

export type Mode =
  | 'simple'
  | 'text'
  | 'binary'
  | 'suspended'
  | 'copy text'
  | 'copy csv'
  | 'copy binary'
  | 'cursor';

export const MODES: readonly Mode[] = [
  'simple',
  'text',
  'binary',
  'suspended',
  'copy text',
  'copy csv',
  'copy binary',
  'cursor',
];

/** Bare queries can stand inside COPY and DECLARE. */
const QUERY = /^\s*(?:select|values|table|with)\b(?![\s\S]*\binto\b)/i;
const WRITES = /\b(?:insert|update|delete|merge)\b/i;

export function modesOf(sql: string): readonly Mode[] {
  const query = QUERY.test(sql);
  return MODES.filter((mode) => {
    if (mode.startsWith('copy')) return query;
    return mode === 'cursor' ? query && !WRITES.test(sql) : true;
  });
}

export interface Seen {
  /** Messages as their types, to see that something was answered. */
  readonly types: string;
  readonly leaks: readonly string[];
  readonly errors: readonly string[];
}

export interface MaskingWorld {
  readonly server: PostgresPeer;
  readonly session: Attacked;
  /** Runs statements one after another in one conversation of their own; what it saw. */
  ask(statements: readonly string[], mode: Mode, rollback?: boolean): Promise<Seen>;
  /** The same without the broker: what there was to see. */
  askServer(statements: readonly string[], mode: Mode, rollback?: boolean): Promise<Seen>;
  /** A conversation for cases that speak the protocol themselves. */
  client(): Promise<Listener>;
  stop(): Promise<void>;
}

export interface Listener {
  readonly raw: Raw;
  seen(): Seen;
  /** What was seen until now does not count any more. */
  forget(): void;
  close(): void;
}

const COPY_OPTIONS = {
  'copy text': '',
  'copy csv': ' (format csv)',
  'copy binary': ' (format binary)',
} as const;

export function messagesFor(
  sql: string,
  mode: Mode,
): { readonly messages: Buffer[]; readonly ready: number } {
  switch (mode) {
    case 'simple':
      return { messages: [say.query(sql)], ready: 1 };
    case 'text':
    case 'binary': {
      const bind = say.bind('', '', [], mode === 'binary');
      return {
        messages: [say.parse('', sql), say.describe('S', ''), bind, say.execute(''), say.sync()],
        ready: 1,
      };
    }
    case 'suspended':
      return {
        messages: [
          say.parse('', sql),
          say.bind('p', '', [], true),
          say.execute('p', 1),
          say.execute('p', 1),
          say.describe('P', 'p'),
          say.execute('p', 0),
          say.sync(),
        ],
        ready: 1,
      };
    case 'cursor':
      return {
        messages: [
          say.query(`declare masking_c no scroll cursor with hold for ${sql}`),
          say.query('fetch 1 from masking_c'),
          say.query('fetch all from masking_c'),
          say.query('close masking_c'),
        ],
        ready: 4,
      };
    default:
      return { messages: [say.query(`copy (${sql}) to stdout${COPY_OPTIONS[mode]}`)], ready: 1 };
  }
}

/** DataRow bodies of a stream of whole messages. */
function dataRows(bytes: Buffer): string[][] {
  const rows: string[][] = [];
  for (let at = 0; at + 5 <= bytes.length; at += 1 + bytes.readInt32BE(at + 1)) {
    if (bytes[at] !== 0x44) continue;
    const row: string[] = [];
    let from = at + 7;
    for (let left = bytes.readInt16BE(at + 5); left > 0; left--) {
      const length = bytes.readInt32BE(from);
      from += 4;
      row.push(length < 0 ? '' : bytes.toString('latin1', from, from + length));
      from += Math.max(length, 0);
    }
    rows.push(row);
  }
  return rows;
}

/** Bodies of messages: their lengths would part what they say. */
function bodies(bytes: Buffer): string {
  const out: string[] = [];
  for (let at = 0; at + 5 <= bytes.length; ) {
    const size = 1 + bytes.readInt32BE(at + 1);
    out.push(bytes.toString('latin1', at + 5, at + size));
    at += size;
  }
  return out.join('\n');
}

async function listen(url: string): Promise<Listener> {
  const client = await raw(url);
  const chunks: Buffer[] = [];
  client.socket.on('data', (chunk: Buffer) => chunks.push(Buffer.from(chunk)));
  return {
    raw: client,
    seen: () => {
      const bytes = Buffer.concat(chunks);
      const types: string[] = [];
      const errors: string[] = [];
      for (let at = 0; at + 5 <= bytes.length; at += 1 + bytes.readInt32BE(at + 1)) {
        types.push(String.fromCharCode(bytes[at] ?? 0));
        if (bytes[at] === 0x45)
          errors.push(
            bytes.toString('utf8', at + 5, at + 1 + bytes.readInt32BE(at + 1)).replaceAll('\0', ' '),
          );
      }
      return {
        types: types.join(''),
        errors,
        leaks: [...leaksInText(bodies(bytes)), ...leaksInCells(dataRows(bytes))],
      };
    },
    forget: () => chunks.splice(0),
    close: () => client.close(),
  };
}

async function askAt(
  url: string,
  statements: readonly string[],
  mode: Mode,
  rollback: boolean,
): Promise<Seen> {
  const listener = await listen(url);
  const { raw: client } = listener;
  try {
    if (rollback) {
      client.send(say.query('begin'));
      await client.ready();
    }
    for (const sql of statements) {
      const { messages, ready } = messagesFor(sql, mode);
      for (const message of mode === 'cursor' ? messages : [Buffer.concat(messages)]) {
        client.send(message);
        await client.ready(mode === 'cursor' ? 1 : ready);
      }
    }
    if (rollback) {
      client.send(say.query('rollback'));
      await client.ready();
    }
  } catch {
    // The session ends a conversation it cannot follow; what was seen until then counts.
  }
  const seen = listener.seen();
  listener.close();
  return seen;
}

export async function openMaskingWorld(
  version: 15 | 18,
  more = '',
  columns: Readonly<Record<string, string>> = {},
): Promise<MaskingWorld> {
  const server = await startPostgres({
    version,
    settings: { max_connections: '200', max_prepared_transactions: '4' },
  });
  await server.query('create database masked');
  await server.query(worldSql(), 'masked');
  if (more !== '') await server.query(more, 'masked');
  await server.query('analyze', 'masked');
  const { user, password } = server.superuser;
  const session = await attack(server, {
    policy: POLICY,
    account: { user, password },
    connection: {
      database: 'masked',
      masking: {
        columns: { ...PROTECTED, ...columns },
        strategies: { phone: 'hash', account: 'null' },
        onUnknown: 'mask',
        detectors: [],
      },
    },
  });
  const direct = `postgres://${user}:${encodeURIComponent(password)}@${server.host}:${server.port}/masked`;
  return {
    server,
    session,
    ask: (statements, mode, rollback = true) => askAt(session.url, statements, mode, rollback),
    askServer: (statements, mode, rollback = true) => askAt(direct, statements, mode, rollback),
    client: () => listen(session.url),
    stop: async () => {
      await session.stop();
      await server.stop();
    },
  };
}
