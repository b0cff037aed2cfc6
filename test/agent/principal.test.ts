// Who acts in a session.
import { describe, expect, it } from 'vitest';
import { principalOf } from '../../src/agent/principal.ts';
import { decide, loadPolicies } from '../../src/flow/decide/index.ts';
import { connection } from '../fakes/agent.ts';

const person = {
  user: { iss: 'https://login.example.test', sub: 'p1', groups: ['engineers', 'dbas'] },
  expires: 0,
};
const setting = {
  config: { bots: new Map([['reader', { groups: ['readers'] }]]) },
  policy: { files: {} },
} as unknown as Parameters<typeof principalOf>[0]['setting'];

function asked(bot: unknown) {
  const caller = { cwd: '/', home: '/', settings: {}, pid: 1 };
  const request = { connection: 'db', client: 'mcp', port: 0, caller, ...(bot === undefined ? {} : { bot }) };
  return principalOf({ request: request as Parameters<typeof principalOf>[0]['request'], setting, person });
}

describe('the principal of a session', () => {
  it('is the person where no bot is named', () => {
    expect(asked(undefined)).toEqual({ kind: 'user', user: person.user });
  });

  it('is a bot on the person’s behalf, in the groups of its name and in none of its owner’s', () => {
    const claims = { client: 'Host', version: '1', models: [{ model: 'm', source: 'host' }, { model: 7 }] };
    expect(asked({ name: 'reader', groups: ['dbas'], ...claims })).toEqual({
      kind: 'bot',
      bot: {
        id: 'reader@db',
        groups: ['readers'],
        client: 'Host',
        version: '1',
        models: [{ model: 'm', source: 'host' }],
      },
      onBehalfOf: person.user,
    });
    expect(asked({ name: 'stranger' })).toMatchObject({ bot: { id: 'stranger@db', groups: [] } });
  });

  it.each([['Reader'], [''], ['a b'], ['../x'], ['a@b'], [undefined], [7], ['x'.repeat(64)]])(
    'is never a bot named %j',
    (name) => {
      expect(() => asked({ name })).toThrow(expect.objectContaining({ code: 'usage' }));
    },
  );

  it('needs both the bot’s right and its owner’s', async () => {
    const rule = (who: string) => `permit (principal ${who}, action == Action::"session:open", resource);`;
    const use = [{ action: 'session:open', resource: { type: 'Connection', id: 'db' } }] as const;
    const outcome = async (...rules: string[]) => {
      const set = await loadPolicies({ files: { 'a.cedar': rules.join('\n') } });
      const principal = asked({ name: 'reader' });
      return decide(set, { principal, connection: connection('db'), actions: use }).outcome;
    };
    expect(await outcome(rule('in Group::"engineers"'))).toBe('deny');
    expect(await outcome(rule('in Group::"readers"'))).toBe('deny');
    expect(await outcome(rule('in Group::"engineers"'), rule('in Group::"readers"'))).toBe('allow');
  });
});
