// Somebody who may write to a store without signing: links, pipes, moved and doubled files, odd names, huge files. Named, and nothing else suffers.
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exportEvidence } from '../../src/commands/export.ts';
import { verify } from '../../src/commands/verify.ts';
import { blobKey, parseBundle } from '../../src/model/bundle.ts';
import { eventLogs } from '../../src/model/sealed.ts';
import { auditorHome, auditorSpawn, ended } from '../fakes/auditor.ts';
import { fakeClock } from '../fakes/clock.ts';
import { runCommand } from '../fakes/command.ts';
import { crowdFolder } from '../fakes/crowd.ts';
import { workFolder } from '../fakes/installation.ts';
import { fakeProvider } from '../fakes/sign-in.ts';

const UNTIL = Date.parse('2026-03-03T00:00:00Z');
const DAY = 'v1/stmt/day=2026-03-01';
const SECRET = 'what stands elsewhere on this machine';
const MEGABYTE = 2 ** 20;

const provider = fakeProvider();
const work = workFolder();
let original = '';
let count = 0;

interface Place {
  readonly home: string;
  readonly root: string;
}

function place(): Place {
  const home = join(work.path, `home-${count++}`);
  const root = join(home, 'store');
  cpSync(original, root, { recursive: true });
  auditorHome(home, provider, `file:${root}`);
  return { home, root };
}

function files(folder: string): string[] {
  return readdirSync(folder)
    .flatMap((name) =>
      statSync(join(folder, name)).isDirectory() ? files(join(folder, name)) : [join(folder, name)],
    )
    .sort();
}

/** Statements of the first day, sessions' own. */
const sessions = ({ root }: Place) =>
  files(join(root, DAY)).filter((path) => path.endsWith('-session.sigstore.json'));

function logOf({ root }: Place, statement: string): string {
  const [digest = ''] = eventLogs(parseBundle(readFileSync(statement)).statement.subject);
  return join(root, blobKey(digest));
}

async function look({ home }: Place, now = UNTIL + 3_600_000, options = {}) {
  const at = { home, cwd: home, environment: { HOME: home, XDG_RUNTIME_DIR: home }, clock: fakeClock(now) };
  const checked = await runCommand(verify, { ...at, options: { offline: true, ...options }, json: true });
  const output = join(home, `evidence-${count++}`);
  const exported = await runCommand(exportEvidence, { ...at, options: { offline: true, output } });
  const { integrity, completeness, checked: counts } = JSON.parse(checked.stdout);
  const findings = [...integrity.findings, ...completeness.findings] as { file: string; reason: string }[];
  return {
    code: checked.code,
    verdicts: [integrity.verdict, completeness.verdict],
    findings,
    counts,
    exported: exported.code,
    output,
  };
}

beforeAll(async () => {
  original = join(work.path, 'original');
  await crowdFolder(original, { provider, sessions: 16, writers: 2, days: 2, until: UNTIL });
  writeFileSync(join(work.path, 'elsewhere'), SECRET);
}, 60_000);
afterAll(() => work.remove());

const pipe = (path: string) => {
  rmSync(path);
  execFileSync('mkfifo', [path]);
};

/** What is done, the verdict it must have, and a word of the reason. */
const HANDS: readonly [string, (at: Place) => void, string, RegExp][] = [
  [
    'a statement is a link out of the store',
    (at) => {
      const [path = ''] = sessions(at);
      rmSync(path);
      symlinkSync(join(work.path, 'elsewhere'), path);
    },
    'INVALID',
    /link/,
  ],
  [
    'a log is a link out of the store',
    (at) => {
      const path = logOf(at, sessions(at)[0] ?? '');
      rmSync(path);
      symlinkSync(join(work.path, 'elsewhere'), path);
    },
    'INVALID',
    /link/,
  ],
  ['a statement is a pipe that nobody writes to', (at) => pipe(sessions(at)[0] ?? ''), 'MISSING', /missing/],
  ['a log is a pipe that nobody writes to', (at) => pipe(logOf(at, sessions(at)[0] ?? '')), 'INVALID', /./],
  [
    'a log is a folder',
    (at) => {
      const path = logOf(at, sessions(at)[0] ?? '');
      rmSync(path);
      mkdirSync(path);
    },
    'INVALID',
    /folder/,
  ],
  [
    'a writer’s folder is a link to itself',
    ({ root }) => symlinkSync('.', join(root, DAY, 'writer=loop')),
    'INVALID',
    /link|key|name/,
  ],
  [
    'a day is a link to another day',
    ({ root }) => symlinkSync('day=2026-03-01', join(root, 'v1/stmt/day=2026-03-05')),
    'INVALID',
    /link|key|name/,
  ],
  [
    'a statement lies under another day, too',
    (at) => {
      const [path = ''] = sessions(at);
      const to = dirname(path).replace('day=2026-03-01', 'day=2026-03-07');
      mkdirSync(to, { recursive: true });
      copyFileSync(path, join(to, basename(path)));
    },
    'INVALID',
    /signed to stand at/,
  ],
  [
    'a statement was moved to the future',
    (at) => {
      const [path = ''] = sessions(at);
      const to = dirname(path).replace('day=2026-03-01', 'day=9999-12-31');
      mkdirSync(to, { recursive: true });
      renameSync(path, join(to, basename(path)));
    },
    'INVALID',
    /signed to stand at/,
  ],
  [
    'a statement was renamed to another number',
    (at) => {
      const [path = ''] = sessions(at);
      renameSync(path, join(dirname(path), '0000009999-session.sigstore.json'));
    },
    'INVALID',
    /signed to stand at/,
  ],
  [
    'a statement lies under another writer',
    (at) => {
      const [path = ''] = sessions(at);
      const to = join(dirname(dirname(path)), 'writer=aaaaaaaaaaaaaaaa');
      mkdirSync(to);
      copyFileSync(path, join(to, basename(path)));
    },
    'INVALID',
    /signed to stand at/,
  ],
  [
    'a name has a line break and a terminal’s escape in it',
    ({ root }) => writeFileSync(join(root, DAY, 'x\n\u001b[2J.sigstore.json'), '{}'),
    'INVALID',
    /key/,
  ],
  [
    'a name is as long as a name can be',
    ({ root }) => writeFileSync(join(root, DAY, 'a'.repeat(255)), '{}'),
    'INVALID',
    /key/,
  ],
  [
    'a file lies where days are',
    ({ root }) => writeFileSync(join(root, 'v1/stmt/day=2026-03-06'), '{}'),
    'INVALID',
    /bundle/,
  ],
  [
    'a statement is four gigabytes of nothing',
    (at) => truncateSync(sessions(at)[0] ?? '', 4096 * MEGABYTE),
    'INVALID',
    /longer/,
  ],
  [
    'a log is four gigabytes of nothing',
    (at) => truncateSync(logOf(at, sessions(at)[0] ?? ''), 4096 * MEGABYTE),
    'INVALID',
    /longer/,
  ],
  [
    'a log is a bomb',
    (at) =>
      writeFileSync(logOf(at, sessions(at)[0] ?? ''), gzipSync(Buffer.alloc(64 * MEGABYTE), { level: 9 })),
    'INVALID',
    /digest/,
  ],
  [
    'two logs were exchanged',
    (at) => {
      const [one = '', two = ''] = sessions(at).map((path) => logOf(at, path));
      const kept = readFileSync(one);
      copyFileSync(two, one);
      writeFileSync(two, kept);
    },
    'INVALID',
    /digest/,
  ],
];

describe('a store in which somebody else had their hands', () => {
  it('is whole before', async () => {
    const found = await look(place());
    expect([found.verdicts, found.code, found.exported]).toEqual([['VALID', 'COMPLETE'], 0, 0]);
  });

  it.each(HANDS)('is named when %s', async (_, change, verdict, reason) => {
    const at = place();
    const whole = await look(at);
    change(at);
    const found = await look(at);
    expect(found.verdicts).toContain(verdict);
    expect(found.findings.map((each) => each.reason).join('\n')).toMatch(reason);
    expect([found.code, found.exported]).toEqual([6, 6]);
    // Everybody else's evidence is checked all the same.
    expect(found.counts.sessions).toBeGreaterThanOrEqual(whole.counts.sessions - 1);
    for (const path of files(found.output)) expect(readFileSync(path, 'latin1')).not.toContain(SECRET);
  });

  it.each<[string, (path: string) => void]>([
    ['a link', (path) => symlinkSync(join(work.path, 'elsewhere'), path)],
    ['a pipe', (path) => execFileSync('mkfifo', [path])],
    ['a folder', (path) => mkdirSync(path)],
  ])('is exported all the same when %s stands where a published policy would', async (_, change) => {
    const at = place();
    mkdirSync(join(at.root, 'v1/policy'));
    change(join(at.root, 'v1/policy/0000000001.sigstore.json'));
    const found = await look(at);
    expect([found.counts.sessions, found.code, found.exported]).toEqual([16, found.exported, found.code]);
    for (const path of files(found.output)) expect(readFileSync(path, 'latin1')).not.toContain(SECRET);
  });

  it('is not made slow or verbose by ten thousand files that are nothing', async () => {
    const at = place();
    for (let number = 0; number < 10_000; number++)
      writeFileSync(join(at.root, DAY, `${String(number).padStart(10, '0')}-x.sigstore.json`), '');
    const found = await look(at);
    expect([found.code, found.verdicts[0], found.counts.sessions]).toEqual([6, 'INVALID', 16]);
    expect(found.findings.length).toBeLessThanOrEqual(2_000);
  }, 120_000);

  it.each([
    ['before there was any evidence', 0],
    ['in the middle of it', Date.parse('2026-03-01T12:00:00Z')],
    ['far from now', Date.parse('9999-01-01T00:00:00Z')],
  ])('stays what it is when the auditor’s clock stands %s', async (_, now) => {
    const found = await look(place(), now);
    expect([found.verdicts[0], found.counts.sessions]).toEqual(['VALID', 16]);
  });

  it('needs no more memory for many huge logs than for one', async () => {
    const at = place();
    for (const path of sessions(at)) truncateSync(logOf(at, path), 100 * MEGABYTE);
    const child = auditorSpawn(at.home, ['verify', '--offline', '--json']);
    let peak = 0;
    const watch = setInterval(() => {
      try {
        const text = readFileSync(`/proc/${child.pid}/status`, 'latin1');
        peak = Math.max(peak, Number(/VmHWM:\s+(\d+) kB/.exec(text)?.[1] ?? 0) / 1024);
      } catch {
        // It has ended.
      }
    }, 10);
    const { code } = await ended(child);
    clearInterval(watch);
    expect([code, sessions(at).length]).toEqual([6, 8]);
    expect(peak).toBeLessThan(500);
  }, 120_000);
});
