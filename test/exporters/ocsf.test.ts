import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Evidence, exportTo, HOSTILE, makeEvidence } from './evidence.ts';
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

  const schema = process.env['BROKER_OCSF_SCHEMA'];
  it.runIf(schema)(
    'is valid by the published schema (BROKER_OCSF_SCHEMA: a checkout of ocsf/ocsf-schema)',
    () => {
      const judge = new OcsfSchema(schema as string);
      expect(
        events.flatMap((event) => judge.problems(event).map((problem) => `${event.class_uid}: ${problem}`)),
      ).toEqual([]);
      const broken = { ...of(6005)[0], surprise: 1, severity_id: 77, time: '2026' };
      expect(judge.problems(broken).length).toBeGreaterThanOrEqual(3);
    },
  );
});
