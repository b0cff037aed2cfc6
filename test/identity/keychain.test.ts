// The keychain port over both real places: an encrypted file, and the system's keyring in a D-Bus session of its own.
import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type KeychainOptions, openKeychain } from '../../src/identity/index.ts';
import { peer } from '../peers/peer.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'keychain-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const open = (over: Partial<KeychainOptions> = {}) =>
  openKeychain({ preference: 'file', stateDir: home, ...over });
const folder = () => join(home, 'keychain');
const secrets = () => readdirSync(folder()).filter((name) => /^[0-9a-f]{32}\.json$/.test(name));
const code = (work: Promise<unknown>) =>
  work.then(
    () => 'no error',
    (error: { code?: string }) => error.code ?? String(error),
  );

describe('the encrypted file', () => {
  test('gives back what was kept, also to the next process', async () => {
    const keychain = await open();
    expect(await keychain.get('a')).toBeUndefined();
    await keychain.set('a', 'one');
    await keychain.set('a', 'two');
    await keychain.set('päss/../wörd', '✓'.repeat(10_000));
    const again = await open();
    expect(again.kind).toBe('file');
    expect(await again.get('a')).toBe('two');
    expect(await again.get('päss/../wörd')).toBe('✓'.repeat(10_000));
    expect(await again.delete('a')).toBe(true);
    expect(await again.delete('a')).toBe(false);
    expect(await keychain.get('a')).toBeUndefined();
  });

  test('is private, and neither names nor secrets can be read in it', async () => {
    await (await open()).set('production password', 'correct horse');
    expect(statSync(folder()).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(folder())) {
      expect(statSync(join(folder(), name)).mode & 0o777).toBe(0o600);
      const text = readFileSync(join(folder(), name), 'utf8');
      expect(`${name} ${text}`).not.toMatch(/correct|horse|production/);
    }
  });

  test('opens with its passphrase only', async () => {
    await (await open({ passphrase: 'sesame' })).set('a', 'one');
    expect(await (await open({ passphrase: 'sesame' })).get('a')).toBe('one');
    expect(await code(open({ passphrase: 'sesam' }))).toBe('keychain-unavailable');
    expect(await code(open())).toBe('keychain-unavailable');
    expect(readdirSync(folder())).not.toContain('key');
  });

  test.each([
    [
      'one flipped byte',
      (text: string) => text.replace(/"data":"(.)/, (_, one) => `"data":"${one === 'A' ? 'B' : 'A'}`),
    ],
    ['half a file', (text: string) => text.slice(0, text.length / 2)],
    ['an empty file', () => ''],
    ['a short tag', (text: string) => text.replace(/"tag":"[^"]*"/, '"tag":"AAAA"')],
  ])(
    'says that a secret is damaged, and keeps the damaged file when it is written anew: %s',
    async (_, damage) => {
      const keychain = await open();
      await keychain.set('a', 'one');
      await keychain.set('b', 'two');
      const [first = ''] = secrets();
      const damaged = damage(readFileSync(join(folder(), first), 'utf8'));
      writeFileSync(join(folder(), first), damaged);
      const codes = await Promise.all([code(keychain.get('a')), code(keychain.get('b'))]);
      expect(codes.sort()).toEqual(['keychain-damaged', 'no error']);
      await keychain.set('a', 'new');
      await keychain.set('b', 'new');
      const kept = readdirSync(folder()).find((name) => name.includes('.damaged-'));
      expect(readFileSync(join(folder(), kept ?? ''), 'utf8')).toBe(damaged);
      expect(await keychain.get('a')).toBe('new');
    },
  );

  test('does not give one secret for another', async () => {
    const keychain = await open();
    await keychain.set('a', 'one');
    const [first = ''] = secrets();
    await keychain.set('b', 'two');
    const second = secrets().find((name) => name !== first) ?? '';
    writeFileSync(join(folder(), second), readFileSync(join(folder(), first)));
    expect(await code(keychain.get('b'))).toBe('keychain-damaged');
  });

  test.each(['head.json', 'key'])('says what to do when %s is damaged', async (name) => {
    await (await open()).set('a', 'one');
    writeFileSync(join(folder(), name), 'nonsense');
    await expect(open()).rejects.toMatchObject({
      code: 'keychain-damaged',
      hint: expect.stringContaining('mv '),
    });
  });

  test('refuses a folder others can enter, and a file others can read', async () => {
    await (await open()).set('a', 'one');
    chmodSync(folder(), 0o755);
    expect(await code(open())).toBe('keychain-unavailable');
    chmodSync(folder(), 0o700);
    chmodSync(join(folder(), 'key'), 0o644);
    await expect(open()).rejects.toMatchObject({
      code: 'keychain-unavailable',
      hint: expect.stringContaining('chmod 600'),
    });
  });

  test('follows no symbolic link, neither to its folder nor to a secret', async () => {
    mkdirSync(join(home, 'elsewhere'), { mode: 0o700 });
    symlinkSync(join(home, 'elsewhere'), folder());
    expect(await code(open())).toBe('keychain-unavailable');
    rmSync(folder());
    const keychain = await open();
    await keychain.set('a', 'one');
    const [first = ''] = secrets();
    rmSync(join(folder(), first));
    writeFileSync(join(home, 'bait'), '{}', { mode: 0o600 });
    symlinkSync(join(home, 'bait'), join(folder(), first));
    expect(await code(keychain.get('a'))).toBe('keychain-unavailable');
    await keychain.set('a', 'two');
    expect(readFileSync(join(home, 'bait'), 'utf8')).toBe('{}');
    expect(await keychain.get('a')).toBe('two');
  });

  test('is one and the same for agents that start at once', async () => {
    const all = await Promise.all(Array.from({ length: 6 }, () => open()));
    await Promise.all(all.map((keychain, n) => keychain.set(`secret ${n}`, `value ${n}`)));
    await Promise.all(all.map((keychain, n) => keychain.set('shared', `value ${n}`)));
    const last = await open();
    for (const [n] of all.entries()) expect(await last.get(`secret ${n}`)).toBe(`value ${n}`);
    expect(await last.get('shared')).toMatch(/^value \d$/);
    expect(readdirSync(folder()).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
});

const modules = join(import.meta.dirname, '../../node_modules');
const bundle = join(modules, '.cache', `keychain-${process.pid}.mjs`);
beforeAll(async () => {
  await build({
    entryPoints: [join(import.meta.dirname, '../../src/identity/keychain/keychain.ts')],
    outfile: bundle,
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['keytar'],
    logLevel: 'error',
  });
});
afterAll(() => rmSync(bundle, { force: true }));

function scriptFile(script: string): string {
  const file = join(home, 'script.mjs');
  const head = `import { openKeychain } from ${JSON.stringify(bundle)};\nconst stateDir = ${JSON.stringify(home)};\n`;
  writeFileSync(file, `${head}${script}`);
  return file;
}

/** Runs a script with our keychain in a process of its own, and answers what it prints. */
function inProcess(script: string, command: readonly string[], environment: NodeJS.ProcessEnv): string {
  const [program = '', ...args] = [...command, process.execPath, scriptFile(script)];
  const ran = spawnSync(program, args, { env: environment, encoding: 'utf8', timeout: 25_000 });
  return `${ran.stdout}${ran.status === 0 ? '' : `exit ${ran.status ?? ran.signal}: ${ran.stderr}`}`.trim();
}

const clean = () => ({
  PATH: process.env['PATH'],
  HOME: home,
  XDG_RUNTIME_DIR: home,
  XDG_DATA_HOME: join(home, 'data'),
});
const UNLOCKED =
  'printf password | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1; exec "$@"';
const LOCK = `gdbus call --session --dest org.freedesktop.secrets --object-path /org/freedesktop/secrets --method org.freedesktop.Secret.Service.Lock "['/org/freedesktop/secrets/collection/login']" >/dev/null`;
const session = (shell: string) => ['dbus-run-session', '--', 'sh', '-c', shell, 'sh'];

const USE = `
const keychain = await openKeychain({ preference: 'auto', stateDir });
await keychain.set('a', 'one');
await keychain.set('a', 'two');
const kept = await keychain.get('a');
const deleted = [await keychain.delete('a'), await keychain.delete('a')];
console.log(JSON.stringify({ kind: keychain.kind, kept, missing: (await keychain.get('b')) ?? null, deleted }));
process.exit(0);`;

const CHOOSE = `
const kind = async (preference) => {
  try {
    const keychain = await openKeychain({ preference, stateDir, patience: 3000 });
    return [keychain.kind, keychain.reason ?? ''];
  } catch (error) {
    return [error.code, error.message];
  }
};
console.log(JSON.stringify({ auto: await kind('auto'), system: await kind('system') }));
process.exit(0);`;

describe.runIf(peer('keyring'))('the system keyring', () => {
  test('is used when it is unlocked: writes, reads, deletes', () => {
    const answer = inProcess(USE, session(UNLOCKED), clean());
    expect(JSON.parse(answer)).toEqual({
      kind: 'system',
      kept: 'two',
      missing: null,
      deleted: [true, false],
    });
  });

  test('that is locked is found out, with the reason, and the file is used', () => {
    const shell = `${UNLOCKED.replace('exec "$@"', '')} ${LOCK}; exec "$@"`;
    const answer = JSON.parse(inProcess(CHOOSE, session(shell), clean())) as Record<string, string[]>;
    expect(answer['auto']?.[0]).toBe('file');
    expect(answer['auto']?.[1]).toMatch(/locked/);
    expect(answer['system']?.[0]).toBe('keychain-unavailable');
  });

  test('that is locked later never looks like a secret that is not there', () => {
    const script = `
import { execFileSync } from 'node:child_process';
const keychain = await openKeychain({ preference: 'system', stateDir });
await keychain.set('a', 'one');
execFileSync('sh', ['-c', ${JSON.stringify(LOCK)}]);
console.log(await keychain.get('a').catch((error) => error.code));
process.exit(0);`;
    expect(inProcess(script, session(UNLOCKED), clean())).toBe('keychain-unavailable');
  });
});

test('a keyring that never answers is given up, and does not keep the process from ending', async () => {
  const bus = createServer(() => {}).listen(join(home, 'bus'));
  await once(bus, 'listening');
  const script = `
const keychain = await openKeychain({ preference: 'auto', stateDir, patience: 700 });
console.log(JSON.stringify([keychain.kind, keychain.reason]));
process.exit(0);`;
  const environment = { ...clean(), DBUS_SESSION_BUS_ADDRESS: `unix:path=${home}/bus` };
  const ran = await promisify(execFile)(process.execPath, [scriptFile(script)], {
    env: environment,
    timeout: 10_000,
  });
  const [kind, reason] = JSON.parse(ran.stdout) as string[];
  expect(kind).toBe('file');
  expect(reason).toMatch(/does not answer/);
  bus.close();
});

test('without any keyring the file is used, and the reason is told', () => {
  const answer = JSON.parse(
    inProcess(CHOOSE, [], { ...clean(), DBUS_SESSION_BUS_ADDRESS: `unix:path=${home}/none` }),
  ) as Record<string, string[]>;
  expect(answer['auto']?.[0]).toBe('file');
  expect(answer['auto']?.[1]).toMatch(/secret service/);
  expect(answer['system']?.[0]).toBe('keychain-unavailable');
});
