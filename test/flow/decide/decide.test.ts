import { beforeAll, describe, expect, it } from 'vitest';
import {
  combineDecisions,
  decide,
  explain,
  loadPolicies,
  type PolicySet,
  reveals,
} from '../../../src/flow/decide/index.ts';
import { STARTER_FILE, starterPolicy } from '../../../src/flow/decide/starter.ts';
import type { ActionUse } from '../../../src/model/action.ts';
import { ADA, connectionOf, ENGINEER, PROD, STRANGER } from './subjects.ts';

const on = (action: ActionUse['action'], table = 'public.orders'): ActionUse => ({
  action,
  resource: { type: 'Table', id: `prod-db/${table}` },
});

let starter: PolicySet;
beforeAll(async () => {
  starter = await loadPolicies({ files: { [STARTER_FILE]: starterPolicy() } });
});

describe('a decision asked for again', () => {
  it('is the very same object', () => {
    const request = { principal: ENGINEER, connection: PROD, actions: [on('sql:select')] };
    expect(decide(starter, request)).toBe(decide(starter, { ...request }));
  });

  it('is the same when only circumstances differ that no policy looks at', () => {
    const request = { principal: ENGINEER, connection: PROD, actions: [on('sql:select')] };
    const one = decide(starter, { ...request, context: { reason: 'a', time: 1 } });
    expect(decide(starter, { ...request, context: { reason: 'b', time: 2 } })).toBe(one);
  });

  it('is made anew for another person, group, label, tag, resource or circumstance that counts', async () => {
    const text = `permit (principal in Group::"engineers", action, resource in Label::"env:prod")
      when { context.reason == "ok" };`;
    const set = await loadPolicies({ files: { a: text } });
    const base = {
      principal: ENGINEER,
      connection: PROD,
      actions: [on('sql:select')],
      context: { reason: 'ok' },
    };
    const outcome = (change: object) => decide(set, { ...base, ...change }).outcome;
    expect(outcome({})).toBe('allow');
    expect(outcome({ context: { reason: 'no' } })).toBe('deny');
    expect(outcome({ principal: STRANGER })).toBe('deny');
    expect(outcome({ principal: { kind: 'user', user: { ...ADA, groups: [] } } })).toBe('deny');
    expect(outcome({ connection: { ...PROD, labels: ['env:dev'] } })).toBe('deny');
    expect(outcome({})).toBe('allow');
  });

  it('costs a small part of the first time', () => {
    const request = { principal: ENGINEER, connection: PROD, actions: [on('sql:select')] };
    const timed = (rounds: number, act: () => unknown): number => {
      const start = process.hrtime.bigint();
      for (let round = 0; round < rounds; round++) act();
      return Number(process.hrtime.bigint() - start) / rounds;
    };
    decide(starter, request);
    const first = timed(200, () => explain(starter, request));
    const again = timed(2_000, () => decide(starter, request));
    expect(again).toBeLessThan(first / 4);
  });

  it('does not grow without end', () => {
    for (let round = 0; round < 4_200; round++)
      decide(starter, {
        principal: STRANGER,
        connection: PROD,
        actions: [on('sql:select', `public.t${round % 60}`)],
        context: {},
      });
    expect(starter.cache.size).toBeLessThanOrEqual(4_096);
  });
});

describe('a failure of any kind', () => {
  it.each([
    [
      'an action that does not exist',
      { action: 'sql:teleport', resource: { type: 'Table', id: 'prod-db/x' } },
    ],
    [
      'a resource of a kind that does not exist',
      { action: 'sql:select', resource: { type: 'Planet', id: 'prod-db/x' } },
    ],
    ['a person as a resource', { action: 'sql:select', resource: { type: 'User', id: 'prod-db/x' } }],
    [
      'a resource of another connection',
      { action: 'sql:select', resource: { type: 'Table', id: 'other/x' } },
    ],
    ['a resource that is none', { action: 'sql:select', resource: undefined }],
  ])('is a deny that says so: %s', async (_name, use) => {
    const set = await loadPolicies({ files: { a: 'permit (principal, action, resource);' } });
    const decision = decide(set, { principal: ENGINEER, connection: PROD, actions: [use as ActionUse] });
    expect(decision).toMatchObject({ outcome: 'deny', policies: [] });
    expect(decision.errors.length).toBeGreaterThan(0);
  });

  it('is a deny when the engine itself breaks', () => {
    const broken: PolicySet = {
      ...starter,
      cache: new Map(),
      cedar: {
        ...starter.cedar,
        statefulIsAuthorized: () => {
          throw new Error('unreachable executed');
        },
      },
    };
    const decision = decide(broken, { principal: ENGINEER, connection: PROD, actions: [on('sql:select')] });
    expect(decision).toMatchObject({ outcome: 'deny', errors: ['unreachable executed'] });
  });

  it('is a deny when the engine has lost the policies', () => {
    const lost: PolicySet = { ...starter, cache: new Map(), full: 'a set that was never prepared' };
    const decision = decide(lost, { principal: ENGINEER, connection: PROD, actions: [on('sql:select')] });
    expect(decision.outcome).toBe('deny');
    expect(decision.errors.length).toBeGreaterThan(0);
  });

  it('is not remembered', () => {
    const before = starter.cache.size;
    decide(starter, { principal: ENGINEER, connection: PROD, actions: [] });
    expect(starter.cache.size).toBe(before);
  });
});

describe('what is revealed', () => {
  it('is nothing by default, and the evidence names the policy that forbids it', () => {
    const revealed = reveals(starter, {
      principal: ENGINEER,
      connection: PROD,
      dataTypes: ['iban', 'email'],
    });
    expect(revealed).toEqual({ columns: new Set(), dataTypes: new Set(), policies: ['never-revealed'] });
  });

  it('is told by column and by data type', async () => {
    const text = `@id("mails") permit (principal, action == Action::"reveal", resource in DataType::"email");
      @id("names") permit (principal, action == Action::"reveal", resource == Column::"prod-db/public.people.name");
      @id("asked") @ask("why") forbid (principal, action == Action::"reveal", resource in DataType::"phone");
      @id("phones") permit (principal, action == Action::"reveal", resource in DataType::"phone");`;
    const set = await loadPolicies({ files: { a: text } });
    const connection = connectionOf('prod-db', {
      labels: [],
      columns: {
        'public.people.mail': 'email',
        'public.people.name': 'person',
        'public.people.card': 'payment-card',
        'public.people.phone': 'phone',
      },
    });
    expect(reveals(set, { principal: STRANGER, connection, dataTypes: ['iban'] })).toEqual({
      columns: new Set(['public.people.mail', 'public.people.name']),
      dataTypes: new Set(['email']),
      policies: ['asked', 'mails', 'names'],
    });
  });

  it('is to a bot no more than to its owner', async () => {
    const text = `permit (principal is Bot, action == Action::"reveal", resource);`;
    const set = await loadPolicies({ files: { a: text } });
    const principal = { kind: 'bot', bot: { id: 'b', groups: [], models: [] }, onBehalfOf: ADA } as const;
    expect(reveals(set, { principal, connection: PROD })).toMatchObject({
      columns: new Set(),
      dataTypes: new Set(),
    });
  });
});

describe('decisions of several statements', () => {
  it('make one, as strict as the strictest', () => {
    const one = (action: ActionUse['action']) =>
      decide(starter, { principal: ENGINEER, connection: PROD, actions: [on(action)] });
    const [read, write, blind] = [one('sql:select'), one('sql:update'), one('sql:delete-all')];
    expect(combineDecisions([read])).toBe(read);
    expect(combineDecisions([read, write])).toEqual(write);
    expect(combineDecisions([write, blind, read])).toEqual(blind);
  });
});

describe('an explanation', () => {
  it('says per action which policies answered, and quotes them', () => {
    const answers = explain(starter, {
      principal: ENGINEER,
      connection: PROD,
      actions: [on('sql:select'), on('sql:delete-all')],
    });
    expect(
      answers.map(({ use, outcome, policies }) => [use.action, outcome, policies.map(({ id }) => id)]),
    ).toEqual([
      ['sql:select', 'allow', ['people-read']],
      ['sql:delete-all', 'deny', expect.arrayContaining(['no-blind-writes'])],
    ]);
    expect(answers[1]?.policies.find(({ id }) => id === 'no-blind-writes')?.text).toContain(
      'Action::"sql:delete-all"',
    );
  });
});
