import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Finding } from '../../src/commands/doctor/finding.ts';
import { doctor } from '../../src/commands/doctor.ts';
import { starterPolicy } from '../../src/flow/decide/starter.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { runCommand } from '../fakes/command.ts';
import { type ProviderPeer, startProvider } from '../peers/provider.ts';

let provider: ProviderPeer;
let home: string;
beforeAll(async () => {
  provider = await startProvider();
});
afterAll(() => provider.stop());
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'doctor-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const folder = () => join(home, '.config', 'broker');

function configure(text: string): void {
  mkdirSync(folder(), { recursive: true });
  writeFileSync(join(folder(), 'broker.yaml'), text, { mode: 0o600 });
  writeFileSync(join(folder(), 'starter.cedar'), starterPolicy(), { mode: 0o600 });
}

const right = () => `identity: { issuer: "${provider.issuer}", client_id: broker-evidence }
store: { url: "file:${home}/store" }
keychain: file
policy: [starter.cedar]
`;

interface Asked {
  readonly options?: Readonly<Record<string, boolean>>;
  readonly environment?: Readonly<Record<string, string>>;
  readonly clock?: typeof systemClock;
}

async function examined(asked: Asked = {}): Promise<{ code: number; findings: readonly Finding[] }> {
  const { code, stdout } = await runCommand(doctor, {
    home,
    cwd: home,
    environment: { PATH: process.env['PATH'], ...asked.environment },
    clock: asked.clock ?? systemClock,
    options: asked.options ?? {},
    json: true,
  });
  return {
    code,
    findings: stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Finding),
  };
}

const of = (findings: readonly Finding[], name: string) => findings.filter(({ check }) => check === name);

describe('broker doctor', () => {
  it('finds nothing wrong where nothing is, and starts nothing', async () => {
    configure(right());
    const { code, findings } = await examined({ options: { store: true } });
    expect(findings.filter(({ level }) => level === 'problem')).toEqual([]);
    expect(code).toBe(0);
    expect(of(findings, 'provider')[0]).toMatchObject({ level: 'ok' });
    expect(of(findings, 'store')[0]).toMatchObject({ level: 'ok' });
    expect(of(findings, 'agent')[0]).toMatchObject({ level: 'skipped' });
    expect(of(findings, 'enforcement')[0]?.detail).toContain('local');
  });

  it('does not touch the store unless asked', async () => {
    configure(right());
    expect(of((await examined()).findings, 'store')[0]).toMatchObject({
      level: 'skipped',
      mend: 'broker doctor --store',
    });
  });

  it('prints the rights a bucket needs, most of all when it is refused', async () => {
    configure(
      right().replace(/store: .*/, 'store: { url: "s3://evidence/team?endpoint=http://127.0.0.1:1" }'),
    );
    const environment = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' };
    const { code, findings } = await examined({ options: { store: true }, environment });
    expect(code).toBe(7);
    expect(of(findings, 'store')[0]).toMatchObject({ level: 'problem' });
    expect(of(findings, 'store')[0]?.mend).not.toContain('doctor');
    const [rights] = of(findings, 'store rights');
    expect(rights).toMatchObject({ level: 'note' });
    expect(rights?.detail).toContain('"arn:aws:s3:::evidence/team/v1/*"');
    expect(rights?.detail).not.toContain('Delete');
  });

  it('says of no folder that it is private before there is one', async () => {
    configure(right());
    const state = join(home, '.local', 'state', 'broker');
    expect(of((await examined()).findings, 'folders')[0]).toMatchObject({ level: 'skipped' });
    expect(of((await examined()).findings, 'folders')[0]).toEqual({
      check: 'folders',
      level: 'ok',
      detail: `${state} and ${state}/run are private`,
    });
  });

  it('says what else it could look at once there is a configuration', async () => {
    const { code, findings } = await examined();
    expect(code).toBe(9);
    expect(of(findings, 'configuration')[0]).toMatchObject({
      level: 'problem',
      mend: 'write one with `broker init`',
    });
    expect(of(findings, 'policy')[0]).toMatchObject({ level: 'skipped' });
    expect(of(findings, 'node')[0]).toMatchObject({ level: 'ok' });
  });

  it('goes on past each problem and exits as the first one would', async () => {
    configure(
      right()
        .replace(provider.issuer, 'http://127.0.0.1:1')
        .replace('store: { url: "file:', 'store: { url: "file:/dev/null'),
    );
    writeFileSync(join(folder(), 'starter.cedar'), 'permit (principal, action, resource) when { nonsense };');
    chmodSync(join(folder(), 'starter.cedar'), 0o666);
    const { code, findings } = await examined({ options: { store: true } });
    const problems = findings.filter(({ level }) => level === 'problem').map(({ check }) => check);
    expect(problems).toEqual(['permissions', 'policy', 'provider', 'store']);
    expect(findings.filter(({ level, mend }) => level === 'problem' && !mend)).toEqual([]);
    expect(code).toBe(9);
  });

  it('exits with 7 when only the provider is away', async () => {
    configure(right().replace(provider.issuer, 'http://127.0.0.1:1'));
    expect((await examined()).code).toBe(7);
  });

  it('notices a clock that is wrong by the provider’s', async () => {
    configure(right());
    const late = { ...systemClock, now: () => systemClock.now() - 3_600_000 };
    const [clock] = of((await examined({ clock: late })).findings, 'clock');
    expect(clock).toMatchObject({ level: 'problem' });
    expect(clock?.detail).toMatch(/^this machine is 3[56]\d\d s behind/);
  });

  it('notices folders that are open to others, and a missing psql', async () => {
    configure(right());
    const runtime = join(home, 'run');
    mkdirSync(runtime);
    chmodSync(runtime, 0o755);
    const { findings } = await examined({ environment: { BROKER_RUNTIME_DIR: runtime, PATH: '/nowhere' } });
    expect(of(findings, 'folders')).toEqual([
      {
        check: 'folders',
        level: 'problem',
        detail: `${runtime} is open to other users`,
        mend: `chmod 700 '${runtime}'`,
        exit: 9,
      },
    ]);
    expect(of(findings, 'psql')[0]).toMatchObject({ level: 'skipped', mend: 'install postgresql-client' });
  });

  it('reads as a list on a terminal, with what mends each problem below it', async () => {
    const { stdout } = await runCommand(doctor, { home, cwd: home, environment: {}, clock: systemClock });
    expect(stdout).toMatch(/^✓ node +v\d/m);
    expect(stdout).toMatch(
      /^✗ configuration +there is no configuration yet\n +→ write one with `broker init`$/m,
    );
  });
});
