// The pure edits: whatever the layout, a server is put behind broker and given back to the byte, and no secret stays.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applied } from '../../../src/front/entries/edit.ts';
import { findingsOf } from '../../../src/front/entries/findings.ts';
import { treeOf } from '../../../src/front/entries/host-file.ts';
import { wrappingOf } from '../../../src/front/entries/launch.ts';
import { entriesOf } from '../../../src/front/entries/survey.ts';
import { undone, unwrapped } from '../../../src/front/entries/unwrap.ts';
import { wrap } from '../../../src/front/entries/wrap.ts';
import type { Host, Place } from '../../../src/front/hosts/host.ts';
import { HOSTS } from '../../../src/front/hosts/index.ts';

const MACHINE = { home: '/home/a', cwd: '/home/a/p', platform: 'linux', environment: {} };
const ORDER = {
  connection: 'prod-db',
  others: ['other-db'],
  program: ['broker'],
  database: true,
  dry: false,
} as const;

function hostOf(id: string): { host: Host; place: Place } {
  const host = HOSTS.find((each) => each.id === id);
  const place = host?.places(MACHINE)[0];
  if (!host || !place) throw new Error(`no host ${id}`);
  return { host, place };
}

function roundTrip(
  id: string,
  text: string,
): { after: string; back: string | undefined; secrets: readonly string[] } {
  const { host, place } = hostOf(id);
  const [entry] = entriesOf(host, place, text);
  if (!entry) throw new Error(`no entry in ${text}`);
  const { splices, steps, taken } = wrap(text, entry, ORDER);
  const after = applied(text, splices);
  const [wrapped] = entriesOf(host, place, after);
  expect(wrapped && wrappingOf(wrapped.launch)).toMatchObject({
    connection: 'prod-db',
    others: ['other-db'],
  });
  const values = new Map(taken.map(({ name, value }) => [name, value]));
  const parts = { host, path: entry.path, parse: (each: string) => treeOf(place.file, host.format, each) };
  return { after, back: undone(after, steps, { ...parts, values }), secrets: [...values.values()] };
}

const blank = fc.constantFrom('', ' ', '\n', '\r\n\t', ' /* a, "b": [ */ ', ' // c }\n', '\n\n    ');
const word = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.string({ unit: 'grapheme', maxLength: 6 }),
  fc.constantFrom('-y', '--token', 'a"b\\c', '--', '{{', 'postgres://u:pw@h/d', '--key=tok-1a2b3c4d5e6f'),
);
const comma = fc.constantFrom('', ',');

/** Members in any order, blanks and comments wherever JSON with comments lets them stand. */
const document = fc
  .record({
    args: fc.option(fc.array(word, { maxLength: 4 }), { nil: undefined }),
    env: fc.option(
      fc.dictionary(fc.constantFrom('A_TOKEN', 'MODE', 'DATABASE_URL', 'é'), word, { maxKeys: 3 }),
      {
        nil: undefined,
      },
    ),
    command: fc.string({ minLength: 1, maxLength: 8 }),
    gaps: fc.array(blank, { minLength: 40, maxLength: 40 }),
    trailing: fc.array(comma, { minLength: 6, maxLength: 6 }),
    order: fc.shuffledSubarray(['command', 'args', 'env', 'note'], { minLength: 4, maxLength: 4 }),
  })
  .map(({ args, env, command, gaps, trailing, order }) => {
    let at = 0;
    let tail = 0;
    const gap = () => gaps[at++ % gaps.length] ?? '';
    const last = (any: boolean) => (any ? (trailing[tail++ % trailing.length] ?? '') : '');
    const list = (items: readonly string[]) =>
      `[${items.map((item) => `${gap()}${JSON.stringify(item)}${gap()}`).join(',')}${last(items.length > 0)}${gap()}]`;
    const map = (members: readonly (readonly [string, string])[]) =>
      `{${members.map(([key, value]) => `${gap()}${JSON.stringify(key)}${gap()}:${gap()}${value}${gap()}`).join(',')}${last(members.length > 0)}${gap()}}`;
    const values: Record<string, string | undefined> = {
      command: JSON.stringify(command),
      args: args && list(args),
      env: env && map(Object.entries(env).map(([key, value]) => [key, JSON.stringify(value)] as const)),
      note: '"kept"',
    };
    const entry = map(
      order.flatMap((key) => (values[key] === undefined ? [] : [[key, values[key] ?? ''] as const])),
    );
    return `${gap()}${map([
      ['other', '1'],
      ['mcpServers', map([['s', entry]])],
    ])}${gap()}`;
  })
  // A command that is broker's own would be taken for what broker wrote.
  .filter((text) => !text.includes('broker'));

describe('JSON with comments', () => {
  it('of any layout comes back to the byte, and holds no secret in between', () => {
    fc.assert(
      fc.property(document, (text) => {
        const { after, back, secrets } = roundTrip('claude-code', text);
        expect(back).toBe(text);
        const { host, place } = hostOf('claude-code');
        const [entry] = entriesOf(host, place, after);
        expect(entry && findingsOf(entry.launch)).toEqual([]);
        for (const secret of secrets.filter((each) => each.length > 8)) expect(after).not.toContain(secret);
      }),
      { numRuns: 400 },
    );
  });
});

describe('other hosts', () => {
  it.each([
    ['codex', '[mcp_servers]\na = { command = "x", args = [] }\n'],
    ['codex', 'mcp_servers = { a = { command = "x", env = { T_TOKEN = \'tok-1a2b3c4d\' } } }'],
    ['codex', '[mcp_servers.a]\nargs = ["""\nlong""", \'\'\'it\'s\'\'\', # "\n]\r\ncommand = "x"\r\n'],
    ['codex', '[mcp_servers.a]\ncommand = "x"\nenv.A_TOKEN = "tok-1a2b3c4d"\nenv.B = "\\u0041"'],
    ['codex', '[mcp_servers.a.env]\nA_TOKEN = "tok-1a2b3c4d"\n\n[mcp_servers.a]\ncommand = "x"\n'],
    [
      'goose',
      'extensions:\n    a:\n        cmd: >-\n            folded\n            words\n        args: []\n',
    ],
    ['goose', 'extensions: {a: {cmd: x, args: [b, c], envs: {A_TOKEN: tok-1a2b3c4d}}}'],
    ['goose', 'extensions:\n  a:\n    args:\n    -   b\n    -   c # d\n    cmd: x # e\n\n\n'],
    ['goose', 'extensions:\r\n  a:\r\n    cmd: x\r\n  b:\r\n    cmd: y\r\n'],
    ['continue', 'mcpServers:\n  -\n    name: a\n    command: x\n'],
    ['continue', 'mcpServers: [{name: a, url: "https://h/mcp", type: streamable-http}]\n'],
    ['opencode', '{"mcp":{"a":{"command":[/*1*/"x"/*2*/,/*3*/"y",/*4*/],"type":"local"}}}'],
    ['windsurf', '{"mcpServers":{"a":{"serverUrl":"https://h/mcp","disabled":true}}}'],
  ])('%s: %j comes back to the byte', (id, text) => {
    expect(roundTrip(id, text).back).toBe(text);
  });

  it.each([
    [
      'claude-code',
      '{"mcpServers":{"s":{"command":"broker","args":["mcp","db","--with","x","--","npx","-y","s"]}}}',
      '"command":"npx","args":["-y","s"]',
    ],
    [
      'opencode',
      '{"mcp":{"s":{"type":"local","command":["broker","mcp","db","--","npx","s"]}}}',
      '"command":["npx","s"]',
    ],
    [
      'cursor',
      '{"mcpServers":{"s":{"command":"node","args":["/x/bin/broker.js","mcp","db","--","npx","s"]}}}',
      '"command":"npx","args":["s"]',
    ],
    [
      'cursor',
      '{"mcpServers":{"s":{"command":"broker","args":["mcp","db","--url","https://h/mcp"]}}}',
      '"url": "https://h/mcp"',
    ],
  ])('%s: what was put behind broker by hand is taken out again: %j', (id, text, expected) => {
    const { host, place } = hostOf(id);
    const parts = {
      host,
      path: [...place.path, 's'],
      parse: (each: string) => treeOf(place.file, host.format, each),
    };
    expect(unwrapped(text, parts)).toContain(expected);
  });
});

describe('secrets', () => {
  const found = (env: Record<string, string>, ...words: string[]) =>
    findingsOf({ words: ['x', ...words], env }).map(({ name, kind }) => `${name} ${kind}`);

  it('are found by name, by form, in flags and in addresses', () => {
    expect(
      found({ GITHUB_PERSONAL_ACCESS_TOKEN: 'abc', DB_PASSWORD: 'x y', OPENAI_API_KEY: 'sk-1' }),
    ).toHaveLength(3);
    expect(found({ URL: 'https://me:pass-word@h/x' })).toEqual(['URL secret']);
    expect(found({}, '--api-key', 'abc', '--password=pw', '-e', 'A_TOKEN=b')).toHaveLength(3);
    expect(found({ DSN: 'postgresql://h/db' }, 'postgres://u:p@h/d')).toEqual([
      'DSN database',
      'argument-1 database',
    ]);
  });

  it('are not what names them, or stands for them', () => {
    expect(
      found({
        KEY_FILE: '/a',
        API_KEY: '$KEY',
        B_TOKEN: '${env:B}',
        C_TOKEN: '{env:C}',
        D_TOKEN: '{{keychain:mcp/d}}',
      }),
    ).toEqual([]);
    expect(
      found(
        { TOKEN_URL: 'https://h/token', AUTH: 'true', SSH_KEY: '~/.ssh/id', MODE: 'key' },
        '--token',
        '${input:t}',
        '-y',
      ),
    ).toEqual([]);
  });
});
