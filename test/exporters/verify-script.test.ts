// verify.sh over everything a store can hold at once: parts, day seals, events held back. Each tamper is caught by it and by broker verify, and named.
import { execFileSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exportEvidence } from '../../src/commands/export.ts';
import { verify } from '../../src/commands/verify.ts';
import { type Archive, makeArchive } from '../fakes/archive.ts';
import { fakeClock } from '../fakes/clock.ts';
import { runCommand } from '../fakes/command.ts';
import { peer } from '../peers/peer.ts';
import { longSession } from '../vectors/bundles/story.ts';

let archive: Archive;
let whole: string;
let partly: string;
let count = 0;

async function exported(options: Record<string, string>): Promise<string> {
  const output = join(archive.folder, `script-${count++}`);
  const { folder, environment, clock } = archive;
  const at = { home: folder, cwd: folder, environment, clock };
  const done = await runCommand(exportEvidence, { ...at, options: { offline: true, output, ...options } });
  expect([done.code, JSON.parse(readFileSync(join(output, 'verdicts.json'), 'utf8')).integrity]).toEqual([
    0,
    { verdict: 'VALID', findings: [] },
  ]);
  return output;
}

beforeAll(async () => {
  const clock = fakeClock(Date.parse('2026-03-01T23:40:00Z'));
  archive = await makeArchive(undefined, clock, async ({ alice }) => {
    await longSession(alice, 'long');
    clock.advance(30 * 60_000);
    expect(await alice.ledger.keep()).toBeDefined();
    await alice.outbox.flush();
  });
  whole = await exported({});
  partly = await exported({ withhold: 'answer' });
}, 60_000);
afterAll(() => archive.remove());

function script(folder: string, shell: string): { code: number; text: string } {
  try {
    const stdio = ['ignore', 'pipe', 'pipe'] as const;
    const text = execFileSync(shell, [join(folder, 'verify.sh')], { stdio: [...stdio] }).toString();
    return { code: 0, text };
  } catch (error) {
    const { status, stderr } = error as { status: number; stderr: Buffer };
    return { code: status, text: stderr.toString() };
  }
}

async function broker(folder: string): Promise<string[]> {
  const { folder: home, environment, clock } = archive;
  const at = { home, cwd: home, environment, clock, args: [folder], json: true };
  const { stdout } = await runCommand(verify, { ...at, options: { offline: true } });
  const { integrity, completeness } = JSON.parse(stdout);
  return [...integrity.findings, ...completeness.findings].map(({ file }: { file: string }) => file);
}

function below(folder: string, path: string): string[] {
  const all = readdirSync(join(folder, path), { recursive: true, encoding: 'utf8' });
  return all.map((name) => `${path}/${name}`).sort();
}

const statement = (folder: string, ending: string): string =>
  below(folder, 'v1/stmt').find((name) => name.endsWith(ending)) as string;

const daySeal = (folder: string): string =>
  below(folder, 'v1/stmt').find(
    (name) =>
      name.endsWith('-seal.sigstore.json') &&
      JSON.stringify(payload(folder, name)).includes('"reason":"day"'),
  ) as string;

interface Sealed {
  readonly subject: readonly { readonly name: string; readonly digest: { readonly sha256: string } }[];
}

/** Logs of the long session in their order: two parts and the rest. */
function logs(folder: string): string[] {
  const file = below(folder, 'v1/stmt').find((name) => {
    if (!name.endsWith('-session.sigstore.json')) return false;
    return payload(folder, name).subject.some((each) => each.name === 'events-2.jsonl.gz');
  }) as string;
  return payload(folder, file)
    .subject.filter(({ name }) => name.startsWith('events'))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ digest }) => digest.sha256)
    .sort((a, b) => first(folder, a) - first(folder, b));
}

function payload(folder: string, file: string): Sealed {
  const { dsseEnvelope } = JSON.parse(readFileSync(join(folder, file), 'utf8'));
  return JSON.parse(Buffer.from(dsseEnvelope.payload, 'base64').toString());
}

function first(folder: string, log: string): number {
  const [head = ''] = readFileSync(join(folder, 'v1/disclosed', log), 'utf8').split('\n');
  return JSON.parse(head).first ?? 0;
}

function forge(folder: string, log: string): void {
  const path = join(folder, 'v1/disclosed', log);
  const text = readFileSync(path, 'utf8');
  const forged = text.replace('"decision":"allow"', '"decision":"deny"');
  expect(forged).not.toBe(text);
  writeFileSync(path, forged);
}

/** What is done to a copy → what both verifiers name. */
const TAMPERS: readonly (readonly [string, (folder: string) => string])[] = [
  [
    'what is told of a part is changed',
    (folder) => {
      const [part = ''] = logs(folder);
      forge(folder, part);
      return part;
    },
  ],
  [
    'what is told of a session’s end is changed, and its parts are taken away so that the root cannot be made',
    (folder) => {
      const [part = '', , end = ''] = logs(folder);
      rmSync(join(folder, 'v1/disclosed', part));
      forge(folder, end);
      return end;
    },
  ],
  [
    'a log is told that no statement has',
    (folder) => {
      const [part = ''] = logs(folder);
      const made = 'a'.repeat(64);
      const text = readFileSync(join(folder, 'v1/disclosed', part), 'utf8').replace(part, made);
      writeFileSync(join(folder, 'v1/disclosed', made), text);
      return made;
    },
  ],
  [
    'two parts are exchanged',
    (folder) => {
      const [one = '', two = ''] = logs(folder).map((log) => join(folder, 'v1/disclosed', log));
      renameSync(one, `${one}.x`);
      renameSync(two, one);
      renameSync(`${one}.x`, two);
      return basename(one);
    },
  ],
  [
    'a part is taken out of its chain',
    (folder) => {
      const file = statement(folder, '-part.sigstore.json');
      rmSync(join(folder, file));
      return 'v1/stmt/';
    },
  ],
  [
    'a day’s seal is changed',
    (folder) => {
      const file = daySeal(folder);
      const path = join(folder, file);
      const { dsseEnvelope, ...rest } = JSON.parse(readFileSync(path, 'utf8'));
      const text = Buffer.from(dsseEnvelope.payload, 'base64').toString();
      const changed = Buffer.from(text.replace('"reason":"day"', '"reason":"idl"')).toString('base64');
      expect(changed).not.toBe(dsseEnvelope.payload);
      writeFileSync(path, JSON.stringify({ dsseEnvelope: { ...dsseEnvelope, payload: changed }, ...rest }));
      return file;
    },
  ],
  [
    'a day’s seal is taken away',
    (folder) => {
      rmSync(join(folder, daySeal(folder)));
      return 'v1/stmt/';
    },
  ],
];

describe.runIf(peer('openssl-jq'))('verify.sh', () => {
  it.each(['bash', 'sh', 'dash'])(
    'accepts an export, whole and in part, started by %s',
    (shell) => {
      expect(script(whole, shell)).toEqual({
        code: 0,
        text: expect.stringMatching(/^OK: \d+ statements hold/),
      });
      expect(script(partly, shell)).toEqual({
        code: 0,
        text: expect.stringMatching(/^NOTE: \d+ events are withheld; [^\n]+\nOK: \d+ statements hold/),
      });
    },
    120_000,
  );

  it.each(TAMPERS)(
    'names, as broker verify does: %s',
    async (_, tamper) => {
      const folder = join(archive.folder, `tampered-${count++}`);
      cpSync(partly, folder, { recursive: true });
      const named = tamper(folder);
      expect(script(folder, 'dash')).toEqual({ code: 6, text: expect.stringContaining(named) });
      expect((await broker(folder)).join('\n')).toContain(named);
    },
    60_000,
  );
});
