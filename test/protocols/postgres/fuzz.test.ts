// Arbitrary messages from either side: every one is passed whole, answered, or ends the conversation with a named error.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BrokerError } from '../../../src/model/errors.ts';
import { Framer, type FrameSink } from '../../../src/protocols/postgres/framer.ts';
import { Link } from '../../../src/protocols/postgres/link.ts';
import { FROM_SERVER, message } from '../../../src/protocols/postgres/messages.ts';
import { Replies } from '../../../src/protocols/postgres/replies.ts';
import { Requests } from '../../../src/protocols/postgres/requests.ts';
import { FakePipeline } from '../../fakes/pipeline.ts';
import { say } from './raw.ts';

const noHold = { hold: () => {}, port: { signal: new AbortController().signal, notice: () => {} } };

function parts() {
  const pipeline = new FakePipeline();
  const link = new Link(pipeline.connect({}), () => {});
  return { link, requests: new Requests(link, noHold), replies: new Replies(link), pipeline };
}

/** Undefined when it ended well, or the error that ended it; anything but a BrokerError fails the test. */
function feed(
  side: 'client' | 'server',
  bytes: Buffer,
  sink: FrameSink,
  cut: number,
): BrokerError | undefined {
  const framer = new Framer(side);
  try {
    framer.push(bytes, 0, Math.min(cut, bytes.length), sink);
    if (!framer.stopped) framer.push(bytes, Math.min(cut, bytes.length), bytes.length, sink);
    return undefined;
  } catch (error) {
    if (error instanceof BrokerError && error.code !== 'bug') return error;
    throw error;
  }
}

const body = fc.oneof(
  fc.uint8Array({ maxLength: 30 }),
  fc.string({ maxLength: 12 }).map((text) => Buffer.from(`${text}\0`)),
  fc
    .constantFrom('S\0', 'P\0', 'Sname\0', '\0\0\0\0\0\0\0\0', '\0select 1\0\0\0', 'select 1\0')
    .map((text) => Buffer.from(text)),
);
const clientMessage = fc.oneof(
  fc
    .tuple(fc.constantFrom(...Buffer.from('QPBDECSHFdcfXp')), body)
    .map(([type, bytes]) => message(type, bytes)),
  fc.tuple(fc.integer({ min: 1, max: 255 }), body).map(([type, bytes]) => message(type, bytes)),
  fc.constantFrom(
    say.parse('', 'select $1::text'),
    say.parse('n', 'select refuse_me'),
    say.parse('n', 'select 1'),
    say.bind('', '', ['x']),
    say.bind('p', 'n'),
    say.describe('S', 'n'),
    say.execute(''),
    say.execute('p', 3),
    say.close('P', 'p'),
    say.query('select refuse_me'),
    say.query('select 1; select 2'),
    say.sync(),
  ),
);
const serverMessage = fc
  .tuple(
    fc.oneof(fc.constantFrom(...Object.values(FROM_SERVER)), fc.integer({ min: 1, max: 255 })),
    fc.oneof(
      body,
      fc.constantFrom('I', 'T', 'SELECT 1\0', 'SERROR\0C42601\0Mx\0\0').map((text) => Buffer.from(text)),
    ),
  )
  .map(([type, bytes]) => message(type, bytes));

describe('arbitrary messages', () => {
  it('from a client are sent whole and unchanged, or not at all', () => {
    fc.assert(
      fc.property(fc.array(clientMessage, { maxLength: 12 }), fc.nat(200), (messages, cut) => {
        const { link, requests } = parts();
        feed('client', Buffer.concat(messages), requests, cut);
        const known = new Set(messages.map((each) => each.toString('hex')));
        const out = link.toServer.take();
        for (let at = 0; at < out.length; at += out.readInt32BE(at + 1) + 1) {
          const one = out.subarray(at, at + out.readInt32BE(at + 1) + 1).toString('hex');
          const ours = /^44[0-9a-f]{8}(53726566|50)|^5300000004$/.test(one);
          expect(ours || known.has(one)).toBe(true);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('from a server never reach the client without a request they answer', () => {
    fc.assert(
      fc.property(
        fc.array(clientMessage, { maxLength: 6 }),
        fc.array(serverMessage, { maxLength: 10 }),
        fc.nat(200),
        (asked, answered, cut) => {
          const { link, requests, replies } = parts();
          feed('client', Buffer.concat(asked), requests, 1_000_000);
          const expectsRows = link.pending.list().some(({ kind }) => kind === 'query' || kind === 'execute');
          feed('server', Buffer.concat(answered), replies, cut);
          const out = link.toClient.take();
          for (let at = 0; at < out.length; at += out.readInt32BE(at + 1) + 1)
            if (out[at] === FROM_SERVER.dataRow || out[at] === FROM_SERVER.copyData)
              expect(expectsRows).toBe(true);
          replies.lost();
          expect(link.pending.length).toBe(0);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
