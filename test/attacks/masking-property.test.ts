// Random statements over protected columns through a whole session, in every mode of the protocol: no piece of a value is
// seen by the client or kept in the bundle. BROKER_PROPERTY_RUNS says how many.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { statement } from '../flow/mask/random-statements.ts';
import { peer } from '../peers/peer.ts';
import { say } from '../protocols/postgres/raw.ts';
import { leaksInText } from './masking-leaks.ts';
import { type Listener, type MaskingWorld, messagesFor, modesOf, openMaskingWorld } from './masking-world.ts';

const RUNS = Number(process.env['BROKER_PROPERTY_RUNS'] ?? 500);

describe.each([15, 18] as const)('random statements on PostgreSQL %i', (version) => {
  describe.runIf(version === 18 || peer('postgres-15'))('through a session', () => {
    let world: MaskingWorld;
    let listener: Listener | undefined;
    beforeAll(async () => {
      world = await openMaskingWorld(version);
    }, 120_000);
    afterAll(() => world?.stop());

    const send = async (messages: readonly Buffer[], ready: number): Promise<void> => {
      listener?.raw.send(...messages);
      await listener?.raw.ready(ready);
    };

    it(`show no piece of a protected value (${RUNS} statements)`, { timeout: 1_200_000 }, async () => {
      let answered = 0;
      const property = fc.asyncProperty(statement, fc.nat(), async (sql, pick) => {
        const modes = modesOf(sql).filter((mode) => mode !== 'cursor');
        const mode = modes[pick % modes.length] ?? 'simple';
        listener ??= await world.client();
        listener.forget();
        try {
          await send([say.query('begin')], 1);
          await send(messagesFor(sql, mode).messages, 1);
          await send([say.query('rollback')], 1);
        } catch {
          // The session ended the conversation: what it said until then counts.
        }
        const { leaks, errors, types } = listener.seen();
        if (errors.length === 0) answered += 1;
        if (!types.endsWith('Z')) {
          listener.close();
          listener = undefined;
        }
        expect({ mode, leaks }).toEqual({ mode, leaks: [] });
      });
      await fc.assert(property, { numRuns: RUNS });
      expect(answered).toBeGreaterThan(RUNS / 2);
      const bundle = (await world.session.sealed())
        .split('\n')
        .filter((line) => /"type":"(?:answer|notice|coverage|refusal)"/.test(line))
        .map((line) => {
          const { micros, ...rest } = (JSON.parse(line) as { data: Record<string, unknown> }).data;
          return JSON.stringify(rest);
        });
      expect(leaksInText(bundle.join('\n'))).toEqual([]);
      process.stdout.write(
        `PostgreSQL ${version}: ${RUNS} random statements, ${answered} answered, 0 leaks\n`,
      );
    });
  });
});
