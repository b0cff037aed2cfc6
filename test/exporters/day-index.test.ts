// The table of each day that a store holds for query engines: whole, the same for everybody, and never what a verdict rests on.
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exportEvidence } from '../../src/commands/export.ts';
import { verify } from '../../src/commands/verify.ts';
import { sha256 } from '../../src/lib/digest.ts';
import { fakeClock } from '../fakes/clock.ts';
import { runCommand } from '../fakes/command.ts';
import { crowdFolder } from '../fakes/crowd.ts';
import { workFolder } from '../fakes/installation.ts';
import { fakeProvider } from '../fakes/sign-in.ts';

const UNTIL = Date.parse('2026-03-04T00:00:00Z');
const DAYS = ['2026-03-01', '2026-03-02', '2026-03-03'];
const SESSIONS = 24;

const provider = fakeProvider();
const work = workFolder();
const clock = fakeClock(UNTIL + 3_600_000);
let count = 0;
let original = '';

/** A copy of the store, and a HOME that knows it. */
function place(): { readonly home: string; readonly root: string } {
  const home = join(work.path, `home-${count++}`);
  const root = join(home, 'store');
  cpSync(original, root, { recursive: true });
  writeFileSync(
    join(home, 'broker.yaml'),
    `version: 1\nidentity: { issuer: '${provider.issuer}', client_id: ${provider.audience} }\nstore: { url: 'file:${root}' }\npolicy: []\n`,
  );
  return { home, root };
}

const run = (home: string, definition: typeof verify, options: Record<string, unknown>, json = true) =>
  runCommand(definition, {
    home,
    cwd: home,
    environment: { BROKER_CONFIG: join(home, 'broker.yaml'), BROKER_RUNTIME_DIR: join(home, 'run') },
    clock,
    options: { offline: true, ...options },
    json,
  });

const compact = (home: string, options: Record<string, unknown> = {}) =>
  run(home, exportEvidence, { compact: true, ...options });

function files(folder: string): string[] {
  return readdirSync(folder)
    .flatMap((name) =>
      statSync(join(folder, name)).isDirectory() ? files(join(folder, name)) : [join(folder, name)],
    )
    .sort();
}

const partsOf = (root: string) => files(join(root, 'v1/index'));

async function query(root: string, sql: string): Promise<unknown[][]> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const table = `read_parquet('${join(root, 'v1/index/*/*.parquet')}', hive_partitioning = true)`;
  const rows = (await connection.runAndReadAll(sql.replace('INDEX', table))).getRowsJson();
  connection.closeSync();
  instance.closeSync();
  return rows;
}

/** What verification and an export come to, without what tells of the export itself. */
async function outcome(home: string): Promise<unknown> {
  const output = join(home, `evidence-${count++}`);
  const checked = await run(home, verify, {});
  const exported = await run(home, exportEvidence, { output }, false);
  const kept = files(join(output, 'v1')).map((path) => [
    path.slice(output.length),
    readFileSync(path, 'base64'),
  ]);
  return [checked.code, checked.stdout, exported.code, exported.stdout.replace(output, ''), kept];
}

beforeAll(async () => {
  original = join(work.path, 'original');
  await crowdFolder(original, { provider, sessions: SESSIONS, writers: 3, days: DAYS.length, until: UNTIL });
}, 60_000);
afterAll(() => work.remove());

describe('broker export --compact', () => {
  it('gives every finished day a table that DuckDB reads, with each statement once, named by its digest', async () => {
    const { home, root } = place();
    const done = await compact(home);
    const statements = files(join(root, 'v1/stmt'));
    expect([done.code, JSON.parse(done.stdout)]).toEqual([
      0,
      {
        days: 3,
        statements: statements.length,
        parts: 3,
        written: 3,
        others: [],
        integrity: 'VALID',
        completeness: 'COMPLETE',
      },
    ]);
    expect(
      await query(
        root,
        'select day::text, count(*) filter (where kind = $$session$$) from INDEX group by 1 order by 1',
      ),
    ).toEqual(DAYS.map((day) => [day, String(SESSIONS / 3)]));
    const listed = await query(root, 'select file, sha256 from INDEX order by file');
    const found = statements.map((path) => [path.slice(root.length + 1), sha256(readFileSync(path))]);
    expect(listed).toEqual(found.sort());
    const [told] = await query(
      root,
      `select typeof(time), typeof(closed), statements, "end", rows from INDEX where session = 's000000000' and kind = 'session'`,
    );
    expect(told).toEqual(['TIMESTAMP WITH TIME ZONE', 'TIMESTAMP WITH TIME ZONE', '3', 'closed', '3']);
    for (const path of partsOf(root)) expect(path).toContain(`part-${sha256(readFileSync(path))}.parquet`);
  });

  it('gives the same bytes to everybody, and writes nothing twice', async () => {
    const [first, second] = [place(), place()];
    await compact(first.home);
    await compact(second.home);
    const names = (root: string) => partsOf(root).map((path) => path.slice(root.length));
    expect(names(first.root)).toEqual(names(second.root));
    const again = JSON.parse((await compact(first.home)).stdout);
    expect([again.parts, again.written, again.others]).toEqual([3, 0, []]);
    // One that was killed on its way is finished by the next.
    rmSync(partsOf(second.root)[1] ?? '');
    expect(JSON.parse((await compact(second.home)).stdout).written).toBe(1);
    expect(names(first.root)).toEqual(names(second.root));
  });

  it('leaves out days that are not over, and days that were not asked for', async () => {
    const { home, root } = place();
    clock.advance(UNTIL - 3_600_000 - clock.now());
    expect(JSON.parse((await compact(home, { since: '2026-03-02' })).stdout).days).toBe(1);
    clock.advance(UNTIL + 3_600_000 - clock.now());
    expect(partsOf(root).map((path) => /day=([\d-]+)/.exec(path)?.[1])).toEqual(['2026-03-02']);
  });

  it('adds what came late beside what is there: distinct rows are the whole day', async () => {
    const { home, root } = place();
    const late = files(join(root, `v1/stmt/day=${DAYS[2]}`)).slice(-2);
    const held = late.map((path) => [path, readFileSync(path)] as const);
    for (const [path] of held) rmSync(path);
    await compact(home);
    for (const [path, bytes] of held) writeFileSync(path, bytes);
    const done = await compact(home);
    const { written, others } = JSON.parse(done.stdout);
    expect([done.code, written, others.length]).toEqual([0, 1, 1]);
    const all = String(files(join(root, 'v1/stmt')).length);
    expect(await query(root, 'select count(*) from (select distinct * from INDEX)')).toEqual([[all]]);
  });

  it.each<[string, (root: string) => void]>([
    ['missing', (root) => rmSync(join(root, 'v1/index'), { recursive: true })],
    ['in part', (root) => rmSync(partsOf(root)[0] ?? '')],
    [
      'half-written',
      (root) => writeFileSync(partsOf(root)[1] ?? '', readFileSync(partsOf(root)[1] ?? '').subarray(0, 999)),
    ],
    ['of other days', (root) => cpSync(partsOf(root)[0] ?? '', partsOf(root)[1] ?? '')],
    [
      'forged, with rows of nobody',
      (root) =>
        writeFileSync(
          join(dirname(partsOf(root)[0] ?? ''), `part-${'f'.repeat(64)}.parquet`),
          'PAR1 of nobody PAR1',
        ),
    ],
    [
      'of days that never were',
      (root) => {
        mkdirSync(join(root, 'v1/index/day=2026-02-30'));
        writeFileSync(join(root, 'v1/index/day=2026-02-30/part-x.parquet'), '');
      },
    ],
  ])('changes no verdict and no export when the index is %s', async (_, change) => {
    const { home, root } = place();
    await compact(home);
    const before = await outcome(home);
    change(root);
    expect(await outcome(home)).toEqual(before);
    const deep = await run(home, verify, { deep: true });
    const { integrity, completeness } = JSON.parse(deep.stdout);
    expect([deep.code, integrity.verdict, completeness.verdict]).toEqual([0, 'VALID', 'COMPLETE']);
  });

  it('names a part that is not what its name says, and never replaces it', async () => {
    const { home, root } = place();
    await compact(home);
    const [part = ''] = partsOf(root);
    writeFileSync(part, 'PAR1');
    await expect(compact(home)).rejects.toMatchObject({ code: 'not-verified' });
    expect(readFileSync(part, 'utf8')).toBe('PAR1');
    expect((await run(home, verify, {})).code).toBe(0);
  });

  it('does not index what does not verify, and says so', async () => {
    const { home, root } = place();
    const path = files(join(root, 'v1/stmt')).find((each) => each.endsWith('-session.sigstore.json')) ?? '';
    writeFileSync(path, readFileSync(path, 'utf8').replace(/"sig":"...../, '"sig":"AAAAA'));
    const done = await compact(home);
    expect([done.code, JSON.parse(done.stdout).integrity]).toEqual([6, 'INVALID']);
    const rows = await query(
      root,
      `select count(*) from INDEX where file = '${path.slice(root.length + 1)}'`,
    );
    expect(rows).toEqual([['0']]);
  });

  it('takes no filter and no folder: a table of some statements would be no index', async () => {
    const { home } = place();
    for (const more of [{ user: 'person-1' }, { output: 'here' }, { withhold: 'answer' }])
      await expect(compact(home, more)).rejects.toMatchObject({ code: 'usage' });
  });
});
