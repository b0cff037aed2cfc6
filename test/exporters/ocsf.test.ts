import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ran, signed } from '../../src/exporters/ocsf-events.ts';
import { sha256 } from '../../src/lib/digest.ts';
import { parseBundle } from '../../src/model/bundle.ts';
import type { Predicate } from '../../src/model/evidence.ts';
import { type Evidence, exportTo, HOSTILE, makeEvidence } from './evidence.ts';
import { checkoutFacts, only } from './ocsf-checkout.ts';
import { OcsfSchema } from './ocsf-schema.ts';

type Event = Record<string, unknown> & { class_uid: number; activity_id: number };

let evidence: Evidence;
let events: Event[];
beforeAll(async () => {
  evidence = await makeEvidence();
  const { output } = await exportTo(evidence, 'ocsf');
  events = readFileSync(join(output, 'events.ndjson'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
});
afterAll(() => evidence.remove());

const of = (uid: number) => events.filter((event) => event.class_uid === uid);

describe('broker export --format ocsf', () => {
  it('tells sign-ins, accounts, sessions and statements in their classes', () => {
    expect(
      of(3002)
        .map(({ activity_id }) => activity_id)
        .sort(),
    ).toEqual([1, 1, 2, 2]);
    expect(of(3003).map((event) => event['privileges'])).toEqual([
      ['broker_ro_7f'],
      ['broker_ro_7f'],
      ['broker_ro_7f'],
    ]);
    const connects = of(6005).filter(({ activity_id }) => activity_id === 3);
    expect(connects.map((event) => [event['status_id'], event['action_id']]).sort()).toEqual([
      [1, 1],
      [1, 1],
      [1, 1],
      [2, 2],
    ]);
    const session = (event: Event) => (event['metadata'] as { correlation_uid: string }).correlation_uid;
    const statements = of(6005).filter((event) => event.activity_id !== 3 && session(event) === 'terminal1');
    expect(
      statements.map((event) => [event.activity_id, event['status_id'], event['disposition_id']]),
    ).toEqual([
      [4, 1, 1],
      [4, 1, 1],
      [4, 2, 1],
      [4, 1, 1],
      [7, 2, 2],
      [7, 1, 8],
      [4, 1, 1],
      [4, 1, 1],
      [99, 2, 2],
      [4, 0, 1],
    ]);
    expect(statements[1]).toMatchObject({
      query_info: { query_string: HOSTILE.html },
      policy: { name: 'developers-work', is_applied: true },
      actor: { user: { uid: 'alice', domain: 'https://login.example.test' }, session: { uid: 'terminal1' } },
    });
  });

  it('names the bot as application and its person as user', () => {
    const [bot] = of(6005).filter((event) => JSON.stringify(event).includes('count(*)'));
    expect(bot?.['actor']).toMatchObject({
      app_name: 'reporting-bot',
      app_uid: 'reporting-bot@1.2',
      user: { uid: 'alice' },
    });
  });

  it('has in every event what every class requires, and ids that agree', () => {
    for (const event of events) {
      expect(event).toMatchObject({
        time: expect.any(Number),
        severity_id: expect.any(Number),
        metadata: {
          version: '1.8.0',
          product: { name: 'broker', vendor_name: 'access-broker' },
          uid: expect.any(String),
        },
        category_uid: Math.floor(event.class_uid / 1000),
        type_uid: event.class_uid * 100 + event.activity_id,
      });
      if (event.activity_id === 99) expect(event['activity_name']).toEqual(expect.any(String));
    }
    const ids = events.map((event) => (event['metadata'] as { uid: string }).uid);
    expect(new Set(ids).size).toBe(ids.length);
  });

  /** What this store has none of: an export, an answer to a request, a call of a tool. */
  function more(): Event[] {
    const store = join(evidence.root, 'v1/stmt');
    const file = readdirSync(store, { recursive: true, encoding: 'utf8' }).find((name) =>
      name.endsWith('-session.sigstore.json'),
    ) as string;
    const bytes = readFileSync(join(store, file));
    const { predicate } = parseBundle(bytes).statement;
    const as = (change: Partial<Predicate>) => ({
      key: `v1/stmt/${file}`,
      digest: sha256(bytes),
      bytes,
      predicate: { ...predicate, ...change },
      subjects: [],
      chosen: true,
    });
    const detail = {
      id: 'request-1',
      answer: 'approve',
      strength: 'fresh-sign-in',
      decision: 'd',
      request: 'r',
    };
    const call = {
      seq: 1,
      time: predicate.clock.wall,
      conversation: 1,
      statement: 1,
      phase: 'call',
      text: '{"name":"query"}',
      digest: sha256('call'),
      parameters: [],
      actions: [{ action: 'mcp:call', type: 'Tool', resource: 'prod/query' }],
      decision: 'allow',
      policies: ['developers-work'],
      policyDigest: 'p',
      event: {},
    };
    const { session: _, ...alone } = predicate;
    return [
      signed({
        ...as({ kind: 'access', detail: { format: 'bundle' } }),
        predicate: { ...alone, kind: 'access', detail: { format: 'bundle' } },
      }),
      signed({ ...as({}), predicate: { ...alone, kind: 'approve', detail } }),
      ran(as({}), call),
      ran(as({}), { ...call, decision: 'deny', policies: [] }),
    ].map((line) => JSON.parse(line));
  }

  const kept = new URL('../vectors/ocsf/facts.json', import.meta.url);
  const problems = (judge: OcsfSchema) =>
    [...events, ...more()].flatMap((event) =>
      judge.problems(event).map((problem) => `${event.class_uid}: ${problem}`),
    );

  it('is valid by what the published schema says of its classes', () => {
    const judge = new OcsfSchema(JSON.parse(readFileSync(kept, 'utf8')));
    expect(problems(judge)).toEqual([]);
    const good = of(6005)[0] as Event;
    const { time: _, ...timeless } = good;
    for (const broken of [
      { ...good, surprise: 1 },
      { ...good, severity_id: 77 },
      { ...good, time: '2026' },
      { ...good, type_uid: 1 },
      { ...good, metadata: {} },
      { ...good, actor: 'dana' },
      timeless,
    ])
      expect(judge.problems(broken)).not.toEqual([]);
  });

  const checkout = process.env['BROKER_OCSF_SCHEMA'];
  it.runIf(checkout)('is held to what a checkout of ocsf/ocsf-schema says (BROKER_OCSF_SCHEMA)', () => {
    const facts = checkoutFacts(checkout as string, ['security_control']);
    const judge = new OcsfSchema(facts);
    expect(problems(judge)).toEqual([]);
    const text = `${JSON.stringify(only(facts, judge.used))}\n`;
    if (process.env['UPDATE_VECTORS'] === '1') writeFileSync(kept, text);
    expect(readFileSync(kept, 'utf8')).toBe(text);
  });
});
