// mask scan and coverage with the real binary: what it proposes it never shows, and the counts of a session are true.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startWorld, type World } from '../peers/world.ts';

describe('masking as a person meets it', () => {
  let world: World;
  let file: string;
  beforeAll(async () => {
    world = await startWorld();
    file = `${world.home}/.config/broker/broker.yaml`;
    await world.postgres.query(
      `create table leads (id int primary key, mail text, remark text, amount numeric);
       insert into leads select i, 'lead' || i || '@mail.test', 'fine ' || i, i from generate_series(1, 40) i;
       grant select on leads to app`,
      'shop',
    );
    await world.signIn();
  });
  afterAll(() => world?.stop());

  it('proposes tags with their reason, as a patch, and shows no value', { timeout: 60_000 }, async () => {
    const { stdout, stderr, code } = await world.broker(['mask', 'scan', 'prod-db']);
    expect({ stderr, code }).toMatchObject({ code: 0 });
    expect(stderr).toContain('public.leads.mail: email, high');
    expect(stdout).toContain('+      public.leads.mail: email');
    expect(stdout + stderr).not.toMatch(/lead\d+@|remark|fine \d/);
  });

  it('writes them, and says nothing the second time', { timeout: 60_000 }, async () => {
    const before = readFileSync(file, 'utf8');
    expect(await world.broker(['mask', 'scan', 'prod-db', '--write'])).toMatchObject({ code: 0 });
    const after = readFileSync(file, 'utf8');
    expect(after).toContain('      public.leads.mail: email\n');
    expect(after.replace(/^ {6}public\.\w+\.\w+: [a-z-]+\n/gm, '')).toBe(
      before.replace(/^ {6}public\.\w+\.\w+: [a-z-]+\n/gm, ''),
    );
    const { stdout } = await world.broker(['mask', 'scan', 'prod-db', '--json']);
    expect((JSON.parse(stdout) as { diff: string }).diff).not.toContain('leads');
  });

  it('counts in the bundle what was seen, masked whole and not looked at, and shows it', {
    timeout: 60_000,
  }, async () => {
    const sql =
      "select id, mail, mail as again, length(mail) as l, ('41111111' || '11111111')::numeric as n from leads limit 7; select remark from leads limit 5";
    expect(await world.broker(['query', 'prod-db', sql])).toMatchObject({ code: 0 });
    const { stdout } = await world.broker(['sessions', 'ls', '--json']);
    const ids = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { id?: string; session?: string; opened: string })
      .sort((a, b) => (a.opened < b.opened ? 1 : -1));
    const id = ids[0]?.id ?? ids[0]?.session ?? '';
    const out = `${world.home}/coverage`;
    const exported = await world.broker(['export', '--since', '1h', '--format', 'jsonl', '-o', out]);
    expect(exported).toMatchObject({ code: 0 });
    const [event] = readFileSync(`${out}/events.jsonl`, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { session: string; type: string; data: unknown })
      .filter(({ session, type }) => session === id && type === 'coverage');
    const none = { lineage: 0, content: 0, unknown: 0 };
    expect(event?.data).toEqual({
      columns: [
        { subject: 'payment-card', ...none, seen: 7, content: 7, unmaskable: 7, why: { form: 7 } },
        { subject: 'public.leads.id', ...none, seen: 7, skipped: 7, why: { type: 7 } },
        { subject: 'public.leads.mail', ...none, seen: 21, lineage: 21, unmaskable: 7, why: { form: 7 } },
      ],
    });
    const shown = await world.broker(['sessions', 'show', id]);
    expect(shown.stdout.slice(shown.stdout.indexOf('masking, in cells')).split('\n')).toEqual([
      'masking, in cells',
      expect.stringMatching(/^SUBJECT/i),
      expect.stringMatching(/^payment-card +7 +0 +7 +0 +7 +7 +0 +became NULL 7$/),
      expect.stringMatching(/^public\.leads\.id +7 +0 +0 +0 +0 +0 +7 +holds no text 7$/),
      expect.stringMatching(/^public\.leads\.mail +21 +21 +0 +0 +21 +7 +0 +became NULL 7$/),
      ...Array.from({ length: shown.stdout.trimEnd().endsWith('7') ? 1 : 2 }, () => expect.anything()),
    ]);
  });
});
