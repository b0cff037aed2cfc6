import { describe, expect, it } from 'vitest';
import { decide, loadPolicies, localNames, withPublished } from '../../../src/flow/decide/index.ts';
import { PROD, STRANGER } from './subjects.ts';

const PUBLISHED = `@id("read") permit (principal, action in Action::"read", resource);
@id("no-drops") forbid (principal, action == Action::"sql:drop", resource);`;
const team = {
  files: { 'team.cedar': PUBLISHED },
  paths: { 'team.cedar': 'published policy 3, team.cedar' },
};

async function outcome(local: string, action: 'sql:select' | 'sql:insert' | 'sql:drop') {
  const set = await loadPolicies(
    withPublished(team, { files: { 'mine.cedar': local }, paths: { 'mine.cedar': '/x' } }),
  );
  const resource = { type: 'Table', id: 'prod-db/public.orders' } as const;
  const { outcome: answer, policies } = decide(set, {
    principal: STRANGER,
    connection: PROD,
    actions: [{ action, resource }],
  });
  return [answer, ...policies];
}

const EVERYTHING = '@id("all") permit (principal, action, resource);';

describe('a published policy and local files', () => {
  it('lets local files forbid more', async () => {
    expect(await outcome('', 'sql:select')).toEqual(['allow', 'read']);
    const local = '@id("never") forbid (principal, action, resource);';
    expect(await outcome(local, 'sql:select')).toEqual(['deny', 'local:never']);
  });

  it('does not let local files permit more', async () => {
    expect(await outcome(EVERYTHING, 'sql:insert')).toEqual(['deny']);
  });

  it.each([
    '@id("all")@advice permit (principal, action, resource);',
    '@id ( "all" ) // permit\n permit(principal, action, resource);',
    '@id("a;b") @x("forbid (") permit(principal, action, resource);',
    '// forbid\rpermit(principal, action, resource);',
    '@id("\\") forbid (") permit (principal, action, resource);',
    '@id("x")\u0085permit (principal, action, resource);',
    '\u0085permit (principal, action, resource);',
  ])('does not, however it is written: %j', async (local) => {
    await expect(outcome(local, 'sql:insert').catch(({ code }) => code)).resolves.toSatisfy(
      (answer: unknown) => answer === 'policy-invalid' || (answer as string[])[0] === 'deny',
    );
  });

  it('takes no offence at local copies of the published policy', async () => {
    expect(await outcome(PUBLISHED, 'sql:drop')).toEqual(['deny', 'no-drops']);
    const other = '@id("no-drops") forbid (principal, action == Action::"sql:drop", resource) when { true };';
    expect(await outcome(other, 'sql:drop')).toEqual(['deny', 'local:no-drops', 'no-drops']);
  });

  it('complains about a local file where it lies', async () => {
    await expect(
      outcome(`${EVERYTHING}\nfobid (principal, action, resource);`, 'sql:select'),
    ).rejects.toMatchObject({
      code: 'policy-invalid',
      message: expect.stringContaining('/x:2:1'),
    });
  });

  it('is what was published where local files add nothing, and never takes its names', async () => {
    const alone = await loadPolicies(team);
    const copied = await loadPolicies(
      withPublished(team, { files: { 'mine.cedar': PUBLISHED + EVERYTHING } }),
    );
    expect(copied.digest).toBe(alone.digest);
    const both = withPublished(team, { files: { 'team.cedar': 'forbid (principal, action, resource);' } });
    expect([...(await loadPolicies(both)).policies.keys()].sort()).toEqual([
      'local:team.cedar#1',
      'no-drops',
      'read',
    ]);
    expect(localNames({ files: { 'local:x.cedar': '', 'y.cedar': '' } })).toEqual(['local:x.cedar']);
  });
});
