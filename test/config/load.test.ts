import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type LoadOptions, loadConfig } from '../../src/config/load.ts';
import { paths } from '../../src/config/paths.ts';
import { loosePermissions } from '../../src/config/permissions.ts';
import { jsonSchema } from '../../src/config/schema.ts';
import { starterConfig } from '../../src/config/starter.ts';
import { readYaml } from '../../src/config/yaml.ts';
import { BrokerError } from '../../src/model/errors.ts';

let home: string;
let user: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'config-'));
  user = join(home, '.config', 'broker', 'broker.yaml');
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function put(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

const load = (more: Partial<LoadOptions> = {}) => loadConfig({ home, cwd: home, environment: {}, ...more });

/** The problems as `place path: reason`, places relative to the home folder. */
async function problems(more: Partial<LoadOptions> = {}): Promise<readonly string[]> {
  const error = await load(more).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof BrokerError)) throw new Error(`expected problems, got ${String(error)}`);
  expect(error.code).toBe('config-invalid');
  const lines = String(error.details['problems']).split('\n');
  expect(lines).toHaveLength(Number(error.details['count']));
  return lines.map((line) => line.trim().replaceAll(`${home}/`, ''));
}

const DATABASE = `connections:
  db:
    type: postgres
    host: db.example
    credential: { source: keychain, user: app }
    columns: { public.customers.card: payment-card }
`;

describe('a configuration', () => {
  it('is missing where no file is', async () => {
    await expect(load()).rejects.toMatchObject({ code: 'config-missing' });
  });

  it('is missing where a file is named that is not there, and the hint says which', async () => {
    put(user, DATABASE);
    const named = join(home, 'other.yaml');
    await expect(load({ environment: { BROKER_CONFIG: named } })).rejects.toMatchObject({
      code: 'config-missing',
      hint: expect.stringContaining(named),
    });
  });

  it.each(['BROKER_CONFIG', 'BROKER_STATE_DIR', 'BROKER_RUNTIME_DIR'])(
    'never guesses what a relative %s means',
    async (variable) => {
      put(user, DATABASE);
      await expect(load({ environment: { [variable]: 'here' } })).rejects.toMatchObject({ code: 'usage' });
    },
  );

  it('has a default for everything that is not said', async () => {
    put(user, DATABASE);
    const { config, files } = await load();
    expect(files).toEqual([user]);
    expect(config).toEqual({
      store: {
        url: `file:${home}/.local/state/broker/store`,
        unsafe: false,
        requireOnline: false,
        maxBacklog: 0,
      },
      keychain: 'auto',
      policy: [],
      agent: { idle: 900, spare: true },
      bots: new Map(),
      connections: new Map([
        [
          'db',
          {
            name: 'db',
            type: 'postgres',
            host: 'db.example',
            port: 5432,
            tls: { mode: 'verify-full' },
            credential: { source: 'keychain', user: 'app' },
            labels: [],
            masking: {
              columns: { 'public.customers.card': 'payment-card' },
              strategies: {},
              onUnknown: 'mask',
            },
            recording: { maxRows: 50, maxBytes: 65_536, prompts: 'digest' },
          },
        ],
      ]),
    });
  });

  it('counts relative paths from the file that says them, and ~ from home', async () => {
    put(
      user,
      `store: { url: "file:evidence" }\npolicy: [rules, ~/mine.cedar, /etc/p.cedar]\n${DATABASE.replace('db.example', 'db.example\n    tls: { ca: ca.pem }')}`,
    );
    const { config } = await load({ cwd: '/' });
    const folder = dirname(user);
    expect(config.store.url).toBe(`file:${folder}/evidence`);
    expect(config.policy).toEqual([`${folder}/rules`, `${home}/mine.cedar`, '/etc/p.cedar']);
    expect(config.connections.get('db')?.tls.ca).toBe(`${folder}/ca.pem`);
  });

  it('is laid in layers, each value remembering who said it', async () => {
    put(user, `identity:\n  issuer: https://a.example\n  client_id: one\n${DATABASE}`);
    const project = join(home, 'work', '.broker.yaml');
    put(project, 'connections:\n  db:\n    columns:\n      public.customers.email: email\n');
    const { config, origins } = await load({
      cwd: join(home, 'work', 'deep', 'down'),
      environment: { BROKER_ISSUER: 'https://b.example' },
      flags: { 'identity.client_id': { value: 'two', flag: '--client-id' } },
    });
    expect(config.identity).toMatchObject({ issuer: 'https://b.example', clientId: 'two' });
    expect(config.connections.get('db')?.masking.columns).toEqual({
      'public.customers.card': 'payment-card',
      'public.customers.email': 'email',
    });
    expect(origins.get('identity.issuer')).toEqual({ layer: 'environment', place: 'BROKER_ISSUER' });
    expect(origins.get('identity.client_id')).toEqual({ layer: 'flag', place: '--client-id' });
    expect(origins.get('connections.db.host')).toEqual({ layer: 'user', place: `${user}:7:5` });
    expect(origins.get('connections.db.columns.public.customers.email')).toEqual({
      layer: 'project',
      place: `${project}:4:7`,
    });
  });
});

describe('every problem at once', () => {
  it('has its file, line, column, path and reason', async () => {
    put(
      user,
      `identity:
  issuer: http://login.example.com
  clientid: x
stroe: {}
connections:
  db:
    type: postgres
    port: "5432"
    credential: {}
  Bad Name:
    type: mysql
`,
    );
    const found = await problems();
    expect(found.map((line) => line.replace(/: .*/, ''))).toEqual(
      expect.arrayContaining([
        '.config/broker/broker.yaml:2:3 identity.issuer',
        '.config/broker/broker.yaml:1:1 identity.client_id',
        '.config/broker/broker.yaml:3:3 identity.clientid',
        '.config/broker/broker.yaml:4:1 stroe',
        '.config/broker/broker.yaml:6:3 connections.db.host',
        '.config/broker/broker.yaml:8:5 connections.db.port',
        '.config/broker/broker.yaml:9:5 connections.db.credential.source',
      ]),
    );
    expect(found.find((line) => line.includes(' stroe'))).toContain('did you mean store?');
    expect(found.find((line) => line.includes('identity.clientid'))).toContain('did you mean client_id?');
    expect(found.some((line) => line.includes('Bad Name'))).toBe(true);
  });

  it.each([
    ['a key said twice', 'keychain: file\nkeychain: auto\n', /:2:1: Map keys must be unique/],
    ['a tab for indentation', 'store:\n\turl: file:x\n', /:2:1: /],
    ['an alias', 'policy: &a [x]\nconnections: { db: { labels: *a } }\n', /aliases are not allowed/],
    ['text that is no YAML', 'a: [1, 2\nb: }', /:\d+:\d+: /],
    ['a list instead of settings', '- a\n- b\n', /:1:1: must be settings/],
  ])('names %s with its place', async (_, text, expected) => {
    put(user, text);
    expect((await problems()).join('\n')).toMatch(expected);
  });

  it('does not expand an alias bomb', async () => {
    const rows = Array.from({ length: 20 }, (_, n) => `a${n + 1}: &a${n + 1} [${`*a${n},`.repeat(9)}]`);
    put(user, `a0: &a0 [x,x,x]\n${rows.join('\n')}\n`);
    expect((await problems()).join('\n')).toContain('aliases are not allowed');
  });

  it('reads no file of a megabyte or more', async () => {
    put(user, `# ${'x'.repeat(1 << 20)}\n`);
    expect((await problems())[0]).toContain('larger than');
  });

  it('says when a file cannot be read', async () => {
    mkdirSync(user, { recursive: true });
    expect((await problems())[0]).toContain('cannot be read: EISDIR');
  });

  it('adds what the shelves say, at the place of the setting', async () => {
    put(user, DATABASE);
    const check = () => [{ path: 'connections.db.credential.user', reason: 'is wrong' }];
    expect(await problems({ check })).toEqual([
      '.config/broker/broker.yaml:5:37 connections.db.credential.user: is wrong',
    ]);
  });

  it('names the variable that is wrong', async () => {
    put(user, `identity: { issuer: "https://a.example", client_id: x }\n`);
    expect(await problems({ environment: { BROKER_ISSUER: 'ftp://x', BROKER_KEYCHAIN: 'vault' } })).toEqual([
      expect.stringMatching(/^BROKER_ISSUER identity.issuer: must be an https/),
      expect.stringMatching(/^BROKER_KEYCHAIN keychain: /),
    ]);
  });
});

describe("a project's file, which may come with a hostile repository", () => {
  const project = () => join(home, 'work', '.broker.yaml');
  const inside = () => ({ cwd: join(home, 'work') });
  beforeEach(() => put(user, `keychain: file\n${DATABASE}`));

  it.each([
    ['where evidence goes', 'store: { url: "file:/dev/null" }'],
    ['who signs in', 'identity: { issuer: "https://evil.example", client_id: x }'],
    ['what is allowed', 'policy: [allow-all.cedar]'],
    ['where secrets are kept', 'keychain: file'],
    ['how the agent runs', 'agent: { idle: 1 }'],
    ['where a credential is sent', 'connections: { db: { host: evil.example } }'],
    [
      'which program makes a credential',
      'connections: { db: { credential: { source: exec, command: [sh] } } }',
    ],
    ['whether TLS is checked', 'connections: { db: { tls: { mode: disable } } }'],
    ['how values are masked', 'connections: { db: { masking: { on_unknown: pass } } }'],
    ['how much is recorded', 'connections: { db: { recording: { max_rows: 0 } } }'],
    ['which labels policies see', 'connections: { db: { labels: [env:dev] } }'],
    ['what a protected column holds', 'connections: { db: { columns: { public.customers.card: email } } }'],
    ['a connection of its own', 'connections: { other: { columns: {} } }'],
  ])('cannot say %s', async (_, text) => {
    put(project(), text);
    const found = await problems(inside());
    expect(
      found.some((line) => line.startsWith('work/.broker.yaml:1:') && line.includes('a project file')),
    ).toBe(true);
  });

  it('may protect more columns, repeat what is protected, and describe a connection', async () => {
    put(
      project(),
      'connections:\n  db:\n    description: the shop\n    columns:\n      public.customers.card: payment-card\n      public.customers.email: email\n',
    );
    const { config } = await load(inside());
    expect(config.connections.get('db')).toMatchObject({
      description: 'the shop',
      masking: { columns: { 'public.customers.card': 'payment-card', 'public.customers.email': 'email' } },
    });
  });

  it('is no configuration by itself', async () => {
    rmSync(user);
    put(project(), 'version: 1\n');
    await expect(load(inside())).rejects.toMatchObject({ code: 'config-missing' });
  });

  it('is not looked for in the home folder itself', async () => {
    put(join(home, '.broker.yaml'), 'store: { url: "file:/x" }');
    await expect(load({ cwd: home })).resolves.toMatchObject({ files: [user] });
  });
});

describe('folders of this machine', () => {
  it('follow XDG, ignore relative values, and give way to variables of ours', () => {
    expect(paths('/h', {})).toMatchObject({
      config: '/h/.config/broker/broker.yaml',
      state: '/h/.local/state/broker',
      runtime: '/h/.local/state/broker/run',
    });
    expect(paths('/h', { XDG_CONFIG_HOME: 'relative', XDG_RUNTIME_DIR: '/run/user/1' })).toMatchObject({
      config: '/h/.config/broker/broker.yaml',
      runtime: '/run/user/1/broker',
    });
    expect(
      paths('/h', { BROKER_CONFIG: '/c.yaml', BROKER_STATE_DIR: '/s', BROKER_RUNTIME_DIR: '/r' }),
    ).toMatchObject({ config: '/c.yaml', state: '/s', runtime: '/r', spool: '/s/spool' });
  });

  it('finds files that others may write, with the command that mends them', async () => {
    const [tight, loose] = [join(home, 'tight'), join(home, "it's loose")];
    writeFileSync(tight, '');
    writeFileSync(loose, '');
    chmodSync(tight, 0o644);
    chmodSync(loose, 0o666);
    expect(await loosePermissions([tight, loose, join(home, 'gone')])).toEqual([
      { path: loose, mend: `chmod go-w '${home}/it'\\''s loose'` },
    ]);
  });
});

describe('the starter configuration', () => {
  it.each([
    {},
    { issuer: 'https://login.example.com', clientId: 'a "quoted" #id: x', store: 's3://b/p?region=x' },
    { issuer: 'https://login.example.com', targetClientId: 'db' },
  ])('loads as it is written for %j', async (answers) => {
    put(user, starterConfig(answers, 'starter.cedar'));
    const { config } = await load();
    expect(config.policy).toEqual([join(dirname(user), 'starter.cedar')]);
    expect(config.identity?.clientId).toBe(answers.issuer ? (answers.clientId ?? 'broker') : undefined);
    expect(config.identity?.targetClientId).toBe(answers.targetClientId);
  });

  it('shows an example connection that loads once the marks are removed', async () => {
    const text = starterConfig({}, 'starter.cedar')
      .replace('connections: {}', 'connections:')
      .replace(/^# ( {2,})/gm, '  $1');
    const example = text.slice(text.indexOf('connections:')).replace(/^#/gm, '');
    put(user, example);
    expect((await load()).config.connections.get('prod-db')?.labels).toEqual(['env:prod']);
  });
});

describe('reading YAML', () => {
  it('never throws and never hangs, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
        const { value, problems: found } = readYaml('x.yaml', text);
        return found.length > 0 || value !== undefined;
      }),
      { numRuns: 2000 },
    );
  });

  it('does not let a key reach the prototype of objects', () => {
    readYaml('x.yaml', '__proto__: { polluted: 1 }\nconstructor: { prototype: { polluted: 1 } }\n');
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });
});

describe('the schema for editors', () => {
  it('describes every setting', () => {
    const bare: string[] = [];
    const visit = (node: unknown, path: string): void => {
      const { properties, additionalProperties } = (node ?? {}) as Record<string, unknown>;
      for (const [key, inner] of Object.entries(
        (properties ?? {}) as Record<string, { description?: string }>,
      )) {
        if (!inner.description) bare.push(`${path}.${key}`);
        visit(inner, `${path}.${key}`);
      }
      if (typeof additionalProperties === 'object') visit(additionalProperties, `${path}.*`);
    };
    visit(jsonSchema(), '');
    expect(bare).toEqual([]);
  });
});
