// A yes that was given for one message must never serve another.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ServedSession, serveSession } from '../fakes/session.ts';
import { type PostgresPeer, startPostgres } from '../peers/postgres.ts';
import { raw, say } from '../protocols/postgres/raw.ts';

const { parse, bind, execute, sync, query } = say;
const FAILS_LATE = "do $$ begin perform pg_sleep(0.3); raise 'late'; end $$";

describe('an approval for a message that was dropped meanwhile', () => {
  let server: PostgresPeer;
  let session: ServedSession;
  beforeAll(async () => {
    server = await startPostgres({ version: 18 });
    session = await serveSession(server);
  });
  afterAll(async () => {
    await session?.stop();
    await server?.stop();
  });

  it('is not spent on the next one', async () => {
    const { pipeline } = session;
    const client = await raw(session.url);
    client.send(parse('', FAILS_LATE), bind('', ''), execute(''));
    client.send(parse('held', "select 'hold_me'"), bind('', 'held'), execute(''), sync());
    await client.until('E');
    expect(pipeline.waiting).toEqual(["select 'hold_me'"]);
    pipeline.answer(true);
    await client.ready();
    client.send(query("select 'refuse_me'"));
    const lines = await client.ready();
    client.close();
    expect(lines.map((line) => line[0]).join('')).toBe('EZ');
    expect(pipeline.of('refused').map(({ text }) => text)).toEqual(["select 'refuse_me'"]);
    expect(pipeline.of('answer').map(({ text, detail }) => [text, detail])).toContainEqual([
      "select 'hold_me'",
      { status: 'cancelled', rows: 0 },
    ]);
  });
});
