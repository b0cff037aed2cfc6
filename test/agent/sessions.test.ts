import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { watchExpiry } from '../../src/agent/watch.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { BrokerError } from '../../src/model/errors.ts';
import { connection, type FakeAgent, FakeFront, startFakeAgent } from '../fakes/agent.ts';

let agent: FakeAgent;
beforeAll(async () => {
  agent = await startFakeAgent([
    connection('db'),
    connection('with-variables', { environment: ['DB_PASSWORD'] }),
    connection('denied'),
    connection('dies-at-policy'),
    connection('unreachable'),
    connection('dies-at-target'),
    connection('silent'),
    connection('dies-serving'),
    connection('fails-serving'),
    connection('never-closes'),
  ]);
});
afterAll(() => agent.stop());
beforeEach(() => {
  agent.diary.length = 0;
  for (const name of Object.keys(agent.knobs)) delete agent.knobs[name as keyof FakeAgent['knobs']];
});

async function open(name: string, answers?: Record<string, string>): Promise<FakeFront> {
  return new FakeFront(await agent.client(), name, answers);
}

async function settled(): Promise<void> {
  await agent.sessions.settled();
}

describe('a session', () => {
  it('is opened in the order evidence demands', async () => {
    const front = await open('db');
    const { session } = await front.until('opened');
    expect(
      front.told.filter(({ type }) => type === 'progress').map((each) => 'step' in each && each.step),
    ).toEqual(['policy', 'credential', 'target', 'evidence']);
    expect(agent.diary).toEqual(['credential {}', 'open stored: true']);
    const notes = join(session.spool, 'worker.notes');
    await expect.poll(() => readFileSync(notes, 'utf8')).toBe('open\ncredential\nserve\n');
    expect(session.endpoint).toMatchObject({ host: '127.0.0.1', secret: 'the-session-secret' });
    front.exit();
    expect(await front.over).toBeUndefined();
    await expect.poll(() => agent.stored()).toEqual(['epoch', 'open', 'session']);
  });

  it('ends with its front, gives the credential back and is sealed', async () => {
    const front = await open('db');
    await front.until('opened');
    front.exit(3);
    expect((await front.until('sealed')).state).toBe('sealed');
    expect(agent.diary.slice(-2)).toEqual(['released', 'seal closed']);
    expect(readdirSync(agent.spool)).toEqual([]);
    expect(readdirSync(join(agent.folder, 'leases'))).toEqual([]);
  });

  it('keeps a note of a credential that could not be given back, and has recovery look at once', async () => {
    agent.knobs.noRelease = new Error('the server restarts');
    const front = await open('db');
    const { session } = await front.until('opened');
    front.exit();
    expect((await front.until('sealed')).state).toBe('sealed');
    await settled();
    expect(readdirSync(join(agent.folder, 'leases'))).toEqual([`${session.id}.json`]);
    expect(agent.diary).toContain('recovery asked');
  });

  it('ends as interrupted when its front is killed', async () => {
    const front = await open('db');
    await front.until('opened');
    front.vanish();
    await settled();
    expect(agent.diary.slice(-2)).toEqual(['released', 'seal interrupted']);
  });

  it('ends when it is killed by name, and waits for the front to finish its own recording', async () => {
    const front = await open('db');
    const { session } = await front.until('opened');
    await (await agent.client()).kill(session.id.slice(0, 14), 'wrong database');
    expect(await front.until('ended')).toMatchObject({ end: 'killed', reason: 'wrong database' });
    expect(agent.diary).not.toContain('seal killed');
    front.exit();
    await front.until('sealed');
    expect(agent.diary).toContain('seal killed');
  });

  it('ends when its worker dies', async () => {
    const front = await open('dies-serving');
    await front.until('opened');
    expect(await front.until('ended')).toMatchObject({ end: 'failed' });
    front.exit();
    await settled();
    expect(agent.diary.slice(-2)).toEqual(['released', 'seal failed']);
  });

  it('ends when its worker gives up, with the worker’s reason', async () => {
    const front = await open('fails-serving');
    expect(await front.until('ended')).toMatchObject({ end: 'failed', reason: 'the journal is full' });
    front.exit();
    await settled();
  });

  it('is sealed although its worker never closes', async () => {
    const front = await open('never-closes');
    await front.until('opened');
    front.exit();
    expect((await front.until('sealed')).state).toBe('sealed');
  }, 20_000);

  it('ends when its credential does', async () => {
    agent.knobs.credentialExpires = Date.now() + 300;
    const watch = watchExpiry(
      agent.sessions,
      async () => ({ user: { iss: '', sub: '', groups: [] }, expires: Number.POSITIVE_INFINITY }),
      systemClock,
    );
    const front = await open('db');
    await front.until('opened');
    watch.wake();
    expect(await front.until('ended')).toMatchObject({ end: 'expired' });
    front.exit();
    await settled();
    watch.stop();
    expect(agent.diary).toContain('seal expired');
  });

  it('ends when the sign-in does, early enough to be sealed', async () => {
    const watch = watchExpiry(
      agent.sessions,
      async () => ({ user: { iss: '', sub: '', groups: [] }, expires: Date.now() + 2000 }),
      systemClock,
    );
    const front = await open('db');
    await front.until('opened');
    watch.wake();
    expect(await front.until('ended')).toMatchObject({ end: 'expired' });
    front.exit();
    await settled();
    watch.stop();
  });

  it('gets the variables its credential needs from its caller, and no others', async () => {
    const front = await open('with-variables', { DB_PASSWORD: 'hunter2', OTHER: 'x' });
    await front.until('opened');
    expect(await front.until('wanted')).toEqual({ type: 'wanted', names: ['DB_PASSWORD'] });
    front.exit();
    await settled();
  });

  it('is listed while it runs', async () => {
    const front = await open('db');
    const { session } = await front.until('opened');
    const client = await agent.client();
    await expect.poll(async () => (await client.sessions())[0]?.statements).toBe(3);
    expect(await client.sessions()).toMatchObject([
      { id: session.id, connection: 'db', state: 'open', pid: process.pid },
    ]);
    front.exit();
    await settled();
    expect(await client.sessions()).toEqual([]);
  });
});

describe('a session that is refused', () => {
  it.each([
    ['denied', 'policy-denied', []],
    ['dies-at-policy', 'worker-lost', []],
    ['unreachable', 'target-unreachable', ['credential {}', 'released']],
    ['dies-at-target', 'worker-lost', ['credential {}', 'released']],
  ])('%s: tells its front %s and is recorded as an attempt', async (name, code, around) => {
    const before = agent.stored().filter((kind) => kind === 'attempt').length;
    const front = await open(name);
    expect((await front.over)?.code).toBe(code);
    await settled();
    const [credential, released] = around;
    expect(agent.diary).toEqual([
      ...(credential ? [credential] : []),
      `attempt ${code}`,
      ...(released ? [released] : []),
    ]);
    expect(readdirSync(agent.spool)).toEqual([]);
    await agent.desk.ledger({ url: `file:${agent.store}`, unsafe: false });
    await expect.poll(() => agent.stored().filter((kind) => kind === 'attempt').length).toBe(before + 1);
  });

  it('for want of a credential asks for none of the target', async () => {
    agent.knobs.noCredential = new BrokerError('credential-failed', {
      connection: 'db',
      reason: 'vault is sealed',
      mend: '',
    });
    const front = await open('db');
    expect((await front.over)?.code).toBe('credential-failed');
    await settled();
    expect(agent.diary).toEqual(['credential {}', 'attempt credential-failed']);
  });

  it('because nobody is signed in starts no worker and leaves nothing behind', async () => {
    agent.knobs.person = new BrokerError('not-signed-in');
    const front = await open('db');
    expect((await front.over)?.code).toBe('not-signed-in');
    expect(existsSync(agent.spool) ? readdirSync(agent.spool) : []).toEqual([]);
  });

  it('because there is no such connection says so', async () => {
    const front = await open('nowhere');
    expect((await front.over)?.code).toBe('connection-unknown');
  });

  it('stops waiting for its target when the front goes', async () => {
    const front = await open('silent');
    await expect.poll(() => agent.diary).toContain('credential {}');
    front.vanish();
    await settled();
    expect(agent.diary).toContain('released');
    expect(readdirSync(agent.spool)).toEqual([]);
  });

  it('is not found by a prefix that several have, or none', async () => {
    const fronts = [await open('db'), await open('db')];
    for (const front of fronts) await front.until('opened');
    const client = await agent.client();
    await expect(client.kill('1', 'x')).rejects.toMatchObject({ code: 'session-unknown' });
    await expect(client.kill('zzz', 'x')).rejects.toMatchObject({ code: 'session-unknown' });
    await expect(client.kill('', 'x')).rejects.toMatchObject({ code: expect.any(String) });
    for (const front of fronts) front.exit();
    await settled();
  });
});

describe('the control socket', () => {
  it('answers what it does not know with a clear error', async () => {
    const { request } = await import('node:http');
    const status = await new Promise<number | undefined>((resolve) => {
      request({ socketPath: join(agent.folder, 'agent.sock'), path: '/v2/secrets' }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      }).end();
    });
    expect(status).toBe(404);
    const client = await agent.client();
    await expect(client.kill('zzz', 'x')).rejects.toMatchObject({ code: 'session-unknown' });
    const told = await new Promise<string>((resolve) => {
      const socketPath = join(agent.folder, 'agent.sock');
      request({ socketPath, path: '/v1/secrets/%E0%A4%A', method: 'DELETE' }, (answer) => {
        answer.on('data', (chunk: Buffer) => resolve(chunk.toString()));
      }).end();
    });
    expect(told).toContain('protocol-violation');
  });

  it('refuses a first line that is not a request, and one without end', async () => {
    const { request } = await import('node:http');
    const say = (text: string) =>
      new Promise<string>((resolve) => {
        const call = request(
          { socketPath: join(agent.folder, 'agent.sock'), path: '/v1/sessions', method: 'POST' },
          (answer) => {
            let body = '';
            answer.on('data', (chunk: Buffer) => {
              body += chunk.toString();
            });
            answer.on('close', () => resolve(body));
          },
        );
        call.on('error', () => undefined);
        call.end(text);
      });
    expect(await say('{"type":"exit"}\n')).toContain('protocol-violation');
    expect(await say('not json\n')).toContain('protocol-violation');
    const caller = { cwd: '/', home: '/', settings: {}, pid: 1 };
    const whole = { type: 'open', connection: 'db', client: 'query', port: 0, caller };
    for (const wrong of [
      { caller: undefined },
      { port: -5 },
      { port: 0.5 },
      { connection: null },
      { client: [] },
    ])
      expect(await say(`${JSON.stringify({ ...whole, ...wrong })}\n`)).toContain('protocol-violation');
    expect(await say('x'.repeat(2 << 20))).toContain('protocol-violation');
  });
});
