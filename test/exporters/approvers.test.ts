// Who approved is named in every format that people read: by the sign-in they answered with, never by what a host says.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exportEvidence } from '../../src/commands/export.ts';
import { sessionsShow } from '../../src/commands/sessions-show.ts';
import { openRecorder } from '../../src/flow/record/journal.ts';
import {
  answer,
  ask,
  clock,
  closeStory,
  consume,
  finish,
  mine,
  named,
  openStory,
  provider,
  root,
  SESSION,
  work,
} from '../fakes/approved.ts';
import { runCommand } from '../fakes/command.ts';
import { openOrder, origin, recordStatement } from '../fakes/installation.ts';
import { OcsfSchema } from './ocsf-schema.ts';
import { oscalSchema } from './oscal-schema.ts';

let count = 0;
const at = () => {
  const home = join(work.path, 'auditor');
  return { home, cwd: home, environment: { BROKER_CONFIG: join(home, 'broker.yaml') }, clock };
};
const FACTS = new URL('../vectors/ocsf/facts.json', import.meta.url);
const CALLED = 'Dana Doe <dana@example.test> (dana)';
/** Not verified by the provider: an e-mail of that kind is never shown. And a name that would act. */
const HOSTILE = '=cmd|\u202e<script>alert(1)</script>\u001b[31m \n';

beforeAll(async () => {
  await openStory();
  const { home } = at();
  mkdirSync(home, { recursive: true });
  writeFileSync(
    join(home, 'broker.yaml'),
    `version: 1\nidentity: { issuer: '${provider.issuer}', client_id: ${provider.audience} }\nstore: { url: 'file:${root}' }\npolicy: []\n`,
  );
  const request = await ask();
  clock.advance(30_000);
  const claims = { name: 'Dana Doe', email: 'dana@example.test', email_verified: true };
  const first = await answer(request, { claims });
  const eve = { name: HOSTILE, email: 'ceo@example.test', email_verified: false };
  const second = await answer(request, { by: 'eve', claims: eve, mirror: false });
  const approval = named(request, [first, second], await consume(request, [first, second]));
  const order = openOrder(mine, SESSION);
  await mine.ledger.open(order);
  const recorder = openRecorder({ folder: order.folder, origin: origin(SESSION), clock });
  recorder.append('approval.end', { ...approval, conversation: 1, statement: 3 });
  recordStatement(recorder, 2);
  await recorder.close();
  const rest = openRecorder({ folder: order.folder, origin: origin(SESSION), clock });
  recordStatement(rest, 3, 'deny');
  rest.append('approval.end', { ...approval, conversation: 1, statement: 3 });
  await rest.close();
  await mine.ledger.sealSession(order.folder, { end: 'closed' });
  await finish();
}, 60_000);
afterAll(closeStory);

async function exported(
  format: string,
  more: Record<string, string> = {},
): Promise<(file: string) => string> {
  const output = join(work.path, `named-${count++}`);
  await runCommand(exportEvidence, { ...at(), options: { offline: true, output, format, ...more } });
  return (file) => readFileSync(join(output, file), 'utf8');
}

describe('people who asked', () => {
  it('are named by their sign-in as approvers are, an e-mail only when the provider verified it', async () => {
    const tables = await exported('csv');
    for (const file of ['statements.csv', 'sessions.csv', 'ledger.csv'])
      expect(tables(file)).toContain('Alice Author (alice)');
    const page = (await exported('html'))('evidence.html');
    expect(page).toContain('Alice Author (alice)');
    expect(page + tables('sessions.csv')).not.toContain('alice@example.test');
  });

  it('are not named where a text is held back, which may be their name', async () => {
    const tables = await exported('csv', { withholdText: 'Alice Author' });
    for (const file of ['statements.csv', 'sessions.csv', 'ledger.csv']) {
      expect(tables(file)).not.toContain('Alice Author');
      expect(tables(file)).toContain('alice');
    }
  });
});

describe('people who approved', () => {
  it('are in the table of statements, and in that of sessions', async () => {
    const read = await exported('csv');
    for (const file of ['statements.csv', 'sessions.csv']) {
      expect(read(file).split('\n')[0]).toContain('approvers');
      expect(read(file)).toContain(CALLED);
      expect(read(file)).not.toContain('ceo@example.test');
      expect(read(file)).not.toMatch(/[\u001b\u202e]|(^|,)"?=/m);
    }
  });

  it('are on the page, and what they call themselves cannot act there', async () => {
    const page = (await exported('html'))('evidence.html');
    expect(page).toContain('Dana Doe \\u003cdana@example.test\\u003e (dana)');
    expect(page).not.toContain('<script>alert');
    expect(page).not.toContain('ceo@example.test');
  });

  it('are users of OCSF', async () => {
    const events = (await exported('ocsf'))('events.ndjson').trimEnd().split('\n');
    const judge = new OcsfSchema(JSON.parse(readFileSync(FACTS, 'utf8')));
    expect(events.flatMap((line) => judge.problems(JSON.parse(line)))).toEqual([]);
    const answers = events.map((line) => JSON.parse(line)).filter((each) => each.activity_name === 'approve');
    expect(answers.map((each) => [each.actor.user.uid, each.class_uid])).toEqual([['dana', 6003]]);
    const approvals = events.flatMap((line) => JSON.parse(line).unmapped?.approval ?? []);
    const people = approvals.flatMap(({ approvers }: { approvers: object[] }) => approvers);
    const { issuer: domain } = provider;
    expect(people).toContainEqual({
      uid: 'dana',
      domain,
      type_id: 1,
      full_name: 'Dana Doe',
      email_addr: 'dana@example.test',
    });
    expect(people).toContainEqual({ uid: 'eve', domain, type_id: 1, full_name: HOSTILE });
  });

  it('are responsible parties of OSCAL', async () => {
    const report = JSON.parse((await exported('oscal'))('assessment-results.json'));
    const validate = oscalSchema('assessment-results');
    expect([validate(report), validate.errors]).toEqual([true, null]);
    const { metadata } = report['assessment-results'];
    expect(metadata.parties.map(({ name }: { name: string }) => name).sort()).toEqual(
      [HOSTILE.trim(), 'Dana Doe'].sort(),
    );
    expect(metadata['responsible-parties']).toEqual([
      { 'role-id': 'approver', 'party-uuids': metadata.parties.map(({ uuid }: { uuid: string }) => uuid) },
    ]);
  });

  it('are in a session’s story', async () => {
    const shown = await runCommand(sessionsShow, { ...at(), args: [SESSION] });
    expect(shown.stdout).toContain(`after 42s · by `);
    expect(shown.stdout).toContain(CALLED);
    expect(shown.stdout).not.toMatch(/\u202e|\u001b/);
    const { stdout } = await runCommand(sessionsShow, { ...at(), args: [SESSION], json: true });
    const { approvers } = JSON.parse(stdout);
    expect(Object.values(approvers)).toContainEqual({
      iss: provider.issuer,
      sub: 'dana',
      name: 'Dana Doe',
      email: 'dana@example.test',
      answer: 'approve',
    });
  });

  it('stay behind with the requests they answered', async () => {
    const read = await exported('csv', { withholdText: 'nothing like this' });
    expect(read('statements.csv') + read('sessions.csv')).not.toContain('Dana Doe');
  });
});
