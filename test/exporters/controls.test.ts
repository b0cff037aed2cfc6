// Every control test with evidence that makes it satisfied, and with what makes it fail.
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { ExportedStatement } from '../../src/exporters/index.ts';
import { Assessment, CONTROLS, type State } from '../../src/exporters/nist/index.ts';
import type { Json } from '../../src/lib/canonical.ts';
import type { Predicate } from '../../src/model/evidence.ts';
import type { Verification } from '../../src/model/verdict.ts';

type Event = Record<string, Json>;
type World = {
  verification: Verification;
  epoch: Predicate;
  session: Predicate;
  access: Predicate[];
  attempts: Predicate[];
  blobs: string[];
  events: Event[];
  store: string;
};

const TIME = '2026-03-01T09:00:00.000000Z';

function event(type: string, data: Record<string, Json>, seq: number): Event {
  return {
    seq,
    type,
    time: TIME,
    recorder: 'worker',
    session: 's1',
    data,
    who: { iss: 'https://login.example.test', sub: 'alice', account: 'ro' },
    where: { connection: 'prod-db', protocol: 'postgres', address: 'db.example.test:5432' },
    source: { host: 'host.example.test', user: 'alice', pid: 1, tool: 'broker/0' },
  };
}

function statement(number: number, action: string, more: Record<string, Json> = {}): Event {
  const data = {
    conversation: 1,
    statement: number,
    phase: 'simple',
    text: action,
    digest: 'd'.repeat(64),
    decision: 'allow',
    policies: ['rule'],
    policyDigest: 'p',
    fingerprint: 'f',
    actions: [{ action, resource: { type: 'Table', id: 'prod-db/public.t' } }],
  };
  return event('statement', { ...data, ...more }, number * 10);
}

const answer = (number: number, status = 'ok') =>
  event(
    'answer',
    { conversation: 1, statement: number, status, rows: 1, bytes: 1, micros: 1 },
    number * 10 + 2,
  );
const approval = (number: number, more: Record<string, Json> = {}) =>
  event(
    'approval.end',
    {
      id: 'r',
      day: '2026-03-01',
      request: 'a'.repeat(64),
      decisions: ['b'.repeat(64)],
      outcome: 'used',
      strength: 'fresh-sign-in',
      waited: 1,
      conversation: 1,
      statement: number,
      ...more,
    },
    number * 10 + 1,
  );

function predicate(kind: Predicate['kind'], more: Partial<Predicate> = {}): Predicate {
  return {
    kind,
    store: 'a'.repeat(26),
    key: `v1/stmt/${kind}`,
    chain: { writer: 'w', epoch: 1, seq: 0, prev: '' },
    seen: [],
    identity: {
      iss: 'https://login.example.test',
      sub: 'alice',
      jkt: 'k',
      pkToken: 'p',
      binding: 'nonce',
      amr: ['pwd', 'otp'],
    },
    actor: { kind: 'human', name: 'alice' },
    clock: { wall: TIME, monotonic: '1' },
    enforcement: 'local',
    tool: { name: 'broker', version: '0', digest: 'd' },
    ...more,
  };
}

/** Evidence in which everything that can be proven is. */
function good(): World {
  return {
    store: 's3://evidence',
    verification: {
      integrity: { verdict: 'VALID', findings: [] },
      completeness: { verdict: 'COMPLETE', findings: [] },
      coverage: { verdict: 'COVERED', findings: [], matched: 1 },
      notes: [],
      checked: { statements: 4, sessions: 1, blobs: 4, events: 9, bytes: 1 },
      signers: [],
      window: {},
      unlisted: 0,
    },
    epoch: predicate('epoch'),
    session: predicate('session', {
      session: {
        id: 's1',
        connection: 'prod-db',
        protocol: 'postgres',
        address: 'db.example.test:5432',
        fingerprint: 'sha256:x',
        client: 'connect',
        credential: 'short-lived',
        account: 'ro',
        opened: TIME,
        closed: TIME,
        end: 'closed',
      },
      events: { count: 9, merkleRoot: 'r' },
      policy: { digest: 'p' },
    }),
    access: [predicate('access')],
    attempts: [predicate('attempt')],
    blobs: ['events.jsonl.gz', 'transcript.cast.gz'],
    events: [
      event('credential', { source: 'ephemeral-role', account: 'ro', label: 'role', expires: TIME }, 1),
      statement(1, 'sql:select'),
      answer(1),
      statement(2, 'sql:grant'),
      answer(2),
      statement(3, 'sql:drop', { decision: 'ask' }),
      approval(3),
      answer(3),
      statement(4, 'reveal', { decision: 'deny' }),
      answer(4, 'refused'),
    ],
  };
}

function assess(world: World): Map<string, State> {
  const assessment = new Assessment(world.store);
  const exported = (each: Predicate): ExportedStatement => ({
    key: each.key,
    digest: 'd',
    bytes: new Uint8Array(),
    predicate: each,
    subjects: world.blobs.map((name) => ({ name, digest: 'd' })),
    chosen: true,
  });
  assessment.statement(exported(world.epoch));
  const session = exported(world.session);
  assessment.statement(session);
  for (const value of world.events) assessment.event({ statement: session, line: '', value });
  for (const each of [...world.access, ...world.attempts]) assessment.statement(exported(each));
  return new Map(assessment.finish(world.verification).map(({ control, state }) => [control.name, state]));
}

/** Nothing that data can show by itself. */
const HUMAN = ['AU-5', 'AU-6a', 'AU-9(4)', 'AU-11', 'AU-12(3)'];

describe('good evidence', () => {
  const states = assess(good());
  it.each(CONTROLS.map(({ name }) => name))('%s', (name) => {
    expect(states.get(name)).toBe(HUMAN.includes(name) ? 'not-assessable' : 'satisfied');
  });
});

describe('no evidence', () => {
  it('satisfies nothing', () => {
    const world = good();
    const states = new Assessment('s3://x').finish({
      ...world.verification,
      coverage: { verdict: 'NOT CHECKED' },
      checked: { statements: 0, sessions: 0, blobs: 0, events: 0, bytes: 0 },
    });
    expect(states.filter(({ state }) => state === 'satisfied').map(({ control }) => control.name)).toEqual(
      [],
    );
  });
});

type Break = (world: World) => void;
const session =
  (change: object): Break =>
  (world) => {
    world.session = {
      ...world.session,
      session: { ...(world.session.session as object), ...change },
    } as Predicate;
  };
const add =
  (...events: Event[]): Break =>
  (world) =>
    void world.events.push(...events);
const verdict =
  (part: object): Break =>
  (world) => {
    world.verification = { ...world.verification, ...part } as Verification;
  };
const INVALID = verdict({ integrity: { verdict: 'INVALID', findings: [] } });
const MISSING = verdict({ completeness: { verdict: 'MISSING', findings: [] } });
const unbound: Break = (world) => {
  world.epoch = predicate('epoch', { identity: { ...world.epoch.identity, binding: 'none' } });
};
const standing = add(event('credential', { source: 'env', account: 'ro', label: 'x' }, 99));

const FAILURES: readonly (readonly [name: string, why: string, how: Break])[] = [
  ['AC-2g', 'a session without an account', session({ account: undefined })],
  ['AC-3', 'a statement without a decision', add(statement(9, 'sql:select', { decision: '' }), answer(9))],
  ['AC-3', 'a refused statement that ran', add(statement(9, 'sql:select', { decision: 'deny' }), answer(9))],
  ['AC-3', 'an unapproved statement that ran', add(statement(9, 'sql:drop', { decision: 'ask' }), answer(9))],
  [
    'AC-3',
    'a statement without a policy set',
    add(statement(9, 'sql:select', { policyDigest: '' }), answer(9)),
  ],
  [
    'AC-5b',
    'an approval without a signed decision',
    add(statement(9, 'sql:drop', { decision: 'ask' }), approval(9, { decisions: [] }), answer(9)),
  ],
  [
    'AC-6(9)',
    'a grant without its text',
    add(statement(9, 'sql:grant', { text: '', digest: '' }), answer(9)),
  ],
  ['AC-6(10)', 'a grant that no policy allowed', add(statement(9, 'sql:grant', { policies: [] }), answer(9))],
  ['AC-12', 'a session without an end', session({ end: undefined })],
  [
    'AC-17b',
    'a session without a policy set',
    (world) =>
      void Object.assign(world, { session: { ...world.session, policy: undefined } as unknown as Predicate }),
  ],
  [
    'AC-17(1)',
    'a session without events',
    (world) =>
      void Object.assign(world, { session: { ...world.session, events: { count: 0, merkleRoot: 'r' } } }),
  ],
  ['AC-17(4)', 'a grant that no policy allowed', add(statement(9, 'sql:grant', { policies: [] }), answer(9))],
  ['CM-5', 'a drop that no policy allowed', add(statement(9, 'sql:drop', { policies: [] }), answer(9))],
  [
    'IA-2',
    'a bot without its person',
    (world) =>
      void Object.assign(world, { session: { ...world.session, actor: { kind: 'bot', name: 'bot' } } }),
  ],
  ['IA-2', 'an event without a person', add({ ...answer(9), who: {} })],
  [
    'IA-2(1)',
    'a sign-in with one factor',
    (world) =>
      void Object.assign(world, {
        epoch: predicate('epoch', { identity: { ...world.epoch.identity, amr: ['pwd'] } }),
      }),
  ],
  ['IA-2(8)', 'a sign-in that commits to no key', unbound],
  ['IA-5f', 'a credential that does not end', standing],
  [
    'AU-2c',
    'a session without events',
    (world) =>
      void Object.assign(world, { session: { ...world.session, events: { count: 0, merkleRoot: 'r' } } }),
  ],
  ['AU-3', 'an event without its source', add({ ...answer(9), source: {} })],
  ['AU-3(1)', 'a statement without a decision', add(statement(9, 'sql:select', { decision: '' }), answer(9))],
  [
    'AU-5',
    'a damaged recording',
    (world) => void Object.assign(world, { session: { ...world.session, detail: { damage: [] } } }),
  ],
  ['AU-6a', 'nobody exported anything', (world) => void Object.assign(world, { access: [] })],
  ['AU-7', 'an altered record', INVALID],
  ['AU-8', 'a clock that ran back', verdict({ notes: [{ about: 'clock', file: 'f', text: 't' }] })],
  ['AU-8', 'an event with another kind of time', add({ ...answer(9), time: '2026-03-01T09:00:00Z' })],
  ['AU-9', 'a missing record', MISSING],
  ['AU-9(3)', 'an altered record', INVALID],
  ['AU-10', 'a sign-in that commits to no key', unbound],
  ['AU-11', 'a missing record', MISSING],
  ['AU-12', 'a missing record', MISSING],
  ['AU-12(1)', 'a missing record', MISSING],
  [
    'AU-14',
    'a terminal without a recording',
    (world) => void Object.assign(world, { blobs: ['events.jsonl.gz'] }),
  ],
  ['SC-7a', 'a session only the target saw', verdict({ coverage: { verdict: 'UNCOVERED', findings: [] } })],
  ['SC-8', 'a remote target without a certificate', session({ fingerprint: undefined })],
  ['SC-13', 'an altered record', INVALID],
  ['SI-4', 'a missing record', MISSING],
];

describe('a control is not satisfied by', () => {
  it.each(FAILURES)('%s: %s', (name, _, how) => {
    const world = good();
    how(world);
    expect(assess(world).get(name)).toBe('not-satisfied');
  });

  it('every control that data can fail is failed here', () => {
    const failed = new Set(FAILURES.map(([name]) => name));
    expect(CONTROLS.map(({ name }) => name).filter((name) => !failed.has(name))).toEqual([
      'AU-9(2)',
      'AU-9(4)',
      'AU-12(3)',
      'IA-5g',
    ]);
  });

  it('IA-5g cannot be assessed where credentials stand', () => {
    const world = good();
    standing(world);
    expect(assess(world).get('IA-5g')).toBe('not-assessable');
  });
});

/** What is not there → what can then not be claimed any more. */
const ABSENT: readonly (readonly [what: string, how: Break, controls: readonly string[]])[] = [
  ['credential', without('credential'), ['IA-5f', 'IA-5g']],
  [
    'statement',
    without('statement'),
    ['AC-3', 'AC-5b', 'AC-6(9)', 'AC-6(10)', 'AC-17(4)', 'AU-3(1)', 'CM-5'],
  ],
  ['use of an approval', without('approval.end'), ['AC-3', 'AC-5b']],
  ['event', (world) => world.events.splice(0), ['AU-3', 'AU-2c', 'AU-12', 'AU-12(1)', 'AU-8']],
  [
    'sign-in',
    (world) => void Object.assign(world, { epoch: predicate('open') }),
    ['IA-2(1)', 'IA-2(8)', 'AU-10'],
  ],
  ['terminal', session({ client: 'query' }), ['AU-14']],
  ['recording', (world) => void Object.assign(world, { blobs: ['events.jsonl.gz'] }), ['AU-14']],
  ['look at the targets’ own logs', verdict({ coverage: { verdict: 'NOT CHECKED' } }), ['SC-7a']],
];

function without(type: string): Break {
  return (world) =>
    void world.events.splice(0, Infinity, ...world.events.filter((each) => each['type'] !== type));
}

describe('nothing is claimed without its evidence: without a', () => {
  it.each(ABSENT)('%s', (_, how, controls) => {
    const world = good();
    how(world);
    const states = assess(world);
    expect(controls.filter((name) => states.get(name) === 'satisfied')).toEqual([]);
  });
});

const DOC = new URL('../../docs/nist-800-53.md', import.meta.url).pathname;

/** The page is made from the table, so that it cannot promise something else. */
function page(): string {
  const rows = CONTROLS.map(
    ({ name, title, objective, human }) => `| ${name} | ${title} | ${objective} | ${human} |`,
  );
  return `# NIST SP 800-53 rev. 5: what the evidence proves

\`broker report --framework nist-800-53 --since 30d\` and \`broker export --format oscal\` run one test per row over every event and signed statement
of a span. *Satisfied* means that the data shows it, *not satisfied* that the data shows the contrary, *not assessable* that it shows neither:
nothing of the kind happened, or no data can show it. A test proves what its row says and no more; the last column stays with people.

Every result rests on INTEGRITY and COMPLETENESS of the evidence (evidence format, section 7) and reaches as far as they do. What does not pass
through broker is not in its evidence; only the targets’ own logs can tell (COVERAGE).

| control | is about | is proven when | stays human |
| --- | --- | --- | --- |
${rows.join('\n')}

In OSCAL, objectives are named as the catalogue of assessment procedures does (\`au-3_obj\`, \`ac-2_obj.g\`). Findings are made of what is satisfied or not;
the rest are observations.
`;
}

describe('docs/nist-800-53.md', () => {
  it('says the same as the table (UPDATE_GOLDEN=1 makes it anew)', () => {
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(DOC, page());
    expect(readFileSync(DOC, 'utf8')).toBe(page());
  });
});
