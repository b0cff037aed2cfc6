// Exports that hold events back: the rest is proven, what is missing is counted, and nothing of it is anywhere in the folder.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exportEvidence } from '../../src/commands/export.ts';
import { verify } from '../../src/commands/verify.ts';
import { type Archive, makeArchive } from '../fakes/archive.ts';
import { runCommand } from '../fakes/command.ts';
import { peer } from '../peers/peer.ts';

let archive: Archive;
let count = 0;
beforeAll(async () => {
  archive = await makeArchive();
});
afterAll(() => archive.remove());

const at = () => ({
  home: archive.folder,
  cwd: archive.folder,
  environment: archive.environment,
  clock: archive.clock,
});

async function exported(options: Record<string, string>): Promise<string> {
  const output = join(archive.folder, `withheld-${count++}`);
  const done = await runCommand(exportEvidence, { ...at(), options: { offline: true, output, ...options } });
  expect(done.code).toBe(0);
  return output;
}

function files(folder: string): string[] {
  return readdirSync(folder)
    .flatMap((name) =>
      statSync(join(folder, name)).isDirectory() ? files(join(folder, name)) : [join(folder, name)],
    )
    .sort();
}

/** Everything the folder says, also in what is packed or encoded. */
function everything(folder: string): string {
  return files(folder)
    .map((path) => {
      const bytes = readFileSync(path);
      const text = bytes[0] === 0x1f ? gunzipSync(bytes).toString() : bytes.toString();
      const inner = text.match(/"payload":"([A-Za-z0-9+/=]+)"/)?.[1] ?? '';
      return text + Buffer.from(inner, 'base64').toString();
    })
    .join('\n');
}

const told = (folder: string): string[] =>
  files(join(folder, 'v1/disclosed')).flatMap((path) =>
    readFileSync(path, 'utf8').trim().split('\n').slice(1),
  );

async function verdicts(folder: string) {
  const done = await runCommand(verify, { ...at(), args: [folder], options: { offline: true }, json: true });
  const { integrity, completeness, notes, findings } = JSON.parse(done.stdout);
  return { verdicts: [integrity.verdict, completeness.verdict], notes, findings, text: done.stdout };
}

function script(folder: string): { code: number; text: string } {
  try {
    const stdio = ['ignore', 'pipe', 'pipe'] as const;
    const text = execFileSync('bash', [join(folder, 'verify.sh')], { stdio: [...stdio] }).toString();
    return { code: 0, text };
  } catch (error) {
    const { status, stderr } = error as { status: number; stderr: Buffer };
    return { code: status, text: stderr.toString() };
  }
}

describe('broker export --withhold', () => {
  it('leaves leaves of those events, tells the others, and both still make the root that was signed', async () => {
    const whole = await exported({});
    expect(everything(whole)).toContain('"type":"answer"');
    const folder = await exported({ withhold: 'answer' });
    const lines = told(folder);
    const [kept, hidden] = [lines.filter((l) => l[0] === '+'), lines.filter((l) => l[0] === '-')];
    expect(kept.length).toBeGreaterThan(0);
    expect(hidden.length).toBeGreaterThan(0);
    expect(everything(folder)).not.toContain('"type":"answer"');
    expect(everything(folder)).toContain('"type":"statement"');
    const result = await verdicts(folder);
    expect(result.verdicts).toEqual(['VALID', 'COMPLETE']);
    const note = result.notes.find(({ about }: { about: string }) => about === 'withheld');
    expect(note.text).toMatch(/\d+ of \d+ events are withheld \([\d, -]+\); the other \d+ are proven/);
  });

  it('leaves terminals behind, and the salts that would let leaves be guessed', async () => {
    const whole = await exported({});
    const folder = await exported({ withhold: 'answer' });
    const salts = [...everything(whole).matchAll(/"salt":"([0-9a-f]{64})"/g)].map(
      ([, salt]) => salt as string,
    );
    expect(salts.length).toBeGreaterThan(0);
    for (const salt of salts) expect(everything(folder)).not.toContain(salt);
    expect(everything(whole)).toContain('hello');
    expect(everything(folder)).not.toContain('hello');
  });

  it('holds back what contains a text, without saying which', async () => {
    const whole = everything(await exported({}));
    const text = /"text":"([^"]{6,40})"/.exec(whole)?.[1] ?? '';
    expect(text).not.toBe('');
    const folder = await exported({ withholdText: text.toUpperCase() });
    expect(everything(folder).toLowerCase()).not.toContain(text.toLowerCase());
    expect((await verdicts(folder)).verdicts).toEqual(['VALID', 'COMPLETE']);
  });

  it('says what it knows when asked for events that do not exist', async () => {
    const output = join(archive.folder, 'never');
    const run = (options: Record<string, string>) =>
      runCommand(exportEvidence, { ...at(), options: { offline: true, output, ...options } });
    await expect(run({ withhold: 'answers' })).rejects.toMatchObject({ code: 'usage' });
    await expect(run({ withholdText: '' })).rejects.toMatchObject({ code: 'usage' });
    expect(existsSync(output)).toBe(false);
  });

  it('keeps them out of formats of events, too', async () => {
    const done = await runCommand(exportEvidence, {
      ...at(),
      options: { offline: true, format: 'jsonl', withhold: 'answer' },
    });
    expect(done.stdout).toContain('"type":"statement"');
    expect(done.stdout).not.toContain('"type":"answer"');
  });
});

/** What somebody could do to a log that is told in part. */
const TAMPERS: readonly (readonly [string, (lines: string[]) => string[]])[] = [
  [
    'a told line is changed',
    (lines) => lines.map((line) => line.replace('"type":"statement"', '"type":"warning"')),
  ],
  [
    'a salt is changed',
    (lines) => lines.map((line, i) => (i === 1 ? `+${'0'.repeat(32)}${line.slice(33)}` : line)),
  ],
  ['a leaf is changed', (lines) => lines.map((line) => (line[0] === '-' ? `-${'0'.repeat(64)}` : line))],
  ['an event is taken out', (lines) => lines.filter((_, i) => i !== 2)],
  ['an event is added', (lines) => [...lines, lines.at(-1) as string]],
  ['two events change places', ([head = '', one = '', two = '', ...rest]) => [head, two, one, ...rest]],
  ['it is emptied', ([head = '']) => [head]],
  [
    'it stands for another log',
    ([head = '', ...rest]) => [
      head.replace(/"log":"./, (m) => `${m.slice(0, -1)}${m.endsWith('a') ? 'b' : 'a'}`),
      ...rest,
    ],
  ],
];

describe('a log told in part that was tampered with', () => {
  it.each(TAMPERS)('is refused by broker: %s', async (_, tamper) => {
    const folder = await exported({ withhold: 'answer' });
    const [path = ''] = files(join(folder, 'v1/disclosed'));
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    writeFileSync(path, `${tamper(lines).join('\n')}\n`);
    expect((await verdicts(folder)).verdicts[0]).toBe('INVALID');
  });

  it.runIf(peer('openssl-jq')).each(TAMPERS)('is refused by verify.sh: %s', async (_, tamper) => {
    const folder = await exported({ withhold: 'answer' });
    expect(script(folder)).toEqual({
      code: 0,
      text: expect.stringMatching(/^NOTE: \d+ events are withheld; [^\n]+\nOK: \d+ statements hold/),
    });
    const [path = ''] = files(join(folder, 'v1/disclosed'));
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    writeFileSync(path, `${tamper(lines).join('\n')}\n`);
    expect(script(folder)).toEqual({ code: 6, text: expect.stringContaining('BAD v1/disclosed/') });
  });
});
