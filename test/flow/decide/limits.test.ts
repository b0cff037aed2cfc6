// Each case would stop the engine for good if it got there: the last check of each is that the engine still works.
import { afterEach, describe, expect, it } from 'vitest';
import { checkPolicies, decide, loadPolicies } from '../../../src/flow/decide/index.ts';
import { ENGINEER, PROD } from './subjects.ts';

const when = (condition: string): string => `permit (principal, action, resource) when { ${condition} };`;
const reasons = async (text: string): Promise<readonly string[]> =>
  (await checkPolicies({ files: { 'a.cedar': text } })).map(({ reason }) => reason);

async function answer(text: string): Promise<readonly [string, readonly string[]]> {
  const set = await loadPolicies({ files: { 'a.cedar': text } });
  const resource = { type: 'Connection', id: 'prod-db' } as const;
  const actions = [{ action: 'session:open', resource }] as const;
  const request = { principal: ENGINEER, connection: PROD, actions, context: { hasWhere: true } };
  const { outcome, errors } = decide(set, request);
  return [outcome, errors];
}

afterEach(async () => {
  expect(await reasons(when('context.hasWhere'))).toEqual([]);
});

describe('a policy the engine could not take', () => {
  it.each([
    ['brackets', when(`${'('.repeat(5000)}true${')'.repeat(5000)}`), /brackets within each other/],
    ['records', when(`${'{a:'.repeat(200)}1${'}'.repeat(200)} has a`), /brackets within each other/],
    ['a chain of operators', when(`${'true && '.repeat(1000)}true`), /brackets within each other/],
    ['a sum', when(`${'1+'.repeat(1000)}1 > 0`), /brackets within each other/],
    [
      'conditions',
      `permit (principal, action, resource)${' when {true}'.repeat(1000)};`,
      /brackets within each other/,
    ],
    ['a long name', when(`principal == ${'A::'.repeat(15_000)}A::"x"`), /more than nine parts/],
    ['a long text', when(`context.client == "${'x'.repeat(70_000)}"`), /more than 65536 characters/],
    [
      'a comment that ends',
      when(`true // \r && ${'('.repeat(200)}true${')'.repeat(200)}`),
      /brackets within each other/,
    ],
  ])('is refused before the engine sees it: %s', async (_, text, reason) => {
    expect(await reasons(text)).toEqual([expect.stringMatching(reason)]);
  });

  it.each([
    `${'('.repeat(24)}true${')'.repeat(24)}`,
    `${'('.repeat(12)}${'context.hasWhere && '.repeat(30)}true${')'.repeat(12)}`,
    `${'('.repeat(12)}${'if context.hasWhere then true else '.repeat(20)}true${')'.repeat(12)}`,
    `${'{a:'.repeat(12)}${'1+'.repeat(20)}1${'}'.repeat(12)} has a`,
    `${'1+'.repeat(40)}1 > 0`,
    `${'context.hasWhere || '.repeat(58)}true`,
    `[${'"x", '.repeat(5000)}"y"].contains(context.client)`,
  ])('is not one that comes close: %.40s', async (condition) => {
    expect(await reasons(when(condition))).toEqual([]);
    const [outcome, errors] = await answer(when(condition));
    expect([outcome, errors]).toEqual([expect.stringMatching(/allow|deny/), []]);
  });

  it('may be among ten thousand, which are refused for their length', async () => {
    const policy = when(`context.client == "${'x'.repeat(100)}"`);
    expect(await reasons(Array.from({ length: 10_000 }, () => policy).join('\n'))).toEqual([
      'the policies have more than 1048576 characters together',
    ]);
  });
});

describe('what Cedar reads and a quick look does not', () => {
  it('is a policy after a comment that ends with a carriage return', async () => {
    const text = '// old line ends\r@id("hidden") forbid (principal, action, resource);\r';
    const { policies } = await loadPolicies({ files: { 'a.cedar': text } });
    expect([...policies.keys()]).toEqual(['hidden']);
  });

  it('is an annotation without a value', async () => {
    expect(await reasons('@ask forbid (principal, action, resource);')).toEqual([
      '@ask needs a reason a person can read',
    ]);
  });

  it('is an annotation nobody asked for, of which it warns', async () => {
    const text =
      '@aks("who") forbid (principal, action, resource);\n@owner("x") permit (principal, action, resource);';
    const { warnings } = await loadPolicies({ files: { 'a.cedar': text } });
    expect(warnings).toEqual([
      { place: 'a.cedar:1:1', reason: '@aks says nothing to broker; did you mean @ask?' },
      { place: 'a.cedar:2:1', reason: '@owner says nothing to broker' },
    ]);
  });
});
