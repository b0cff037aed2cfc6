// Clients that do not sit still while people are asked: bytes in pieces, pipelines, cancels at the wrong moment, COPY, and leaving.
import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type ServedSession, serveSession } from '../fakes/session.ts';
import { peer } from '../peers/peer.ts';
import { type PostgresPeer, startPostgres } from '../peers/postgres.ts';
import { errorOf, type Raw, raw, say } from '../protocols/postgres/raw.ts';

const { query, parse, bind, execute, sync, flush, copyData, copyDone, close, end, call } = say;
const types = (lines: readonly string[]) =>
  lines
    .map((line) => line[0])
    .join('')
    .replaceAll('N', '');
const HELD = 'insert into t values (2) -- hold_me';

describe.each([15, 18] as const)('while people are asked, on PostgreSQL %i', (version) => {
  describe.runIf(version === 18 || peer('postgres-15'))('when it is here', () => {
    let server: PostgresPeer;
    let session: ServedSession;
    const open: Raw[] = [];
    beforeAll(async () => {
      server = await startPostgres({ version });
      await server.query('create table t (a int)');
    });
    afterAll(async () => {
      for (const client of open) client.close();
      await session?.stop();
      await server?.stop();
    });
    beforeEach(async () => {
      await session?.stop();
      session = await serveSession(server);
      await server.query('truncate t');
    });
    const client = async () => {
      const made = await raw(session.url);
      open.push(made);
      return made;
    };
    const held = () => expect.poll(() => session.pipeline.waiting.length, { timeout: 20_000 }).toBe(1);
    const rows = async () => (await server.query('select a from t order by a')).map(({ a }) => a);

    it('bytes may come one by one', async () => {
      const one = await client();
      const bytes = Buffer.concat([
        query(HELD),
        parse('', 'insert into t values ($1)'),
        bind('', '', ['3']),
        execute(''),
        close('P', ''),
        sync(),
        query('select count(*) from t'),
      ]);
      for (const byte of bytes) {
        one.send(Buffer.from([byte]));
        await new Promise((resolve) => setImmediate(resolve));
      }
      await held();
      expect(await rows()).toEqual([]);
      session.pipeline.answer(true);
      expect(types(await one.ready(3))).toBe('CZ12C3ZTDCZ');
      expect(await rows()).toEqual([2, 3]);
    });

    it('a group may be flushed and never be synced', async () => {
      const one = await client();
      one.send(parse('', HELD), bind('', ''), execute(''), flush());
      await held();
      session.pipeline.answer(true);
      expect(types(await one.until('C'))).toMatch(/1?2?C$/);
      expect(await rows()).toEqual([]);
      one.send(sync());
      await one.ready();
      expect(await rows()).toEqual([2]);
    });

    it.each([true, false])('texts of several statements run whole or not at all: %s', async (yes) => {
      const one = await client();
      one.send(query(`insert into t values (1); ${HELD}\n; insert into t values (3)`));
      await held();
      expect(await rows()).toEqual([]);
      session.pipeline.answer(yes);
      expect(types(await one.ready())).toBe(yes ? 'CCCZ' : 'EZ');
      one.send(query(`begin; ${HELD}\n; savepoint a; insert into t values (4); rollback to a; commit`));
      await held();
      session.pipeline.answer(yes);
      expect(await one.ready()).toContain('Z I');
      expect(await rows()).toEqual(yes ? [1, 2, 2, 3] : []);
    });

    it('a denied one leaves the transaction failed, and a savepoint saves it', async () => {
      const one = await client();
      one.send(query('begin'), query('insert into t values (1)'), query('savepoint a'));
      await one.ready(3);
      one.send(query(HELD));
      await held();
      session.pipeline.answer(false);
      expect((await one.ready()).at(-1)).toBe('Z E');
      one.send(query('rollback to a'), query('insert into t values (3)'), query('commit'));
      expect((await one.ready(3)).filter((line) => line.startsWith('Z'))).toEqual(['Z T', 'Z T', 'Z I']);
      expect(await rows()).toEqual([1, 3]);
    });

    it('COPY data sent ahead waits with its statement', async () => {
      const one = await client();
      one.send(query('copy t from stdin -- hold_me'));
      await held();
      session.pipeline.answer(true);
      await one.until('G');
      one.send(copyData('7\n8\n'), copyDone());
      expect(types(await one.ready())).toBe('CZ');
      expect(await rows()).toEqual([7, 8]);
    });

    it('a cancel that crosses a yes either stops it or comes too late, and nothing in between', async () => {
      let [ran, cancelled] = [0, 0];
      for (let round = 0; round < 24; round++) {
        const one = await client();
        one.send(query(`insert into t values (${round}) -- hold_me`));
        await held();
        const key = one.key();
        const cancel = () =>
          new Promise<void>((resolve) => {
            const { host, port } = session.endpoint;
            const socket = connect(port, host, () => socket.end(key));
            socket.on('close', () => resolve());
            socket.on('error', () => resolve());
          });
        const crossing = cancel();
        if (round % 3 === 0) session.pipeline.answer(true);
        else if (round % 3 === 1) setImmediate(() => session.pipeline.answer(true));
        else void crossing.then(() => session.pipeline.answer(true));
        const lines = await one.ready();
        await crossing;
        await expect.poll(() => session.pipeline.waiting.length, { timeout: 20_000 }).toBe(0);
        const code = errorOf(lines).get('C');
        expect([undefined, '57014']).toContain(code);
        if (code) cancelled += 1;
        else ran += 1;
        expect((await rows()).includes(round)).toBe(code === undefined);
        // A cancel that came too late may still hit what comes next, as it does without us.
        one.send(query('select 1'));
        const last = await one.ready();
        expect([undefined, '57014']).toContain(errorOf(last).get('C'));
        one.close();
      }
      expect(ran + cancelled).toBe(24);
      expect(cancelled).toBeGreaterThan(0);
    }, 120_000);

    it('function calls and everything else wait their turn', async () => {
      const one = await client();
      one.send(query(HELD), call(715, 0), query('select 1 as last'));
      await held();
      expect(session.pipeline.of('statement')).toHaveLength(1);
      session.pipeline.answer(true);
      expect(types(await one.ready(3))).toBe('CZVZTDCZ');
    });

    it('a client that says goodbye is not kept, and what it asked is withdrawn', async () => {
      const one = await client();
      one.send(query(HELD), end());
      await held();
      one.socket.end();
      await one.closed();
      await expect.poll(() => session.pipeline.of('withdrawn').length, { timeout: 20_000 }).toBe(1);
      session.pipeline.answer(true);
      const two = await client();
      two.send(query('select 1'));
      await two.ready();
      expect(await rows()).toEqual([]);
    });

    it('megabytes behind it stay with the client until there is an answer, and are then answered in order', async () => {
      const one = await client();
      one.send(query(HELD));
      await held();
      const filler = 'x'.repeat(64 * 1024);
      // More than the kernel keeps for both sides.
      for (let n = 0; n < 1000; n++) one.send(query(`select ${n} as n /* ${filler} */`));
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(one.socket.writableLength).toBeGreaterThan(1024 * 1024);
      session.pipeline.answer(true);
      const lines = await one.ready(1001);
      expect(lines.filter((line) => line.startsWith('D')).length).toBe(1000);
      expect(lines.findLast((line) => line.startsWith('D'))).toBe('D \\0\\1\\0\\0\\0\\3999');
    }, 60_000);

    it.runIf(peer('psycopg'))(
      'libpq in pipeline mode, and its cancel, behave as without us',
      async () => {
        const script = `
import psycopg, threading, sys
with psycopg.connect(sys.argv[1], autocommit=False) as c:
    with c.pipeline():
        c.execute("insert into t values (1)")
        cur = c.execute("insert into t values (%s) -- hold_me", [2])
        last = c.execute("select count(*) from t")
    print(cur.rowcount, last.fetchone()[0], flush=True)
    c.commit()
    threading.Thread(target=lambda: (sys.stdin.readline(), c.cancel())).start()
    try:
        c.execute("insert into t values (9) -- hold_me")
        print("ran")
    except psycopg.errors.QueryCanceled as e:
        print("cancelled", c.info.transaction_status.name, flush=True)
    c.rollback()
    print(c.execute("select count(*) from t").fetchone()[0], flush=True)
`;
        const python = spawn('/usr/bin/python3', ['-c', script, session.url]);
        let [said, errors] = ['', ''];
        python.stdout.on('data', (chunk: Buffer) => {
          said += chunk.toString('utf8');
        });
        python.stderr.on('data', (chunk: Buffer) => {
          errors += chunk.toString('utf8');
        });
        const ended = new Promise((resolve) => python.on('close', resolve));
        await held();
        session.pipeline.answer(true);
        await expect.poll(() => said, { timeout: 20_000 }).toContain('1 2');
        await held();
        python.stdin.end('cancel\n');
        await ended;
        expect([said, errors]).toEqual(['1 2\ncancelled INERROR\n2\n', '']);
      },
      60_000,
    );
  });
});
