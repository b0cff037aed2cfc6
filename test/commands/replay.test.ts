// broker replay on recordings as they come, hostile ones too: what reaches the terminal, and what each bad file is told.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CommandContext } from '../../src/commands/command.ts';
import { replay } from '../../src/commands/replay.ts';
import { encodeEvent, encodeHeader } from '../../src/lib/asciicast.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { BrokerError } from '../../src/model/errors.ts';

const CAST =
  encodeHeader({ width: 80, height: 24 }) +
  encodeEvent({ time: 0.01, code: 'o', data: '\x1b]0;title\x07hello \x1b[31mre' }) +
  encodeEvent({ time: 0.02, code: 'i', data: 'typed' }) +
  encodeEvent({ time: 3600, code: 'o', data: 'd\x1b[6n\r\n' }) +
  encodeEvent({ time: 3601, code: 'r', data: '100x30' });

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'broker-replay-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Options {
  readonly options?: Record<string, string | boolean>;
  readonly json?: boolean;
  readonly tty?: boolean;
  readonly columns?: number;
  readonly signal?: AbortSignal;
  /** Called with each piece that reached the terminal. */
  readonly saw?: (text: string) => void;
}

async function run(content: string | Uint8Array, given: Options = {}, name = 'x.cast') {
  writeFileSync(join(folder, name), content);
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  const stdout = Object.assign(new PassThrough(), {
    isTTY: given.tty ?? false,
    columns: given.columns ?? 80,
    rows: 24,
  });
  const stderr = new PassThrough();
  stdout.on('data', (chunk: Buffer) => {
    out.push(chunk);
    given.saw?.(chunk.toString());
  });
  stderr.on('data', (chunk: Buffer) => err.push(chunk));
  const context: CommandContext = {
    stdin: new PassThrough(),
    stdout,
    stderr,
    environment: {},
    cwd: folder,
    home: folder,
    clock: systemClock,
    signal: given.signal ?? new AbortController().signal,
    args: [name],
    options: { speed: '1', maxIdle: '2', wait: true, ...given.options },
    json: given.json ?? false,
    fancy: false,
    mayAsk: false,
  };
  const code = await replay.run(context);
  return { code, out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString() };
}

const failure = async (content: string | Uint8Array, given: Options = {}): Promise<BrokerError> => {
  const error = await run(content, given).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(BrokerError);
  return error as BrokerError;
};

describe('broker replay', () => {
  it('prints a recording at once into a pipe, sanitised, and hands the colour back', async () => {
    expect(await run(CAST)).toEqual({ code: 0, out: 'hello \x1b[31mred\r\n\x1b[0m', err: '' });
    expect((await run(gzipSync(CAST), {}, 'x.cast.gz')).out).toBe('hello \x1b[31mred\r\n\x1b[0m');
  });

  it('waits on a terminal as long as it took, but no longer than --max-idle', async () => {
    const started = performance.now();
    const { out } = await run(CAST, { tty: true, options: { maxIdle: '0.2', speed: '2' } });
    expect(out).toContain('red');
    expect(performance.now() - started).toBeGreaterThan(90);
  });

  it('does not wait with --no-wait', async () => {
    const started = performance.now();
    await run(CAST, { tty: true, options: { wait: false, maxIdle: '60' } });
    expect(performance.now() - started).toBeLessThan(2000);
  });

  it('says when the terminal is smaller than the recorded one', async () => {
    const given = { tty: true, options: { maxIdle: '0' } };
    expect((await run(CAST, { ...given, columns: 40 })).err).toContain('80');
    expect((await run(CAST, { ...given, columns: 0 })).err).toBe('');
  });

  it('lists events as JSON that is safe to print and still says what was recorded', async () => {
    const hostile =
      encodeHeader({ width: 1, height: 1 }) +
      encodeEvent({ time: 0, code: 'o', data: '\x9b31m\u202ex\x1b]' });
    const { out } = await run(hostile, { json: true });
    expect(out).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/);
    expect(JSON.parse(out)).toEqual([
      {
        name: 'x.cast',
        header: { version: 2, width: 1, height: 1 },
        events: [{ time: 0, code: 'o', data: '\x9b31m\u202ex\x1b]' }],
      },
    ]);
    expect(JSON.parse((await run(CAST, { json: true })).out)[0].events).toHaveLength(4);
  });

  it('stops when interrupted, with the terminal handed back', async () => {
    const controller = new AbortController();
    const { code, out } = await run(CAST, {
      tty: true,
      signal: controller.signal,
      options: { maxIdle: '3600' },
      saw: (text) => text.includes('re') && controller.abort(),
    });
    expect(code).toBe(130);
    expect(out).toBe('hello \x1b[31mre\x1b[0m');
  });

  it.each([
    ['what is not a recording', 'hello\n'],
    ['another version', '{"version":3}\n'],
    ['a cut-off recording', CAST.slice(0, -3)],
    ['cut-off gzip', gzipSync(CAST).subarray(0, 60)],
  ])('refuses %s', async (_name, content) => {
    expect((await failure(content)).code).toBe('usage');
  });

  it('refuses a speed or a pause that is no number in reason', async () => {
    expect((await failure(CAST, { options: { speed: '0' } })).code).toBe('usage');
    expect((await failure(CAST, { options: { speed: 'fast' } })).code).toBe('usage');
    expect((await failure(CAST, { options: { maxIdle: '-1' } })).code).toBe('usage');
  });
});
