// What --withhold means: by column, session, number and text, and everything that would tell the same.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exportEvidence } from '../../src/commands/export.ts';
import { verify } from '../../src/commands/verify.ts';
import { EXPORTERS } from '../../src/exporters/index.ts';
import { openRecorder } from '../../src/flow/record/journal.ts';
import { sha256 } from '../../src/lib/digest.ts';
import type { EventData, StatementContext } from '../../src/model/event.ts';
import { type Archive, makeArchive } from '../fakes/archive.ts';
import { runCommand } from '../fakes/command.ts';
import { type Installation, openOrder, origin, POLICY } from '../fakes/installation.ts';

const SECRET = 'Jane "Röe" 88x12';
const ASKED = `select * from staff where name = '${SECRET}'`;
let archive: Archive;
let count = 0;

type Spoken = Pick<EventData['statement'], 'statement'> & Partial<EventData['statement']>;

const spoken = (said: Spoken): EventData['statement'] => ({
  conversation: 1,
  phase: 'simple',
  digest: sha256(said.text ?? ''),
  actions: [{ action: 'sql:select', resource: { type: 'Table', id: 'prod-db/public.staff' } }],
  decision: 'allow',
  policies: ['developers-work'],
  policyDigest: POLICY.digest,
  fingerprint: 'abc',
  ...said,
});

const columns = (...names: string[]): StatementContext => ({
  columns: names.map((column) => ({ column, role: 'output' })),
  functions: [],
  hasWhere: true,
  inTransaction: false,
  statementCount: 1,
  tables: ['public.staff'],
});

/** A session in two parts: a model asks, the text is said, and repeated by digest after the part. */
async function talk(at: Installation, id: string, end: boolean): Promise<void> {
  const order = openOrder(at, id);
  await at.ledger.open(order);
  const recorder = openRecorder({ folder: order.folder, origin: origin(id), clock: at.clock });
  const uses = [{ id: 'use', name: 'query', texts: [sha256(ASKED)] }];
  const exchange = { api: 'messages', prompt: sha256('prompt'), uses, results: [], complete: true };
  const answer = { conversation: 1, status: 'ok', rows: 1, bytes: 9, micros: 9 } as const;
  recorder.append('model.exchange', exchange);
  recorder.append('statement', spoken({ statement: 1, text: 'select 1', context: columns() }));
  recorder.append('answer', { ...answer, statement: 1, columns: ['one'], sample: [['1']] });
  await recorder.close();
  await at.ledger.part(order.folder);
  const rest = openRecorder({ folder: order.folder, origin: origin(id), clock: at.clock });
  rest.append('statement', spoken({ statement: 2, text: ASKED, context: columns('public.staff.wage') }));
  rest.append('answer', { ...answer, statement: 2, columns: ['w'], sample: [['column-of-wages']] });
  rest.append('notice', { conversation: 1, severity: 'INFO', sqlstate: '00000', message: 'row: wages' });
  const again = { statement: 3, digest: sha256(ASKED), context: { of: 2, inTransaction: false } } as const;
  rest.append('statement', spoken(again));
  rest.append('answer', { ...answer, statement: 3, sample: [['again-wages']] });
  const call = {
    action: 'sql:execute-function',
    resource: { type: 'Function', id: 'prod-db/public.staff_of' },
  } as const;
  rest.append(
    'statement',
    spoken({ statement: 4, text: 'select staff_of(1)', actions: [call], context: columns() }),
  );
  rest.append('answer', { ...answer, statement: 4, columns: ['staff_of'], sample: [['of-a-function']] });
  await rest.close();
  if (end) await at.ledger.sealSession(order.folder, { end: 'closed', exit: 0 });
  else await at.ledger.part(order.folder);
}

beforeAll(async () => {
  archive = await makeArchive(undefined, undefined, async ({ alice }) => {
    await talk(alice, 'talk', true);
    await talk(alice, 'torn', false);
    await alice.outbox.flush();
  });
});
afterAll(() => archive.remove());

const at = () => {
  const { folder, environment, clock } = archive;
  return { home: folder, cwd: folder, environment, clock };
};

async function exported(options: Record<string, string>) {
  const output = join(archive.folder, `chosen-${count++}`);
  const done = await runCommand(exportEvidence, { ...at(), options: { offline: true, output, ...options } });
  return { output, ...done };
}

function files(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? files(path) : [path];
  });
}

function everything(folder: string): string {
  return files(folder)
    .map((path) => {
      const bytes = readFileSync(path);
      const text = bytes[0] === 0x1f ? gunzipSync(bytes).toString() : bytes.toString();
      return text + Buffer.from(/"payload":"([A-Za-z0-9+/=]+)"/.exec(text)?.[1] ?? '', 'base64').toString();
    })
    .join('\n');
}

/** The types of a session's events that are told, and how many are not. */
function told(folder: string, session: string) {
  const lines = files(join(folder, 'v1/disclosed'))
    .map((path) => readFileSync(path, 'utf8').trimEnd().split('\n'))
    .filter(([head = '']) => head.includes(`"session":"${session}"`))
    .sort(([a = ''], [b = '']) => (JSON.parse(a).first ?? 0) - (JSON.parse(b).first ?? 0))
    .flatMap(([, ...rest]) => rest);
  return lines.map((line) => (line[0] === '-' ? '-' : (JSON.parse(line.slice(33)).type as string)));
}

async function verdicts(folder: string): Promise<string[]> {
  const done = await runCommand(verify, { ...at(), args: [folder], options: { offline: true }, json: true });
  const { integrity, completeness } = JSON.parse(done.stdout);
  return [integrity.verdict, completeness.verdict];
}

const WHOLE = [
  'model.exchange',
  'statement',
  'answer',
  'statement',
  'answer',
  'notice',
  'statement',
  'answer',
  'statement',
  'answer',
];
const without = (...gone: number[]) => WHOLE.map((type, at) => (gone.includes(at) ? '-' : type));

describe('broker export --withhold', () => {
  it('by text: with it goes every line that has its digest, before and after, also in a session that never ended', async () => {
    const { output } = await exported({ withholdText: SECRET });
    for (const session of ['talk', 'torn']) expect(told(output, session)).toEqual(without(0, 3, 6));
    const all = everything(output);
    for (const trace of ['Jane', 'Röe', '88x12', sha256(ASKED)]) expect(all).not.toContain(trace);
    const whole = await exported({});
    expect(everything(whole.output)).toContain(sha256(ASKED));
    expect(await verdicts(output)).toEqual(await verdicts(whole.output));
    expect((await verdicts(output))[0]).toBe('VALID');
  });

  it('by column: statements that touch it, what came back, and what a server said beside', async () => {
    for (const column of ['public.staff.wage', 'staff.WAGE', 'wage']) {
      const { output } = await exported({ withhold: `column:${column}` });
      expect(told(output, 'talk')).toEqual(without(0, 3, 4, 5, 6, 7, 8, 9));
      // Of the others nothing is known of what they touch.
      expect(told(output, 'a1').filter((type) => type === 'statement' || type === 'answer')).toEqual([]);
      expect((await verdicts(output))[0]).toBe('VALID');
    }
    const { output } = await exported({ withhold: 'column:public.staff.age' });
    // What a function of the target reads is not known.
    expect(told(output, 'talk')).toEqual(without(5, 8, 9));
    const named = await exported({ withhold: 'column:public.other.w' });
    expect(told(named.output, 'talk')).toEqual(without(4, 5, 8, 9));
  });

  it('by session and number', async () => {
    const { output, stderr } = await exported({ withhold: 'session:talk:3-4,session:talk:0,session:a1' });
    expect(told(output, 'talk')).toEqual(without(0, 3, 4, 6));
    expect(new Set(told(output, 'a1'))).toEqual(new Set(['-']));
    expect(told(output, 'torn')).toEqual(WHOLE);
    expect(stderr).toMatch(/note: \d+ events held back/);
    expect(await verdicts(output)).toEqual(await verdicts((await exported({})).output));
  });

  it('refuses what would hold back something else than was meant', async () => {
    const wrong = [
      { withhold: 'session:nobody' },
      { withhold: 'session:talk:9-3' },
      { withhold: 'session:talk:x' },
      { withhold: 'column:' },
      { withhold: 'column:a:b' },
      { withhold: '' },
      { withholdText: 'Röe', text: 'jane "röe"' },
      { withhold: 'answer', format: 'oscal' },
    ];
    for (const options of wrong) {
      await expect(exported(options)).rejects.toMatchObject({ code: 'usage' });
      expect(existsSync(join(archive.folder, `chosen-${count - 1}`))).toBe(false);
    }
  });

  it('says where a text stays: in what is signed or shared', async () => {
    const { stderr } = await exported({ withholdText: 'prod-db' });
    expect(stderr).toMatch(/the text of --withhold-text stands in \d+ signed or shared files/);
    const { stderr: none } = await exported({ withholdText: SECRET });
    expect(none).not.toContain('stands in');
  });

  it.each(Object.keys(EXPORTERS).filter((format) => format !== 'oscal'))(
    'keeps a text out of the format %s, too',
    async (format) => {
      const { output } = await exported({ format, withholdText: SECRET });
      const all = everything(output);
      for (const trace of ['Jane', '88x12', sha256(ASKED)]) expect(all).not.toContain(trace);
    },
  );
});
