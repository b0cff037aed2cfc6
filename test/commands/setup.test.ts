// init, config and connections as a person meets them: files written, files left alone, problems named.
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CommandContext, CommandDefinition } from '../../src/commands/command.ts';
import { complete } from '../../src/commands/complete.ts';
import { configCheck } from '../../src/commands/config-check.ts';
import { configShow } from '../../src/commands/config-show.ts';
import { connectionsAdd } from '../../src/commands/connections-add.ts';
import { connectionsLs } from '../../src/commands/connections-ls.ts';
import { connectionsShow } from '../../src/commands/connections-show.ts';
import { init } from '../../src/commands/init.ts';
import { loadPolicies } from '../../src/flow/decide/index.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { runCommand } from '../fakes/command.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'setup-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const run = (
  definition: CommandDefinition,
  args: readonly string[] = [],
  options: CommandContext['options'] = {},
  json = false,
) => runCommand(definition, { home, cwd: home, environment: {}, clock: systemClock, args, options, json });

const config = () => join(home, '.config', 'broker', 'broker.yaml');
const policy = () => join(home, '.config', 'broker', 'starter.cedar');

/** On a terminal: answers are typed when the question stands there. */
async function ask(
  definition: CommandDefinition,
  answers: readonly string[],
  signal = new AbortController().signal,
) {
  const stdin = new PassThrough();
  const rest = [...answers];
  let asked = '';
  let printed = '';
  const stderr = new Writable({
    write(chunk: Buffer, _, done) {
      asked += chunk.toString();
      const answer = /: $/.test(asked) ? rest.shift() : undefined;
      if (answer !== undefined) setImmediate(() => stdin.write(`${answer}\n`));
      done();
    },
  });
  const stdout = new Writable({
    write(chunk: Buffer, _, done) {
      printed += chunk.toString();
      done();
    },
  });
  const context = {
    stdin,
    stdout,
    stderr,
    environment: {},
    cwd: home,
    home,
    clock: systemClock,
    signal,
    args: [],
    options: {},
    json: false,
    fancy: false,
    mayAsk: true,
  };
  const code = await definition.run(context);
  return { code, asked, printed, left: rest };
}

describe('broker init', () => {
  it('writes a private configuration and policy that load, and says what comes next', async () => {
    const { code, stdout } = await run(init, [], { issuer: 'https://login.example.com', people: 'staff' });
    expect(code).toBe(0);
    expect(stdout).toContain('broker login');
    expect([config(), policy()].map((path) => statSync(path).mode & 0o777)).toEqual([0o600, 0o600]);
    expect((await run(configCheck)).code).toBe(0);
    const text = readFileSync(policy(), 'utf8');
    expect(text).toContain('Group::"staff"');
    expect((await loadPolicies({ files: { [policy()]: text } })).policies.size).toBeGreaterThan(5);
  });

  it('never overwrites a configuration, right or wrong', async () => {
    await run(init);
    for (const text of ['# mine\n', 'this: is: wrong']) {
      writeFileSync(config(), text);
      await expect(run(init)).rejects.toMatchObject({ code: 'usage' });
      expect(readFileSync(config(), 'utf8')).toBe(text);
    }
  });

  it('keeps a policy that is there already', async () => {
    await run(init);
    rmSync(config());
    writeFileSync(policy(), '// mine\n');
    expect((await run(init)).stdout).toContain('kept');
    expect(readFileSync(policy(), 'utf8')).toBe('// mine\n');
  });

  it.each([
    [{ issuer: 'http://login.example.com' }],
    [{ issuer: 'not a url' }],
    [{ store: 'ftp://x' }],
    [{ clientId: 'x' }],
  ])('refuses %j and writes nothing', async (options) => {
    await expect(run(init, [], options)).rejects.toMatchObject({ code: 'usage' });
    expect(() => statSync(config())).toThrow();
  });

  it('asks on a terminal, again when an answer cannot be right, and takes silence for the default', async () => {
    const { code, asked, left } = await ask(init, [
      'http://login.example.com',
      'https://login.example.com',
      '',
      's3://evidence/broker?region=eu-central-1',
      'staff',
    ]);
    expect({ code, left }).toEqual({ code: 0, left: [] });
    expect(asked).toContain('must be an https:// address');
    const text = readFileSync(config(), 'utf8');
    expect(text).toContain('  issuer: "https://login.example.com"');
    expect(text).toContain('  client_id: "broker"');
    expect(text).toContain('  url: "s3://evidence/broker?region=eu-central-1"');
  });

  it('stops at Ctrl-C without leaving a file', async () => {
    const controller = new AbortController();
    const asking = ask(init, [], controller.signal);
    setImmediate(() => controller.abort());
    await expect(asking).rejects.toMatchObject({ code: 'interrupted' });
    expect(() => statSync(config())).toThrow();
  });
});

describe('broker connections add', () => {
  beforeEach(async () => {
    await run(init, [], { issuer: 'https://login.example.com' });
  });

  it('adds what was asked for, and ls, show and completion know it', async () => {
    await run(connectionsAdd, ['prod-db'], {
      host: 'db.example',
      credential: 'ephemeral-role',
      set: ['admin.user=broker_admin', 'admin.secret=prod-admin', 'grant=[app, readers]'],
      label: 'env:prod, team:shop',
      protect: 'public.customers.card=payment-card,public.customers.email=email',
    });
    const { stdout } = await run(connectionsShow, ['prod-db'], {}, true);
    expect(JSON.parse(stdout)).toMatchObject({
      host: 'db.example',
      credential: {
        source: 'ephemeral-role',
        admin: { user: 'broker_admin', secret: 'prod-admin' },
        grant: ['app', 'readers'],
      },
      labels: ['env:prod', 'team:shop'],
      masking: { columns: { 'public.customers.card': 'payment-card', 'public.customers.email': 'email' } },
      tls: { mode: 'verify-full' },
    });
    expect((await run(connectionsLs)).stdout).toContain('db.example:5432');
    expect((await run(complete, ['connections'])).stdout).toBe('prod-db\n');
  });

  it.each([
    ['no host', { user: 'app' }, 'config-invalid'],
    ['a port that is none', { host: 'x', user: 'app', port: 'abc' }, 'config-invalid'],
    ['a source whose settings are missing', { host: 'x', credential: 'ephemeral-role' }, 'config-invalid'],
    ['a setting that is no pair', { host: 'x', user: 'app', set: ['nonsense'] }, 'usage'],
    ['a column without its type', { host: 'x', user: 'app', protect: 'public.a.b' }, 'usage'],
  ])('refuses %s and leaves the file as it was', async (_, options, code) => {
    const before = readFileSync(config(), 'utf8');
    await expect(run(connectionsAdd, ['prod-db'], options)).rejects.toMatchObject({ code });
    expect(readFileSync(config(), 'utf8')).toBe(before);
  });

  it('refuses a name that is taken, and one that is none', async () => {
    await run(connectionsAdd, ['prod-db'], { host: 'x', user: 'app' });
    await expect(run(connectionsAdd, ['prod-db'], { host: 'y', user: 'app' })).rejects.toMatchObject({
      code: 'usage',
    });
    await expect(run(connectionsAdd, ['Prod DB'], { host: 'y', user: 'app' })).rejects.toMatchObject({
      code: 'config-invalid',
    });
    await expect(run(connectionsShow, ['other'])).rejects.toMatchObject({ code: 'connection-unknown' });
  });
});

describe('broker config', () => {
  it('finds what the shelves know at its place: a source, its settings, a detector', async () => {
    await run(init);
    writeFileSync(
      config(),
      `connections:
  a: { type: postgres, host: x, credential: { source: ephemral-role } }
  b: { type: postgres, host: x, credential: { source: env, password_varable: X } }
  c:
    type: postgres
    host: x
    credential: { source: oidc }
    masking: { detectors: [payment-crad] }
`,
    );
    const problems = await run(configCheck).catch(
      (error: { details: { problems: string } }) => error.details.problems,
    );
    expect(
      String(problems)
        .replaceAll(`${home}/.config/broker/`, '')
        .split('\n')
        .map((line) => line.trim()),
    ).toEqual([
      'broker.yaml:2:47 connections.a.credential.source: is not a credential source; did you mean ephemeral-role?',
      'broker.yaml:3:33 connections.b.credential.password_variable: is missing',
      'broker.yaml:3:60 connections.b.credential.password_varable: is not known here',
      'broker.yaml:3:33 connections.b.credential.user: give either user or user_variable',
      'broker.yaml:8:28 connections.c.masking.detectors.0: there is no detector of payment-crad; did you mean payment-card?',
    ]);
  });

  it('shows every value with its layer and place', async () => {
    await run(init, [], { issuer: 'https://login.example.com' });
    const { stdout } = await run(configShow, [], {}, true);
    const rows = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { path: string; layer: string; place: string });
    expect(rows.find(({ path }) => path === 'identity.issuer')).toMatchObject({
      value: 'https://login.example.com',
      layer: 'user',
      place: `${config()}:7:3`,
    });
    expect(rows.find(({ path }) => path === 'agent.idle')).toMatchObject({ layer: 'default', value: 900 });
  });
});
