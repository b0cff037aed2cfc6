// Signatures are stamped by a real authority, and one that fails holds up nothing.
import { execFileSync, spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Ledger } from '../../src/agent/ledger.ts';
import { Timestamper } from '../../src/agent/timestamper.ts';
import { exportEvidence } from '../../src/commands/export.ts';
import { verify } from '../../src/commands/verify.ts';
import { verifyStore } from '../../src/flow/verify/index.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { TimestampError, timestampRequest, verifyTimestamp } from '../../src/lib/rfc3161.ts';
import { encodeBundle, parseBundle } from '../../src/model/bundle.ts';
import { identifyStore, openStore } from '../../src/stores/index.ts';
import { runCommand } from '../fakes/command.ts';
import { type Installation, install, recordedSession, workFolder } from '../fakes/installation.ts';
import { fakeProvider } from '../fakes/sign-in.ts';
import { type AuthorityPeer, startAuthority } from '../peers/authority.ts';
import { peer } from '../peers/peer.ts';

const provider = fakeProvider();
const pins = [{ issuer: provider.issuer, audiences: [provider.audience], jwks: provider.jwks }];
const log = { info: () => undefined, warn: () => undefined, error: () => undefined };

describe.runIf(peer('openssl-jq'))('time stamps', () => {
  let authority: AuthorityPeer;
  let other: AuthorityPeer;
  let work: ReturnType<typeof workFolder>;
  let at: Installation;
  let ledger: Ledger;

  beforeAll(async () => {
    authority = await startAuthority();
    other = await startAuthority();
  }, 60_000);
  afterAll(async () => {
    await authority?.stop();
    await other?.stop();
  });
  beforeEach(async () => {
    authority.fail(false);
    work = workFolder();
    at = await install(work.path, `file:${join(work.path, 'store')}`, systemClock);
    const tool = { name: 'broker', version: '0.0.0', digest: `sha256:${'0'.repeat(64)}` };
    const timestamper = new Timestamper(authority.url, systemClock, log as never);
    const folder = join(work.path, 'state');
    const { outbox, link, clock } = at;
    ledger = await Ledger.load({ folder, outbox, link, clock, timestamper, tool, enforcement: 'local' });
  });
  afterEach(() => work.remove());

  async function day(): Promise<void> {
    const now = systemClock.now();
    await ledger.epoch(await provider.signIn('alice', { iat: now, exp: now + 3_600_000 }));
    const folder = await recordedSession({ ...at, ledger }, 's1');
    await ledger.sealSession(folder, { end: 'closed' });
    await ledger.signOut();
    expect(await at.outbox.flush()).toBe(true);
  }

  async function verdicts(tsa?: string) {
    const store = await openStore(`file:${join(work.path, 'store')}`, {});
    const { id } = await identifyStore(store);
    return verifyStore(store, { store: id, now: systemClock.now(), pins, ...(tsa ? { tsa } : {}) });
  }

  async function files() {
    const store = await openStore(`file:${join(work.path, 'store')}`, {});
    const found: { key: string; bytes: Uint8Array }[] = [];
    for await (const { key } of store.list('v1/stmt/'))
      found.push({ key, bytes: (await store.get(key)) ?? new Uint8Array() });
    return found;
  }

  it('stand in the bundle, over the signature, and OpenSSL agrees', async () => {
    await day();
    const result = await verdicts(authority.pem);
    expect(result).toMatchObject({
      integrity: { verdict: 'VALID' },
      completeness: { verdict: 'COMPLETE' },
      notes: [],
      checked: { timestamps: 3 },
    });
    const stamped = (await files()).map(({ bytes }) => parseBundle(bytes)).filter((each) => each.timestamp);
    expect(stamped.map(({ statement }) => statement.predicate.kind)).toEqual(['epoch', 'session', 'seal']);
    const [{ timestamp, signature } = { timestamp: undefined, signature: Buffer.alloc(0) }] = stamped;
    writeFileSync(join(work.path, 'token'), timestamp ?? '');
    writeFileSync(join(work.path, 'signature'), signature);
    const args = [
      'ts',
      '-verify',
      '-data',
      'signature',
      '-in',
      'token',
      '-token_in',
      '-CAfile',
      authority.file,
    ];
    expect(
      execFileSync('openssl', args, { cwd: work.path, stdio: ['ignore', 'pipe', 'ignore'] }).toString(),
    ).toContain('OK');
  });

  it('are checked by verify.sh and by broker verify --tsa', async () => {
    await day();
    const config = join(work.path, 'broker.yaml');
    const output = join(work.path, 'export');
    const jwks = join(work.path, 'provider-jwks.json');
    writeFileSync(jwks, provider.jwks);
    writeFileSync(
      config,
      `version: 1\nidentity:\n  issuer: ${provider.issuer}\n  client_id: ${provider.audience}\nstore:\n  url: "file:${join(work.path, 'store')}"\n  timestamp_url: ${authority.url}\npolicy: []\n`,
    );
    const environment = {
      BROKER_CONFIG: config,
      BROKER_STATE_DIR: join(work.path, 'agent'),
      BROKER_RUNTIME_DIR: join(work.path, 'run'),
    };
    const at = { home: work.path, cwd: work.path, environment, clock: systemClock };
    await runCommand(exportEvidence, { ...at, options: { offline: true, output } });
    const script = (...args: string[]) => spawnSync('bash', [join(output, 'verify.sh'), ...args]).status;
    expect([script(jwks), script(jwks, authority.file), script(jwks, other.file)]).toEqual([0, 0, 6]);
    const judged = async (tsa: string) => {
      const { stdout } = await runCommand(verify, {
        ...at,
        json: true,
        options: { offline: true, tsa, deep: true },
      });
      const { integrity, checked } = JSON.parse(stdout);
      return [
        integrity.findings.filter(({ step }: { step: string }) => step === 'timestamp').length,
        checked.objects > 8,
      ];
    };
    expect([await judged(authority.file), await judged(other.file)]).toEqual([
      [0, true],
      [3, true],
    ]);
  }, 120_000);

  it('that were exchanged, altered or taken off an export are named by verify.sh, withheld events or not', async () => {
    await day();
    const config = join(work.path, 'broker.yaml');
    writeFileSync(
      config,
      `version: 1\nidentity:\n  issuer: ${provider.issuer}\n  client_id: ${provider.audience}\nstore:\n  url: "file:${join(work.path, 'store')}"\npolicy: []\n`,
    );
    const state = { BROKER_STATE_DIR: join(work.path, 'agent'), BROKER_RUNTIME_DIR: join(work.path, 'run') };
    const context = { home: work.path, cwd: work.path, environment: { BROKER_CONFIG: config, ...state } };
    const output = join(work.path, 'export');
    const options = { offline: true, output, withhold: 'answer' };
    await runCommand(exportEvidence, { ...context, clock: systemClock, options });
    const stamped = (await files()).filter(({ bytes }) => parseBundle(bytes).timestamp);
    const [one, two] = stamped.map(({ key, bytes }) => ({ key, bytes, ...parseBundle(bytes) }));
    const rewritten = (timestamp?: Uint8Array) =>
      encodeBundle(
        one?.payload ?? Buffer.alloc(0),
        one?.signature ?? Buffer.alloc(0),
        one?.keyid ?? '',
        timestamp,
      );
    const altered = Buffer.from(one?.timestamp ?? []);
    altered.writeUInt8(altered.readUInt8(altered.length - 9) ^ 1, altered.length - 9);
    const path = join(output, one?.key ?? '');
    const script = () =>
      spawnSync('dash', [join(output, 'verify.sh'), '', authority.file], { encoding: 'utf8' });
    expect(script()).toMatchObject({ status: 0, stdout: expect.stringContaining('events are withheld') });
    for (const [bytes, named] of [
      [rewritten(two?.timestamp), `${one?.key}: its time stamp does not hold`],
      [rewritten(altered), `${one?.key}: its time stamp does not hold`],
      [rewritten(), 'does not follow the statement before it'],
    ] as const) {
      writeFileSync(path, bytes);
      expect(script()).toMatchObject({ status: 6, stderr: expect.stringContaining(named) });
    }
    writeFileSync(path, one?.bytes ?? '');
    expect(script().status).toBe(0);
  }, 120_000);

  it('of an authority nobody named are told of, and of another than named are INVALID', async () => {
    await day();
    expect((await verdicts()).notes.map(({ about }) => about)).toEqual(['authority-not-pinned']);
    const { integrity } = await verdicts(other.pem);
    expect(integrity.verdict).toBe('INVALID');
    expect(new Set(integrity.findings.map(({ step }) => step))).toEqual(new Set(['timestamp']));
  });

  it('that cannot be had hold up nothing, are noted, and asked for again later', async () => {
    authority.fail(true);
    const before = authority.asked;
    await day();
    expect(authority.asked).toBe(before + 1);
    const result = await verdicts(authority.pem);
    expect([result.integrity.verdict, result.completeness.verdict]).toEqual(['VALID', 'COMPLETE']);
    expect(result.notes).toMatchObject([
      { about: 'unstamped', text: expect.stringMatching(/^3 statements/) },
    ]);
  });

  it('of another signature are INVALID', async () => {
    await day();
    const all = (await files()).filter(({ bytes }) => parseBundle(bytes).timestamp);
    const [first, second] = all.map(({ bytes }) => parseBundle(bytes));
    const key = all[0]?.key ?? '';
    if (!first || !second) throw new Error('nothing is stamped');
    const path = join(work.path, 'store', key);
    rmSync(path);
    writeFileSync(path, encodeBundle(first.payload, first.signature, first.keyid, second.timestamp));
    const { integrity } = await verdicts(authority.pem);
    expect(integrity.findings.map(({ step, reason }) => [step, reason])).toContainEqual([
      'timestamp',
      'it stamps other bytes than this signature',
    ]);
  });

  it('that were altered anywhere never hold, and never crash the reader', async () => {
    await day();
    const [stamped] = (await files()).map(({ bytes }) => parseBundle(bytes)).filter((each) => each.timestamp);
    const token = stamped?.timestamp ?? Buffer.alloc(0);
    const signature = stamped?.signature ?? Buffer.alloc(0);
    const whole = verifyTimestamp(token, signature);
    for (let index = 0; index < token.length; index += 3) {
      const altered = Buffer.from(token);
      altered[index] = (altered[index] ?? 0) ^ 0x41;
      try {
        // What is not signed (a version number, an unused certificate) may differ; what it says may not.
        expect(verifyTimestamp(altered, signature).time).toBe(whole.time);
      } catch (error) {
        expect(error).toBeInstanceOf(TimestampError);
      }
      expect(() => verifyTimestamp(token.subarray(0, index), signature)).toThrow(TimestampError);
    }
    expect(timestampRequest(signature, Buffer.alloc(8)).length).toBeGreaterThan(50);
  });
});
