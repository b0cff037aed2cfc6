// Runs every session in test/scripts/*.txt with the real binary and holds it to what the text says. UPDATE_GOLDEN=1 rewrites what changed.
import { spawn } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startWorld, type World } from '../peers/world.ts';
import { matches, readTranscript, type Step, writeTranscript } from './transcript.ts';

const FOLDER = new URL('.', import.meta.url).pathname;
const BROKER = new URL('../../bin/broker.js', import.meta.url).pathname;
const update = process.env['UPDATE_GOLDEN'] === '1';

interface Place {
  readonly home: string;
  readonly environment: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

function emptyHome(): Place {
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'script-')));
  mkdirSync(join(home, 'run'), { mode: 0o700 });
  return {
    home,
    environment: {
      PATH: process.env['PATH'] ?? '/usr/bin:/bin',
      HOME: home,
      XDG_RUNTIME_DIR: join(home, 'run'),
      LANG: 'C.UTF-8',
      TERM: 'xterm-256color',
    },
    stop: async () => rmSync(home, { recursive: true, force: true }),
  };
}

/** A first line of `# World: alice` asks for a provider, a database and a store, with her signed in. */
async function placeFor(text: string): Promise<Place> {
  const account = /^# World: (\w+)/.exec(text)?.[1];
  if (account === undefined) return emptyHome();
  const world: World = await startWorld();
  await world.signIn(account);
  return world;
}

/** As a shell would run it, both outputs in one pipe, so that their order is what a person sees. */
function run(command: string, { home, environment }: Place): Promise<{ output: string; code: number }> {
  const child = spawn('bash', ['--norc', '-c', `exec 2>&1\n${command}`], {
    cwd: home,
    env: { ...environment, PATH: `${join(home, '.bin')}:${environment['PATH'] ?? ''}` },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ output, code: code ?? -1 }));
  });
}

function install({ home }: Place): void {
  mkdirSync(join(home, '.bin'));
  writeFileSync(join(home, '.bin', 'broker'), `#!/bin/sh\nexec '${process.execPath}' '${BROKER}' "$@"\n`, {
    mode: 0o755,
  });
}

const shown = (output: string, home: string): readonly string[] =>
  output === '' ? [] : output.replaceAll(home, '~').replace(/\n$/, '').split('\n');

for (const name of readdirSync(FOLDER).filter((file) => file.endsWith('.txt'))) {
  const path = join(FOLDER, name);
  const text = readFileSync(path, 'utf8');
  const steps = readTranscript(text);

  describe(name, () => {
    let place: Place;
    const seen: Step[] = [];
    beforeAll(async () => {
      place = await placeFor(text);
      install(place);
    });
    afterAll(async () => {
      await run('broker agent stop --now', place);
      await place.stop();
      if (update && seen.length === steps.length) writeFileSync(path, writeTranscript(seen));
    });

    it.each(steps.map((step) => [step.command, step] as const))('%s', async (_, step) => {
      const finished = await run(step.command, place);
      const actual = { output: shown(finished.output, place.home), code: finished.code };
      const same = actual.code === step.code && matches(step.output, actual.output);
      seen.push(same ? step : { ...step, ...actual });
      if (!same && !update) expect(actual).toEqual({ output: step.output, code: step.code });
    });
  });
}
