// Calls as they are written down: nothing revealed to one person is kept for others, and what ran beside is counted.
import { describe, expect, it } from 'vitest';
import { createScanner } from '../../src/detectors/index.ts';
import { Calls } from '../../src/flow/calls.ts';
import { loadPolicies } from '../../src/flow/decide/index.ts';
import { parseCanonical } from '../../src/lib/canonical.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { jcsDigest } from '../../src/lib/jcs.ts';
import type { Connection } from '../../src/model/connection.ts';
import type { Recorder } from '../../src/model/event.ts';

const CONNECTION: Connection = {
  name: 'prod-db',
  type: 'postgres',
  host: 'db.example.com',
  port: 5432,
  tls: { mode: 'disable' },
  credential: { source: 'env' },
  labels: [],
  masking: { columns: {}, strategies: {}, onUnknown: 'mask' },
  recording: { maxRows: 10, maxBytes: 1000 },
};

async function start(policy: string) {
  const written: { type: string; data: Record<string, unknown> }[] = [];
  const recorder = {
    append: (type: string, data: Record<string, unknown>) => written.push({ type, data }),
    // Lines put together by hand are in the one spelling, too.
    appendCanonical: (type: string, data: string) =>
      written.push({ type, data: parseCanonical(data) as Record<string, unknown> }),
    flush: () => undefined,
    close: async () => undefined,
  } as unknown as Recorder;
  const user = { iss: 'https://login.example', sub: 'alice', groups: ['developers'], emailVerified: false };
  const calls = new Calls({
    terms: { connection: CONNECTION, principal: { kind: 'user', user }, client: 'mcp' },
    policy: await loadPolicies({ files: { 'policy.cedar': policy } }),
    scanner: createScanner(),
    hashKey: Buffer.alloc(32),
    clock: systemClock,
  });
  calls.record(recorder);
  const admit = (name: string, given: Record<string, unknown>) => {
    const use = { action: 'mcp:call', resource: { type: 'Tool', id: `prod-db/${name}` } } as const;
    const call = { method: 'tools/call', name, use, arguments: given };
    return calls.admit(call, calls.decide(call));
  };
  return { calls, admit, written };
}

const ALL = '@id("all") permit (principal, action, resource);';
const EMAIL = { to: 'alice@example.com' };

describe('calls', () => {
  it('show what policy reveals, and keep it masked', async () => {
    const { calls, admit, written } = await start(ALL);
    expect(calls.mask(EMAIL).value).toEqual(EMAIL);
    const open = admit('send', EMAIL);
    calls.claim({
      level: 'P2',
      subject: 'model',
      value: 'model of alice@example.com',
      source: 'x',
      statement: 1,
    });
    calls.finish(open, {
      status: 'ok',
      message: 'to alice@example.com',
      shown: ['{"to":"alice@example.com"}'],
    });
    expect(JSON.stringify(written)).not.toContain('alice@example.com');
    const masked = { to: '[email]' };
    expect(written[0]?.data['call']).toMatchObject({ arguments: jcsDigest(masked) });
    expect(written[2]?.data).toMatchObject({ sample: [[JSON.stringify(masked)]], message: 'to [email]' });
  });

  it('say how many others ran at any time beside them', async () => {
    const { calls, admit, written } = await start(ALL);
    const [one, two] = [admit('a', {}), admit('b', {})];
    calls.finish(one, { status: 'ok' });
    const three = admit('c', {});
    calls.finish(two, { status: 'ok' });
    calls.finish(three, { status: 'ok' });
    calls.finish(admit('d', {}), { status: 'ok' });
    const answers = written
      .filter(({ type }) => type === 'answer')
      .map(({ data }) => [data['statement'], data['beside']]);
    expect(answers).toEqual([
      [1, 1],
      [2, 2],
      [3, 1],
      [4, undefined],
    ]);
  });
});
