// A store with what an exporter has to cope with: a person, a bot, approvals, refusals, masking, terminals, and hostile text everywhere.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exportEvidence } from '../../src/commands/export.ts';
import { openRecorder } from '../../src/flow/record/journal.ts';
import { timestamp } from '../../src/lib/clock.ts';
import { sha256 } from '../../src/lib/digest.ts';
import type { EventData, EventOrigin, Recorder } from '../../src/model/event.ts';
import { type FakeClock, fakeClock } from '../fakes/clock.ts';
import { runCommand } from '../fakes/command.ts';
import { type Installation, install, openOrder, POLICY, workFolder } from '../fakes/installation.ts';
import { type FakeProvider, fakeProvider } from '../fakes/sign-in.ts';

const HOUR = 3_600_000;

/** Text that would act on whoever shows it carelessly. */
export const HOSTILE = {
  html: `select '</script><script>document.title="owned"</script><img src=x onerror="document.title=1">' as x -- ${'${7*7}'} <!--`,
  formula: `=cmd|' /C calc'!A1`,
  bidi: 'select 1 /* \u202e}; drop table orders; /* \u2066 */',
  terminal:
    '\u001b]0;owned\u0007\u001b]52;c;b3duZWQ=\u0007\u001b[31mred\u001b[0m \u001b[2J\u001bP+q544e\u001b\\plain\r\n',
} as const;

export interface Evidence {
  readonly folder: string;
  readonly root: string;
  readonly clock: FakeClock;
  readonly provider: FakeProvider;
  readonly environment: Readonly<Record<string, string>>;
  remove(): void;
}

interface Said {
  readonly text: string;
  readonly decision?: 'allow' | 'ask' | 'deny';
  readonly policies?: readonly string[];
  readonly action?: string;
  readonly table?: string;
  readonly approval?: Partial<EventData['approval.end']>;
  readonly answer?: Partial<EventData['answer']> | false;
}

function say(recorder: Recorder, number: number, said: Said, again = false): void {
  const { text, decision = 'allow', policies = ['developers-work'], table = 'customers' } = said;
  recorder.append('statement', {
    conversation: 1,
    statement: number,
    phase: 'simple',
    ...(again ? {} : { text }),
    digest: sha256(text),
    actions: [
      {
        action: (said.action ?? 'sql:select') as 'sql:select',
        resource: { type: 'Table', id: `prod-db/public.${table}` },
      },
    ],
    decision,
    policies,
    policyDigest: POLICY.digest,
    fingerprint: 'abc',
  });
  if (said.approval)
    recorder.append('approval.end', {
      id: `01JD2Q8C0000000000000000${String(number).padStart(2, '0')}`,
      day: '2026-03-01',
      request: '2'.repeat(64),
      decisions: ['3'.repeat(64)],
      outcome: 'used',
      strength: 'fresh-sign-in',
      waited: 42_000_000,
      conversation: 1,
      statement: number,
      ...said.approval,
    });
  if (said.answer === false) return;
  const denied = decision === 'deny';
  recorder.append('answer', {
    conversation: 1,
    statement: number,
    status: denied ? 'refused' : 'ok',
    ...(denied ? { sqlstate: '42501', message: 'refused by policy' } : { tag: 'SELECT 1' }),
    rows: denied ? 0 : 1,
    bytes: denied ? 0 : 64,
    micros: denied ? 0 : 900,
    ...(denied ? {} : { columns: ['name', 'email'], sample: [['Ada', '[email]']], masked: 1 }),
    ...said.answer,
  });
}

const LONG = `select id, ${'name, '.repeat(120)}email from customers where region = 7`;

const PEOPLE: readonly Said[] = [
  { text: 'select name, email from customers where id = 7' },
  { text: HOSTILE.html },
  {
    text: HOSTILE.formula,
    answer: { status: 'error', sqlstate: '42601', message: HOSTILE.formula, rows: 0 },
  },
  { text: HOSTILE.bidi },
  {
    text: 'delete from orders',
    decision: 'deny',
    policies: ['no-blind-writes'],
    action: 'sql:delete-all',
    table: 'orders',
  },
  {
    text: 'drop table orders_old',
    decision: 'ask',
    policies: ['ask-destroy'],
    action: 'sql:drop',
    table: 'orders_old',
    approval: {},
  },
  { text: LONG },
  { text: LONG },
  {
    text: 'select card from payments',
    decision: 'deny',
    policies: ['pii'],
    action: 'reveal',
    table: 'payments',
  },
  { text: 'select pg_sleep(99)', answer: false },
];

interface Work {
  readonly id: string;
  readonly who?: Partial<EventOrigin['who']> & { readonly models?: unknown };
  readonly actor?: {
    readonly kind: 'human' | 'bot';
    readonly name: string;
    readonly version?: string;
    readonly onBehalfOf?: string;
  };
  readonly said: readonly Said[];
  readonly terminal?: string;
}

async function session(
  at: Installation,
  clock: FakeClock,
  { id, who, actor, said, terminal }: Work,
): Promise<void> {
  const order = openOrder(at, id);
  const { session } = order;
  await at.ledger.open({
    ...order,
    ...(actor ? { actor } : {}),
    session: {
      ...session,
      client: terminal === undefined ? 'query' : 'connect',
      account: 'broker_ro_7f',
      fingerprint: `sha256:${'c'.repeat(64)}`,
    },
  });
  const origin = {
    session: id,
    recorder: 'worker' as const,
    who: { iss: 'https://login.example.test', sub: 'alice', account: 'broker_ro_7f', ...who },
    where: { connection: 'prod-db', protocol: 'postgres', address: session.address, database: 'shop' },
    source: { host: 'host.example.test', user: 'alice', pid: 4711, tool: 'broker/0.0.0' },
  };
  const recorder = openRecorder({ folder: order.folder, origin, clock: at.clock });
  recorder.append('session.open', { client: session.client, listener: '127.0.0.1:1', reason: 'ticket 4711' });
  recorder.append('credential', {
    source: 'ephemeral-role',
    account: 'broker_ro_7f',
    label: 'short-lived role',
  });
  recorder.append('client.connect', { conversation: 1, application: 'psql <b>bold</b>' });
  said.forEach((each, index) => {
    clock.advance(1_500);
    say(recorder, index + 1, each, said.findIndex(({ text }) => text === each.text) < index);
  });
  recorder.append('warning', { code: 'clock', detail: 'the clock jumped <i>back</i>' });
  recorder.append('coverage', {
    columns: [
      { subject: 'public.customers.email', seen: 4, lineage: 4, content: 0, unknown: 0 },
      {
        subject: 'email',
        seen: 4,
        lineage: 0,
        content: 1,
        unknown: 0,
        unmaskable: 1,
        why: { form: 1 },
      },
      {
        subject: 'public.orders.id',
        seen: 4,
        lineage: 0,
        content: 0,
        unknown: 0,
        skipped: 4,
        why: { type: 4 },
      },
    ],
  });
  recorder.append('client.disconnect', { conversation: 1, reason: 'client left' });
  recorder.append('session.close', { reason: 'client left' });
  await recorder.close();
  if (terminal !== undefined) {
    const header = {
      version: 2,
      width: 80,
      height: 24,
      timestamp: Math.floor(Date.parse(session.opened) / 1000),
      title: 'prod-db <b>',
      command: 'psql',
    };
    writeFileSync(
      join(order.folder, 'front.cast'),
      `${JSON.stringify(header)}\n[0.5,"o","shop=> "]\n[1.0,"i","select 1"]\n[1.5,"o",${JSON.stringify(terminal)}]\n[2.0,"r","100x30"]\n[14.0,"o","\\u001b[1mdone\\u001b[0m\\r\\n"]\n`,
    );
  }
  await at.ledger.sealSession(order.folder, { end: 'closed', exit: 0, closed: timestamp(at.clock.micros()) });
}

/** Alice's terminal and her bot's queries, a refused attempt, and bob's program. */
export async function makeEvidence(clock: FakeClock = fakeClock(), key?: string): Promise<Evidence> {
  const provider = fakeProvider('https://login.example.test', key);
  const { path: folder, remove } = workFolder();
  const root = join(folder, 'store');
  const [alice, bob] = [
    await install(join(folder, 'alice'), `file:${root}`, clock),
    await install(join(folder, 'bob'), `file:${root}`, clock),
  ];
  const times = () => ({ iat: clock.now(), exp: clock.now() + HOUR });
  await alice.ledger.epoch(await provider.signIn('alice', times()));
  await session(alice, clock, { id: 'terminal1', said: PEOPLE, terminal: HOSTILE.terminal });
  await session(alice, clock, {
    id: 'bot1',
    who: { bot: 'reporting-bot', models: [{ model: 'example-model-1', source: 'client' }] },
    actor: { kind: 'bot', name: 'reporting-bot', version: '1.2', onBehalfOf: 'alice' },
    said: [{ text: 'select count(*) from orders', table: 'orders' }],
  });
  await alice.ledger.attempt({
    session: { ...openOrder(alice, 'refused1').session, end: 'failed' },
    actor: { kind: 'human', name: 'alice' },
    code: 'policy-denied',
    policies: ['no-night-work'],
  });
  await alice.outbox.flush();
  await bob.ledger.epoch(await provider.signIn('bob', times()));
  await session(bob, clock, {
    id: 'program1',
    who: { sub: 'bob' },
    actor: { kind: 'human', name: 'bob' },
    said: [{ text: 'select 1 as one' }],
  });
  for (const at of [alice, bob]) {
    await at.ledger.signOut();
    await at.outbox.flush();
  }
  const config = join(folder, 'broker.yaml');
  mkdirSync(join(folder, 'state'));
  writeFileSync(
    config,
    `version: 1\nidentity:\n  issuer: ${provider.issuer}\n  client_id: ${provider.audience}\nstore:\n  url: "file:${root}"\npolicy: []\n`,
  );
  const environment = {
    BROKER_CONFIG: config,
    BROKER_STATE_DIR: join(folder, 'state'),
    BROKER_RUNTIME_DIR: join(folder, 'run'),
  };
  return { folder, root, clock, provider, environment, remove };
}

let count = 0;

/** Runs `broker export`; without `output` what went to standard output. */
export async function exportTo(
  evidence: Evidence,
  format: string,
  options: Record<string, string> = {},
  folder = true,
): Promise<{ readonly code: number; readonly output: string; readonly stdout: string }> {
  const output = join(evidence.folder, `export-${format}-${count++}`);
  const done = await runCommand(exportEvidence, {
    home: evidence.folder,
    cwd: evidence.folder,
    environment: evidence.environment,
    clock: evidence.clock,
    options: { offline: true, format, ...(folder ? { output } : {}), ...options },
  });
  return { code: done.code, output, stdout: done.stdout };
}
