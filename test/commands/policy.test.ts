import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CommandContext, CommandDefinition } from '../../src/commands/command.ts';
import { policyCheck } from '../../src/commands/policy-check.ts';
import { policyExplain } from '../../src/commands/policy-explain.ts';
import { policyFmt } from '../../src/commands/policy-fmt.ts';
import { policyTest } from '../../src/commands/policy-test.ts';
import { STARTER_FILE, starterPolicy } from '../../src/flow/decide/starter.ts';
import { STARTER_EXAMPLES_FILE, starterExamples } from '../../src/flow/decide/starter-examples.ts';
import { systemClock } from '../../src/lib/clock.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'policy-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const put = (name: string, text: string): void => writeFileSync(join(folder, name), text, { mode: 0o600 });

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function run(
  command: CommandDefinition,
  args: readonly string[],
  options: CommandContext['options'] = {},
  json = false,
): Promise<Ran> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const code = await command.run({
    stdin: new PassThrough(),
    stdout,
    stderr,
    environment: { BROKER_CONFIG: join(folder, 'broker.yaml'), BROKER_STATE_DIR: folder },
    cwd: folder,
    home: folder,
    clock: systemClock,
    signal: new AbortController().signal,
    args,
    options,
    json,
    fancy: false,
    mayAsk: false,
  });
  const text = (stream: PassThrough): string => String(stream.read() ?? '');
  return { code, out: text(stdout), err: text(stderr) };
}

describe('policy check', () => {
  it('counts policies that are right, without a configuration', async () => {
    put(STARTER_FILE, starterPolicy());
    expect(await run(policyCheck, ['.'])).toEqual({
      code: 0,
      out: '12 policies in 1 file, no problem\n',
      err: '',
    });
  });

  it('lists them with place, effect and terms as JSON', async () => {
    put(
      'a.cedar',
      '@id("x") @ask("why") @quorum("2") @strength("session-key") forbid (principal, action, resource);',
    );
    const { out } = await run(policyCheck, ['a.cedar'], {}, true);
    const ask = { reason: 'why', quorum: 2, expires: 900, scope: 'statement', strength: 'session-key' };
    const place = `${join(folder, 'a.cedar')}:1:1`;
    expect(JSON.parse(out)).toMatchObject({ policies: [{ id: 'x', place, effect: 'forbid', ask }] });
  });

  it('reports every mistake where it stands', async () => {
    put('a.cedar', 'permit (principal, action, resource) when { context.foo };\npermit (');
    await expect(run(policyCheck, ['.'])).rejects.toMatchObject({
      code: 'policy-invalid',
      details: { count: 2 },
    });
  });

  it('says that a file is missing', async () => {
    await expect(run(policyCheck, ['nowhere.cedar'])).rejects.toMatchObject({ code: 'usage' });
  });

  it('wants a configuration when no file is named', async () => {
    await expect(run(policyCheck, [])).rejects.toMatchObject({ code: 'config-missing' });
  });
});

describe('policy fmt', () => {
  const LOOSE = '// who\n@id("a")  permit(principal,action,resource); // all\n\n// ---- next ----\n';
  const LAID = '// who\n@id("a")\npermit (principal, action, resource); // all\n\n// ---- next ----\n';

  it('lays policies out and keeps every comment, once', async () => {
    put('a.cedar', LOOSE);
    const path = join(folder, 'a.cedar');
    expect(await run(policyFmt, ['.'], { check: true })).toMatchObject({ code: 9, out: `${path}\n` });
    expect(readFileSync(path, 'utf8')).toBe(LOOSE);
    expect(await run(policyFmt, ['.'])).toMatchObject({ code: 0, out: `${path}\n` });
    expect(readFileSync(path, 'utf8')).toBe(LAID);
    expect(await run(policyFmt, ['.'], { check: true })).toMatchObject({ code: 0, out: '' });
  });

  it('leaves a file with a mistake as it is', async () => {
    put('a.cedar', 'permit (');
    await expect(run(policyFmt, ['.'])).rejects.toMatchObject({ code: 'policy-invalid' });
    expect(readFileSync(join(folder, 'a.cedar'), 'utf8')).toBe('permit (');
  });
});

describe('policy test', () => {
  it('finds the starter policy to say what its examples want', async () => {
    put(STARTER_FILE, starterPolicy());
    put(STARTER_EXAMPLES_FILE, starterExamples());
    expect(await run(policyTest, ['.'])).toEqual({
      code: 0,
      out: expect.stringMatching(/^12 passed, 0 failed\n/),
      err: '',
    });
  });

  it('knows what may be seen, who a bot is, and which policies no example touches', async () => {
    put(
      'a.cedar',
      `@id("mails") permit (principal in Group::"support", action == Action::"reveal", resource in DataType::"email");
@id("ci") permit (principal in Group::"ci", action in Action::"read", resource);
@id("night") permit (principal, action in Action::"read", resource) when { context.time.toTime() < duration("6h") };
@id("unused") forbid (principal, action == Action::"sql:drop", resource);`,
    );
    put(
      'a.test.yaml',
      `- {reveal: email, groups: [support], expect: allow, policies: [mails]}
- {reveal: payment-card, groups: [support], expect: deny}
- {reveal: public.people.mail, columns: {public.people.mail: email}, groups: [support], expect: allow}
- {statement: SELECT 1 FROM t, groups: [ci], bot: {id: runner, groups: [ci]}, expect: allow, policies: [ci]}
- {statement: SELECT 1 FROM t, time: "2026-01-31T03:00:00Z", expect: allow, policies: [night]}
- {statement: SELECT 1 FROM t, time: "2026-01-31T09:00:00Z", expect: deny}
`,
    );
    expect(await run(policyTest, ['.'])).toEqual({
      code: 0,
      out: '6 passed, 0 failed\nnot touched by any example: unused\n',
      err: '',
    });
  });

  it('calls a tool with arguments, in an open window, for a model', async () => {
    put(
      'a.cedar',
      `@id("tools") permit (principal is Bot, action == Action::"mcp:call", resource == Tool::"example/read_file")
when { context.arguments.hasTag("path") && context.arguments.getTag("path") like "/srv/*" };
@id("people") permit (principal is User, action == Action::"mcp:call", resource);
@id("window") permit (principal, action == Action::"session:open", resource) when { context.grants.contains("night") };
@id("model") forbid (principal, action, resource) when { context.models.contains("m1") };`,
    );
    put(
      'a.test.yaml',
      `- {tool: read_file, arguments: {path: /srv/a}, bot: b, expect: allow, policies: [tools, people]}
- {tool: read_file, arguments: {path: /etc/a}, bot: b, expect: deny}
- {tool: write_file, arguments: {path: /srv/a}, bot: b, expect: deny}
- {tool: read_file, arguments: {path: /srv/a}, bot: b, models: [m1], expect: deny, policies: [model]}
- {action: session:open, expect: deny}
- {action: session:open, grants: [night], expect: allow, policies: [window]}
- {action: session:open, arguments: {}, expect: allow}
`,
    );
    expect(await run(policyTest, ['.'])).toMatchObject({
      code: 9,
      out: expect.stringMatching(
        /^failed {2}\S+a\.test\.yaml:7:3 \n +arguments belong to a tool\n6 passed, 1 failed\n/,
      ),
    });
  });

  const hostile = `- {statement: SELECT 1, expect: deny}
- {name: "a # b \\\\ <c> \\"d\\" \\e[2J & \\n x", statement: SELECT 1, labels: [env:prod], groups: [engineers], expect: deny}
`;

  it('writes TAP that perl’s prove reads', async () => {
    put(STARTER_FILE, starterPolicy());
    put('a.test.yaml', hostile);
    const { code, out } = await run(policyTest, ['.'], { report: 'tap' });
    expect(code).toBe(9);
    put('out.tap', out);
    const prove = spawnSync('prove', ['--exec', 'cat', join(folder, 'out.tap')], { encoding: 'utf8' });
    expect(prove.stdout).toMatch(/Failed test: {2}2\n[\s\S]*Files=1, Tests=2,/);
    expect(out).not.toContain('\u001b');
    put(STARTER_EXAMPLES_FILE, starterExamples());
    rmSync(join(folder, 'a.test.yaml'));
    put('out.tap', (await run(policyTest, ['.'], { report: 'tap' })).out);
    expect(spawnSync('prove', ['--exec', 'cat', join(folder, 'out.tap')]).status).toBe(0);
  });

  it('writes JUnit XML that says the same', async () => {
    put(STARTER_FILE, starterPolicy());
    put('a.test.yaml', hostile);
    const { out } = await run(policyTest, ['.'], { report: 'junit' });
    const read = `import sys, json, xml.etree.ElementTree as x
root = x.fromstring(sys.stdin.buffer.read())
print(json.dumps([root.attrib] + [[c.attrib['name'], c.attrib['line'], [f.attrib['message'] for f in c]] for c in root.iter('testcase')]))`;
    const parsed = spawnSync('python3', ['-c', read], { input: out, encoding: 'utf8' });
    expect(JSON.parse(parsed.stdout)).toEqual([
      { tests: '2', failures: '1', errors: '0', skipped: '0' },
      ['SELECT 1', '1', []],
      ['a # b \\ <c> "d" \\e[2J & \\n x', '2', ['expected deny, got allow (people-read)']],
    ]);
  });

  it('names the example that fails, where it stands, and what was answered instead', async () => {
    put(STARTER_FILE, starterPolicy());
    put('a.test.yaml', '- {statement: SELECT 1, labels: [env:prod], groups: [engineers], expect: deny}\n');
    const { code, out } = await run(policyTest, ['.']);
    expect(code).toBe(9);
    expect(out).toContain(`${join(folder, 'a.test.yaml')}:1:3`);
    expect(out).toContain('expected deny, got allow (people-read)');
  });

  it('fails when the right answer comes from another policy', async () => {
    put(STARTER_FILE, starterPolicy());
    const example = {
      statement: 'DELETE FROM t',
      labels: ['env:prod'],
      groups: ['engineers'],
      expect: 'deny',
    };
    put('a.test.json', JSON.stringify([{ ...example, policies: ['no-administration'] }]));
    const { code, out } = await run(policyTest, ['.'], {}, true);
    expect(code).toBe(9);
    expect(JSON.parse(out)).toMatchObject({
      passed: 0,
      failed: 1,
      results: [{ problem: expect.stringContaining('no-blind-writes') }],
    });
  });

  it.each([
    ['- {statement: SELECT 1, action: approve, expect: allow}', /one of statement, action, reveal and tool/],
    ['- {expect: allow}', /one of statement, action, reveal and tool/],
    ['- {action: sql:teleport, expect: allow}', /is not an action/],
    ['- {statement: SELECT 1, expect: maybe}', /expect/],
    ['- {statement: SELECT 1, expect: allow, lables: []}', /lables/],
    ['- {statement: SELECT 1', /./],
    ['just text', /list of examples/],
  ])('fails on an example that makes no sense: %s', async (text, reason) => {
    put(STARTER_FILE, starterPolicy());
    put('a.test.yaml', text);
    const { code, out } = await run(policyTest, ['.']);
    expect(code).toBe(9);
    expect(out).toMatch(reason);
  });

  it('hints how to write examples when there are none', async () => {
    put(STARTER_FILE, starterPolicy());
    expect(await run(policyTest, ['.'])).toMatchObject({
      code: 0,
      out: '0 passed, 0 failed\n',
      err: expect.stringContaining('.test.yaml'),
    });
  });
});

describe('policy explain', () => {
  beforeEach(() => {
    put(STARTER_FILE, starterPolicy());
    put(
      'broker.yaml',
      `policy: [${STARTER_FILE}]\nconnections:\n  prod-db: {type: postgres, host: 127.0.0.1, labels: [env:prod], credential: {source: env}}\n`,
    );
  });

  it('shows the answer, the actions, and the rules as they are written', async () => {
    const { code, out, err } = await run(policyExplain, ['prod-db', 'DELETE FROM orders'], {
      asGroup: 'engineers',
    });
    expect(code).toBe(0);
    expect(out).toContain('deny: DELETE without WHERE on public.orders');
    expect(out).toContain('sql:delete-all on Table prod-db/public.orders');
    expect(out).toContain('@id("no-blind-writes")');
    expect(out).toContain('advice: add a WHERE');
    expect(err).toContain('not looked up in the database');
  });

  it('decides for a bot and its owner', async () => {
    const options = { asGroup: 'engineers', asBot: 'helper' };
    const { out } = await run(policyExplain, ['prod-db', 'INSERT INTO orders VALUES (1)'], options, true);
    const { decision, answers } = JSON.parse(out) as {
      decision: object;
      answers: { principal: { type: string } }[];
    };
    expect(decision).toMatchObject({ outcome: 'deny', policies: ['bots-only-read'] });
    expect(answers.map(({ principal }) => principal.type)).toEqual(['Bot', 'User']);
  });

  it('says who must approve', async () => {
    const { out } = await run(policyExplain, ['prod-db', 'UPDATE t SET a = 1 WHERE b = 2'], {
      asGroup: 'engineers',
    });
    expect(out).toContain('one person must approve: this changes data in production');
  });

  it('says what the grammar says of a text that is not SQL', async () => {
    const { out } = await run(policyExplain, ['prod-db', 'DELEET \u001b[31mx'], { asGroup: 'engineers' });
    expect(out).toContain('the grammar says: syntax error');
    expect(out).not.toContain('\u001b');
  });

  it('knows only connections that exist, and statements that say something', async () => {
    await expect(run(policyExplain, ['nowhere', 'SELECT 1'])).rejects.toMatchObject({
      code: 'connection-unknown',
    });
    await expect(run(policyExplain, ['prod-db', ' -- '], { asGroup: 'x' })).rejects.toMatchObject({
      code: 'usage',
    });
  });
});
