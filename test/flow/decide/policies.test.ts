import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkPolicies, loadPolicies } from '../../../src/flow/decide/index.ts';
import { STARTER_FILE, STARTER_NAMES, starterPolicy } from '../../../src/flow/decide/starter.ts';
import { canonical } from '../../../src/lib/canonical.ts';
import { BrokerError } from '../../../src/model/errors.ts';

const problemsOf = async (files: Record<string, string>): Promise<string[]> =>
  (await checkPolicies({ files })).map(({ place, reason }) => `${place}: ${reason}`);

describe('a policy with mistakes', () => {
  it('names every one of them by file, line and column, in order', async () => {
    const problems = await problemsOf({
      'a.cedar': [
        '@id("x")',
        'permit (principal, action == Action::"sql:selct", resource);',
        '',
        '// a comment; with é and a semicolon',
        '@id("x") forbid (principal, action, resource) when { context.foo == 1 };',
        '  permit (principal, action, resource',
      ].join('\n'),
      'b.cedar': 'permit (principal == ?principal, action, resource);',
    });
    expect(problems).toEqual([
      expect.stringMatching(/^a\.cedar:2:\d+: .*sql:selct/),
      expect.stringMatching(/^a\.cedar:5:1: policy id "x" is taken by a\.cedar:1:1$/),
      expect.stringMatching(/^a\.cedar:5:\d+: .*`foo`/),
      expect.stringMatching(/^a\.cedar:6:\d+: unexpected end of input/),
      expect.stringMatching(/^b\.cedar:1:\d+: .*template/),
    ]);
  });

  it.each([
    ['@ask("why") permit (principal, action, resource);', /@ask belongs on a forbid/],
    ['@ask("  ") forbid (principal, action, resource);', /@ask needs a reason/],
    ['@ask("why") @quorum("0") forbid (principal, action, resource);', /@quorum/],
    ['@ask("why") @quorum("many") forbid (principal, action, resource);', /@quorum/],
    ['@ask("why") @expires("soon") forbid (principal, action, resource);', /@expires/],
    ['@ask("why") @expires("8d") forbid (principal, action, resource);', /@expires/],
    ['@ask("why") @scope("forever") forbid (principal, action, resource);', /@scope/],
    ['@ask("why") @strength("weak") forbid (principal, action, resource);', /@strength/],
    ['@quorum("2") forbid (principal, action, resource);', /@quorum needs @ask/],
    ['@strength("session-key") forbid (principal, action, resource);', /@strength needs @ask/],
    ['permit (principal, action in Action::"reads", resource);', /reads/],
    ['permit (principal in Grup::"x", action, resource);', /Grup/],
    ['permit (principal, action, resource) when { principal.email == "x" };', /email/],
    ['permit (principal, action, resource) when { context.hasWhere == "yes" };', /type|Bool/i],
    ['permit (principal is Bot, action == Action::"approve", resource);', /./],
    ['permit (principal, action, resource)', /unexpected end/],
    ['allow everything;', /./],
    ['"', /./],
  ])('is refused: %s', async (text, reason) => {
    const problems = await problemsOf({ 'p.cedar': text });
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.join('\n')).toMatch(reason);
    await expect(loadPolicies({ files: { 'p.cedar': text } })).rejects.toMatchObject({
      code: 'policy-invalid',
    });
  });

  it('counts its problems in the error', async () => {
    const error = await loadPolicies({ files: { 'p.cedar': 'x; y;' } }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(BrokerError);
    expect(error).toMatchObject({ code: 'policy-invalid', details: { count: 2 } });
  });
});

describe('a policy set', () => {
  it('has the digest of its files as evidence keeps them, whatever their order', async () => {
    const [a, b] = ['permit (principal, action, resource);', 'forbid (principal, action, resource);'];
    const one = await loadPolicies({ files: { a, b } });
    const other = await loadPolicies({ files: { b, a } });
    expect(one.digest).toBe(
      createHash('sha256')
        .update(canonical({ files: { a, b } }))
        .digest('hex'),
    );
    expect(other.digest).toBe(one.digest);
    expect((await loadPolicies({ files: { a: b, b: a } })).digest).not.toBe(one.digest);
  });

  it('names policies without an id by file and number', async () => {
    const text = 'permit (principal, action, resource);\n// second\nforbid (principal, action, resource);';
    const set = await loadPolicies({ files: { '/etc/broker/p.cedar': text, '/home/x/q.cedar': text } });
    expect([...set.policies.keys()]).toEqual(['p.cedar#1', 'p.cedar#2', 'q.cedar#1', 'q.cedar#2']);
    expect(set.policies.get('q.cedar#2')?.place).toBe('/home/x/q.cedar:3:1');
  });

  it('tells files of one name apart', async () => {
    const text = 'permit (principal, action, resource);';
    const set = await loadPolicies({ files: { 'a/p.cedar': text, 'b/p.cedar': text } });
    expect([...set.policies.keys()]).toEqual(['a/p.cedar#1', 'b/p.cedar#1']);
  });

  it('may be empty, and then permits nothing', async () => {
    expect((await loadPolicies({ files: {} })).policies.size).toBe(0);
    expect((await loadPolicies({ files: { 'a.cedar': '// nothing\n' } })).policies.size).toBe(0);
  });

  it('knows which circumstances it looks at', async () => {
    const mentions = async (condition: string) =>
      (await loadPolicies({ files: { a: `permit (principal, action, resource) when { ${condition} };` } }))
        .mentions;
    expect(await mentions('true')).toEqual(new Set());
    expect(await mentions('context.hasWhere && context has sourceAddress')).toEqual(
      new Set(['hasWhere', 'sourceAddress']),
    );
    expect(await mentions('principal has email || context.tables.contains("a")')).toEqual(
      new Set(['tables']),
    );
    expect(await mentions('context == context')).toBe('all');
    expect(await mentions('if context.inTransaction then true else [context].isEmpty()')).toBe('all');
  });

  it('loses no policy, wherever comments and strings put semicolons', async () => {
    const piece = fc.constantFrom(
      'permit (principal, action, resource);',
      'forbid (principal, action, resource) when { context.tool == "a;b // c" };',
      '@advice("x; \\"y\\" // z") forbid (principal, action, resource);',
      '// comment; permit (principal, action, resource);\n',
      'permit (principal, action, resource) when { context.reason like "*;*" }; // tail "',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 6 }), async (pieces) => {
        const set = await loadPolicies({ files: { f: pieces.join('\n') } });
        expect(set.policies.size).toBe(pieces.filter((text) => !text.startsWith('//')).length);
      }),
      { numRuns: 60 },
    );
  });
});

describe('the starter policy', () => {
  it('is valid, and every policy in it has an id', async () => {
    const set = await loadPolicies({ files: { [STARTER_FILE]: starterPolicy() } });
    expect([...set.policies.keys()].filter((id) => id.includes('#'))).toEqual([]);
    expect(set.policies.has('no-blind-writes')).toBe(true);
  });

  it('takes any group names, even with quotes in them', async () => {
    const names = { people: 'a "quoted" \\ group', approvers: 'b', auditors: 'c' };
    const set = await loadPolicies({ files: { [STARTER_FILE]: starterPolicy(names) } });
    const scope = set.policies.get('people-read')?.json.principal;
    expect(scope).toMatchObject({ entity: { type: 'Group', id: names.people } });
    expect(STARTER_NAMES.people).toBe('engineers');
  });

  it('is no wider than a terminal', () => {
    const wide = starterPolicy()
      .split('\n')
      .filter((line) => line.length > 110);
    expect(wide).toEqual([]);
  });
});
