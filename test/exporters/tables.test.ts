import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sessionsShow } from '../../src/commands/sessions-show.ts';
import { cell } from '../../src/exporters/csv.ts';
import { runCommand } from '../fakes/command.ts';
import { peer } from '../peers/peer.ts';
import { type Evidence, exportTo, HOSTILE, makeEvidence } from './evidence.ts';

let evidence: Evidence;
beforeAll(async () => {
  evidence = await makeEvidence();
});
afterAll(() => evidence.remove());

async function query(sql: string): Promise<unknown[][]> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const rows = (await connection.runAndReadAll(sql)).getRowsJson();
  connection.closeSync();
  instance.closeSync();
  return rows;
}

const sessionsOf = async (options: Record<string, string>) => {
  const { stdout } = await exportTo(evidence, 'jsonl', options, false);
  const lines = stdout === '' ? [] : stdout.trimEnd().split('\n');
  return [...new Set(lines.map((line) => JSON.parse(line).session as string))].sort();
};

describe('filters of broker export', () => {
  it.each([
    [{}, ['bot1', 'program1', 'terminal1']],
    [{ user: 'bob' }, ['program1']],
    [{ bot: 'reporting-bot' }, ['bot1']],
    [{ bot: 'alice' }, []],
    [{ model: 'example-model-1' }, ['bot1']],
    [{ rule: 'no-blind-writes' }, ['terminal1']],
    [{ rule: 'no-blind-writes', decision: 'allow' }, []],
    [{ rule: 'no-blind-writes', decision: 'deny' }, ['terminal1']],
    [{ decision: 'deny' }, ['terminal1']],
    [{ dataType: 'email' }, ['bot1', 'program1', 'terminal1']],
    [{ dataType: 'public.customers.email', user: 'alice' }, ['bot1', 'terminal1']],
    [{ dataType: 'iban' }, []],
    [{ text: 'COUNT(*)' }, ['bot1']],
    [{ text: 'region = 7', user: 'alice' }, ['terminal1']],
    [{ connection: 'other' }, []],
  ])('%j choose %j', async (options, sessions) => {
    expect(await sessionsOf(options)).toEqual(sessions);
  });
});

describe('broker export --format csv', () => {
  it('can be read by another program, and joins statements with answers and approvals', async () => {
    const { output, code } = await exportTo(evidence, 'csv');
    expect(code).toBe(0);
    expect(readdirSync(output).sort()).toEqual(['README.md', 'ledger.csv', 'sessions.csv', 'statements.csv']);
    const from = (name: string) =>
      `from read_csv('${join(output, name)}', all_varchar = true, header = true)`;
    expect(
      await query(
        `select session, statement, decision, status, approval_outcome, masked ${from('statements.csv')} order by session, statement::int`,
      ),
    ).toEqual([
      ['bot1', '1', 'allow', 'ok', null, '1'],
      ['program1', '1', 'allow', 'ok', null, '1'],
      ['terminal1', '1', 'allow', 'ok', null, '1'],
      ['terminal1', '2', 'allow', 'ok', null, '1'],
      ['terminal1', '3', 'allow', 'error', null, '1'],
      ['terminal1', '4', 'allow', 'ok', null, '1'],
      ['terminal1', '5', 'deny', 'refused', null, '0'],
      ['terminal1', '6', 'ask', 'ok', 'used', '1'],
      ['terminal1', '7', 'allow', 'ok', null, '1'],
      ['terminal1', '8', 'allow', 'ok', null, '1'],
      ['terminal1', '9', 'deny', 'refused', null, '0'],
      ['terminal1', '10', 'allow', null, null, null],
    ]);
    expect(
      await query(`select count(distinct text) ${from('statements.csv')} where statement in ('7', '8')`),
    ).toEqual([['1']]);
    expect(
      await query(`select session, actor, statements, denied ${from('sessions.csv')} order by 1`),
    ).toEqual([
      ['bot1', 'reporting-bot', '1', '0'],
      ['program1', 'bob', '1', '0'],
      ['terminal1', 'alice', '10', '2'],
    ]);
    expect((await query(`select count(*) ${from('ledger.csv')}`))[0]).toEqual(['11']);
  });

  it('holds no cell that a spreadsheet would run, and no character that hides or reorders', async () => {
    const { output } = await exportTo(evidence, 'csv');
    for (const name of ['statements.csv', 'sessions.csv', 'ledger.csv']) {
      const text = readFileSync(join(output, name), 'utf8');
      const cells = text.split('\r\n').flatMap((line) => line.match(/"(?:[^"]|"")*"|[^,]+/g) ?? []);
      expect(cells.filter((each) => /^"?[=+\-@\t\r]/.test(each))).toEqual([]);
      expect(text.slice(1)).not.toMatch(/[\u202a-\u202e\u2066-\u2069\u0000-\u0009\u000b\u000c\u000e-\u001f]/);
      expect(text.replaceAll('\r\n', '')).not.toContain('\n');
    }
    expect(readFileSync(join(output, 'statements.csv'), 'utf8')).toContain(`"'${HOSTILE.formula}"`);
  });

  it.each([
    ['=1+1', `"'=1+1"`],
    ['+1', `"'+1"`],
    ['-1', `"'-1"`],
    ['@sum', `"'@sum"`],
    ['\uff1dcmd', `"'\uff1dcmd"`],
    ['\t=1', `"\\t=1"`],
    ['a;=1', `"a;'=1"`],
    ['say "hi"', `"say ""hi"""`],
    ['a\r\nb', `"a\\r\\nb"`],
    [-1, '-1'],
    ['', ''],
  ])('spells %j as %s', (value, spelled) => {
    expect(cell(value)).toBe(spelled);
  });

  it('goes to standard output as one table', async () => {
    const { stdout } = await exportTo(evidence, 'csv', { user: 'bob' }, false);
    const [head, ...rows] = stdout.trimEnd().split('\r\n');
    expect(head).toMatch(/^time,session,connection,/);
    expect(rows).toHaveLength(1);
  });
});

describe('broker export --format parquet', () => {
  it('is read by DuckDB, with times as times and texts as they were recorded', async () => {
    const { output, code } = await exportTo(evidence, 'parquet');
    expect(code).toBe(0);
    const statements = `from '${join(output, 'statements/*.parquet')}'`;
    expect(await query(`select typeof(time), typeof(rows), typeof(policies) ${statements} limit 1`)).toEqual([
      ['TIMESTAMP WITH TIME ZONE', 'BIGINT', 'JSON'],
    ]);
    expect(
      await query(
        `select session, count(*), count(answered), count(distinct text) ${statements} group by 1 order by 1`,
      ),
    ).toEqual([
      ['bot1', '1', '1', '1'],
      ['program1', '1', '1', '1'],
      ['terminal1', '10', '9', '9'],
    ]);
    expect(
      await query(
        `select text ${statements} where session = 'terminal1' and statement between 2 and 4 order by statement`,
      ),
    ).toEqual([[HOSTILE.html], [HOSTILE.formula], [HOSTILE.bidi]]);
    const [[earliest]] = (await query(`select epoch_us(min(time)) ${statements}`)) as [[string]];
    const events = (await exportTo(evidence, 'jsonl', {}, false)).stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const first = events
      .filter(({ type }) => type === 'statement')
      .map(({ time }) => time)
      .sort()[0];
    expect(earliest).toBe(`${BigInt(Date.parse(first)) * 1000n + BigInt(first.slice(23, 26))}`);
    expect(
      await query(`select count(*), count(distinct writer) from '${join(output, 'ledger/*.parquet')}'`),
    ).toEqual([['11', '2']]);
  });

  it('has its columns even when nothing was chosen', async () => {
    const { output } = await exportTo(evidence, 'parquet', { user: 'nobody' });
    expect(
      await query(`select count(*) from '${join(output, 'statements/*.parquet')}' where decision = 'deny'`),
    ).toEqual([['0']]);
  });
});

describe('broker sessions show', () => {
  it('says how a held statement was approved', async () => {
    const { folder: home, environment, clock } = evidence;
    const { stdout } = await runCommand(sessionsShow, {
      home,
      cwd: home,
      environment,
      clock,
      args: ['terminal1'],
    });
    expect(stdout).toMatch(
      /drop table orders_old\n +by ask-destroy\n +· approval 01JD2Q8C\w+ · used · fresh-sign-in · after 42s\n +→ ok/,
    );
  });
});

describe('every format', () => {
  it.each(['csv', 'cast', 'cast-v3', 'jsonl', 'ocsf', 'parquet', 'html', 'oscal'])(
    '%s gives the same bytes for the same evidence',
    async (format) => {
      const [first, second] = [
        (await exportTo(evidence, format)).output,
        (await exportTo(evidence, format)).output,
      ];
      evidence.clock.advance(60_000);
      const third = (await exportTo(evidence, format)).output;
      const content = (folder: string) =>
        readdirSync(folder, { recursive: true, encoding: 'utf8' })
          .filter((name) => name !== 'README.md' && statSync(join(folder, name)).isFile())
          .sort()
          .map((name) => [name, readFileSync(join(folder, name), 'base64')]);
      expect(content(second)).toEqual(content(first));
      expect(content(third)).toEqual(content(first));
      expect(existsSync(join(first, 'README.md'))).toBe(true);
    },
  );
});

describe('broker export --format cast', () => {
  it('writes recordings that cannot act on a terminal, with statements as markers', async () => {
    const { output } = await exportTo(evidence, 'cast');
    expect(readdirSync(output).sort()).toEqual(['README.md', 'terminal1.cast']);
    const text = readFileSync(join(output, 'terminal1.cast'), 'utf8');
    const [header, ...events] = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(header).toMatchObject({ version: 2, width: 80, height: 24 });
    expect(text).not.toMatch(/u001b\]|u001bP|b3duZWQ/);
    expect(events.filter(([, code]: [number, string]) => code === 'm')).toHaveLength(9);
    expect(
      events
        .filter(([, code]: [number, string]) => code === 'o')
        .map((each: string[]) => each[2])
        .join(''),
    ).toContain('plain');
    const times = events.map(([time]: [number]) => time);
    expect([...times].sort((a: number, b: number) => a - b)).toEqual(times);
  });

  it.runIf(peer('asciinema'))('is played by asciinema', async () => {
    const { output } = await exportTo(evidence, 'cast');
    // It wants a terminal; script(1) has one.
    const play = `asciinema play -s 100 -i 0.1 ${join(output, 'terminal1.cast')}`;
    const shown = execFileSync('script', ['-qec', play, '/dev/null'], {
      env: { ...process.env, LC_ALL: 'C.UTF-8', TERM: 'xterm' },
      stdio: ['ignore', 'pipe', 'pipe'],
    }).toString();
    expect(shown).toContain('plain');
    expect(shown).toContain('done');
    expect(shown).not.toContain('\u001b]');
  });

  it('writes version 3 with intervals on request', async () => {
    const [two, three] = [await exportTo(evidence, 'cast'), await exportTo(evidence, 'cast-v3')];
    const read = ({ output }: { output: string }) =>
      readFileSync(join(output, 'terminal1.cast'), 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));
    const [header, ...events] = read(three);
    expect(header).toMatchObject({ version: 3, term: { cols: 80, rows: 24 } });
    const sum = events.reduce((total: number, [interval]: [number]) => total + interval, 0);
    expect(sum).toBeCloseTo(read(two).at(-1)[0], 3);
  });
});
